use super::own;
use crate::Store;
use crate::tx::{Spec, tx};
use async_trait::async_trait;
use coffer_core::data_key::{DataKey, DataKeyPurpose};
use coffer_core::id::DataKeyId;
use coffer_core::ports::DataKeyStore;
use coffer_core::{StoreError, TenantScope};

#[async_trait]
impl DataKeyStore for Store {
    async fn active(
        &self,
        scope: &TenantScope,
        purpose: DataKeyPurpose,
    ) -> Result<Option<DataKey>, StoreError> {
        let tenant = scope.tenant();
        tx!(
            self,
            Spec::read("data_key.active", tenant),
            data_key::active(tenant.into(), purpose)
        )
    }

    async fn find(&self, scope: &TenantScope, id: DataKeyId) -> Result<Option<DataKey>, StoreError> {
        let tenant = scope.tenant();
        tx!(
            self,
            Spec::read("data_key.find", tenant),
            data_key::find(tenant.into(), id.into())
        )
    }

    async fn create_first(&self, scope: &TenantScope, key: &DataKey) -> Result<DataKey, StoreError> {
        let tenant = scope.tenant();
        own(tenant, key.tenant)?;
        let key = key.clone();
        tx!(
            self,
            Spec::write("data_key.create_first", tenant),
            data_key::create_first(&key)
        )
    }
}
