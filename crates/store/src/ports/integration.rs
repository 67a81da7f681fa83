use super::{audited, own};
use crate::Store;
use crate::tx::{Access, Spec, tx};
use async_trait::async_trait;
use coffer_core::audit::AuditEntry;
use coffer_core::connection::Reason;
use coffer_core::id::IntegrationId;
use coffer_core::integration::{Integration, IntegrationRef, IntegrationState};
use coffer_core::page::{Page, PageRequest};
use coffer_core::ports::IntegrationStore;
use coffer_core::{StoreError, SystemScope, TenantScope};

#[async_trait]
impl IntegrationStore for Store {
    async fn create(
        &self,
        scope: &TenantScope,
        integration: &Integration,
        audit: &AuditEntry,
    ) -> Result<(), StoreError> {
        let tenant = scope.tenant();
        own(tenant, integration.owner)?;
        let (integration, entry) = (integration.clone(), audited(tenant, audit)?);
        tx!(
            self,
            Spec::write("integration.create", tenant),
            integration::create(&integration, &entry)
        )
    }

    async fn update(
        &self,
        scope: &TenantScope,
        integration: &Integration,
        read: IntegrationState,
        audit: &AuditEntry,
    ) -> Result<(), StoreError> {
        let tenant = scope.tenant();
        own(tenant, integration.owner)?;
        let (integration, entry) = (integration.clone(), audited(tenant, audit)?);
        tx!(
            self,
            Spec::write("integration.update", tenant),
            integration::update(&integration, read, &entry)
        )
    }

    async fn find(&self, scope: &TenantScope, id: IntegrationId) -> Result<Option<Integration>, StoreError> {
        let tenant = scope.tenant();
        tx!(
            self,
            Spec::read_one("integration.find", tenant),
            integration::find(tenant.into(), id.into())
        )
    }

    async fn list(&self, scope: &TenantScope, page: PageRequest) -> Result<Page<Integration>, StoreError> {
        let tenant = scope.tenant();
        tx!(
            self,
            Spec::read_one("integration.list", tenant),
            integration::list(tenant.into(), page)
        )
    }

    async fn delete(
        &self,
        scope: &TenantScope,
        id: IntegrationId,
        audit: &AuditEntry,
    ) -> Result<(), StoreError> {
        let tenant = scope.tenant();
        let entry = audited(tenant, audit)?;
        tx!(
            self,
            Spec::write("integration.delete", tenant),
            integration::delete(tenant.into(), id.into(), &entry)
        )
    }

    async fn block(
        &self,
        _scope: &SystemScope,
        integration: IntegrationRef,
        version: u64,
        reason: &Reason,
        audit: &AuditEntry,
    ) -> Result<bool, StoreError> {
        let (reason, entry) = (reason.clone(), audit.clone());
        tx!(
            self,
            Spec::system("integration.block", Access::Write),
            system::block_integration(integration, version, &reason, &entry)
        )
    }
}
