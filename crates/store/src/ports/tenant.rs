use super::{audited, own};
use crate::Store;
use crate::tx::{Access, Spec, tx};
use async_trait::async_trait;
use coffer_core::audit::AuditEntry;
use coffer_core::id::{TenantId, UserId};
use coffer_core::page::{Page, PageRequest};
use coffer_core::ports::TenantStore;
use coffer_core::tenant::{Tenant, User};
use coffer_core::{OperatorScope, StoreError, TenantScope};

#[async_trait]
impl TenantStore for Store {
    async fn create(
        &self,
        _scope: &OperatorScope,
        tenant: &Tenant,
        audit: &AuditEntry,
    ) -> Result<(), StoreError> {
        let entry = audited(TenantId::INSTALLATION, audit)?;
        let tenant = tenant.clone();
        tx!(
            self,
            Spec::system("tenant.create", Access::Write),
            system::create_tenant(&tenant, &entry)
        )
    }

    async fn find(&self, _scope: &OperatorScope, id: TenantId) -> Result<Option<Tenant>, StoreError> {
        tx!(
            self,
            Spec::system("tenant.find", Access::ReadOne),
            system::find_tenant(id)
        )
    }

    async fn find_by_external_id(
        &self,
        _scope: &OperatorScope,
        external_id: &str,
    ) -> Result<Option<Tenant>, StoreError> {
        let external_id = external_id.to_owned();
        tx!(
            self,
            Spec::system("tenant.find_by_external_id", Access::ReadOne),
            system::tenant_by_external_id(&external_id)
        )
    }

    async fn list(&self, _scope: &OperatorScope, page: PageRequest) -> Result<Page<Tenant>, StoreError> {
        tx!(
            self,
            Spec::system("tenant.list", Access::ReadOne),
            system::list_tenants(page)
        )
    }

    async fn ensure_user(
        &self,
        scope: &TenantScope,
        user: &User,
        audit: &AuditEntry,
    ) -> Result<User, StoreError> {
        let tenant = scope.tenant();
        own(tenant, user.tenant)?;
        let (user, entry) = (user.clone(), audited(tenant, audit)?);
        tx!(
            self,
            Spec::write("user.ensure", tenant),
            user::ensure(&user, &entry)
        )
    }

    async fn find_user(&self, scope: &TenantScope, id: UserId) -> Result<Option<User>, StoreError> {
        let tenant = scope.tenant();
        tx!(
            self,
            Spec::read_one("user.find", tenant),
            user::find(tenant.into(), id.into())
        )
    }

    async fn find_user_by_external_id(
        &self,
        scope: &TenantScope,
        external_id: &str,
    ) -> Result<Option<User>, StoreError> {
        let (tenant, external_id) = (scope.tenant(), external_id.to_owned());
        tx!(
            self,
            Spec::read_one("user.find_by_external_id", tenant),
            user::find_by_external_id(tenant.into(), &external_id)
        )
    }

    async fn list_users(&self, scope: &TenantScope, page: PageRequest) -> Result<Page<User>, StoreError> {
        let tenant = scope.tenant();
        tx!(
            self,
            Spec::read_one("user.list", tenant),
            user::list(tenant.into(), page)
        )
    }
}
