use crate::audit::AuditEntry;
use crate::caller::{Caller, KeyHolder, Operator};
use crate::id::{CallerId, OperatorId};
use crate::page::{Page, PageRequest};
use crate::{OperatorScope, SecretHash, StoreError, SystemScope, TenantScope, Timestamp};
use async_trait::async_trait;

/// Callers and operators, found by the hash of their key.
#[async_trait]
pub trait CallerStore: Send + Sync {
    /// Who holds the key with this hash, expired and revoked ones too.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    async fn find_by_key(
        &self,
        scope: &SystemScope,
        key_hash: &SecretHash,
    ) -> Result<Option<KeyHolder>, StoreError>;

    /// Stores a new caller of the scope's tenant.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] where there is no such tenant; [`StoreError::Duplicate`] for the name (a revoked
    /// caller's too) or the key hash.
    async fn create(
        &self,
        scope: &TenantScope,
        caller: &Caller,
        audit: &AuditEntry,
    ) -> Result<(), StoreError>;

    /// The caller with this id.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    async fn find(&self, scope: &TenantScope, id: CallerId) -> Result<Option<Caller>, StoreError>;

    /// The tenant's callers, oldest first.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    async fn list(&self, scope: &TenantScope, page: PageRequest) -> Result<Page<Caller>, StoreError>;

    /// Revokes a caller; one that is revoked already keeps its time, and there is no audit row.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    async fn revoke(
        &self,
        scope: &TenantScope,
        id: CallerId,
        at: Timestamp,
        audit: &AuditEntry,
    ) -> Result<Caller, StoreError>;

    /// Stores a new operator.
    ///
    /// # Errors
    /// [`StoreError::Duplicate`] for the name or the key hash.
    async fn create_operator(
        &self,
        scope: &OperatorScope,
        operator: &Operator,
        audit: &AuditEntry,
    ) -> Result<(), StoreError>;

    /// The operators, oldest first.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    async fn list_operators(
        &self,
        scope: &OperatorScope,
        page: PageRequest,
    ) -> Result<Page<Operator>, StoreError>;

    /// Revokes an operator; one that is revoked already keeps its time, and there is no audit row.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    async fn revoke_operator(
        &self,
        scope: &OperatorScope,
        id: OperatorId,
        at: Timestamp,
        audit: &AuditEntry,
    ) -> Result<Operator, StoreError>;
}
