//! What a provider can answer to a code, and what the person is told (requirement F3; OA-C03).

use crate::flow::{ready, told};
use crate::world::{Setup, World};
use coffer_core::page::PageRequest;
use coffer_simulator::model::{Effect, Endpoint};
use std::time::Duration;

const DOWN: &str = "provider_unavailable";

fn status(status: u16) -> Effect {
    Effect::Status {
        status,
        retry_after: None,
    }
}

/// Whether the provider spends the code before, what it answers, and the code of the error.
fn answers() -> Vec<(bool, Effect, &'static str)> {
    let slow = Effect::SlowBody {
        chunk: 1,
        every_ms: 1000,
    };
    vec![
        (false, Effect::Drop, DOWN),
        (true, Effect::Drop, DOWN),
        (true, Effect::Truncate, DOWN),
        (false, Effect::Html { status: 200 }, DOWN),
        (false, Effect::Html { status: 400 }, DOWN),
        (false, Effect::Html { status: 403 }, DOWN),
        (false, Effect::Html { status: 502 }, DOWN),
        (false, Effect::Garbage, DOWN),
        (false, Effect::Empty { status: 200 }, DOWN),
        (false, Effect::Empty { status: 400 }, DOWN),
        (false, Effect::Redirect, DOWN),
        (true, Effect::HugeBody { bytes: 1 << 30 }, DOWN),
        (true, slow, DOWN),
        (true, Effect::Late { ms: 3_600_000 }, DOWN),
        (false, Effect::Late { ms: 3_600_000 }, DOWN),
        (false, status(500), DOWN),
        (false, status(429), "rate_limited"),
    ]
}

async fn no_connection(world: &World, what: &str) {
    let page = PageRequest::new(10, None);
    let all = world
        .wallet
        .connections(&world.caller, &Default::default(), page)
        .await
        .unwrap();
    assert!(all.items.is_empty(), "{what}");
}

#[tokio::test(start_paused = true)]
async fn f3_whatever_is_answered_to_a_code_the_person_comes_back_in_time_with_a_reason() {
    for (commits, effect, code) in answers() {
        let what = format!("{commits} {effect:?}");
        let (world, departure, callback) = ready().await;
        world.strike(Endpoint::Code, commits, effect, 1);
        let began = tokio::time::Instant::now();
        let error = world.come_back(&callback, &departure).await.unwrap_err();
        let settings = Setup::default().settings;
        // The clock of the test stands still but for timers.
        let longest = settings.exchange.saturating_add(settings.margin);
        assert!(began.elapsed() <= longest, "{what}: {:?}", began.elapsed());
        assert_eq!(told(&error), (code, true), "{what}");
        assert_eq!(world.totals().requests[&Endpoint::Code], 1, "{what}: once");
        let again = world.come_back(&callback, &departure).await.unwrap_err();
        assert_eq!(again.code(), "state_used", "{what}");
        assert!(
            world.audit_verbs().await.contains(&"OAuthAuthorizeFailed"),
            "{what}"
        );
        no_connection(&world, &what).await;
        // What the provider was still at is over; it changes nothing here, and the next flow works.
        tokio::time::sleep(Duration::from_secs(3600)).await;
        no_connection(&world, &what).await;
        world.connect().await;
    }
}
