//! Nothing is asked of a provider whose answer could not be sealed (docs/refresh.md, step 2; fault point 16).

use crate::ambiguous::intent;
use crate::world::{Setup, World};
use coffer_core::Clock as _;
use coffer_core::audit::AuditVerb;
use coffer_core::connection::AccessToken;
use coffer_core::id::ReplicaId;
use coffer_core::ports::{ConnectionStore as _, LeaseAnswer, RefreshCommit};
use coffer_core::rotation::RotationClass;
use coffer_core::secret::ExposeSecret;
use coffer_core::testing::fixture;
use coffer_envelope::CachePolicy;
use coffer_envelope::testing::Fault;
use coffer_simulator::model::{Behaviour, Endpoint};
use std::time::Duration;

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

#[tokio::test(start_paused = true)]
async fn thr_5_an_old_refresh_token_put_back_into_its_row_is_refused_and_not_sent() {
    let world = World::of_class(RotationClass::SingleUseFamily).await;
    let id = world.connect().await;
    let (store, scope) = (&world.store, &world.scope);
    let old = store.find(scope, id).await.unwrap().unwrap();
    world.expire();
    assert_eq!(world.token(id).await.unwrap().generation, 2);

    // Whoever can write to the database puts the cell of generation 1 where that of generation 3 belongs.
    let owner = ReplicaId::new(&*world.clock, &*world.random);
    let (ttl, now) = (Duration::from_secs(12), world.clock.now());
    let leased = store
        .lease(scope, old.slots[0].id, owner, ttl, now)
        .await
        .unwrap();
    let LeaseAnswer::Granted { slot, .. } = leased else {
        panic!("the lease is free")
    };
    let attempt = intent(&world, &slot);
    assert!(store.intend(scope, &attempt).await.unwrap());
    let put_back = RefreshCommit {
        connection: id,
        slot: slot.id,
        epoch: slot.epoch,
        attempt: attempt.id,
        expected_generation: slot.generation,
        refresh: old.slots[0].refresh.clone(),
        refresh_expires_at: None,
        due_at: None,
        access: AccessToken {
            generation: slot.generation + 1,
            ..old.tokens[0].clone()
        },
        scopes: None,
        at: now,
    };
    let audit = fixture::audit(world.tenant, AuditVerb::OAuthTokenRefresh);
    store.commit_refresh(scope, &put_back, &audit).await.unwrap();

    let (refused, sent) = (world.keys.failures().total(), world.refreshes());
    assert!(world.token(id).await.is_err() && world.refresh(id).await.is_err());
    assert!(world.keys.failures().total() > refused, "it is counted");
    assert_eq!((world.refreshes(), world.totals().reuses), (sent, 0));
}
