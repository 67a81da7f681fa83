//! A holder that is held up beyond its lease (THR-17; fault points 23 and 24), and real threads.

use crate::world::World;
use coffer_core::Clock as _;
use coffer_core::connection::{AttemptKind, AttemptOutcome, ConnectionState, DEFAULT_AUDIENCE, Revocation};
use coffer_core::id::{ConnectionId, ReplicaId};
use coffer_core::ports::{ConnectionStore as _, LeaseAnswer};
use coffer_core::rotation::RotationClass;
use coffer_core::testing::{Fault, Method};
use std::sync::Arc;
use std::time::Duration;
use tokio::task::{JoinHandle, JoinSet};

/// A server that has its answer, and cannot store it until its lease is over.
async fn held_up(class: RotationClass) -> (Arc<World>, ConnectionId, JoinHandle<Option<u64>>) {
    let world = Arc::new(World::of_class(class).await);
    let id = world.connect().await;
    world.expire();
    world
        .store
        .fail_next(Method::CommitRefresh, Fault::Unavailable, 1_000);
    let asked = tokio::spawn({
        let world = Arc::clone(&world);
        async move { world.token(id).await.ok().map(|token| token.generation) }
    });
    // It tries again after 50, 100, 200, 400 ms, and so on.
    tokio::time::sleep(Duration::from_millis(400)).await;
    world.pass(13);
    world.store.mend();
    (world, id, asked)
}

#[tokio::test(start_paused = true)]
async fn thr_17_a_result_that_comes_after_another_holders_changes_nothing() {
    let (world, id, asked) = held_up(RotationClass::Overlapping).await;
    let other = world.replica();
    assert_eq!(world.token_of(&other, id).await.unwrap().generation, 2);
    assert_eq!(
        asked.await.unwrap(),
        Some(2),
        "its caller gets what the other one stored"
    );
    let status = world.status(id).await;
    assert_eq!(
        (status.generation, status.state),
        (2, ConnectionState::Fresh),
        "inv3"
    );
    let attempts = world.attempts(id, AttemptKind::Refresh).await;
    let count = |outcome| {
        let of = attempts.iter().filter(|attempt| attempt.outcome == Some(outcome));
        of.count()
    };
    assert_eq!(
        (
            attempts.len(),
            count(AttemptOutcome::Succeeded),
            count(AttemptOutcome::Fenced)
        ),
        (2, 1, 1)
    );
    world.expire();
    assert_eq!(world.token(id).await.unwrap().generation, 3);
}

#[tokio::test(start_paused = true)]
async fn thr_17_a_lease_that_ran_out_is_no_hindrance_while_nobody_took_it() {
    for class in RotationClass::ALL {
        let (world, id, asked) = held_up(class).await;
        assert_eq!(asked.await.unwrap(), Some(2), "{class:?}");
        world.expire();
        assert_eq!(world.token(id).await.unwrap().generation, 3, "{class:?}");
        assert_eq!((world.refreshes(), world.totals().reuses), (2, 0), "{class:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn thr_17_a_holder_keeps_its_lease_while_its_commit_waits_for_the_database() {
    for class in RotationClass::ALL {
        let world = World::of_class(class).await;
        let id = world.connect().await;
        world.expire();
        world
            .store
            .fail_next(Method::CommitRefresh, Fault::Unavailable, 1_000);
        assert!(world.token(id).await.is_err());
        for _ in 0..60 {
            world.pass(1);
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        let other = world.replica();
        let error = world.token_of(&other, id).await.unwrap_err();
        assert_eq!(error.code(), "refresh_in_progress", "{class:?}");
        world.store.mend();
        assert_eq!(world.token(id).await.unwrap().generation, 2, "{class:?}");
        assert_eq!((world.refreshes(), world.totals().reuses), (1, 0), "{class:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn thr_13_a_result_is_kept_although_another_has_the_lease_that_presented_nothing_yet() {
    for class in RotationClass::ALL {
        let (world, id, asked) = held_up(class).await;
        let view = world.store.token_view(&world.scope, id, DEFAULT_AUDIENCE).await;
        let slot = view.unwrap().unwrap().slot;
        let other = ReplicaId::new(&*world.clock, &*world.random);
        let (ttl, now) = (Duration::from_secs(12), world.clock.now());
        let taken = world.store.lease(&world.scope, slot, other, ttl, now).await;
        assert!(matches!(taken.unwrap(), LeaseAnswer::Granted { .. }));
        assert_eq!(asked.await.unwrap(), Some(2), "{class:?}");
        let attempts = world.attempts(id, AttemptKind::Refresh).await;
        assert_eq!(attempts[0].outcome, Some(AttemptOutcome::Succeeded), "{class:?}");
        world.pass(12);
        world.expire();
        assert_eq!(world.token(id).await.unwrap().generation, 3, "{class:?}");
        assert_eq!((world.refreshes(), world.totals().reuses), (2, 0), "{class:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn thr_30_a_result_that_comes_after_a_revocation_is_not_served() {
    for class in RotationClass::ALL {
        let (world, id, asked) = held_up(class).await;
        let other = world.replica();
        let ended = other.disconnect(&world.caller, &world.asker(), id).await.unwrap();
        assert_eq!(ended.revocation, Revocation::Done, "{class:?}");
        assert_eq!(asked.await.unwrap(), None, "{class:?}");
        assert!(world.wallet.drain(Duration::from_secs(60)).await);
        assert!(!world.has_live_tokens(), "{class:?}");
        assert_eq!(world.status(id).await.generation, 1, "{class:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn oa_c18_thr_13_on_real_threads_one_refresh_for_each_connection() {
    let world = Arc::new(World::of_class(RotationClass::SingleUseFamily).await);
    let mut ids = Vec::new();
    for account in ["alice", "bob", "carol"] {
        ids.push(world.connect_as(account, |_| {}).await.unwrap().id);
    }
    let servers = [world.wallet.clone(), world.replica()];
    for round in 1..=5 {
        world.expire();
        let mut tasks = JoinSet::new();
        for number in 0..90 {
            let (world, id) = (Arc::clone(&world), ids[number % 3]);
            let wallet = servers[number % 2].clone();
            tasks.spawn(async move { world.token_of(&wallet, id).await.unwrap().generation });
        }
        while let Some(generation) = tasks.join_next().await {
            assert_eq!(generation.unwrap(), round + 1);
        }
        assert_eq!(world.refreshes(), 3 * round);
    }
    let totals = world.totals();
    assert_eq!((totals.overlaps, totals.reuses), (0, 0));
}
