use super::estate::Estate;
use super::world::{LONG, World, code, failed, passing, refreshed, replacement};
use crate::audit::AuditVerb;
use crate::connection::{AttemptKind, AttemptOutcome, DEFAULT_AUDIENCE, Revocation};
use crate::data_key::DataKeyPurpose;
use crate::idempotency::IdempotencyCheck;
use crate::integration::Integration;
use crate::page::PageRequest;
use crate::ports::{ConnectionFilter, LeaseAnswer, Redemption, RevokeEnd, Stores};
use crate::testing::{Method, fixture};

/// What is asked before a tenant is known, or by who is above tenants.
const ABOVE_TENANTS: [Method; 12] = [
    Method::CreateTenant,
    Method::FindTenant,
    Method::FindTenantByExternalId,
    Method::ListTenants,
    Method::BlockIntegration,
    Method::FindByKey,
    Method::CreateOperator,
    Method::ListOperators,
    Method::RevokeOperator,
    Method::FindSession,
    Method::FindFlowByState,
    Method::Ping,
];

/// Calls each reading method for a stranger, with the owner's ids; says which ones it called.
async fn read(owner: &Estate, stranger: &World) -> Vec<Method> {
    let (stores, scope) = (&stranger.stores, &stranger.scope);
    let page = PageRequest::new(PageRequest::MAX, None);
    let mut called = Vec::new();
    macro_rules! nothing {
        ($method:ident: $call:expr) => {
            called.push(Method::$method);
            assert_eq!($call.await.unwrap(), None, "{}", Method::$method.as_str());
        };
    }
    macro_rules! empty {
        ($method:ident: $call:expr) => {
            called.push(Method::$method);
            let page = $call.await.unwrap();
            assert!(
                page.items.is_empty() && page.next.is_none(),
                "{}",
                Method::$method.as_str()
            );
        };
    }
    let connection = &owner.pending.commit.connection;
    let (integration, subject) = (connection.integration, connection.subject.unwrap());
    let hash = &owner.pending.commit.result.result_hash;
    nothing!(FindUser: stores.tenants.find_user(scope, owner.user.id));
    nothing!(FindUserByExternalId: stores.tenants.find_user_by_external_id(scope, &owner.user.external_id));
    empty!(ListUsers: stores.tenants.list_users(scope, page));
    nothing!(FindIntegration: stores.integrations.find(scope, owner.spare.id));
    nothing!(FindCaller: stores.callers.find(scope, owner.caller.id));
    empty!(ListCallers: stores.callers.list(scope, page));
    nothing!(FindFlowByResult: stores.flows.find_by_result(scope, hash));
    nothing!(ReadTokenView: stores.connections.token_view(scope, owner.connected.id, DEFAULT_AUDIENCE));
    nothing!(FindConnection: stores.connections.find(scope, owner.connected.id));
    empty!(ListConnections: stores.connections.list(scope, &ConnectionFilter::default(), page));
    nothing!(FindBySubject: stores.connections.find_by_subject(scope, integration, None, subject));
    empty!(ListAttempts: stores.connections.attempts(scope, owner.refreshing[0].0.id, page));
    nothing!(ActiveDataKey: stores.data_keys.active(scope, DataKeyPurpose::Seal));
    nothing!(FindDataKey: stores.data_keys.find(scope, owner.key.id));

    called.push(Method::ListIntegrations);
    let listed = stores.integrations.list(scope, page).await.unwrap().items;
    assert!(
        listed
            .iter()
            .all(|integration| integration.owner != owner.world.tenant.id)
    );
    called.push(Method::ListAudit);
    let log = stranger.log().await;
    assert!(log.iter().all(|entry| entry.tenant == stranger.tenant.id));
    called
}

/// Calls each writing method for a stranger, with the owner's records and ids; says which ones it called.
async fn write(owner: &Estate, stranger: &World) -> Vec<Method> {
    let (stores, scope) = (&stranger.stores, &stranger.scope);
    let audit = || stranger.audit(AuditVerb::ConnectionSmokeTest);
    let at = fixture::time(80);
    let mut called = Vec::new();
    macro_rules! refused {
        ($method:ident: $call:expr) => {
            called.push(Method::$method);
            assert_eq!(
                code(&$call.await),
                "not_found",
                "{}",
                Method::$method.as_str()
            );
        };
    }
    let tenant = owner.world.tenant.id;
    let next = Integration {
        version: 2,
        ..owner.spare.clone()
    };
    refused!(EnsureUser: stores.tenants.ensure_user(scope, &fixture::user(tenant), &audit()));
    refused!(CreateIntegration: stores.integrations.create(scope, &fixture::integration(tenant), &audit()));
    let read = next.state;
    refused!(UpdateIntegration: stores.integrations.update(scope, &next, read, &audit()));
    let mine = Integration {
        owner: stranger.tenant.id,
        ..next
    };
    refused!(UpdateIntegration: stores.integrations.update(scope, &mine, read, &audit()));
    refused!(DeleteIntegration: stores.integrations.delete(scope, owner.spare.id, &audit()));
    refused!(CreateCaller: stores.callers.create(scope, &fixture::caller(tenant), &audit()));
    refused!(RevokeCaller: stores.callers.revoke(scope, owner.caller.id, at, &audit()));
    let entry = fixture::audit(tenant, AuditVerb::ConnectionSmokeTest);
    refused!(AppendAudit: stores.audit.append(scope, &entry));
    let (taken, answer) = (&owner.taken, fixture::kept_answer(&owner.taken));
    refused!(KeepAnswer: stores.idempotency.keep(scope, &taken.key, &answer));

    let session = fixture::session(tenant, owner.world.reference());
    refused!(CreateSession: stores.flows.create_session(scope, &session, &audit()));
    let mut flow = fixture::flow(&owner.session);
    refused!(BeginFlow: stores.flows.begin(scope, &flow, &audit()));
    (flow.tenant, flow.integration) = (stranger.tenant.id, stranger.reference());
    refused!(BeginFlow: stores.flows.begin(scope, &flow, &audit()));
    let attempt = fixture::exchange_attempt(stranger.tenant.id);
    refused!(ConsumeFlow: stores.flows.consume(scope, owner.begun.id, at, Some(&attempt), None));
    let (exchanging, attempt) = &owner.exchanging[0];
    let commit = owner.world.exchange(exchanging, attempt);
    refused!(CommitExchange: stores.flows.commit_exchange(scope, &commit, &audit()));
    let outcome = AttemptOutcome::Failed;
    refused!(FailExchange: stores.flows.fail_exchange(scope, attempt.id, outcome, &passing(), &audit()));
    refused!(Redeem: stores.flows.redeem(scope, owner.pending.flow, at, &Redemption::Confirm, &audit()));

    let (_, slot, attempt) = &owner.refreshing[0];
    let commit = refreshed(slot, attempt);
    refused!(CommitRefresh: stores.connections.commit_refresh(scope, &commit, &audit()));
    let failure = failed(slot, Some(attempt));
    refused!(Fail: stores.connections.fail(scope, &failure, &audit()));
    refused!(Disconnect: stores.connections.disconnect(scope, owner.connected.id, at, &audit()));
    let end = revoke_end(owner);
    refused!(EndRevoke: stores.connections.end_revoke(scope, &end, &audit()));
    let key = fixture::data_key(tenant, DataKeyPurpose::Lookup);
    refused!(CreateFirstDataKey: stores.data_keys.create_first(scope, &key));
    called
}

/// Calls each writing method that answers a stranger without an error; says which ones it called.
async fn write_quietly(owner: &Estate, stranger: &World) -> Vec<Method> {
    let (stores, scope) = (&stranger.stores, &stranger.scope);
    let (at, replica) = (fixture::time(80), fixture::replica());
    let connections = &stores.connections;
    stores
        .idempotency
        .give_back(scope, &owner.taken.key)
        .await
        .unwrap();
    let mut same = owner.taken.clone();
    same.id = fixture::id();
    let taken = stores
        .idempotency
        .take(scope, &same, fixture::time(0))
        .await
        .unwrap();
    assert_eq!(taken, IdempotencyCheck::New, "it is the stranger's own");
    let taken = stores
        .idempotency
        .take(&owner.world.scope, &same, fixture::time(0))
        .await;
    assert_eq!(
        taken.unwrap(),
        IdempotencyCheck::InProgress,
        "the owner's is as it was"
    );

    let lease = connections
        .lease(scope, owner.connected.slot.id, replica, LONG, at)
        .await;
    assert_eq!(lease.unwrap(), LeaseAnswer::Gone);
    let slot = owner.revoked.slot.id;
    let lease = connections.lease_for_revoke(scope, slot, replica, LONG, at).await;
    assert_eq!(lease.unwrap(), LeaseAnswer::Gone);
    let (_, slot, _) = &owner.refreshing[0];
    let renewed = connections.renew(scope, slot.id, slot.epoch, LONG).await;
    assert!(!renewed.unwrap());
    connections.release(scope, slot.id, slot.epoch).await.unwrap();
    let mut attempt = fixture::attempt(slot, AttemptKind::Refresh);
    assert!(!connections.intend(scope, &attempt).await.unwrap());
    attempt.tenant = stranger.tenant.id;
    assert!(!connections.intend(scope, &attempt).await.unwrap());
    vec![
        Method::GiveBackIdempotencyKey,
        Method::TakeIdempotencyKey,
        Method::Lease,
        Method::LeaseForRevoke,
        Method::Renew,
        Method::Release,
        Method::Intend,
    ]
}

fn revoke_end(owner: &Estate) -> RevokeEnd {
    let (_, slot) = &owner.revoking;
    RevokeEnd {
        connection: slot.connection,
        slot: slot.id,
        epoch: slot.epoch,
        attempt: None,
        revocation: Revocation::Done,
        reason: None,
        at: fixture::time(80),
    }
}

pub async fn thr_1_thr_2_no_method_shows_or_changes_anything_of_another_tenant(stores: &Stores) {
    let owner = Estate::new(stores).await;
    let stranger = World::new(stores).await;
    let (before, log) = (owner.snapshot().await, stranger.log().await);
    let mut called = read(&owner, &stranger).await;
    called.extend(write(&owner, &stranger).await);
    called.extend(write_quietly(&owner, &stranger).await);
    assert_eq!(owner.snapshot().await, before);
    assert_eq!(stranger.log().await, log, "what was refused leaves no audit row");
    for method in Method::ALL {
        let above = ABOVE_TENANTS.contains(method);
        assert!(
            above != called.contains(method),
            "{} is in no matrix, or in two",
            method.as_str()
        );
    }
}

pub async fn thr_2_foreign_references_inside_a_record_are_refused(stores: &Stores) {
    let owner = Estate::new(stores).await;
    let stranger = Estate::new(stores).await;
    let before = (owner.snapshot().await, stranger.snapshot().await);
    let world = &stranger.world;
    let (scope, flows) = (&world.scope, &stores.flows);
    let audit = || world.audit(AuditVerb::ConnectSessionCreate);
    let base = || fixture::session(world.tenant.id, world.reference());
    let mut sessions = [base(), base(), base()];
    sessions[0].user = Some(owner.user.id);
    sessions[1].connection = Some(owner.connected.id);
    sessions[2].integration = owner.world.reference();
    for session in sessions {
        let answer = flows.create_session(scope, &session, &audit()).await;
        assert_eq!(code(&answer), "not_found", "{session:?}");
    }
    let mut flow = fixture::flow(&stranger.session);
    flow.integration = owner.world.reference();
    assert_eq!(code(&flows.begin(scope, &flow, &audit()).await), "not_found");

    let (exchanging, attempt) = &stranger.exchanging[0];
    let base = || world.exchange(exchanging, attempt);
    let mut commits = [base(), base(), base(), base()];
    commits[0].connection.integration = owner.world.reference();
    commits[1].connection.user = Some(owner.user.id);
    commits[2].connection.tenant = owner.world.tenant.id;
    commits[3].attempt = owner.exchanging[0].1.id;
    for commit in commits {
        let answer = flows.commit_exchange(scope, &commit, &audit()).await;
        assert_eq!(code(&answer), "not_found", "{commit:?}");
    }
    let victim = owner.world.view(owner.connected.id).await;
    let replace = Redemption::Replace(Box::new(replacement(&victim.connection, &victim.slots[0])));
    let answer = flows
        .redeem(
            scope,
            stranger.pending.flow,
            fixture::time(80),
            &replace,
            &audit(),
        )
        .await;
    assert_eq!(code(&answer), "not_found");
    assert_eq!((owner.snapshot().await, stranger.snapshot().await), before);
}
