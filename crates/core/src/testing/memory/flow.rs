use super::redeem::{confirm, redeemable, replace};
use super::refresh::{end, end_open};
use super::state::{ConnectionRow, State, TenantRows, own};
use super::{MemoryStore, Method};
use crate::audit::AuditEntry;
use crate::connection::{Attempt, AttemptOutcome, Reason};
use crate::flow::{ConnectSession, Flow};
use crate::id::{AttemptId, ConnectionId, FlowId, TenantId};
use crate::ports::{ExchangeCommit, FlowStore, PURGE, Redemption, SESSIONS_KEPT};
use crate::{SecretHash, StoreError, SystemScope, TenantScope, Timestamp};
use async_trait::async_trait;
use std::collections::{BTreeMap, BTreeSet};

#[async_trait]
impl FlowStore for MemoryStore {
    async fn create_session(
        &self,
        scope: &TenantScope,
        session: &ConnectSession,
        audit: &AuditEntry,
    ) -> Result<(), StoreError> {
        self.run(Method::CreateSession, |state, _| {
            own(scope.tenant(), session.tenant)?;
            if state.integration(scope.tenant(), session.integration).is_none() {
                return Err(StoreError::NotFound("integration"));
            }
            let known = state
                .tenants
                .values()
                .flat_map(|rows| rows.sessions.values())
                .any(|other| other.token_hash == session.token_hash || other.id == session.id);
            let rows = state.audited(scope.tenant(), audit)?;
            if session.user.is_some_and(|id| !rows.users.contains_key(&id)) {
                return Err(StoreError::NotFound("user"));
            }
            if let Some(id) = session.connection {
                rows.connection_mut(id)?;
            }
            if known {
                return Err(StoreError::Duplicate("connect session"));
            }
            purge(rows, session.created_at.minus(SESSIONS_KEPT));
            rows.sessions.insert(session.id, session.clone());
            rows.write(audit);
            Ok(())
        })
        .await
    }

    async fn find_session(
        &self,
        _scope: &SystemScope,
        token_hash: &SecretHash,
    ) -> Result<Option<ConnectSession>, StoreError> {
        self.run(Method::FindSession, |state, _| {
            let mut sessions = state.tenants.values().flat_map(|rows| rows.sessions.values());
            Ok(sessions
                .find(|session| session.token_hash == *token_hash)
                .cloned())
        })
        .await
    }

    async fn begin(&self, scope: &TenantScope, flow: &Flow, audit: &AuditEntry) -> Result<(), StoreError> {
        self.run(Method::BeginFlow, |state, _| {
            begin(state, scope.tenant(), flow, audit)
        })
        .await
    }

    async fn find_by_state(
        &self,
        _scope: &SystemScope,
        state_hash: &SecretHash,
    ) -> Result<Option<(Flow, ConnectSession)>, StoreError> {
        self.run(Method::FindFlowByState, |state, _| {
            let mut tenants = state.tenants.values();
            Ok(tenants.find_map(|rows| with_session(rows, |flow| flow.state_hash == *state_hash)))
        })
        .await
    }

    async fn consume(
        &self,
        scope: &TenantScope,
        id: FlowId,
        at: Timestamp,
        attempt: Option<&Attempt>,
        audit: Option<&AuditEntry>,
    ) -> Result<(), StoreError> {
        self.run(Method::ConsumeFlow, |state, _| {
            let rows = match audit {
                Some(entry) => state.audited(scope.tenant(), entry)?,
                None => state.rows_mut(scope.tenant())?,
            };
            consume(rows, scope.tenant(), id, at, attempt)?;
            if let Some(entry) = audit {
                rows.write(entry);
            }
            Ok(())
        })
        .await
    }

    async fn commit_exchange(
        &self,
        scope: &TenantScope,
        commit: &ExchangeCommit,
        audit: &AuditEntry,
    ) -> Result<(), StoreError> {
        self.run(Method::CommitExchange, |state, _| {
            commit_exchange(state, scope.tenant(), commit, audit)
        })
        .await
    }

    async fn fail_exchange(
        &self,
        scope: &TenantScope,
        attempt: AttemptId,
        outcome: AttemptOutcome,
        reason: &Reason,
        audit: &AuditEntry,
    ) -> Result<(), StoreError> {
        self.run(Method::FailExchange, |state, _| {
            let rows = state.rows_mut(scope.tenant())?;
            if exchange_mut(rows, attempt)?.outcome.is_some() {
                return Ok(());
            }
            let rows = state.audited(scope.tenant(), audit)?;
            end(exchange_mut(rows, attempt)?, outcome, Some(reason), reason.at);
            rows.write(audit);
            Ok(())
        })
        .await
    }

    async fn find_by_result(
        &self,
        scope: &TenantScope,
        result_hash: &SecretHash,
    ) -> Result<Option<(Flow, ConnectSession)>, StoreError> {
        self.run(Method::FindFlowByResult, |state, _| {
            let rows = state.rows(scope.tenant());
            Ok(rows.and_then(|rows| {
                with_session(rows, |flow| {
                    flow.result
                        .as_ref()
                        .is_some_and(|result| result.result_hash == *result_hash)
                })
            }))
        })
        .await
    }

    async fn redeem(
        &self,
        scope: &TenantScope,
        flow: FlowId,
        at: Timestamp,
        how: &Redemption,
        audit: &AuditEntry,
    ) -> Result<ConnectionId, StoreError> {
        self.run(Method::Redeem, |state, _| {
            let rows = state.audited(scope.tenant(), audit)?;
            let pending = redeemable(rows, flow)?;
            let bound = match how {
                Redemption::Confirm => confirm(rows, pending, at)?,
                Redemption::Replace(new) => replace(rows, pending, new, at)?,
            };
            let result = rows.flows.get_mut(&flow).and_then(|flow| flow.result.as_mut());
            if let Some(result) = result {
                result.redeemed_at = Some(at);
                result.connection = bound;
            }
            rows.write(audit);
            Ok(bound)
        })
        .await
    }
}

/// Deletes sessions that expired before this time, with their flows.
fn purge(rows: &mut TenantRows, before: Timestamp) {
    let expired = rows
        .sessions
        .values()
        .filter(|session| session.expires_at < before);
    let gone: BTreeSet<_> = expired.map(|session| session.id).take(PURGE).collect();
    rows.sessions.retain(|id, _| !gone.contains(id));
    rows.flows.retain(|_, flow| !gone.contains(&flow.session));
}

fn begin(state: &mut State, tenant: TenantId, flow: &Flow, audit: &AuditEntry) -> Result<(), StoreError> {
    own(tenant, flow.tenant)?;
    if state.integration(tenant, flow.integration).is_none() {
        return Err(StoreError::NotFound("integration"));
    }
    let known = state
        .tenants
        .values()
        .flat_map(|rows| rows.flows.values())
        .any(|other| other.state_hash == flow.state_hash || other.id == flow.id);
    let rows = state.audited(tenant, audit)?;
    let session = rows
        .sessions
        .get_mut(&flow.session)
        .ok_or(StoreError::NotFound("connect session"))?;
    if session.opened_at.is_some() {
        return Err(StoreError::Stale("connect session"));
    }
    if known {
        return Err(StoreError::Duplicate("flow"));
    }
    session.opened_at = Some(flow.created_at);
    rows.flows.insert(flow.id, flow.clone());
    rows.write(audit);
    Ok(())
}

fn with_session(rows: &TenantRows, wanted: impl Fn(&Flow) -> bool) -> Option<(Flow, ConnectSession)> {
    let flow = rows.flows.values().find(|flow| wanted(flow))?;
    let session = rows.sessions.get(&flow.session)?;
    Some((flow.clone(), session.clone()))
}

fn consume(
    rows: &mut TenantRows,
    tenant: TenantId,
    id: FlowId,
    at: Timestamp,
    attempt: Option<&Attempt>,
) -> Result<(), StoreError> {
    let flow = rows.flows.get(&id).ok_or(StoreError::NotFound("flow"))?;
    if flow.consumed_at.is_some() {
        return Err(StoreError::Stale("flow"));
    }
    if let Some(attempt) = attempt {
        own(tenant, attempt.tenant)?;
        if exchange_mut(rows, attempt.id).is_ok() {
            return Err(StoreError::Duplicate("attempt of this id"));
        }
        match attempt.connection {
            Some(connection) => rows.connection_mut(connection)?.keep_attempt(attempt),
            None => {
                rows.exchanges.insert(attempt.id, attempt.clone());
            }
        }
    }
    if let Some(flow) = rows.flows.get_mut(&id) {
        flow.consumed_at = Some(at);
    }
    Ok(())
}

fn exchange_mut(rows: &mut TenantRows, id: AttemptId) -> Result<&mut Attempt, StoreError> {
    let known = rows.connections.values_mut().map(|row| &mut row.attempts);
    known
        .chain([&mut rows.exchanges])
        .find_map(|attempts| attempts.get_mut(&id))
        .ok_or(StoreError::NotFound("attempt"))
}

fn commit_exchange(
    state: &mut State,
    tenant: TenantId,
    commit: &ExchangeCommit,
    audit: &AuditEntry,
) -> Result<(), StoreError> {
    let rows = state.rows_mut(tenant)?;
    exchange_mut(rows, commit.attempt)?;
    let flow = rows.flows.get(&commit.flow).ok_or(StoreError::NotFound("flow"))?;
    if let Some(result) = &flow.result {
        let repeated = result.result_hash == commit.result.result_hash;
        return if repeated {
            Ok(())
        } else {
            Err(StoreError::Stale("flow"))
        };
    }
    let row = new_connection(state, tenant, commit)?;
    let rows = state.audited(tenant, audit)?;
    if rows.connections.contains_key(&commit.connection.id) {
        return Err(StoreError::Duplicate("connection of this id"));
    }
    end_open(
        exchange_mut(rows, commit.attempt)?,
        AttemptOutcome::Succeeded,
        None,
        commit.at,
    );
    rows.connections.insert(commit.connection.id, row);
    if let Some(flow) = rows.flows.get_mut(&commit.flow) {
        flow.result = Some(commit.result.clone());
    }
    rows.write(audit);
    Ok(())
}

/// The rows of a new connection, every reference of which is to something of the tenant.
fn new_connection(
    state: &State,
    tenant: TenantId,
    commit: &ExchangeCommit,
) -> Result<ConnectionRow, StoreError> {
    let connection = &commit.connection;
    own(tenant, connection.tenant)?;
    if state.integration(tenant, connection.integration).is_none() {
        return Err(StoreError::NotFound("integration"));
    }
    let users = state.rows(tenant).map(|rows| &rows.users);
    if let Some(user) = connection.user
        && users.is_none_or(|users| !users.contains_key(&user))
    {
        return Err(StoreError::NotFound("user"));
    }
    let mut slots = BTreeMap::new();
    let mut names = BTreeSet::new();
    for slot in &commit.slots {
        own(tenant, slot.tenant)?;
        if slot.connection != connection.id {
            return Err(StoreError::NotFound("connection"));
        }
        if !names.insert(slot.name.as_str()) || slots.insert(slot.id, slot.clone()).is_some() {
            return Err(StoreError::Duplicate("slot of this name"));
        }
    }
    if commit.tokens.iter().any(|token| !slots.contains_key(&token.slot)) {
        return Err(StoreError::NotFound("slot"));
    }
    if commit.result.connection != connection.id {
        return Err(StoreError::NotFound("connection"));
    }
    Ok(ConnectionRow {
        connection: connection.clone(),
        slots,
        tokens: commit.tokens.clone(),
        attempts: BTreeMap::new(),
    })
}
