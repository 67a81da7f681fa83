use super::audited;
use crate::Store;
use crate::tx::{Spec, tx};
use async_trait::async_trait;
use coffer_core::audit::AuditEntry;
use coffer_core::page::{Page, PageRequest};
use coffer_core::ports::AuditStore;
use coffer_core::{StoreError, TenantScope};

#[async_trait]
impl AuditStore for Store {
    async fn append(&self, scope: &TenantScope, entry: &AuditEntry) -> Result<(), StoreError> {
        let tenant = scope.tenant();
        let entry = audited(tenant, entry)?;
        tx!(self, Spec::write("audit.append", tenant), audit::write(&entry))
    }

    async fn list(&self, scope: &TenantScope, page: PageRequest) -> Result<Page<AuditEntry>, StoreError> {
        let tenant = scope.tenant();
        tx!(
            self,
            Spec::read_one("audit.list", tenant),
            audit::list(tenant.into(), page)
        )
    }
}
