use super::world::{Connected, LONG, World, code, failed, race, refreshed};
use crate::audit::AuditVerb;
use crate::connection::{
    AttemptKind, AttemptOutcome, Connection, ConnectionState, DEFAULT_AUDIENCE, Revocation, Slot,
};
use crate::id::{AttemptId, ConnectionId, SlotId};
use crate::ports::{CommitAnswer, RefreshCommit, Stores};
use crate::testing::fixture;

/// Commits, and checks that there is an audit row where there has to be one.
async fn commit(world: &World, commit: &RefreshCommit) -> CommitAnswer {
    let audit = world.audit(AuditVerb::OAuthTokenRefresh);
    let connections = &world.stores.connections;
    let answer = connections
        .commit_refresh(&world.scope, commit, &audit)
        .await
        .unwrap();
    assert_eq!(world.logged(&audit).await, answer != CommitAnswer::Fenced);
    answer
}

pub async fn commit_stores_the_new_tokens_and_gives_the_lease_back(stores: &Stores) {
    let world = World::new(stores).await;
    let mut other = None;
    let of = world
        .connected_with(|new| {
            let mut second = fixture::access_token(&new.slots[0]);
            second.audience = "https://api.example".into();
            other = Some(second.clone());
            new.tokens.push(second);
        })
        .await;
    let (slot, attempt) = world.intending(&of).await;
    let before = world.view(of.id).await.connection;
    let mut new = refreshed(&slot, &attempt);
    new.scopes = Some(vec!["email".into()]);
    assert_eq!(commit(&world, &new).await, CommitAnswer::Committed);

    let mut view = world.view(of.id).await;
    let expected = Slot {
        refresh: new.refresh,
        generation: slot.generation + 1,
        refresh_expires_at: new.refresh_expires_at,
        refreshed_at: new.at,
        due_at: new.due_at,
        lease: None,
        ..slot
    };
    assert_eq!(view.slots, [expected]);
    let expected = Connection {
        scopes: vec!["email".into()],
        updated_at: new.at,
        ..before
    };
    assert_eq!(view.connection, expected);
    view.tokens.sort_by_key(|token| token.id);
    let expected = [other.unwrap(), new.access.clone()];
    assert_eq!(view.tokens, expected, "the token of the other audience stays");
    let attempts = world.attempts(of.id).await;
    assert_eq!(attempts[0].outcome, Some(AttemptOutcome::Succeeded));
    assert_eq!(
        (attempts[0].finished_at, &attempts[0].reason),
        (Some(new.at), &None)
    );
    let view = stores
        .connections
        .token_view(&world.scope, of.id, DEFAULT_AUDIENCE)
        .await;
    assert_eq!(view.unwrap().and_then(|view| view.access), Some(new.access));
}

pub async fn commit_without_scopes_leaves_them_and_may_end_the_refresh_token(stores: &Stores) {
    let world = World::new(stores).await;
    let of = world.connected().await;
    let scopes = world.view(of.id).await.connection.scopes;
    let (slot, attempt) = world.intending(&of).await;
    let mut new = refreshed(&slot, &attempt);
    (new.refresh, new.refresh_expires_at, new.due_at) = (None, None, None);
    new.access.expires_at = None;
    assert_eq!(commit(&world, &new).await, CommitAnswer::Committed);
    let view = world.view(of.id).await;
    assert_eq!(view.connection.scopes, scopes);
    assert_eq!((&view.slots[0].refresh, view.slots[0].due_at), (&None, None));
    assert_eq!(view.tokens, [new.access]);
}

pub async fn commit_clears_what_went_wrong_before(stores: &Stores) {
    let world = World::new(stores).await;
    let of = world.connected().await;
    let (slot, attempt) = world.intending(&of).await;
    let mut failure = failed(&slot, Some(&attempt));
    failure.outcome = AttemptOutcome::Ambiguous;
    let audit = world.audit(AuditVerb::OAuthTokenRefreshFailed);
    stores
        .connections
        .fail(&world.scope, &failure, &audit)
        .await
        .unwrap();
    let (slot, attempt) = world.intending(&of).await;
    assert_eq!((slot.failures, slot.ambiguous), (1, 1));
    assert_eq!(
        commit(&world, &refreshed(&slot, &attempt)).await,
        CommitAnswer::Committed
    );
    let view = world.view(of.id).await;
    let slot = &view.slots[0];
    assert_eq!((slot.failures, slot.ambiguous, slot.not_before), (0, 0, None));
    assert_eq!(
        (view.connection.state, view.connection.reason),
        (ConnectionState::Fresh, None)
    );
    let (_, unresolved) = world.leased(&of, LONG).await;
    assert_eq!(unresolved, None, "the old attempt was of an older generation");
}

pub async fn commit_that_is_repeated_is_done_once(stores: &Stores) {
    let world = World::new(stores).await;
    let of = world.connected().await;
    let (slot, attempt) = world.intending(&of).await;
    let new = refreshed(&slot, &attempt);
    let audit = world.audit(AuditVerb::OAuthTokenRefresh);
    let answers = race(8, |_| {
        let (connections, scope) = (stores.connections.clone(), world.scope);
        let (new, audit) = (new.clone(), audit.clone());
        async move { connections.commit_refresh(&scope, &new, &audit).await.unwrap() }
    })
    .await;
    assert!(
        answers.iter().all(|answer| *answer == CommitAnswer::Committed),
        "{answers:?}"
    );
    assert!(world.logged(&audit).await, "one audit row");
    let view = world.view(of.id).await;
    assert_eq!(view.slots[0].generation, slot.generation + 1);
    assert_eq!(view.tokens, [new.access]);
}

pub async fn commit_repeated_after_the_next_refresh_changes_nothing(stores: &Stores) {
    let world = World::new(stores).await;
    let of = world.connected().await;
    let (slot, attempt) = world.intending(&of).await;
    let first = refreshed(&slot, &attempt);
    commit(&world, &first).await;
    let (slot, attempt) = world.intending(&of).await;
    commit(&world, &refreshed(&slot, &attempt)).await;
    let before = world.view(of.id).await;
    let audit = world.audit(AuditVerb::OAuthTokenRefresh);
    let answer = stores
        .connections
        .commit_refresh(&world.scope, &first, &audit)
        .await;
    assert_eq!(answer.unwrap(), CommitAnswer::Committed);
    assert!(!world.logged(&audit).await);
    assert_eq!(world.view(of.id).await, before);
}

pub async fn thr_13_commit_after_a_later_holder_presented_is_fenced_and_stores_no_token(stores: &Stores) {
    let world = World::new(stores).await;
    let of = world.connected().await;
    let (slot, attempt) = world.intending(&of).await;
    let newer = taken_over(&world, &of, &slot).await;
    let theirs = fixture::attempt(&newer, AttemptKind::Refresh);
    assert!(world.intend(&theirs).await);
    let before = world.view(of.id).await;
    let late = refreshed(&slot, &attempt);
    assert_eq!(commit(&world, &late).await, CommitAnswer::Fenced);
    assert_eq!(
        world.view(of.id).await,
        before,
        "the holder of the lease is not disturbed"
    );
    assert_eq!(world.outcome(&attempt).await, Some(AttemptOutcome::Fenced));
    assert_eq!(commit(&world, &late).await, CommitAnswer::Fenced);

    let mut wrong = refreshed(&newer, &theirs);
    wrong.expected_generation += 1;
    wrong.access.generation += 1;
    assert_eq!(
        commit(&world, &wrong).await,
        CommitAnswer::Fenced,
        "generation moved"
    );
    assert_eq!(world.view(of.id).await, before);
}

pub async fn thr_13_commit_before_a_later_holder_presents_is_done_and_that_one_is_refused(stores: &Stores) {
    let world = World::new(stores).await;
    let of = world.connected().await;
    let (slot, attempt) = world.intending(&of).await;
    let newer = taken_over(&world, &of, &slot).await;
    assert_eq!(newer.ambiguous, 1);
    let new = refreshed(&slot, &attempt);
    assert_eq!(commit(&world, &new).await, CommitAnswer::Committed);
    let after = world.slot(&of).await;
    assert_eq!((after.generation, after.ambiguous), (slot.generation + 1, 0));
    assert_eq!(after.refresh, new.refresh);
    assert_eq!(
        (after.lease, after.epoch),
        (newer.lease, newer.epoch),
        "the lease is another's"
    );
    assert_eq!(world.outcome(&attempt).await, Some(AttemptOutcome::Succeeded));
    let late = fixture::attempt(&newer, AttemptKind::Refresh);
    assert!(!world.intend(&late).await, "its token is no longer the newest");
    assert_eq!(world.slot(&of).await, after);
}

pub async fn thr_13_commit_after_a_later_holder_that_sent_nothing_is_done(stores: &Stores) {
    let world = World::new(stores).await;
    let of = world.connected().await;
    let (slot, attempt) = world.intending(&of).await;
    let newer = taken_over(&world, &of, &slot).await;
    let theirs = fixture::attempt(&newer, AttemptKind::Refresh);
    assert!(world.intend(&theirs).await);
    let failure = failed(&newer, Some(&theirs));
    let audit = world.audit(AuditVerb::OAuthTokenRefreshFailed);
    let connections = &stores.connections;
    connections.fail(&world.scope, &failure, &audit).await.unwrap();
    let new = refreshed(&slot, &attempt);
    assert_eq!(commit(&world, &new).await, CommitAnswer::Committed);
    assert_eq!(world.view(of.id).await.connection.state, ConnectionState::Fresh);
}

/// The slot with the lease of somebody else.
async fn taken_over(world: &World, of: &Connected, slot: &Slot) -> Slot {
    let connections = &world.stores.connections;
    connections
        .release(&world.scope, slot.id, slot.epoch)
        .await
        .unwrap();
    world.leased(of, LONG).await.0
}

pub async fn commit_without_a_live_lease_is_done_if_nobody_took_it(stores: &Stores) {
    let world = World::new(stores).await;
    let of = world.connected().await;
    let (slot, attempt) = world.intending(&of).await;
    stores
        .connections
        .release(&world.scope, slot.id, slot.epoch)
        .await
        .unwrap();
    let new = refreshed(&slot, &attempt);
    assert_eq!(
        commit(&world, &new).await,
        CommitAnswer::Committed,
        "the tokens are not lost"
    );
    assert_eq!(world.view(of.id).await.tokens, [new.access]);
}

pub async fn thr_30_commit_after_disconnect_keeps_the_newest_token_for_revoking(stores: &Stores) {
    let world = World::new(stores).await;
    let of = world.connected().await;
    let (slot, attempt) = world.intending(&of).await;
    world.disconnect(of.id).await;
    let new = refreshed(&slot, &attempt);
    assert_eq!(commit(&world, &new).await, CommitAnswer::Revoked);
    let view = world.view(of.id).await;
    assert_eq!(view.connection.state, ConnectionState::Revoked);
    assert_eq!(view.connection.revocation, Revocation::Requested);
    assert_eq!(view.slots[0].refresh, new.refresh);
    assert_eq!(view.slots[0].generation, slot.generation + 1);
    assert_eq!(view.slots[0].lease, slot.lease, "the lease is kept for revoking");
    assert_eq!(view.tokens, std::slice::from_ref(&new.access));
    assert_eq!(world.outcome(&attempt).await, Some(AttemptOutcome::Succeeded));
    let served = stores
        .connections
        .token_view(&world.scope, of.id, DEFAULT_AUDIENCE)
        .await;
    let served = served.unwrap().unwrap();
    assert_eq!((served.state, served.access), (ConnectionState::Revoked, None));

    let audit = world.audit(AuditVerb::OAuthTokenRefresh);
    let again = stores
        .connections
        .commit_refresh(&world.scope, &new, &audit)
        .await;
    assert_eq!(again.unwrap(), CommitAnswer::Revoked);
    assert_eq!(world.view(of.id).await, view);
    let mut newest = slot;
    newest.generation += 1;
    assert!(
        world
            .intend(&fixture::attempt(&newest, AttemptKind::Revoke))
            .await
    );
}

pub async fn thr_30_commit_repeated_after_disconnect_says_revoked(stores: &Stores) {
    let world = World::new(stores).await;
    let of = world.connected().await;
    let (slot, attempt) = world.intending(&of).await;
    let new = refreshed(&slot, &attempt);
    assert_eq!(commit(&world, &new).await, CommitAnswer::Committed);
    world.disconnect(of.id).await;
    let audit = world.audit(AuditVerb::OAuthTokenRefresh);
    let again = stores
        .connections
        .commit_refresh(&world.scope, &new, &audit)
        .await;
    assert_eq!(again.unwrap(), CommitAnswer::Revoked, "nothing may be served");
}

pub async fn thr_30_commit_and_disconnect_at_once_leave_it_revoked(stores: &Stores) {
    let world = World::new(stores).await;
    let mut running = Vec::new();
    for _ in 0..6 {
        let of = world.connected().await;
        let (slot, attempt) = world.intending(&of).await;
        running.push((of, refreshed(&slot, &attempt)));
    }
    let answers = race(12, |turn| {
        let (connections, scope) = (stores.connections.clone(), world.scope);
        let (of, new) = running[turn / 2].clone();
        async move {
            let audit = fixture::audit(scope.tenant(), AuditVerb::OAuthTokenRefresh);
            if turn % 2 == 0 {
                let at = fixture::time(70);
                connections.disconnect(&scope, of.id, at, &audit).await.unwrap()
            } else {
                let answer = connections.commit_refresh(&scope, &new, &audit).await.unwrap();
                answer != CommitAnswer::Fenced
            }
        }
    })
    .await;
    assert!(answers.iter().all(|done| *done), "{answers:?}");
    for (of, new) in &running {
        let view = world.view(of.id).await;
        assert_eq!(view.connection.state, ConnectionState::Revoked);
        assert_eq!(view.connection.revocation, Revocation::Requested);
        assert_eq!(
            view.slots[0].refresh, new.refresh,
            "the newest token is there to be revoked"
        );
        assert_eq!(view.tokens, std::slice::from_ref(&new.access));
    }
}

pub async fn pending_connection_stays_pending_when_it_is_refreshed(stores: &Stores) {
    let world = World::new(stores).await;
    let pending = world.authorized(|_| ()).await;
    let of = Connected::of(&pending.commit);
    let (slot, attempt) = world.intending(&of).await;
    assert_eq!(
        commit(&world, &refreshed(&slot, &attempt)).await,
        CommitAnswer::Committed
    );
    let view = world.view(of.id).await;
    assert_eq!(view.connection.state, ConnectionState::Pending);
    let (slot, attempt) = world.intending(&of).await;
    let audit = world.audit(AuditVerb::OAuthTokenRefreshFailed);
    let failure = failed(&slot, Some(&attempt));
    stores
        .connections
        .fail(&world.scope, &failure, &audit)
        .await
        .unwrap();
    assert_eq!(world.view(of.id).await.connection.state, ConnectionState::Pending);
}

pub async fn commit_for_something_that_is_not_there_is_refused(stores: &Stores) {
    let world = World::new(stores).await;
    let of = world.connected().await;
    let (slot, attempt) = world.intending(&of).await;
    let mut no_connection = refreshed(&slot, &attempt);
    no_connection.connection = ConnectionId::from_uuid(fixture::id());
    let mut no_slot = refreshed(&slot, &attempt);
    no_slot.slot = SlotId::from_uuid(fixture::id());
    let mut no_attempt = refreshed(&slot, &attempt);
    no_attempt.attempt = AttemptId::from_uuid(fixture::id());
    let before = world.view(of.id).await;
    for refused in [no_connection, no_slot, no_attempt] {
        let audit = world.audit(AuditVerb::OAuthTokenRefresh);
        let answer = stores
            .connections
            .commit_refresh(&world.scope, &refused, &audit)
            .await;
        assert_eq!(code(&answer), "not_found");
        assert!(!world.logged(&audit).await);
    }
    assert_eq!(world.view(of.id).await, before);
    assert_eq!(world.outcome(&attempt).await, None);
}
