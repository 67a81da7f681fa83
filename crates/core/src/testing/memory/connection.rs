use super::state::{ConnectionRow, State, ascending, descending};
use super::{MemoryStore, Method, refresh};
use crate::audit::AuditEntry;
use crate::connection::{Attempt, ConnectionState, ConnectionView, DEFAULT_SLOT, Revocation, TokenView};
use crate::id::{ConnectionId, ReplicaId, SlotId, UserId};
use crate::integration::{IntegrationRef, IntegrationState};
use crate::page::{Page, PageRequest};
use crate::ports::{
    AttemptFailure, CommitAnswer, ConnectionFilter, ConnectionStore, LeaseAnswer, RefreshCommit, RevokeEnd,
};
use crate::{Fingerprint, StoreError, TenantScope, Timestamp};
use async_trait::async_trait;
use std::time::Duration;

#[async_trait]
impl ConnectionStore for MemoryStore {
    async fn token_view(
        &self,
        scope: &TenantScope,
        id: ConnectionId,
        audience: &str,
    ) -> Result<Option<TokenView>, StoreError> {
        self.run(Method::ReadTokenView, |state, _| {
            let row = state
                .rows(scope.tenant())
                .and_then(|rows| rows.connections.get(&id));
            Ok(row.and_then(|row| token_view(state, row, audience)))
        })
        .await
    }

    async fn find(
        &self,
        scope: &TenantScope,
        id: ConnectionId,
    ) -> Result<Option<ConnectionView>, StoreError> {
        self.run(Method::FindConnection, |state, now| {
            let row = state
                .rows(scope.tenant())
                .and_then(|rows| rows.connections.get(&id));
            Ok(row.map(|row| view(state, row, now)))
        })
        .await
    }

    async fn list(
        &self,
        scope: &TenantScope,
        filter: &ConnectionFilter,
        page: PageRequest,
    ) -> Result<Page<ConnectionView>, StoreError> {
        self.run(Method::ListConnections, |state, now| {
            let rows = state.rows(scope.tenant()).into_iter();
            let found: Vec<ConnectionView> = rows
                .flat_map(|rows| rows.connections.values())
                .filter(|row| is_wanted(row, filter))
                .map(|row| view(state, row, now))
                .collect();
            Ok(ascending(found.iter(), page, |view| view.connection.id.uuid()))
        })
        .await
    }

    async fn find_by_subject(
        &self,
        scope: &TenantScope,
        integration: IntegrationRef,
        user: Option<UserId>,
        subject: Fingerprint,
    ) -> Result<Option<ConnectionId>, StoreError> {
        self.run(Method::FindBySubject, |state, _| {
            let rows = state.rows(scope.tenant()).into_iter();
            let mut connections = rows
                .flat_map(|rows| rows.connections.values())
                .map(|row| &row.connection);
            let found = connections.find(|connection| {
                connection.integration == integration
                    && connection.user == user
                    && connection.subject == Some(subject)
                    && connection.state != ConnectionState::Pending
            });
            Ok(found.map(|connection| connection.id))
        })
        .await
    }

    async fn lease(
        &self,
        scope: &TenantScope,
        slot: SlotId,
        owner: ReplicaId,
        ttl: Duration,
        at: Timestamp,
    ) -> Result<LeaseAnswer, StoreError> {
        let ask = refresh::LeaseRequest { slot, owner, ttl, at };
        self.run(Method::Lease, |state, now| {
            Ok(refresh::lease(state, scope.tenant(), &ask, now))
        })
        .await
    }

    async fn renew(
        &self,
        scope: &TenantScope,
        slot: SlotId,
        epoch: u64,
        ttl: Duration,
    ) -> Result<bool, StoreError> {
        self.run(Method::Renew, |state, now| {
            Ok(refresh::renew(state, scope.tenant(), slot, epoch, now.plus(ttl)))
        })
        .await
    }

    async fn release(&self, scope: &TenantScope, slot: SlotId, epoch: u64) -> Result<(), StoreError> {
        self.run(Method::Release, |state, _| {
            refresh::release(state, scope.tenant(), slot, epoch);
            Ok(())
        })
        .await
    }

    async fn intend(&self, scope: &TenantScope, attempt: &Attempt) -> Result<bool, StoreError> {
        self.run(Method::Intend, |state, now| {
            refresh::intend(state, scope.tenant(), attempt, now)
        })
        .await
    }

    async fn commit_refresh(
        &self,
        scope: &TenantScope,
        commit: &RefreshCommit,
        audit: &AuditEntry,
    ) -> Result<CommitAnswer, StoreError> {
        self.run(Method::CommitRefresh, |state, _| {
            refresh::commit(state, scope.tenant(), commit, audit)
        })
        .await
    }

    async fn fail(
        &self,
        scope: &TenantScope,
        failure: &AttemptFailure,
        audit: &AuditEntry,
    ) -> Result<(), StoreError> {
        self.run(Method::Fail, |state, _| {
            refresh::fail(state, scope.tenant(), failure, audit)
        })
        .await
    }

    async fn disconnect(
        &self,
        scope: &TenantScope,
        id: ConnectionId,
        at: Timestamp,
        audit: &AuditEntry,
    ) -> Result<bool, StoreError> {
        self.run(Method::Disconnect, |state, _| {
            let rows = state.audited(scope.tenant(), audit)?;
            let connection = &mut rows.connection_mut(id)?.connection;
            if connection.state == ConnectionState::Revoked {
                return Ok(false);
            }
            connection.state = ConnectionState::Revoked;
            connection.reason = None;
            connection.revocation = Revocation::Requested;
            connection.updated_at = at;
            rows.write(audit);
            Ok(true)
        })
        .await
    }

    async fn lease_for_revoke(
        &self,
        scope: &TenantScope,
        slot: SlotId,
        owner: ReplicaId,
        ttl: Duration,
        at: Timestamp,
    ) -> Result<LeaseAnswer, StoreError> {
        let ask = refresh::LeaseRequest { slot, owner, ttl, at };
        self.run(Method::LeaseForRevoke, |state, now| {
            Ok(refresh::lease_for_revoke(state, scope.tenant(), &ask, now))
        })
        .await
    }

    async fn end_revoke(
        &self,
        scope: &TenantScope,
        end: &RevokeEnd,
        audit: &AuditEntry,
    ) -> Result<(), StoreError> {
        self.run(Method::EndRevoke, |state, _| {
            refresh::end_revoke(state, scope.tenant(), end, audit)
        })
        .await
    }

    async fn attempts(
        &self,
        scope: &TenantScope,
        id: ConnectionId,
        page: PageRequest,
    ) -> Result<Page<Attempt>, StoreError> {
        self.run(Method::ListAttempts, |state, _| {
            let row = state
                .rows(scope.tenant())
                .and_then(|rows| rows.connections.get(&id));
            let attempts = row.into_iter().flat_map(|row| row.attempts.values().rev());
            Ok(descending(attempts, page, |attempt| attempt.id.uuid()))
        })
        .await
    }
}

fn token_view(state: &State, row: &ConnectionRow, audience: &str) -> Option<TokenView> {
    let connection = &row.connection;
    let slot = row.slots.values().find(|slot| slot.name == DEFAULT_SLOT)?;
    let servable = !matches!(
        connection.state,
        ConnectionState::Pending | ConnectionState::Revoked
    );
    let mut tokens = row.tokens.iter();
    let access = tokens.find(|token| token.slot == slot.id && token.audience == audience);
    Some(TokenView {
        integration: connection.integration,
        provider: connection.provider.clone(),
        state: connection.state,
        integration_state: integration_state(state, row),
        reason: connection.reason.clone(),
        scopes: connection.scopes.clone(),
        slot: slot.id,
        refreshable: slot.refresh.is_some(),
        generation: slot.generation,
        refresh_expires_at: slot.refresh_expires_at,
        not_before: slot.not_before,
        access: access.filter(|_| servable).cloned(),
    })
}

fn view(state: &State, row: &ConnectionRow, now: Timestamp) -> ConnectionView {
    ConnectionView {
        connection: row.connection.clone(),
        slots: row.slots.values().cloned().collect(),
        tokens: row.tokens.clone(),
        integration_state: integration_state(state, row),
        leased: row.is_leased(now),
    }
}

/// An integration cannot go while a connection uses it; one that is gone nevertheless counts as disabled.
fn integration_state(state: &State, row: &ConnectionRow) -> IntegrationState {
    state
        .integration(row.connection.tenant, row.connection.integration)
        .map_or(IntegrationState::Disabled, |integration| integration.state)
}

fn is_wanted(row: &ConnectionRow, filter: &ConnectionFilter) -> bool {
    let connection = &row.connection;
    filter.user.is_none_or(|user| connection.user == Some(user))
        && filter
            .integration
            .is_none_or(|id| connection.integration.id == id)
        && filter.state.is_none_or(|state| connection.state == state)
}
