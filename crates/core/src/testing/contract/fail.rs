use super::world::{LONG, World, code, failed, passing};
use crate::audit::AuditVerb;
use crate::connection::{AttemptOutcome, Connection, ConnectionState, Slot};
use crate::failure::FailureCode;
use crate::id::{AttemptId, SlotId};
use crate::ports::{AttemptFailure, Stores};
use crate::testing::fixture;

/// Fails an attempt; says whether there is an audit row.
async fn fail(world: &World, failure: &AttemptFailure) -> bool {
    let audit = world.audit(AuditVerb::OAuthTokenRefreshFailed);
    let connections = &world.stores.connections;
    connections.fail(&world.scope, failure, &audit).await.unwrap();
    world.logged(&audit).await
}

pub async fn failure_is_stored_and_the_lease_given_back(stores: &Stores) {
    let world = World::new(stores).await;
    let of = world.connected().await;
    let before = world.view(of.id).await;
    let (slot, attempt) = world.intending(&of).await;
    let failure = failed(&slot, Some(&attempt));
    assert!(fail(&world, &failure).await);
    let view = world.view(of.id).await;
    let expected = Slot {
        failures: 1,
        not_before: failure.not_before,
        lease: None,
        ..slot
    };
    assert_eq!(view.slots, [expected], "tokens and generation stay");
    assert_eq!(view.tokens, before.tokens);
    let expected = Connection {
        state: ConnectionState::BackingOff,
        reason: Some(passing()),
        updated_at: failure.at,
        ..before.connection
    };
    assert_eq!(view.connection, expected);
    let stored = &world.attempts(of.id).await[0];
    assert_eq!(stored.outcome, Some(AttemptOutcome::Failed));
    assert_eq!(
        (&stored.reason, stored.finished_at),
        (&Some(passing()), Some(failure.at))
    );
}

pub async fn failures_in_a_row_are_counted_where_they_count(stores: &Stores) {
    let world = World::new(stores).await;
    let of = world.connected().await;
    for (counts, expected) in [(true, 1), (true, 2), (false, 2)] {
        let (slot, attempt) = world.intending(&of).await;
        let mut failure = failed(&slot, Some(&attempt));
        failure.counts = counts;
        failure.not_before = counts.then(|| fixture::time(200));
        assert!(fail(&world, &failure).await);
        let slot = world.slot(&of).await;
        assert_eq!((slot.failures, slot.not_before), (expected, failure.not_before));
    }
}

pub async fn failure_without_a_state_leaves_state_and_reason(stores: &Stores) {
    let world = World::new(stores).await;
    let of = world.connected().await;
    let (slot, _) = world.leased(&of, LONG).await;
    let mut failure = failed(&slot, None);
    failure.state = None;
    assert!(fail(&world, &failure).await, "without an intent, too");
    let view = world.view(of.id).await;
    assert_eq!(
        (view.connection.state, view.connection.reason),
        (ConnectionState::Fresh, None)
    );
    assert_eq!((view.slots[0].failures, view.slots[0].lease), (1, None));
    assert!(world.attempts(of.id).await.is_empty());
}

pub async fn lasting_failure_changes_the_state(stores: &Stores) {
    let world = World::new(stores).await;
    let of = world.connected().await;
    let states = [
        ConnectionState::ConsentRequired,
        ConnectionState::IntegrationBlocked,
        ConnectionState::ProviderUnavailable,
        ConnectionState::Quarantined,
    ];
    for state in states {
        let (slot, attempt) = world.intending(&of).await;
        let mut failure = failed(&slot, Some(&attempt));
        failure.outcome = AttemptOutcome::Refused;
        failure.state = Some(state);
        failure.reason = fixture::reason(FailureCode::ConsentRequired);
        failure.reason.provider_code = None;
        assert!(fail(&world, &failure).await);
        let connection = world.view(of.id).await.connection;
        assert_eq!(
            (connection.state, connection.reason),
            (state, Some(failure.reason))
        );
        assert_eq!(world.outcome(&attempt).await, Some(AttemptOutcome::Refused));
    }
}

pub async fn ambiguous_failure_is_counted_and_unresolved_for_the_next(stores: &Stores) {
    let world = World::new(stores).await;
    let of = world.connected().await;
    let (slot, attempt) = world.intending(&of).await;
    let mut failure = failed(&slot, Some(&attempt));
    failure.outcome = AttemptOutcome::Ambiguous;
    assert!(fail(&world, &failure).await);
    assert!(!fail(&world, &failure).await, "repeated, it stores nothing");
    assert_eq!(world.slot(&of).await.ambiguous, 1);
    assert_eq!(world.slot(&of).await.failures, 1);
    let (slot, unresolved) = world.leased(&of, LONG).await;
    assert_eq!(slot.ambiguous, 1, "it is counted once");
    assert_eq!(unresolved.map(|other| other.id), Some(attempt.id));
}

pub async fn failure_that_is_known_is_not_unresolved(stores: &Stores) {
    let world = World::new(stores).await;
    let of = world.connected().await;
    let (slot, attempt) = world.intending(&of).await;
    assert!(fail(&world, &failed(&slot, Some(&attempt))).await);
    let (slot, unresolved) = world.leased(&of, LONG).await;
    assert_eq!((slot.ambiguous, unresolved), (0, None));
}

pub async fn failure_under_a_lost_lease_stores_the_outcome_alone(stores: &Stores) {
    let world = World::new(stores).await;
    let of = world.connected().await;
    let (slot, attempt) = world.intending(&of).await;
    stores
        .connections
        .release(&world.scope, slot.id, slot.epoch)
        .await
        .unwrap();
    let (newer, unresolved) = world.leased(&of, LONG).await;
    assert_eq!(unresolved.map(|other| other.id), Some(attempt.id));
    let before = world.view(of.id).await;
    assert!(!fail(&world, &failed(&slot, Some(&attempt))).await);
    assert_eq!(
        world.view(of.id).await,
        before,
        "the holder of the lease is not disturbed"
    );
    assert_eq!(
        world.outcome(&attempt).await,
        Some(AttemptOutcome::Failed),
        "now it is known"
    );
    assert!(!fail(&world, &failed(&slot, None)).await);
    assert_eq!(world.slot(&of).await, newer);
}

pub async fn thr_30_revoked_connection_stays_revoked_when_a_refresh_fails(stores: &Stores) {
    let world = World::new(stores).await;
    let of = world.connected().await;
    let (slot, attempt) = world.intending(&of).await;
    world.disconnect(of.id).await;
    assert!(fail(&world, &failed(&slot, Some(&attempt))).await);
    let view = world.view(of.id).await;
    assert_eq!(
        (view.connection.state, view.connection.reason),
        (ConnectionState::Revoked, None)
    );
    assert_eq!(view.slots[0].lease, None);
    assert_eq!(world.outcome(&attempt).await, Some(AttemptOutcome::Failed));
}

pub async fn attempt_that_succeeded_does_not_fail_afterwards(stores: &Stores) {
    let world = World::new(stores).await;
    let of = world.connected().await;
    let (slot, attempt) = world.intending(&of).await;
    let audit = world.audit(AuditVerb::OAuthTokenRefresh);
    let new = super::world::refreshed(&slot, &attempt);
    stores
        .connections
        .commit_refresh(&world.scope, &new, &audit)
        .await
        .unwrap();
    let before = world.view(of.id).await;
    assert!(!fail(&world, &failed(&slot, Some(&attempt))).await);
    assert_eq!(world.outcome(&attempt).await, Some(AttemptOutcome::Succeeded));
    assert_eq!(world.view(of.id).await, before);
}

pub async fn failure_of_something_that_is_not_there_is_refused(stores: &Stores) {
    let world = World::new(stores).await;
    let of = world.connected().await;
    let (slot, attempt) = world.intending(&of).await;
    let mut no_slot = failed(&slot, Some(&attempt));
    no_slot.slot = SlotId::from_uuid(fixture::id());
    let mut no_attempt = failed(&slot, Some(&attempt));
    no_attempt.attempt = Some(AttemptId::from_uuid(fixture::id()));
    for refused in [no_slot, no_attempt] {
        let audit = world.audit(AuditVerb::OAuthTokenRefreshFailed);
        let answer = stores.connections.fail(&world.scope, &refused, &audit).await;
        assert_eq!(code(&answer), "not_found");
        assert!(!world.logged(&audit).await);
    }
    assert_eq!(world.slot(&of).await, slot);
}
