use super::world::{Authorized, Connected, LONG, World, code, race, refreshed, replacement};
use crate::audit::AuditVerb;
use crate::connection::{
    Attempt, AttemptOutcome, Connection, ConnectionState, DEFAULT_AUDIENCE, Revocation, Slot,
};
use crate::id::FlowId;
use crate::ports::{CommitAnswer, Redemption, Stores};
use crate::rotation::RotationClass;
use crate::testing::fixture;

async fn state(world: &World, of: &Authorized) -> ConnectionState {
    world.view(of.commit.connection.id).await.connection.state
}

pub async fn confirmed_connection_is_fresh_and_served(stores: &Stores) {
    let world = World::new(stores).await;
    let new = world.authorized(|_| ()).await;
    let id = new.commit.connection.id;
    let view = stores
        .connections
        .token_view(&world.scope, id, DEFAULT_AUDIENCE)
        .await
        .unwrap();
    let view = view.expect("a pending connection is seen");
    assert_eq!(
        (view.state, view.access),
        (ConnectionState::Pending, None),
        "but not served"
    );

    let at = fixture::time(36);
    let audit = world.audit(AuditVerb::ConnectionConfirm);
    let flows = &stores.flows;
    let bound = flows
        .redeem(&world.scope, new.flow, at, &Redemption::Confirm, &audit)
        .await;
    assert_eq!(bound.unwrap(), id);
    assert!(world.logged(&audit).await);
    let expected = Connection {
        state: ConnectionState::Fresh,
        updated_at: at,
        ..new.commit.connection.clone()
    };
    assert_eq!(world.view(id).await.connection, expected);
    let view = stores
        .connections
        .token_view(&world.scope, id, DEFAULT_AUDIENCE)
        .await
        .unwrap();
    assert_eq!(
        view.and_then(|view| view.access),
        Some(new.commit.tokens[0].clone())
    );
    let hash = &new.commit.result.result_hash;
    let (flow, session) = flows.find_by_result(&world.scope, hash).await.unwrap().unwrap();
    assert_eq!(session.id, new.session.id);
    assert_eq!(flow.result.and_then(|result| result.redeemed_at), Some(at));
}

pub async fn result_is_redeemed_once(stores: &Stores) {
    let world = World::new(stores).await;
    let new = world.authorized(|_| ()).await;
    let answers = race(20, |_| {
        let (flows, scope, flow) = (stores.flows.clone(), world.scope, new.flow);
        let audit = world.audit(AuditVerb::ConnectionConfirm);
        async move {
            let at = fixture::time(36);
            code(&flows.redeem(&scope, flow, at, &Redemption::Confirm, &audit).await)
        }
    })
    .await;
    assert_eq!(
        answers.iter().filter(|code| **code == "ok").count(),
        1,
        "{answers:?}"
    );
    assert_eq!(
        answers.iter().filter(|code| **code == "stale").count(),
        19,
        "{answers:?}"
    );
    let log = world.log().await;
    let confirmed = log
        .iter()
        .filter(|entry| entry.verb == AuditVerb::ConnectionConfirm);
    assert_eq!(confirmed.count(), 1);
}

pub async fn flow_without_a_result_is_not_redeemed(stores: &Stores) {
    let world = World::new(stores).await;
    let (flow, _) = world.flow().await;
    for flow in [flow.id, FlowId::from_uuid(fixture::id())] {
        let answer = world.redeem(flow, &Redemption::Confirm).await;
        assert_eq!(code(&answer), "not_found");
    }
}

pub async fn thr_30_pending_connection_that_was_disconnected_is_not_brought_back(stores: &Stores) {
    let world = World::new(stores).await;
    let old = world.connected().await;
    let new = world.authorized(|_| ()).await;
    assert!(world.disconnect(new.commit.connection.id).await);
    let view = world.view(old.id).await;
    let replace = replacement(&view.connection, &view.slots[0]);
    for how in [Redemption::Confirm, Redemption::Replace(Box::new(replace))] {
        assert_eq!(code(&world.redeem(new.flow, &how).await), "stale");
    }
    assert_eq!(state(&world, &new).await, ConnectionState::Revoked);
    assert_eq!(world.view(old.id).await, view);
}

pub async fn replaced_connection_keeps_its_id_and_takes_the_new_tokens(stores: &Stores) {
    let world = World::new(stores).await;
    let old = world
        .connected_with(|new| {
            let mut second = fixture::access_token(&new.slots[0]);
            second.audience = "https://api.example".into();
            new.tokens.push(second);
        })
        .await;
    let before = world.view(old.id).await;
    let new = world.authorized(|_| ()).await;
    let replace = replacement(&before.connection, &before.slots[0]);
    let bound = world
        .redeem(new.flow, &Redemption::Replace(Box::new(replace.clone())))
        .await;
    assert_eq!(bound.unwrap(), old.id);

    let after = world.view(old.id).await;
    let expected = Connection {
        state: ConnectionState::Fresh,
        identity: replace.identity,
        scopes: replace.scopes,
        scopes_missing: replace.scopes_missing,
        updated_at: fixture::time(35),
        ..before.connection
    };
    assert_eq!(after.connection, expected);
    let expected = Slot {
        refresh: replace.refresh,
        generation: before.slots[0].generation + 1,
        epoch: before.slots[0].epoch + 1,
        refresh_expires_at: replace.refresh_expires_at,
        refreshed_at: fixture::time(35),
        due_at: replace.due_at,
        ..before.slots[0].clone()
    };
    assert_eq!(after.slots, [expected]);
    assert_eq!(
        after.tokens,
        [replace.access],
        "every older token of the slot is gone"
    );
    let pending = stores
        .connections
        .find(&world.scope, new.commit.connection.id)
        .await;
    assert_eq!(pending.unwrap(), None, "the pending connection is deleted");
    let hash = &new.commit.result.result_hash;
    let (flow, _) = stores
        .flows
        .find_by_result(&world.scope, hash)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(flow.result.map(|result| result.connection), Some(old.id));
    let again = world.redeem(new.flow, &Redemption::Confirm).await;
    assert_eq!(code(&again), "stale");
}

pub async fn replacing_brings_a_revoked_connection_back(stores: &Stores) {
    let world = World::new(stores).await;
    let old = world.connected().await;
    world.disconnect(old.id).await;
    let view = world.view(old.id).await;
    let new = world.authorized(|_| ()).await;
    let replace = replacement(&view.connection, &view.slots[0]);
    world
        .redeem(new.flow, &Redemption::Replace(Box::new(replace)))
        .await
        .unwrap();
    let after = world.view(old.id).await.connection;
    assert_eq!(after.state, ConnectionState::Fresh);
    assert_eq!((after.revocation, after.reason), (Revocation::None, None));
}

pub async fn replacing_fences_off_a_refresh_that_is_under_way(stores: &Stores) {
    let world = World::new(stores).await;
    let old = world.connected().await;
    let (slot, attempt) = world.intending(&old).await;
    let view = world.view(old.id).await;
    assert!(view.leased);
    let new = world.authorized(|_| ()).await;
    let replace = replacement(&view.connection, &view.slots[0]);
    world
        .redeem(new.flow, &Redemption::Replace(Box::new(replace)))
        .await
        .unwrap();
    let after = world.view(old.id).await;
    assert!(!after.leased, "the lease is over");
    assert!(after.slots[0].epoch > slot.epoch);

    let audit = world.audit(AuditVerb::OAuthTokenRefresh);
    let late = refreshed(&slot, &attempt);
    let answer = stores
        .connections
        .commit_refresh(&world.scope, &late, &audit)
        .await;
    assert_eq!(answer.unwrap(), CommitAnswer::Fenced);
    assert_eq!(world.view(old.id).await, after);
    let (slot, unresolved) = world.leased(&old, LONG).await;
    assert_eq!(
        (slot.ambiguous, unresolved),
        (0, None),
        "it was of an older generation"
    );
}

pub async fn attempt_of_replaced_tokens_is_ambiguous_but_no_longer_counts(stores: &Stores) {
    let world = World::new(stores).await;
    let old = world.connected().await;
    let (_, attempt) = world.intending(&old).await;
    let view = world.view(old.id).await;
    let new = world.authorized(|_| ()).await;
    let replace = replacement(&view.connection, &view.slots[0]);
    world
        .redeem(new.flow, &Redemption::Replace(Box::new(replace)))
        .await
        .unwrap();
    assert_eq!(world.outcome(&attempt).await, None);
    let (slot, unresolved) = world.leased(&old, LONG).await;
    assert_eq!((slot.ambiguous, unresolved), (0, None));
    assert_eq!(world.outcome(&attempt).await, Some(AttemptOutcome::Ambiguous));
}

pub async fn replacing_tokens_that_moved_is_stale(stores: &Stores) {
    let world = World::new(stores).await;
    let old = world.connected().await;
    let view = world.view(old.id).await;
    let new = world.authorized(|_| ()).await;
    let replace = replacement(&view.connection, &view.slots[0]);
    let (slot, attempt) = world.intending(&old).await;
    let audit = world.audit(AuditVerb::OAuthTokenRefresh);
    let faster = refreshed(&slot, &attempt);
    stores
        .connections
        .commit_refresh(&world.scope, &faster, &audit)
        .await
        .unwrap();

    let how = Redemption::Replace(Box::new(replace));
    assert_eq!(code(&world.redeem(new.flow, &how).await), "stale");
    assert_eq!(
        state(&world, &new).await,
        ConnectionState::Pending,
        "it can be tried again"
    );
    assert_eq!(world.view(old.id).await.tokens, [faster.access]);
    let view = world.view(old.id).await;
    let again = replacement(&view.connection, &view.slots[0]);
    let bound = world
        .redeem(new.flow, &Redemption::Replace(Box::new(again)))
        .await;
    assert_eq!(bound.unwrap(), old.id);
}

pub async fn replacing_takes_class_and_subject_and_leaves_a_subject_that_is_not_told(stores: &Stores) {
    let world = World::new(stores).await;
    let old = world.connected_with(|new| new.connection.subject = None).await;
    let subject = fixture::fingerprint();
    for told in [Some(subject), None] {
        let view = world.view(old.id).await;
        let new = world.authorized(|_| ()).await;
        let mut replace = replacement(&view.connection, &view.slots[0]);
        (replace.class, replace.subject) = (RotationClass::Static, told);
        let how = Redemption::Replace(Box::new(replace));
        assert_eq!(world.redeem(new.flow, &how).await.unwrap(), old.id);
        let after = world.view(old.id).await;
        assert_eq!(after.slots[0].class, RotationClass::Static);
        assert_eq!(after.connection.subject, Some(subject), "told as {told:?}");
    }
    let connections = &stores.connections;
    let found = connections
        .find_by_subject(&world.scope, world.reference(), None, subject)
        .await;
    assert_eq!(found.unwrap(), Some(old.id));
}

pub async fn replacing_by_an_account_that_another_connection_has_is_stale(stores: &Stores) {
    let world = World::new(stores).await;
    let subject = fixture::fingerprint();
    world
        .connected_with(|new| new.connection.subject = Some(subject))
        .await;
    let old = world.connected().await;
    let before = world.view(old.id).await;
    let new = world.authorized(|_| ()).await;
    let mut replace = replacement(&before.connection, &before.slots[0]);
    replace.subject = Some(subject);
    let refused = world
        .redeem(new.flow, &Redemption::Replace(Box::new(replace)))
        .await;
    assert_eq!(code(&refused), "stale");
    assert_eq!(world.view(old.id).await, before);
}

pub async fn attempts_of_a_replaced_pending_connection_stay_in_the_journal_of_the_one_that_stays(
    stores: &Stores,
) {
    let world = World::new(stores).await;
    let old = world.connected().await;
    let before = world.view(old.id).await;
    let new = world.authorized(|_| ()).await;
    let (_, attempt) = world.intending(&Connected::of(&new.commit)).await;
    assert_eq!(world.attempts(old.id).await, []);
    let replace = replacement(&before.connection, &before.slots[0]);
    let bound = world
        .redeem(new.flow, &Redemption::Replace(Box::new(replace)))
        .await;
    assert_eq!(bound.unwrap(), old.id);
    let moved = Attempt {
        connection: Some(old.id),
        slot: None,
        ..attempt
    };
    assert_eq!(world.attempts(old.id).await, [moved]);
}
