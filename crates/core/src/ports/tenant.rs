use crate::audit::AuditEntry;
use crate::id::{TenantId, UserId};
use crate::page::{Page, PageRequest};
use crate::tenant::{Tenant, User};
use crate::{OperatorScope, StoreError, TenantScope};
use async_trait::async_trait;

/// Tenants, and the users in them.
#[async_trait]
pub trait TenantStore: Send + Sync {
    /// Makes a tenant.
    ///
    /// # Errors
    /// [`StoreError::Duplicate`] where the external id is taken.
    async fn create(
        &self,
        scope: &OperatorScope,
        tenant: &Tenant,
        audit: &AuditEntry,
    ) -> Result<(), StoreError>;

    /// The tenant with this id. The installation itself is not found here, nor by its external id.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    async fn find(&self, scope: &OperatorScope, id: TenantId) -> Result<Option<Tenant>, StoreError>;

    /// The tenant with this external id.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    async fn find_by_external_id(
        &self,
        scope: &OperatorScope,
        external_id: &str,
    ) -> Result<Option<Tenant>, StoreError>;

    /// All tenants, oldest first. The installation itself is not among them.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    async fn list(&self, scope: &OperatorScope, page: PageRequest) -> Result<Page<Tenant>, StoreError>;

    /// The user with `user.external_id`: the one that is there, or else the given one, which is then stored, with the
    /// audit row.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] where there is no such tenant.
    async fn ensure_user(
        &self,
        scope: &TenantScope,
        user: &User,
        audit: &AuditEntry,
    ) -> Result<User, StoreError>;

    /// The user with this id.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    async fn find_user(&self, scope: &TenantScope, id: UserId) -> Result<Option<User>, StoreError>;

    /// The user with this external id.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    async fn find_user_by_external_id(
        &self,
        scope: &TenantScope,
        external_id: &str,
    ) -> Result<Option<User>, StoreError>;

    /// The users of the tenant, oldest first.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    async fn list_users(&self, scope: &TenantScope, page: PageRequest) -> Result<Page<User>, StoreError>;
}
