use super::audited;
use crate::Store;
use crate::lease::Ask;
use crate::token_view::TokenViewQuery;
use crate::tx::{Spec, tx};
use crate::types::Id;
use async_trait::async_trait;
use coffer_core::audit::AuditEntry;
use coffer_core::connection::{Attempt, ConnectionView, TokenView};
use coffer_core::id::{ConnectionId, ReplicaId, SlotId, UserId};
use coffer_core::integration::IntegrationRef;
use coffer_core::page::{Page, PageRequest};
use coffer_core::ports::{
    AttemptFailure, CommitAnswer, ConnectionFilter, ConnectionStore, LeaseAnswer, RefreshCommit, RevokeEnd,
};
use coffer_core::{Fingerprint, StoreError, TenantScope, Timestamp};
use std::time::Duration;

#[async_trait]
impl ConnectionStore for Store {
    async fn token_view(
        &self,
        scope: &TenantScope,
        id: ConnectionId,
        audience: &str,
    ) -> Result<Option<TokenView>, StoreError> {
        let query = TokenViewQuery {
            tenant: scope.tenant().into(),
            connection: id.into(),
            audience: audience.to_owned(),
        };
        self.read_token_view(scope.tenant(), query).await
    }

    async fn find(
        &self,
        scope: &TenantScope,
        id: ConnectionId,
    ) -> Result<Option<ConnectionView>, StoreError> {
        let tenant = scope.tenant();
        tx!(
            self,
            Spec::read("connection.find", tenant),
            connection::find(tenant.into(), id.into())
        )
    }

    async fn list(
        &self,
        scope: &TenantScope,
        filter: &ConnectionFilter,
        page: PageRequest,
    ) -> Result<Page<ConnectionView>, StoreError> {
        let (tenant, filter) = (scope.tenant(), filter.clone());
        tx!(
            self,
            Spec::read("connection.list", tenant),
            connection::list(tenant.into(), &filter, page)
        )
    }

    async fn find_by_subject(
        &self,
        scope: &TenantScope,
        integration: IntegrationRef,
        user: Option<UserId>,
        subject: Fingerprint,
    ) -> Result<Option<ConnectionId>, StoreError> {
        let tenant = scope.tenant();
        tx!(
            self,
            Spec::read_one("connection.find_by_subject", tenant),
            connection::find_by_subject(tenant.into(), integration, user.map(Id::of), subject)
        )
    }

    async fn lease(
        &self,
        scope: &TenantScope,
        slot: SlotId,
        owner: ReplicaId,
        ttl: Duration,
        at: Timestamp,
    ) -> Result<LeaseAnswer, StoreError> {
        let ask = Ask::new(scope.tenant(), slot, owner, ttl, at);
        tx!(
            self,
            Spec::write("connection.lease", scope.tenant()),
            lease::refresh(ask)
        )
    }

    async fn renew(
        &self,
        scope: &TenantScope,
        slot: SlotId,
        epoch: u64,
        ttl: Duration,
    ) -> Result<bool, StoreError> {
        let tenant = scope.tenant();
        tx!(
            self,
            Spec::write("connection.renew", tenant),
            lease::renew(tenant.into(), slot.into(), epoch, ttl)
        )
    }

    async fn release(&self, scope: &TenantScope, slot: SlotId, epoch: u64) -> Result<(), StoreError> {
        let tenant = scope.tenant();
        tx!(
            self,
            Spec::write("connection.release", tenant),
            lease::release(tenant.into(), slot.into(), epoch)
        )
    }

    async fn intend(&self, scope: &TenantScope, attempt: &Attempt) -> Result<bool, StoreError> {
        let tenant = scope.tenant();
        if attempt.tenant != tenant {
            return Ok(false);
        }
        let attempt = attempt.clone();
        tx!(
            self,
            Spec::write("connection.intend", tenant),
            refresh::intend(tenant.into(), &attempt)
        )
    }

    async fn commit_refresh(
        &self,
        scope: &TenantScope,
        commit: &RefreshCommit,
        audit: &AuditEntry,
    ) -> Result<CommitAnswer, StoreError> {
        let tenant = scope.tenant();
        let (commit, entry) = (commit.clone(), audited(tenant, audit)?);
        tx!(
            self,
            Spec::write("connection.commit_refresh", tenant),
            refresh::commit(tenant.into(), &commit, &entry)
        )
    }

    async fn fail(
        &self,
        scope: &TenantScope,
        failure: &AttemptFailure,
        audit: &AuditEntry,
    ) -> Result<(), StoreError> {
        let tenant = scope.tenant();
        let (failure, entry) = (failure.clone(), audited(tenant, audit)?);
        tx!(
            self,
            Spec::write("connection.fail", tenant),
            refresh::fail(tenant.into(), &failure, &entry)
        )
    }

    async fn disconnect(
        &self,
        scope: &TenantScope,
        id: ConnectionId,
        at: Timestamp,
        audit: &AuditEntry,
    ) -> Result<bool, StoreError> {
        let tenant = scope.tenant();
        let entry = audited(tenant, audit)?;
        tx!(
            self,
            Spec::write("connection.disconnect", tenant),
            connection::disconnect(tenant.into(), id.into(), at, &entry)
        )
    }

    async fn lease_for_revoke(
        &self,
        scope: &TenantScope,
        slot: SlotId,
        owner: ReplicaId,
        ttl: Duration,
        at: Timestamp,
    ) -> Result<LeaseAnswer, StoreError> {
        let ask = Ask::new(scope.tenant(), slot, owner, ttl, at);
        tx!(
            self,
            Spec::write("connection.lease_for_revoke", scope.tenant()),
            lease::revoke(ask)
        )
    }

    async fn end_revoke(
        &self,
        scope: &TenantScope,
        end: &RevokeEnd,
        audit: &AuditEntry,
    ) -> Result<(), StoreError> {
        let tenant = scope.tenant();
        let (end, entry) = (end.clone(), audited(tenant, audit)?);
        tx!(
            self,
            Spec::write("connection.end_revoke", tenant),
            revoke::end(tenant.into(), &end, &entry)
        )
    }

    async fn attempts(
        &self,
        scope: &TenantScope,
        id: ConnectionId,
        page: PageRequest,
    ) -> Result<Page<Attempt>, StoreError> {
        let tenant = scope.tenant();
        tx!(
            self,
            Spec::read_one("connection.attempts", tenant),
            connection::attempts(tenant.into(), id.into(), page)
        )
    }
}
