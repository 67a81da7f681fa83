use crate::audit::AuditEntry;
use crate::id::IntegrationId;
use crate::integration::{Integration, IntegrationRef};
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

    /// Replaces the row whose version is one less than `integration.version`.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], [`StoreError::Stale`] where the version moved, [`StoreError::Duplicate`] for the name.
    async fn update(
        &self,
        scope: &TenantScope,
        integration: &Integration,
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

    /// Deletes one of the tenant's own that no connection uses, in whatever state. Connect sessions of it, and their
    /// flows, go with it.
    ///
    /// # Errors
    /// [`StoreError::NotFound`]; [`StoreError::Duplicate`] (`connection of this integration`) where one is in use.
    async fn delete(
        &self,
        scope: &TenantScope,
        id: IntegrationId,
        audit: &AuditEntry,
    ) -> Result<(), StoreError>;

    /// Marks an enabled integration as blocked by the provider, whoever owns it. Answers whether it was this call
    /// that did so: one alarm is enough. The version stays, because the sealed fields are bound to it.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    async fn block(
        &self,
        scope: &SystemScope,
        integration: IntegrationRef,
        audit: &AuditEntry,
    ) -> Result<bool, StoreError>;
}
