use crate::audit::{AuditEntry, AuditVerb};
use crate::connection::{
    AccessToken, Attempt, AttemptKind, AttemptOutcome, Connection, ConnectionState, ConnectionView, Reason,
    Slot,
};
use crate::failure::FailureCode;
use crate::flow::{ConnectSession, Flow};
use crate::id::{ConnectionId, FlowId, TenantId, UserId};
use crate::integration::{Integration, IntegrationRef};
use crate::page::PageRequest;
use crate::ports::{
    AttemptFailure, ExchangeCommit, LeaseAnswer, Redemption, RefreshCommit, Replacement, Stores,
};
use crate::tenant::Tenant;
use crate::testing::fixture;
use crate::{OperatorScope, StoreError, SystemScope, TenantScope};
use std::future::Future;
use std::time::Duration;
use tokio::task::JoinSet;

/// A time to live that does not run out during a test.
pub(super) const LONG: Duration = Duration::from_secs(60);

pub(super) const OPERATOR: OperatorScope = OperatorScope::assume("the contract suite sets up tenants");
pub(super) const SYSTEM: SystemScope = SystemScope::assume("the contract suite looks up by hash");

pub(super) fn scope(tenant: TenantId) -> TenantScope {
    TenantScope::assume(tenant, "the contract suite acts for its tenants")
}

/// A tenant with an integration, and what it takes to give it more.
pub(super) struct World {
    pub(super) stores: Stores,
    pub(super) tenant: Tenant,
    pub(super) scope: TenantScope,
    pub(super) integration: Integration,
}

/// A connection on its way: the commit of its exchange is stored.
pub(super) struct Authorized {
    pub(super) session: ConnectSession,
    pub(super) flow: FlowId,
    pub(super) commit: ExchangeCommit,
}

/// A connection as it was stored.
#[derive(Clone)]
pub(super) struct Connected {
    pub(super) id: ConnectionId,
    pub(super) slot: Slot,
    pub(super) token: AccessToken,
}

impl World {
    pub(super) async fn new(stores: &Stores) -> Self {
        let tenant = new_tenant(stores).await;
        let integration = fixture::integration(tenant.id);
        let scope = scope(tenant.id);
        let audit = fixture::audit(tenant.id, AuditVerb::IntegrationCreate);
        stores
            .integrations
            .create(&scope, &integration, &audit)
            .await
            .unwrap();
        Self {
            stores: stores.clone(),
            tenant,
            scope,
            integration,
        }
    }

    pub(super) fn reference(&self) -> IntegrationRef {
        self.integration.reference()
    }

    pub(super) fn audit(&self, verb: AuditVerb) -> AuditEntry {
        fixture::audit(self.tenant.id, verb)
    }

    pub(super) async fn user(&self) -> UserId {
        let user = fixture::user(self.tenant.id);
        let audit = self.audit(AuditVerb::UserCreate);
        self.stores
            .tenants
            .ensure_user(&self.scope, &user, &audit)
            .await
            .unwrap()
            .id
    }

    pub(super) async fn session(&self) -> ConnectSession {
        let session = fixture::session(self.tenant.id, self.reference());
        let audit = self.audit(AuditVerb::ConnectSessionCreate);
        self.stores
            .flows
            .create_session(&self.scope, &session, &audit)
            .await
            .unwrap();
        session
    }

    /// A flow that was begun.
    pub(super) async fn flow(&self) -> (Flow, ConnectSession) {
        let session = self.session().await;
        let flow = fixture::flow(&session);
        let audit = self.audit(AuditVerb::OAuthAuthorize);
        self.stores.flows.begin(&self.scope, &flow, &audit).await.unwrap();
        (flow, session)
    }

    /// A flow whose code is about to be exchanged.
    pub(super) async fn exchanging(&self) -> (Flow, ConnectSession, Attempt) {
        let (flow, session) = self.flow().await;
        let attempt = fixture::exchange_attempt(self.tenant.id);
        self.stores
            .flows
            .consume(&self.scope, flow.id, fixture::time(25), Some(&attempt), None)
            .await
            .unwrap();
        (flow, session, attempt)
    }

    /// A commit for a flow: one slot, one token.
    pub(super) fn exchange(&self, flow: &Flow, attempt: &Attempt) -> ExchangeCommit {
        let connection = fixture::connection(self.tenant.id, flow.integration);
        let slot = fixture::slot(&connection);
        ExchangeCommit {
            flow: flow.id,
            attempt: attempt.id,
            tokens: vec![fixture::access_token(&slot)],
            result: fixture::flow_result(connection.id),
            slots: vec![slot],
            connection,
            at: fixture::time(30),
        }
    }

    /// A pending connection, made to measure.
    pub(super) async fn authorized(&self, change: impl FnOnce(&mut ExchangeCommit)) -> Authorized {
        let (flow, session, attempt) = self.exchanging().await;
        let mut commit = self.exchange(&flow, &attempt);
        change(&mut commit);
        let audit = self.audit(AuditVerb::ConnectionAuthorize);
        self.stores
            .flows
            .commit_exchange(&self.scope, &commit, &audit)
            .await
            .unwrap();
        Authorized {
            session,
            flow: flow.id,
            commit,
        }
    }

    pub(super) async fn redeem(&self, flow: FlowId, how: &Redemption) -> Result<ConnectionId, StoreError> {
        let audit = self.audit(AuditVerb::ConnectionConfirm);
        self.stores
            .flows
            .redeem(&self.scope, flow, fixture::time(35), how, &audit)
            .await
    }

    /// A connection in use.
    pub(super) async fn connected(&self) -> Connected {
        self.connected_with(|_| ()).await
    }

    /// A connection in use, made to measure.
    pub(super) async fn connected_with(&self, change: impl FnOnce(&mut ExchangeCommit)) -> Connected {
        let authorized = self.authorized(change).await;
        self.redeem(authorized.flow, &Redemption::Confirm).await.unwrap();
        Connected::of(&authorized.commit)
    }

    pub(super) async fn view(&self, id: ConnectionId) -> ConnectionView {
        let found = self.stores.connections.find(&self.scope, id).await.unwrap();
        found.expect("the connection is there")
    }

    pub(super) async fn slot(&self, of: &Connected) -> Slot {
        let view = self.view(of.id).await;
        let mut slots = view.slots.into_iter();
        slots
            .find(|slot| slot.id == of.slot.id)
            .expect("the slot is there")
    }

    pub(super) async fn disconnect(&self, id: ConnectionId) -> bool {
        let audit = self.audit(AuditVerb::ConnectionDisconnect);
        self.stores
            .connections
            .disconnect(&self.scope, id, fixture::time(70), &audit)
            .await
            .unwrap()
    }

    pub(super) async fn ask_lease(&self, of: &Connected, ttl: Duration) -> LeaseAnswer {
        self.stores
            .connections
            .lease(
                &self.scope,
                of.slot.id,
                fixture::replica(),
                ttl,
                fixture::time(40),
            )
            .await
            .unwrap()
    }

    /// The slot under a new lease, and the attempt that is not resolved.
    pub(super) async fn leased(&self, of: &Connected, ttl: Duration) -> (Slot, Option<Attempt>) {
        granted(self.ask_lease(of, ttl).await)
    }

    /// The slot under a new lease for revoking, and the attempt that is not resolved.
    pub(super) async fn leased_for_revoke(&self, of: &Connected, ttl: Duration) -> (Slot, Option<Attempt>) {
        granted(self.ask_lease_for_revoke(of, ttl).await)
    }

    pub(super) async fn ask_lease_for_revoke(&self, of: &Connected, ttl: Duration) -> LeaseAnswer {
        self.stores
            .connections
            .lease_for_revoke(
                &self.scope,
                of.slot.id,
                fixture::replica(),
                ttl,
                fixture::time(71),
            )
            .await
            .unwrap()
    }

    /// A lease and an intent under it.
    pub(super) async fn intending(&self, of: &Connected) -> (Slot, Attempt) {
        let (slot, _) = self.leased(of, LONG).await;
        let attempt = fixture::attempt(&slot, AttemptKind::Refresh);
        assert!(self.intend(&attempt).await, "a fresh intent is stored");
        (slot, attempt)
    }

    pub(super) async fn intend(&self, attempt: &Attempt) -> bool {
        self.stores
            .connections
            .intend(&self.scope, attempt)
            .await
            .unwrap()
    }

    pub(super) async fn attempts(&self, id: ConnectionId) -> Vec<Attempt> {
        let page = PageRequest::new(PageRequest::MAX, None);
        let page = self.stores.connections.attempts(&self.scope, id, page).await;
        page.unwrap().items
    }

    pub(super) async fn outcome(&self, attempt: &Attempt) -> Option<AttemptOutcome> {
        let id = attempt.connection.expect("an attempt of a connection");
        let mut attempts = self.attempts(id).await.into_iter();
        attempts
            .find(|other| other.id == attempt.id)
            .expect("the attempt is there")
            .outcome
    }

    /// The tenant's newest audit rows.
    pub(super) async fn log(&self) -> Vec<AuditEntry> {
        log(&self.stores, &self.scope).await
    }

    /// Whether a row is in the tenant's log, exactly once and as it was written.
    pub(super) async fn logged(&self, entry: &AuditEntry) -> bool {
        let log = self.log().await;
        log.iter().filter(|other| *other == entry).count() == 1
    }
}

impl Connected {
    pub(super) fn of(commit: &ExchangeCommit) -> Self {
        Self {
            id: commit.connection.id,
            slot: commit.slots[0].clone(),
            token: commit.tokens[0].clone(),
        }
    }
}

pub(super) async fn new_tenant(stores: &Stores) -> Tenant {
    let tenant = fixture::tenant();
    let audit = fixture::audit(TenantId::INSTALLATION, AuditVerb::TenantCreate);
    stores.tenants.create(&OPERATOR, &tenant, &audit).await.unwrap();
    tenant
}

pub(super) async fn log(stores: &Stores, scope: &TenantScope) -> Vec<AuditEntry> {
    let page = PageRequest::new(PageRequest::MAX, None);
    stores.audit.list(scope, page).await.unwrap().items
}

pub(super) fn granted(answer: LeaseAnswer) -> (Slot, Option<Attempt>) {
    match answer {
        LeaseAnswer::Granted { slot, unresolved, .. } => (*slot, unresolved.map(|attempt| *attempt)),
        LeaseAnswer::Held { .. } | LeaseAnswer::Gone => panic!("the lease was refused: {answer:?}"),
    }
}

/// What a refresh of the slot brings.
pub(super) fn refreshed(slot: &Slot, attempt: &Attempt) -> RefreshCommit {
    let mut access = fixture::access_token(slot);
    access.generation = slot.generation + 1;
    access.issued_at = fixture::time(45);
    RefreshCommit {
        connection: slot.connection,
        slot: slot.id,
        epoch: slot.epoch,
        attempt: attempt.id,
        expected_generation: slot.generation,
        refresh: Some(fixture::sealed()),
        refresh_expires_at: Some(fixture::time(99_999)),
        due_at: Some(fixture::time(6600)),
        access,
        scopes: None,
        at: fixture::time(45),
    }
}

/// A refresh that failed for a passing reason.
pub(super) fn failed(slot: &Slot, attempt: Option<&Attempt>) -> AttemptFailure {
    AttemptFailure {
        connection: slot.connection,
        slot: slot.id,
        epoch: slot.epoch,
        attempt: attempt.map(|attempt| attempt.id),
        outcome: AttemptOutcome::Failed,
        reason: passing(),
        state: Some(ConnectionState::BackingOff),
        not_before: Some(fixture::time(100)),
        counts: true,
        at: fixture::time(46),
    }
}

pub(super) fn passing() -> Reason {
    fixture::reason(FailureCode::ProviderUnavailable)
}

/// New tokens for a connection that exists.
pub(super) fn replacement(of: &Connection, slot: &Slot) -> Replacement {
    let mut access = fixture::access_token(slot);
    access.generation = slot.generation + 1;
    Replacement {
        connection: of.id,
        slot: slot.id,
        class: slot.class,
        expected_generation: slot.generation,
        refresh: Some(fixture::sealed()),
        refresh_expires_at: None,
        due_at: Some(fixture::time(7000)),
        access,
        subject: None,
        identity: Some(fixture::sealed()),
        scopes: vec!["calendar.write".into()],
        scopes_missing: Vec::new(),
    }
}

/// The stable code of an error, or `ok`.
pub(super) fn code<T>(result: &Result<T, StoreError>) -> &'static str {
    result.as_ref().map_or_else(StoreError::code, |_| "ok")
}

/// Runs the same thing many times at once.
pub(super) async fn race<F>(times: usize, contender: impl Fn(usize) -> F) -> Vec<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    let mut set = JoinSet::new();
    for turn in 0..times {
        set.spawn(contender(turn));
    }
    set.join_all().await
}
