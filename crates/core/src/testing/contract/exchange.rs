use super::world::{SYSTEM, World, code, race};
use crate::Sealed;
use crate::audit::AuditVerb;
use crate::connection::{AttemptOutcome, ConnectionState, ConnectionView};
use crate::failure::FailureCode;
use crate::flow::Flow;
use crate::id::{AttemptId, FlowId, IntegrationId, UserId};
use crate::integration::IntegrationState;
use crate::page::PageRequest;
use crate::ports::{ConnectionFilter, ExchangeCommit, Stores};
use crate::testing::fixture;

async fn count(world: &World) -> usize {
    let all = ConnectionFilter::default();
    let listed = world
        .stores
        .connections
        .list(&world.scope, &all, PageRequest::default());
    listed.await.unwrap().items.len()
}

async fn commit(world: &World, commit: &ExchangeCommit) -> &'static str {
    let audit = world.audit(AuditVerb::ConnectionAuthorize);
    let answer = world
        .stores
        .flows
        .commit_exchange(&world.scope, commit, &audit)
        .await;
    let logged = world.logged(&audit).await;
    assert!(answer.is_ok() || !logged, "a refused commit leaves no audit row");
    code(&answer)
}

pub async fn exchange_stores_the_pending_connection_as_it_was_given(stores: &Stores) {
    let world = World::new(stores).await;
    let (flow, session, attempt) = world.exchanging().await;
    let mut new = world.exchange(&flow, &attempt);
    new.connection.user = Some(world.user().await);
    new.tokens[0].token = Sealed::from_envelope(vec![0x5A; 64 * 1024]);
    let mut second = fixture::access_token(&new.slots[0]);
    second.audience = "https://api.example/ü".into();
    second.expires_at = None;
    new.tokens.push(second);
    let audit = world.audit(AuditVerb::ConnectionAuthorize);
    stores
        .flows
        .commit_exchange(&world.scope, &new, &audit)
        .await
        .unwrap();
    assert!(world.logged(&audit).await);

    let mut view = world.view(new.connection.id).await;
    view.tokens.sort_by_key(|token| token.id);
    let expected = ConnectionView {
        connection: new.connection.clone(),
        slots: new.slots.clone(),
        tokens: new.tokens.clone(),
        integration_state: IntegrationState::Enabled,
        leased: false,
    };
    assert_eq!(view, expected);
    assert_eq!(view.state(), ConnectionState::Pending);
    let hash = &new.result.result_hash;
    let found = stores.flows.find_by_result(&world.scope, hash).await.unwrap();
    let (found, of) = found.expect("the flow is found by its result");
    assert_eq!((found.id, of.id), (flow.id, session.id));
    assert_eq!(found.result.as_ref(), Some(&new.result));
    let (found, _) = stores
        .flows
        .find_by_state(&SYSTEM, &flow.state_hash)
        .await
        .unwrap()
        .unwrap();
    let consumed_at = found.consumed_at;
    assert_eq!(
        found,
        Flow {
            consumed_at,
            result: Some(new.result),
            ..flow
        }
    );
}

pub async fn connection_without_optional_parts_comes_back_as_it_was(stores: &Stores) {
    let world = World::new(stores).await;
    let bare = world
        .authorized(|new| {
            new.connection.subject = None;
            new.connection.identity = None;
            new.connection.scopes.clear();
            new.connection.scopes_missing.clear();
            let slot = &mut new.slots[0];
            (slot.refresh, slot.refresh_expires_at, slot.due_at) = (None, None, None);
            new.tokens[0].expires_at = None;
        })
        .await;
    let view = world.view(bare.commit.connection.id).await;
    assert_eq!(view.connection, bare.commit.connection);
    assert_eq!(view.slots, bare.commit.slots);
    assert_eq!(view.tokens, bare.commit.tokens);
}

pub async fn exchange_that_is_committed_twice_is_done_once(stores: &Stores) {
    let world = World::new(stores).await;
    let (flow, _, attempt) = world.exchanging().await;
    let new = world.exchange(&flow, &attempt);
    let audit = world.audit(AuditVerb::ConnectionAuthorize);
    let flows = &stores.flows;
    flows.commit_exchange(&world.scope, &new, &audit).await.unwrap();
    flows.commit_exchange(&world.scope, &new, &audit).await.unwrap();
    assert!(world.logged(&audit).await, "one audit row");
    assert_eq!(count(&world).await, 1);
    assert_eq!(world.view(new.connection.id).await.tokens, new.tokens);

    let other = world.exchange(&flow, &attempt);
    assert_eq!(
        commit(&world, &other).await,
        "stale",
        "the flow has its connection"
    );
    assert_eq!(count(&world).await, 1);
}

pub async fn exchange_that_is_committed_many_times_at_once_is_done_once(stores: &Stores) {
    let world = World::new(stores).await;
    let (flow, _, attempt) = world.exchanging().await;
    let new = world.exchange(&flow, &attempt);
    let audit = world.audit(AuditVerb::ConnectionAuthorize);
    let answers = race(8, |_| {
        let (flows, scope) = (stores.flows.clone(), world.scope);
        let (new, audit) = (new.clone(), audit.clone());
        async move { code(&flows.commit_exchange(&scope, &new, &audit).await) }
    })
    .await;
    assert!(answers.iter().all(|code| *code == "ok"), "{answers:?}");
    assert!(world.logged(&audit).await);
    assert_eq!(count(&world).await, 1);
}

pub async fn exchange_for_something_that_is_not_there_is_refused(stores: &Stores) {
    let world = World::new(stores).await;
    let (flow, _, attempt) = world.exchanging().await;
    let base = || world.exchange(&flow, &attempt);
    let mut no_flow = base();
    no_flow.flow = FlowId::from_uuid(fixture::id());
    let mut no_attempt = base();
    no_attempt.attempt = AttemptId::from_uuid(fixture::id());
    let mut no_user = base();
    no_user.connection.user = Some(UserId::from_uuid(fixture::id()));
    let mut no_integration = base();
    no_integration.connection.integration.id = IntegrationId::from_uuid(fixture::id());
    for refused in [no_flow, no_attempt, no_user, no_integration] {
        assert_eq!(commit(&world, &refused).await, "not_found");
        let found = stores.connections.find(&world.scope, refused.connection.id).await;
        assert_eq!(found.unwrap(), None);
    }
    assert_eq!(
        commit(&world, &base()).await,
        "ok",
        "nothing stands in the way of the right one"
    );
}

pub async fn failed_exchange_leaves_no_connection_and_is_told_once(stores: &Stores) {
    let world = World::new(stores).await;
    let (_, _, attempt) = world.exchanging().await;
    let reason = fixture::reason(FailureCode::InvalidConfig);
    let audit = world.audit(AuditVerb::OAuthAuthorizeFailed);
    let flows = &stores.flows;
    let refused = AttemptOutcome::Refused;
    flows
        .fail_exchange(&world.scope, attempt.id, refused, &reason, &audit)
        .await
        .unwrap();
    assert!(world.logged(&audit).await);
    assert_eq!(count(&world).await, 0);
    let again = world.audit(AuditVerb::OAuthAuthorizeFailed);
    flows
        .fail_exchange(&world.scope, attempt.id, refused, &reason, &again)
        .await
        .unwrap();
    assert!(!world.logged(&again).await);

    let unknown = AttemptId::from_uuid(fixture::id());
    let answer = flows
        .fail_exchange(&world.scope, unknown, refused, &reason, &again)
        .await;
    assert_eq!(code(&answer), "not_found");
}
