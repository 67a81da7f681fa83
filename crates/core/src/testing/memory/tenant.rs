use super::state::{TenantRows, ascending, own};
use super::{MemoryStore, Method};
use crate::audit::AuditEntry;
use crate::id::{TenantId, UserId};
use crate::page::{Page, PageRequest};
use crate::ports::TenantStore;
use crate::tenant::{Tenant, User};
use crate::{OperatorScope, StoreError, TenantScope};
use async_trait::async_trait;

#[async_trait]
impl TenantStore for MemoryStore {
    async fn create(
        &self,
        _scope: &OperatorScope,
        tenant: &Tenant,
        audit: &AuditEntry,
    ) -> Result<(), StoreError> {
        self.run(Method::CreateTenant, |state, _| {
            state.audited(TenantId::INSTALLATION, audit)?;
            if state.tenants.contains_key(&tenant.id) {
                return Err(StoreError::Duplicate("tenant of this id"));
            }
            let mut others = state.tenants.values().filter_map(|rows| rows.tenant.as_ref());
            if others.any(|other| other.external_id == tenant.external_id) {
                return Err(StoreError::Duplicate("tenant of this external id"));
            }
            let rows = TenantRows {
                tenant: Some(tenant.clone()),
                ..TenantRows::default()
            };
            state.tenants.insert(tenant.id, rows);
            state.rows_mut(TenantId::INSTALLATION)?.write(audit);
            Ok(())
        })
        .await
    }

    async fn find(&self, _scope: &OperatorScope, id: TenantId) -> Result<Option<Tenant>, StoreError> {
        self.run(Method::FindTenant, |state, _| {
            Ok(state.rows(id).and_then(|rows| rows.tenant.clone()))
        })
        .await
    }

    async fn find_by_external_id(
        &self,
        _scope: &OperatorScope,
        external_id: &str,
    ) -> Result<Option<Tenant>, StoreError> {
        self.run(Method::FindTenantByExternalId, |state, _| {
            let mut tenants = state.tenants.values().filter_map(|rows| rows.tenant.as_ref());
            Ok(tenants.find(|tenant| tenant.external_id == external_id).cloned())
        })
        .await
    }

    async fn list(&self, _scope: &OperatorScope, page: PageRequest) -> Result<Page<Tenant>, StoreError> {
        self.run(Method::ListTenants, |state, _| {
            let tenants = state.tenants.values().filter_map(|rows| rows.tenant.as_ref());
            Ok(ascending(tenants, page, |tenant| tenant.id.uuid()))
        })
        .await
    }

    async fn ensure_user(
        &self,
        scope: &TenantScope,
        user: &User,
        audit: &AuditEntry,
    ) -> Result<User, StoreError> {
        self.run(Method::EnsureUser, |state, _| {
            own(scope.tenant(), user.tenant)?;
            let rows = state.audited(scope.tenant(), audit)?;
            let there = rows
                .users
                .values()
                .find(|other| other.external_id == user.external_id);
            if let Some(there) = there {
                return Ok(there.clone());
            }
            if rows.users.contains_key(&user.id) {
                return Err(StoreError::Duplicate("user of this id"));
            }
            rows.users.insert(user.id, user.clone());
            rows.write(audit);
            Ok(user.clone())
        })
        .await
    }

    async fn find_user(&self, scope: &TenantScope, id: UserId) -> Result<Option<User>, StoreError> {
        self.run(Method::FindUser, |state, _| {
            let rows = state.rows(scope.tenant());
            Ok(rows.and_then(|rows| rows.users.get(&id)).cloned())
        })
        .await
    }

    async fn find_user_by_external_id(
        &self,
        scope: &TenantScope,
        external_id: &str,
    ) -> Result<Option<User>, StoreError> {
        self.run(Method::FindUserByExternalId, |state, _| {
            let rows = state.rows(scope.tenant());
            let mut users = rows.into_iter().flat_map(|rows| rows.users.values());
            Ok(users.find(|user| user.external_id == external_id).cloned())
        })
        .await
    }

    async fn list_users(&self, scope: &TenantScope, page: PageRequest) -> Result<Page<User>, StoreError> {
        self.run(Method::ListUsers, |state, _| {
            let rows = state.rows(scope.tenant());
            let users = rows.into_iter().flat_map(|rows| rows.users.values());
            Ok(ascending(users, page, |user| user.id.uuid()))
        })
        .await
    }
}
