use crate::audit::AuditEntry;
use crate::connection::Reason;
use crate::id::IntegrationId;
use crate::integration::{Integration, IntegrationRef, IntegrationState};
use crate::page::{Page, PageRequest};
use crate::{StoreError, SystemScope, TenantScope};
use async_trait::async_trait;

/// Integrations. A tenant reads its own and those of the installation, and writes only its own; the installation's
/// are written through [`crate::OperatorScope::installation`].
#[async_trait]
pub trait IntegrationStore: Send + Sync {
    /// Stores a new integration of the scope's tenant.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] where `integration.owner` is not the scope's tenant or does not exist;
    /// [`StoreError::Duplicate`] where the owner has one of that name.
    async fn create(
        &self,
        scope: &TenantScope,
        integration: &Integration,
        audit: &AuditEntry,
    ) -> Result<(), StoreError>;

    /// Replaces the row whose version is one less than `integration.version` and whose state is `read`: a block, which
    /// leaves the version, is never undone by a change that did not know of it.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], [`StoreError::Stale`] where version or state moved, [`StoreError::Duplicate`] for the
    /// name.
    async fn update(
        &self,
        scope: &TenantScope,
        integration: &Integration,
        read: IntegrationState,
        audit: &AuditEntry,
    ) -> Result<(), StoreError>;

    /// The integration with this id: the tenant's own or the installation's.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    async fn find(&self, scope: &TenantScope, id: IntegrationId) -> Result<Option<Integration>, StoreError>;

    /// The tenant's own integrations and the installation's, oldest first.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    async fn list(&self, scope: &TenantScope, page: PageRequest) -> Result<Page<Integration>, StoreError>;

    /// Deletes one of the tenant's own that no connection uses. Its revoked connections go with it, with their slots,
    /// tokens and attempts; its connect sessions, and their flows, too. The audit log stays.
    ///
    /// # Errors
    /// [`StoreError::NotFound`]; [`StoreError::Duplicate`] (`connection of this integration`) where a connection that
    /// is not revoked uses it, or one of another tenant in whatever state: those are not the owner's to delete.
    async fn delete(
        &self,
        scope: &TenantScope,
        id: IntegrationId,
        audit: &AuditEntry,
    ) -> Result<(), StoreError>;

    /// Marks an enabled integration as blocked by the provider, whoever owns it, where `version` is what was refused
    /// and is still stored: a late refusal says nothing of what was mended meanwhile. Answers whether it was this call
    /// that did so: one alarm is enough, and the first reason stays. The version stays, because the sealed fields are
    /// bound to it.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    async fn block(
        &self,
        scope: &SystemScope,
        integration: IntegrationRef,
        version: u64,
        reason: &Reason,
        audit: &AuditEntry,
    ) -> Result<bool, StoreError>;
}
