use super::world::{Connected, LONG, World, code, granted, passing};
use crate::audit::AuditVerb;
use crate::connection::{Attempt, AttemptKind, AttemptOutcome, ConnectionState, Revocation, Slot};
use crate::id::{AttemptId, SlotId};
use crate::ports::{LeaseAnswer, RevokeEnd, Stores};
use crate::testing::fixture;
use std::time::Duration;

fn end(slot: &Slot, attempt: Option<&Attempt>, revocation: Revocation) -> RevokeEnd {
    RevokeEnd {
        connection: slot.connection,
        slot: slot.id,
        epoch: slot.epoch,
        attempt: attempt.map(|attempt| attempt.id),
        revocation,
        reason: (revocation == Revocation::Failed).then(passing),
        at: fixture::time(72),
    }
}

/// A disconnected connection with a revocation under way.
async fn revoking(world: &World) -> (Connected, Slot, Attempt) {
    let of = world.connected().await;
    world.disconnect(of.id).await;
    let (slot, unresolved) = world.leased_for_revoke(&of, LONG).await;
    assert_eq!(unresolved, None);
    let attempt = fixture::attempt(&slot, AttemptKind::Revoke);
    assert!(world.intend(&attempt).await);
    (of, slot, attempt)
}

async fn end_revoke(world: &World, end: &RevokeEnd) {
    let audit = world.audit(AuditVerb::OAuthRevoke);
    world
        .stores
        .connections
        .end_revoke(&world.scope, end, &audit)
        .await
        .unwrap();
    assert!(world.logged(&audit).await);
}

pub async fn only_a_disconnected_connection_is_leased_for_revoking(stores: &Stores) {
    let world = World::new(stores).await;
    let of = world.connected().await;
    assert_eq!(world.ask_lease_for_revoke(&of, LONG).await, LeaseAnswer::Gone);
    assert_eq!(world.slot(&of).await, of.slot, "nothing was changed");
    world.disconnect(of.id).await;
    let (slot, _) = world.leased_for_revoke(&of, LONG).await;
    assert_eq!(slot.refresh, of.slot.refresh);
    assert_eq!(slot.epoch, of.slot.epoch + 1);
    let answer = world.ask_lease_for_revoke(&of, LONG).await;
    assert!(matches!(answer, LeaseAnswer::Held { .. }), "{answer:?}");
    let mut unknown = of.clone();
    unknown.slot.id = SlotId::from_uuid(fixture::id());
    assert_eq!(
        world.ask_lease_for_revoke(&unknown, LONG).await,
        LeaseAnswer::Gone
    );
}

pub async fn thr_30_refresh_in_flight_is_waited_for_before_revoking(stores: &Stores) {
    let world = World::new(stores).await;
    let of = world.connected().await;
    let (slot, attempt) = world.intending(&of).await;
    world.disconnect(of.id).await;
    let answer = world.ask_lease_for_revoke(&of, LONG).await;
    assert!(matches!(answer, LeaseAnswer::Held { .. }), "{answer:?}");
    stores
        .connections
        .release(&world.scope, slot.id, slot.epoch)
        .await
        .unwrap();
    let (slot, unresolved) = world.leased_for_revoke(&of, LONG).await;
    assert_eq!(slot.ambiguous, 1);
    let unresolved = unresolved.expect("the refresh has no outcome");
    assert_eq!(
        (unresolved.id, unresolved.kind),
        (attempt.id, AttemptKind::Refresh)
    );
}

pub async fn tokens_are_shredded_when_the_provider_has_revoked(stores: &Stores) {
    for revocation in [Revocation::Done, Revocation::Unsupported] {
        let world = World::new(stores).await;
        let (of, slot, attempt) = revoking(&world).await;
        end_revoke(&world, &end(&slot, Some(&attempt), revocation)).await;
        let view = world.view(of.id).await;
        assert_eq!(view.connection.state, ConnectionState::Revoked);
        assert_eq!(
            (view.connection.revocation, view.connection.reason),
            (revocation, None)
        );
        assert_eq!(view.connection.updated_at, fixture::time(72));
        assert!(view.tokens.is_empty());
        let expected = Slot {
            refresh: None,
            due_at: None,
            lease: None,
            ..slot
        };
        assert_eq!(view.slots, [expected]);
        let outcome = if revocation == Revocation::Done {
            AttemptOutcome::Succeeded
        } else {
            AttemptOutcome::Refused
        };
        assert_eq!(world.outcome(&attempt).await, Some(outcome));
        let answer = world.ask_lease_for_revoke(&of, LONG).await;
        assert_eq!(answer, LeaseAnswer::Gone, "nothing is left to revoke");
    }
}

pub async fn failed_revocation_keeps_the_tokens_and_can_be_tried_again(stores: &Stores) {
    let world = World::new(stores).await;
    let (of, slot, attempt) = revoking(&world).await;
    end_revoke(&world, &end(&slot, Some(&attempt), Revocation::Failed)).await;
    let view = world.view(of.id).await;
    assert_eq!(view.connection.revocation, Revocation::Failed);
    assert_eq!(view.connection.reason, Some(passing()));
    assert_eq!(view.tokens, std::slice::from_ref(&of.token));
    assert_eq!(view.slots, [Slot { lease: None, ..slot }]);
    let stored = &world.attempts(of.id).await[0];
    assert_eq!(
        (stored.outcome, &stored.reason),
        (Some(AttemptOutcome::Failed), &Some(passing()))
    );
    let (slot, _) = world.leased_for_revoke(&of, LONG).await;
    end_revoke(&world, &end(&slot, None, Revocation::Done)).await;
    assert_eq!(world.view(of.id).await.connection.revocation, Revocation::Done);
    assert_eq!(world.view(of.id).await.connection.reason, None);
}

pub async fn revocation_under_a_lost_lease_is_stale(stores: &Stores) {
    let world = World::new(stores).await;
    let of = world.connected().await;
    world.disconnect(of.id).await;
    let (late, _) = world.leased_for_revoke(&of, Duration::ZERO).await;
    world.leased_for_revoke(&of, LONG).await;
    let before = world.view(of.id).await;
    let audit = world.audit(AuditVerb::OAuthRevoke);
    let end = end(&late, None, Revocation::Done);
    let answer = stores.connections.end_revoke(&world.scope, &end, &audit).await;
    assert_eq!(code(&answer), "stale");
    assert!(!world.logged(&audit).await);
    assert_eq!(world.view(of.id).await, before);
}

pub async fn tokens_of_a_connected_account_are_never_shredded(stores: &Stores) {
    let world = World::new(stores).await;
    let of = world.connected().await;
    let (slot, _) = world.leased(&of, LONG).await;
    let before = world.view(of.id).await;
    let audit = world.audit(AuditVerb::OAuthRevoke);
    let end = end(&slot, None, Revocation::Done);
    let answer = stores.connections.end_revoke(&world.scope, &end, &audit).await;
    assert_eq!(code(&answer), "stale");
    assert_eq!(world.view(of.id).await, before);
}

pub async fn revocation_of_something_that_is_not_there_is_refused(stores: &Stores) {
    let world = World::new(stores).await;
    let (of, slot, attempt) = revoking(&world).await;
    let mut no_slot = end(&slot, Some(&attempt), Revocation::Done);
    no_slot.slot = SlotId::from_uuid(fixture::id());
    let mut no_attempt = end(&slot, Some(&attempt), Revocation::Done);
    no_attempt.attempt = Some(AttemptId::from_uuid(fixture::id()));
    for refused in [no_slot, no_attempt] {
        let audit = world.audit(AuditVerb::OAuthRevoke);
        let answer = stores
            .connections
            .end_revoke(&world.scope, &refused, &audit)
            .await;
        assert_eq!(code(&answer), "not_found");
        assert!(!world.logged(&audit).await);
    }
    assert_eq!(world.view(of.id).await.tokens, [of.token]);
}

pub async fn connection_is_revoked_when_its_last_slot_is(stores: &Stores) {
    let world = World::new(stores).await;
    let mut bot = None;
    let of = world
        .connected_with(|new| {
            let mut second = fixture::slot(&new.connection);
            second.name = "bot".into();
            new.tokens.push(fixture::access_token(&second));
            bot = Some(second.id);
            new.slots.push(second);
        })
        .await;
    world.disconnect(of.id).await;
    let (slot, _) = world.leased_for_revoke(&of, LONG).await;
    end_revoke(&world, &end(&slot, None, Revocation::Done)).await;
    let view = world.view(of.id).await;
    assert_eq!(
        view.connection.revocation,
        Revocation::Requested,
        "the other slot has tokens"
    );
    assert_eq!(view.tokens.len(), 1);
    let (owner, at) = (fixture::replica(), fixture::time(71));
    let ask = stores
        .connections
        .lease_for_revoke(&world.scope, bot.unwrap(), owner, LONG, at);
    let (slot, _) = granted(ask.await.unwrap());
    end_revoke(&world, &end(&slot, None, Revocation::Done)).await;
    assert_eq!(world.view(of.id).await.connection.revocation, Revocation::Done);
}
