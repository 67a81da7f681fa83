//! Nothing is asked of a provider whose answer could not be sealed (docs/refresh.md, step 2; fault point 16).

use crate::world::{Setup, World};
use coffer_core::rotation::RotationClass;
use coffer_core::secret::ExposeSecret;
use coffer_envelope::CachePolicy;
use coffer_envelope::testing::Fault;
use coffer_simulator::model::{Behaviour, Endpoint};

const FAULTS: [Fault; 6] = [
    Fault::Denied,
    Fault::Unavailable { retry_after: None },
    Fault::WrongKey,
    Fault::Malformed,
    Fault::WrongLength,
    Fault::WrongBytes,
];

async fn forgetful() -> World {
    World::new(Setup {
        policy: CachePolicy::STRICT,
        behaviour: Behaviour::of_class(RotationClass::SingleUseFamily),
        ..Setup::default()
    })
    .await
}

#[tokio::test(start_paused = true)]
async fn without_the_sealing_key_no_refresh_is_sent() {
    for fault in FAULTS {
        let world = forgetful().await;
        let id = world.connect().await;
        world.expire();
        world.source.set(Some(fault));
        for _ in 0..3 {
            assert!(world.token(id).await.is_err(), "{fault:?}");
        }
        assert_eq!(world.refreshes(), 0, "{fault:?}");
        world.source.set(None);
        // A source that gives another key than it wrapped is believed until the cache forgets it.
        world.pass(301);
        assert_eq!(
            world.token(id).await.unwrap().generation,
            2,
            "{fault:?}: and nothing is lost"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn without_the_sealing_key_no_code_is_sent_and_the_flow_can_go_on_later() {
    for fault in FAULTS {
        let world = forgetful().await;
        let departure = world.depart().await;
        let callback = world.http.consent(&departure.authorize_url, "alice").unwrap();
        world.pass(301);
        world.behave(|behaviour| behaviour.code_secs = 600);
        world.source.set(Some(fault));
        assert!(world.come_back(&callback, &departure).await.is_err());
        assert_eq!(world.totals().requests.get(&Endpoint::Code), None, "{fault:?}");
    }
    let world = forgetful().await;
    let departure = world.depart().await;
    let callback = world.http.consent(&departure.authorize_url, "alice").unwrap();
    world.source.set(Some(Fault::Denied));
    let replica = world.replica();
    let browser = Some(departure.browser.expose_secret());
    let query = callback.query().unwrap();
    let refused = replica.callback(world.integration, query, browser, "r").await;
    assert!(refused.is_err());
    world.source.set(None);
    world.come_back(&callback, &departure).await.unwrap();
}
