//! Disconnecting, also while a refresh is in flight (requirement W13, INV5, THR-30, OA-C34).

use crate::world::World;
use coffer_core::connection::{AttemptKind, AttemptOutcome, ConnectionState, Revocation};
use coffer_core::rotation::RotationClass;
use coffer_core::testing::{Fault, Method};
use coffer_simulator::model::{Behaviour, Effect, Endpoint, RevocationStyle};
use coffer_wallet::WalletError;
use std::sync::Arc;
use std::time::Duration;

async fn is_not_served(world: &World, id: coffer_core::id::ConnectionId) {
    for answer in [world.token(id).await, world.refresh(id).await] {
        assert!(matches!(
            answer,
            Err(WalletError::Connection { state: "revoked", .. })
        ));
    }
    let smoke = world.wallet.smoke_test(&world.caller, &world.asker(), id).await;
    assert!(smoke.is_err());
}

#[tokio::test(start_paused = true)]
async fn thr_30_a_refresh_in_flight_leaves_no_live_token_behind() {
    for class in RotationClass::ALL {
        // Before and after the provider has processed the refresh, and with its answer lost or its word no.
        for effect in [
            Effect::Late { ms: 3000 },
            Effect::Drop,
            Effect::Html { status: 400 },
        ] {
            for commits in [false, true] {
                let world = Arc::new(World::of_class(class).await);
                let id = world.connect().await;
                world.expire();
                world.strike(Endpoint::Refresh, commits, effect, 1);
                let asked = tokio::spawn({
                    let world = Arc::clone(&world);
                    async move { world.token(id).await }
                });
                tokio::task::yield_now().await;
                let pause = if effect == Effect::Drop { 0 } else { 1000 };
                tokio::time::sleep(Duration::from_millis(pause)).await;
                let ended = world.disconnect(id).await.unwrap();
                let case = format!("{class:?} {effect:?} {commits}");
                assert_eq!(ended.state, ConnectionState::Revoked, "{case}");
                is_not_served(&world, id).await;
                drop(asked.await.unwrap());
                assert!(world.wallet.drain(Duration::from_secs(60)).await);
                assert!(!world.has_live_tokens(), "{case}");
                assert_eq!(world.status(id).await.revocation, Revocation::Done, "{case}");
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn thr_30_a_disconnect_at_every_point_of_a_refresh_ends_everything() {
    // A refresh takes some 30 polls; the store yields once in each call.
    for polls in 0..60 {
        let world = Arc::new(World::of_class(RotationClass::SingleUse).await);
        let id = world.connect().await;
        world.expire();
        let asked = tokio::spawn({
            let world = Arc::clone(&world);
            async move { world.token(id).await.map(|token| token.generation) }
        });
        for _ in 0..polls {
            tokio::task::yield_now().await;
        }
        world.disconnect(id).await.unwrap();
        is_not_served(&world, id).await;
        drop(asked.await.unwrap());
        assert!(!world.has_live_tokens(), "after {polls} polls");
        assert_eq!(
            world.status(id).await.revocation,
            Revocation::Done,
            "after {polls} polls"
        );
        let open = world.attempts(id, AttemptKind::Refresh).await;
        assert!(
            open.iter().all(|attempt| attempt.outcome.is_some()),
            "after {polls} polls"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn thr_30_a_commit_that_waits_for_the_database_is_revoked_too() {
    let world = Arc::new(World::of_class(RotationClass::SingleUseFamily).await);
    let id = world.connect().await;
    world.expire();
    world
        .store
        .fail_next(Method::CommitRefresh, Fault::Unavailable, 5);
    let asked = tokio::spawn({
        let world = Arc::clone(&world);
        async move { world.token(id).await.map(|token| token.generation) }
    });
    tokio::time::sleep(Duration::from_millis(200)).await;
    let ended = world.disconnect(id).await.unwrap();
    assert_eq!(ended.revocation, Revocation::Done);
    assert!(asked.await.unwrap().is_err());
    assert!(!world.has_live_tokens());
    assert_eq!(
        world.status(id).await.generation,
        2,
        "the newest token was stored, then revoked"
    );
}

#[tokio::test(start_paused = true)]
async fn a_disconnect_whose_caller_goes_away_is_finished() {
    let mut begun = 0;
    for polls in 0..40 {
        let world = Arc::new(World::of_class(RotationClass::SingleUse).await);
        let id = world.connect().await;
        let asked = tokio::spawn({
            let world = Arc::clone(&world);
            async move { world.disconnect(id).await.map(drop) }
        });
        for _ in 0..polls {
            tokio::task::yield_now().await;
        }
        asked.abort();
        drop(asked.await);
        assert!(world.wallet.drain(Duration::from_secs(60)).await);
        let status = world.status(id).await;
        if status.state == ConnectionState::Revoked {
            begun += 1;
            assert_eq!(status.revocation, Revocation::Done, "after {polls} polls");
            assert!(!world.has_live_tokens(), "after {polls} polls");
        }
    }
    assert!((30..40).contains(&begun), "{begun}");
}

#[tokio::test(start_paused = true)]
async fn oa_c34_a_failed_revocation_is_recorded_and_a_repeated_disconnect_finishes_it() {
    let world = World::of_class(RotationClass::SingleUse).await;
    let id = world.connect().await;
    let down = Effect::Status {
        status: 503,
        retry_after: None,
    };
    world.strike(Endpoint::Revoke, false, down, 1);
    let ended = world.disconnect(id).await.unwrap();
    assert_eq!(
        (ended.state, ended.revocation),
        (ConnectionState::Revoked, Revocation::Failed)
    );
    assert!(ended.reason.is_some() && world.has_live_tokens());
    is_not_served(&world, id).await;
    let ended = world.disconnect(id).await.unwrap();
    assert_eq!((ended.revocation, ended.reason), (Revocation::Done, None));
    assert!(!world.has_live_tokens());
    let outcomes = world.attempts(id, AttemptKind::Revoke).await;
    let succeeded = outcomes
        .iter()
        .filter(|attempt| attempt.outcome == Some(AttemptOutcome::Succeeded));
    assert_eq!((outcomes.len(), succeeded.count()), (2, 1));
    let sent = world.totals().requests[&Endpoint::Revoke];
    world.disconnect(id).await.unwrap();
    assert_eq!(
        world.totals().requests[&Endpoint::Revoke],
        sent,
        "nothing is left to revoke"
    );
    let verbs = world.audit_verbs().await;
    let count = |wanted: &str| verbs.iter().filter(|verb| **verb == wanted).count();
    assert_eq!((count("ConnectionDisconnect"), count("OAuthRevoke")), (1, 2));
}

#[tokio::test(start_paused = true)]
async fn a_revocation_whose_end_cannot_be_stored_at_once_is_stored_later_and_once() {
    for fault in [Fault::Unavailable, Fault::CommitUnknown] {
        let world = World::of_class(RotationClass::SingleUse).await;
        let id = world.connect().await;
        world.store.fail_next(Method::EndRevoke, fault, 3);
        assert_eq!(world.disconnect(id).await.unwrap().revocation, Revocation::Done);
        assert_eq!(world.totals().requests[&Endpoint::Revoke], 1, "{fault:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_provider_without_revocation_is_said_so() {
    let world = World::with(Behaviour {
        revocation: RevocationStyle::Unsupported,
        ..Behaviour::default()
    })
    .await;
    let id = world.connect().await;
    let ended = world.disconnect(id).await.unwrap();
    assert_eq!(ended.state, ConnectionState::Revoked);
    assert_ne!(ended.revocation, Revocation::Done);
    is_not_served(&world, id).await;
}

#[tokio::test(start_paused = true)]
async fn a_pending_connection_can_be_disconnected_and_its_result_is_worth_nothing_then() {
    let world = World::of_class(RotationClass::SingleUse).await;
    let result = world.result("alice", |_| {}).await;
    let page = coffer_core::page::PageRequest::new(10, None);
    let all = world
        .wallet
        .connections(&world.caller, &Default::default(), page)
        .await
        .unwrap();
    let pending = &all.items[0];
    assert_eq!(pending.state, ConnectionState::Pending);
    world.disconnect(pending.id).await.unwrap();
    assert!(!world.has_live_tokens());
    let refused = world.wallet.redeem(&world.asker(), &result).await.unwrap_err();
    assert_eq!(refused.code(), "result_revoked");
}
