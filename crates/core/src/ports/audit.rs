use crate::audit::AuditEntry;
use crate::page::{Page, PageRequest};
use crate::{StoreError, TenantScope};
use async_trait::async_trait;

/// The audit log. Most rows are written by the methods that make the change, in its transaction.
#[async_trait]
pub trait AuditStore: Send + Sync {
    /// Writes a row about something that changed nothing in the store (a sample call, a refused flow).
    ///
    /// # Errors
    /// [`StoreError::NotFound`] where `entry.tenant` is not the scope's tenant or does not exist.
    async fn append(&self, scope: &TenantScope, entry: &AuditEntry) -> Result<(), StoreError>;

    /// The tenant's rows, newest first.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    async fn list(&self, scope: &TenantScope, page: PageRequest) -> Result<Page<AuditEntry>, StoreError>;
}
