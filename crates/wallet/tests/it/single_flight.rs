//! One refresh, however many ask, on however many servers, and whoever goes away meanwhile.

use crate::world::{Setup, World};
use coffer_core::connection::{AttemptKind, AttemptOutcome};
use coffer_core::rotation::RotationClass;
use coffer_simulator::model::{Behaviour, Effect, Endpoint, Latency};
use coffer_wallet::{Settings, WalletError};
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;

async fn slow_world(before_ms: u64) -> Arc<World> {
    let latency = Latency {
        before_ms,
        after_ms: 500,
        jitter_ms: 0,
    };
    let world = World::with(Behaviour {
        latency,
        ..Behaviour::default()
    })
    .await;
    Arc::new(world)
}

#[tokio::test(start_paused = true)]
async fn oa_c18_thr_13_a_hundred_tasks_make_one_refresh() {
    let world = slow_world(500).await;
    let id = world.connect().await;
    world.expire();
    let mut tasks = JoinSet::new();
    for _ in 0..100 {
        let world = Arc::clone(&world);
        tasks.spawn(async move { world.token(id).await.unwrap().generation });
    }
    while let Some(generation) = tasks.join_next().await {
        assert_eq!(generation.unwrap(), 2);
    }
    assert_eq!((world.refreshes(), world.totals().overlaps), (1, 0));
    assert_eq!(world.attempts(id, AttemptKind::Refresh).await.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn thr_13_three_servers_on_one_database_make_one_refresh() {
    let world = slow_world(500).await;
    let id = world.connect().await;
    world.expire();
    let servers = [world.wallet.clone(), world.replica(), world.replica()];
    let mut tasks = JoinSet::new();
    for number in 0..60 {
        let (world, wallet) = (Arc::clone(&world), servers[number % 3].clone());
        tasks.spawn(async move { world.token_of(&wallet, id).await.unwrap().generation });
    }
    while let Some(generation) = tasks.join_next().await {
        assert_eq!(generation.unwrap(), 2);
    }
    assert_eq!((world.refreshes(), world.totals().overlaps), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn inv9_a_server_that_waited_for_another_does_not_present_a_token_that_was_just_refused() {
    let world = slow_world(500).await;
    let id = world.connect().await;
    world.expire();
    let now = coffer_core::Clock::now(&*world.clock);
    let grant = world.grants()[0].id;
    world
        .provider
        .with(|provider| assert!(provider.revoke_grant(grant, now)));
    let other = world.replica();
    let (one, two) = tokio::join!(world.token(id), world.token_of(&other, id));
    for answer in [one, two] {
        assert!(matches!(
            answer,
            Err(WalletError::Connection {
                state: "consent_required",
                ..
            })
        ));
    }
    assert_eq!(world.refreshes(), 1);
}

#[tokio::test(start_paused = true)]
async fn thr_18_a_caller_that_goes_away_cancels_nothing() {
    let world = slow_world(500).await;
    let id = world.connect().await;
    // At many a point of the way.
    for millis in [0, 1, 100, 499, 501, 900, 999] {
        world.expire();
        let (before, generation) = (world.refreshes(), world.status(id).await.generation);
        let left = tokio::time::timeout(Duration::from_millis(millis), world.token(id)).await;
        assert!(left.is_err(), "{millis}");
        let token = world.token(id).await.unwrap();
        assert_eq!(
            (token.generation, world.refreshes()),
            (generation + 1, before + 1),
            "{millis}"
        );
    }
    let attempts = world.attempts(id, AttemptKind::Refresh).await;
    assert!(
        attempts
            .iter()
            .all(|attempt| attempt.outcome == Some(AttemptOutcome::Succeeded))
    );
}

#[tokio::test(start_paused = true)]
async fn a_caller_waits_its_time_and_is_told_when_to_come_back() {
    let settings = Settings {
        caller_wait: Duration::from_secs(3),
        ..Settings::default()
    };
    let world = World::new(Setup {
        settings,
        ..Setup::default()
    })
    .await;
    let id = world.connect().await;
    world.expire();
    world.strike(Endpoint::Refresh, true, Effect::Late { ms: 5000 }, 1);
    let began = tokio::time::Instant::now();
    let refused = world.token(id).await.unwrap_err();
    assert_eq!(refused.code(), "refresh_in_progress");
    assert_eq!(
        (began.elapsed(), refused.retry_after()),
        (Duration::from_secs(3), Some(Duration::from_secs(1)))
    );
    assert_eq!(
        world.token(id).await.unwrap().generation,
        2,
        "the refresh went on"
    );
    assert_eq!(world.refreshes(), 1);
}

#[tokio::test(start_paused = true)]
async fn while_a_refresh_runs_a_token_that_lives_is_served_to_whoever_can_use_it() {
    let world = slow_world(7000).await;
    let id = world.connect().await;
    world.pass(3570);
    let waiting = tokio::time::timeout(Duration::from_secs(2), world.token(id)).await;
    assert!(
        waiting.is_err(),
        "30 s are less than the 60 s that are asked for by default"
    );
    let request = coffer_wallet::TokenRequest {
        min_ttl: Some(Duration::from_secs(20)),
    };
    let at_once = world
        .wallet
        .token(&world.caller, &world.asker(), id, request)
        .await
        .unwrap();
    assert_eq!(at_once.generation, 1);
    assert_eq!(world.token(id).await.unwrap().generation, 2);
}

#[tokio::test(start_paused = true)]
async fn thr_17_an_exchange_ends_in_its_own_time_whatever_the_http_client_allows() {
    let settings = Settings {
        exchange: Duration::from_millis(1200),
        commit: Duration::from_millis(500),
        margin: Duration::from_millis(300),
        lease: Duration::from_secs(2),
        ..Settings::default()
    };
    let world = World::new(Setup {
        behaviour: Behaviour::of_class(RotationClass::SingleUse),
        settings,
        ..Setup::default()
    })
    .await;
    let id = world.connect().await;
    world.expire();
    world.strike(Endpoint::Refresh, true, Effect::Late { ms: 6000 }, 1);
    let began = tokio::time::Instant::now();
    assert!(world.token(id).await.is_err());
    assert_eq!(began.elapsed(), Duration::from_millis(1200));
    let attempts = world.attempts(id, AttemptKind::Refresh).await;
    assert_eq!(attempts[0].outcome, Some(AttemptOutcome::Ambiguous));
}

#[tokio::test(start_paused = true)]
async fn w5_the_life_of_a_token_is_counted_from_when_it_was_asked_for() {
    let world = World::of_class(RotationClass::SingleUse).await;
    let id = world.connect().await;
    world.expire();
    let asked = coffer_core::Clock::now(&*world.clock);
    world.strike(Endpoint::Refresh, true, Effect::Late { ms: 5000 }, 1);
    let (token, ()) = tokio::join!(world.token(id), async {
        tokio::time::sleep(Duration::from_secs(2)).await;
        world.pass(5);
    });
    assert_eq!(
        token.unwrap().expires_at,
        Some(asked.plus(Duration::from_secs(3600)))
    );
}
