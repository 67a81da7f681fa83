use super::refresh::{clear_failures, end, end_open};
use super::state::{ConnectionRow, State, TenantRows, own};
use super::{MemoryStore, Method};
use crate::audit::AuditEntry;
use crate::connection::{Attempt, AttemptOutcome, Connection, ConnectionState, Reason, Revocation};
use crate::flow::{ConnectSession, Flow};
use crate::id::{AttemptId, ConnectionId, FlowId, TenantId};
use crate::ports::{ExchangeCommit, FlowStore, PURGE, Redemption, Replacement, SESSIONS_KEPT};
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

/// The pending connection of a result that can still be redeemed.
fn redeemable(rows: &mut TenantRows, flow: FlowId) -> Result<ConnectionId, StoreError> {
    let result = rows.flows.get(&flow).and_then(|flow| flow.result.as_ref());
    let result = result.ok_or(StoreError::NotFound("one-time result"))?;
    if result.redeemed_at.is_some() {
        return Err(StoreError::Stale("one-time result"));
    }
    let pending = result.connection;
    if rows.connection_mut(pending)?.connection.state != ConnectionState::Pending {
        return Err(StoreError::Stale("connection"));
    }
    Ok(pending)
}

fn confirm(rows: &mut TenantRows, pending: ConnectionId, at: Timestamp) -> Result<ConnectionId, StoreError> {
    let new = rows.connection_mut(pending)?.connection.clone();
    let mut others = rows.connections.values().map(|row| &row.connection);
    if others.any(|other| is_same_account(other, &new)) {
        return Err(StoreError::Stale("connection"));
    }
    let connection = &mut rows.connection_mut(pending)?.connection;
    connection.state = ConnectionState::Fresh;
    connection.updated_at = at;
    Ok(pending)
}

/// Whether a connection that is in use, or was, has the account that a pending one is for.
fn is_same_account(other: &Connection, pending: &Connection) -> bool {
    other.state != ConnectionState::Pending
        && other.subject.is_some()
        && other.subject == pending.subject
        && other.user == pending.user
        && other.integration == pending.integration
}

fn replace(
    rows: &mut TenantRows,
    pending: ConnectionId,
    new: &Replacement,
    at: Timestamp,
) -> Result<ConnectionId, StoreError> {
    if new.connection == pending || new.access.slot != new.slot {
        return Err(StoreError::NotFound("connection"));
    }
    let stays = rows.connection_mut(new.connection)?.connection.clone();
    let told = Connection {
        subject: new.subject,
        ..stays
    };
    let mut others = rows.connections.values().map(|row| &row.connection);
    if others.any(|other| other.id != told.id && is_same_account(other, &told)) {
        return Err(StoreError::Stale("connection"));
    }
    let row = rows.connection_mut(new.connection)?;
    let slot = row.slot_mut(new.slot)?;
    if slot.generation != new.expected_generation {
        return Err(StoreError::Stale("slot"));
    }
    slot.generation = slot.generation.saturating_add(1);
    slot.epoch = slot.epoch.saturating_add(1);
    slot.lease = None;
    slot.class = new.class;
    slot.refresh.clone_from(&new.refresh);
    slot.refresh_expires_at = new.refresh_expires_at;
    slot.due_at = new.due_at;
    slot.refreshed_at = at;
    clear_failures(slot);
    row.tokens.retain(|token| token.slot != new.slot);
    row.tokens.push(new.access.clone());
    let connection = &mut row.connection;
    connection.state = ConnectionState::Fresh;
    connection.reason = None;
    connection.revocation = Revocation::None;
    connection.subject = new.subject.or(connection.subject);
    connection.identity.clone_from(&new.identity);
    connection.scopes.clone_from(&new.scopes);
    connection.scopes_missing.clone_from(&new.scopes_missing);
    connection.updated_at = at;
    rows.connections.remove(&pending);
    Ok(new.connection)
}
