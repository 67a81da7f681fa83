//! The database goes away at the worst moments (THR-21; fault points 02, 03, 17 to 20, 26).

use crate::world::World;
use coffer_core::connection::{AttemptKind, AttemptOutcome};
use coffer_core::rotation::RotationClass;
use coffer_core::testing::{Fault, Method};
use coffer_simulator::model::{Effect, Endpoint};

const FAULTS: [Fault; 2] = [Fault::Unavailable, Fault::CommitUnknown];

#[tokio::test(start_paused = true)]
async fn thr_21_a_commit_of_unknown_outcome_is_repeated_and_the_provider_is_not_asked_again() {
    for class in RotationClass::ALL {
        for fault in FAULTS {
            for times in [1, 7] {
                let world = World::of_class(class).await;
                let id = world.connect().await;
                world.expire();
                world.store.fail_next(Method::CommitRefresh, fault, times);
                let token = world.token(id).await.unwrap();
                assert_eq!(
                    (token.generation, world.refreshes()),
                    (2, 1),
                    "{class:?} {fault:?}"
                );
                let attempts = world.attempts(id, AttemptKind::Refresh).await;
                assert_eq!(attempts.len(), 1);
                assert_eq!(attempts[0].outcome, Some(AttemptOutcome::Succeeded));
                world.expire();
                assert_eq!(world.token(id).await.unwrap().generation, 3);
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn thr_21_a_commit_that_hangs_or_meets_a_broken_database_is_tried_again() {
    for class in RotationClass::ALL {
        for (fault, times) in [(Fault::Hang, 2), (Fault::Corrupt, 5)] {
            let world = World::of_class(class).await;
            let id = world.connect().await;
            world.expire();
            world.store.fail_next(Method::CommitRefresh, fault, times);
            let token = world.token(id).await.unwrap();
            assert_eq!(
                (token.generation, world.refreshes()),
                (2, 1),
                "{class:?} {fault:?}"
            );
        }
    }
}

#[tokio::test(start_paused = true)]
async fn thr_21_an_exchange_of_unknown_outcome_is_repeated_and_the_code_is_not_sent_again() {
    for fault in FAULTS {
        let world = World::of_class(RotationClass::SingleUse).await;
        world.store.fail_next(Method::CommitExchange, fault, 3);
        let id = world.connect().await;
        assert_eq!(world.totals().exchanges, 1);
        assert_eq!(world.token(id).await.unwrap().generation, 1);
    }
}

#[tokio::test(start_paused = true)]
async fn inv6_a_token_is_served_only_once_it_is_stored() {
    let world = World::of_class(RotationClass::SingleUseFamily).await;
    let id = world.connect().await;
    world.expire();
    world
        .store
        .fail_next(Method::CommitRefresh, Fault::Unavailable, 100);
    let later = world.token(id).await.unwrap_err();
    assert_eq!(later.code(), "refresh_in_progress");
    assert_eq!(world.status(id).await.generation, 1);
    world.store.mend();
    assert_eq!(world.token(id).await.unwrap().generation, 2);
    assert_eq!(world.refreshes(), 1);
}

#[tokio::test(start_paused = true)]
async fn an_intent_that_was_not_confirmed_is_no_lost_answer() {
    for class in RotationClass::ALL {
        for fault in FAULTS {
            let world = World::of_class(class).await;
            let id = world.connect().await;
            world.expire();
            world.store.fail_next(Method::Intend, fault, 1);
            assert_eq!(
                world.token(id).await.unwrap_err().code().split('_').next(),
                Some("store")
            );
            assert_eq!(world.refreshes(), 0, "nothing is sent without an intent");
            // At once: the lease was given back, and nothing counts as ambiguous.
            assert_eq!(
                world.token(id).await.unwrap().generation,
                2,
                "{class:?} {fault:?}"
            );
            let attempts = world.attempts(id, AttemptKind::Refresh).await;
            assert!(
                attempts
                    .iter()
                    .all(|attempt| attempt.outcome.is_some_and(|o| o != AttemptOutcome::Ambiguous)),
                "{class:?} {fault:?} {attempts:?}"
            );
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_failure_of_unknown_outcome_is_counted_once() {
    for fault in FAULTS {
        let world = World::of_class(RotationClass::SingleUseFamily).await;
        let id = world.connect().await;
        world.expire();
        world.strike(Endpoint::Refresh, false, Effect::Drop, 1);
        world.store.fail_next(Method::Fail, fault, 3);
        assert!(world.token(id).await.is_err());
        world.pass(9);
        assert_eq!(
            world.token(id).await.unwrap().generation,
            2,
            "{fault:?}: counted twice, it would be quarantined"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn whatever_call_of_a_refresh_fails_the_next_one_succeeds_at_once() {
    let calls = [
        Method::ReadTokenView,
        Method::FindIntegration,
        Method::Lease,
        Method::Intend,
        Method::CommitRefresh,
        Method::FindDataKey,
        Method::ActiveDataKey,
    ];
    for call in calls {
        let world = World::of_class(RotationClass::SingleUseFamily).await;
        let id = world.connect().await;
        world.expire();
        world.store.fail_next(call, Fault::Unavailable, 1);
        drop(world.token(id).await);
        world.store.mend();
        assert_eq!(world.token(id).await.unwrap().generation, 2, "{call:?}");
        assert_eq!((world.refreshes(), world.totals().reuses), (1, 0), "{call:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_database_that_is_away_altogether_is_said_so_and_nothing_is_sent() {
    let world = World::of_class(RotationClass::SingleUseFamily).await;
    let id = world.connect().await;
    world.expire();
    world.store.fail_any(Fault::Unavailable, 1);
    let error = world.token(id).await.unwrap_err();
    assert_eq!((error.code(), world.refreshes()), ("store_unavailable", 0));
    assert!(error.retry_after().is_some());
    assert_eq!(world.token(id).await.unwrap().generation, 2);
}
