use super::world::{SYSTEM, World, code, race};
use crate::audit::AuditVerb;
use crate::flow::{ConnectSession, Flow};
use crate::id::{ConnectSessionId, ConnectionId, FlowId, IntegrationId, UserId};
use crate::ports::{SESSIONS_KEPT, Stores};
use crate::testing::fixture;
use std::time::Duration;

async fn by_state(stores: &Stores, flow: &Flow) -> Option<(Flow, ConnectSession)> {
    stores
        .flows
        .find_by_state(&SYSTEM, &flow.state_hash)
        .await
        .unwrap()
}

pub async fn session_is_found_by_the_hash_of_its_token(stores: &Stores) {
    let world = World::new(stores).await;
    let mut session = fixture::session(world.tenant.id, world.reference());
    session.user = Some(world.user().await);
    session.connection = Some(world.connected().await.id);
    session.scopes.clear();
    let audit = world.audit(AuditVerb::ConnectSessionCreate);
    stores
        .flows
        .create_session(&world.scope, &session, &audit)
        .await
        .unwrap();
    assert!(world.logged(&audit).await);
    let found = stores
        .flows
        .find_session(&SYSTEM, &session.token_hash)
        .await
        .unwrap();
    assert_eq!(found, Some(session));
    let unknown = stores.flows.find_session(&SYSTEM, &fixture::secret_hash()).await;
    assert_eq!(unknown.unwrap(), None);
}

pub async fn session_for_something_that_is_not_there_is_refused(stores: &Stores) {
    let world = World::new(stores).await;
    let base = || fixture::session(world.tenant.id, world.reference());
    let mut no_user = base();
    no_user.user = Some(UserId::from_uuid(fixture::id()));
    let mut no_connection = base();
    no_connection.connection = Some(ConnectionId::from_uuid(fixture::id()));
    let mut no_integration = base();
    no_integration.integration.id = IntegrationId::from_uuid(fixture::id());
    for session in [no_user, no_connection, no_integration] {
        let audit = world.audit(AuditVerb::ConnectSessionCreate);
        let answer = stores.flows.create_session(&world.scope, &session, &audit).await;
        assert_eq!(code(&answer), "not_found", "{session:?}");
        assert!(!world.logged(&audit).await);
        let found = stores.flows.find_session(&SYSTEM, &session.token_hash).await;
        assert_eq!(found.unwrap(), None);
    }
}

pub async fn sessions_that_expired_long_ago_are_deleted_with_their_flows(stores: &Stores) {
    let (world, other) = (World::new(stores).await, World::new(stores).await);
    let (flow, session) = world.flow().await;
    let (foreign, _) = other.flow().await;
    let create = async |at: crate::Timestamp| {
        let mut next = fixture::session(world.tenant.id, world.reference());
        (next.created_at, next.expires_at) = (at, at.plus(Duration::from_secs(600)));
        let audit = world.audit(AuditVerb::ConnectSessionCreate);
        let flows = &stores.flows;
        flows.create_session(&world.scope, &next, &audit).await.unwrap();
    };
    let over = session.expires_at.plus(SESSIONS_KEPT);
    create(over).await;
    assert!(by_state(stores, &flow).await.is_some(), "it is kept for a while");
    create(over.plus(Duration::from_secs(1))).await;
    assert_eq!(by_state(stores, &flow).await, None);
    let found = stores.flows.find_session(&SYSTEM, &session.token_hash).await;
    assert_eq!(found.unwrap(), None);
    assert!(
        by_state(stores, &foreign).await.is_some(),
        "another tenant's stays"
    );
}

pub async fn session_opens_once_and_is_found_with_its_flow(stores: &Stores) {
    let world = World::new(stores).await;
    let session = world.session().await;
    let flow = fixture::flow(&session);
    let audit = world.audit(AuditVerb::OAuthAuthorize);
    stores.flows.begin(&world.scope, &flow, &audit).await.unwrap();
    assert!(world.logged(&audit).await);

    let opened = ConnectSession {
        opened_at: Some(flow.created_at),
        ..session.clone()
    };
    let found = stores
        .flows
        .find_session(&SYSTEM, &session.token_hash)
        .await
        .unwrap();
    assert_eq!(found.as_ref(), Some(&opened));
    assert_eq!(by_state(stores, &flow).await, Some((flow, opened)));

    let second = fixture::flow(&session);
    let audit = world.audit(AuditVerb::OAuthAuthorize);
    let answer = stores.flows.begin(&world.scope, &second, &audit).await;
    assert_eq!(code(&answer), "stale");
    assert!(!world.logged(&audit).await);
    assert_eq!(by_state(stores, &second).await, None);
}

pub async fn of_many_browsers_that_open_a_session_one_begins(stores: &Stores) {
    let world = World::new(stores).await;
    let session = world.session().await;
    let answers = race(20, |_| {
        let (flows, scope) = (stores.flows.clone(), world.scope);
        let (flow, audit) = (fixture::flow(&session), world.audit(AuditVerb::OAuthAuthorize));
        async move { code(&flows.begin(&scope, &flow, &audit).await) }
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
}

pub async fn flow_of_a_session_that_is_not_there_is_refused(stores: &Stores) {
    let world = World::new(stores).await;
    let mut flow = fixture::flow(&fixture::session(world.tenant.id, world.reference()));
    flow.session = ConnectSessionId::from_uuid(fixture::id());
    let audit = world.audit(AuditVerb::OAuthAuthorize);
    let answer = stores.flows.begin(&world.scope, &flow, &audit).await;
    assert_eq!(code(&answer), "not_found");
    assert!(!world.logged(&audit).await);
    assert_eq!(by_state(stores, &flow).await, None);
}

pub async fn flow_is_consumed_once(stores: &Stores) {
    let world = World::new(stores).await;
    let (flow, _) = world.flow().await;
    let at = fixture::time(26);
    stores
        .flows
        .consume(&world.scope, flow.id, at, None, None)
        .await
        .unwrap();
    let (found, _) = by_state(stores, &flow).await.expect("consumed flows are found");
    assert_eq!(
        found,
        Flow {
            consumed_at: Some(at),
            ..flow.clone()
        }
    );

    let attempt = fixture::exchange_attempt(world.tenant.id);
    let later = fixture::time(27);
    let again = stores
        .flows
        .consume(&world.scope, flow.id, later, Some(&attempt), None)
        .await;
    assert_eq!(code(&again), "stale");
    let commit = world.exchange(&flow, &attempt);
    let audit = world.audit(AuditVerb::ConnectionAuthorize);
    let answer = stores.flows.commit_exchange(&world.scope, &commit, &audit).await;
    assert_eq!(code(&answer), "not_found", "the second intent was not stored");
    let unknown = FlowId::from_uuid(fixture::id());
    let answer = stores.flows.consume(&world.scope, unknown, at, None, None).await;
    assert_eq!(code(&answer), "not_found");
}

pub async fn refused_flow_is_consumed_with_its_audit_row(stores: &Stores) {
    let (world, other) = (World::new(stores).await, World::new(stores).await);
    let (flow, _) = world.flow().await;
    let at = fixture::time(26);
    let flows = &stores.flows;
    let foreign = other.audit(AuditVerb::OAuthAuthorizeFailed);
    let refused = flows
        .consume(&world.scope, flow.id, at, None, Some(&foreign))
        .await;
    assert_eq!(code(&refused), "not_found", "a row of another tenant");
    let (found, _) = by_state(stores, &flow).await.expect("the flow is there");
    assert_eq!(found.consumed_at, None, "all or nothing");

    let audit = world.audit(AuditVerb::OAuthAuthorizeFailed);
    let consumed = flows.consume(&world.scope, flow.id, at, None, Some(&audit)).await;
    consumed.unwrap();
    assert!(world.logged(&audit).await);
    let again = world.audit(AuditVerb::OAuthAuthorizeFailed);
    let refused = flows.consume(&world.scope, flow.id, at, None, Some(&again)).await;
    assert_eq!(code(&refused), "stale");
    assert!(!world.logged(&again).await);
}

pub async fn of_many_callbacks_of_one_flow_one_is_exchanged(stores: &Stores) {
    let world = World::new(stores).await;
    let (flow, _) = world.flow().await;
    let answers = race(20, |_| {
        let (flows, scope, id) = (stores.flows.clone(), world.scope, flow.id);
        let attempt = fixture::exchange_attempt(world.tenant.id);
        async move {
            code(
                &flows
                    .consume(&scope, id, fixture::time(26), Some(&attempt), None)
                    .await,
            )
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
}
