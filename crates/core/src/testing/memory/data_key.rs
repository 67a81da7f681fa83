use super::state::own;
use super::{MemoryStore, Method};
use crate::data_key::{DataKey, DataKeyPurpose, DataKeyState};
use crate::id::DataKeyId;
use crate::ports::DataKeyStore;
use crate::{StoreError, TenantScope};
use async_trait::async_trait;

#[async_trait]
impl DataKeyStore for MemoryStore {
    async fn active(
        &self,
        scope: &TenantScope,
        purpose: DataKeyPurpose,
    ) -> Result<Option<DataKey>, StoreError> {
        self.run(Method::ActiveDataKey, |state, _| {
            let rows = state.rows(scope.tenant());
            let mut keys = rows.into_iter().flat_map(|rows| rows.data_keys.values());
            Ok(keys.find(|key| is_active(key, purpose)).cloned())
        })
        .await
    }

    async fn find(&self, scope: &TenantScope, id: DataKeyId) -> Result<Option<DataKey>, StoreError> {
        self.run(Method::FindDataKey, |state, _| {
            let rows = state.rows(scope.tenant());
            Ok(rows.and_then(|rows| rows.data_keys.get(&id)).cloned())
        })
        .await
    }

    async fn create_first(&self, scope: &TenantScope, key: &DataKey) -> Result<DataKey, StoreError> {
        self.run(Method::CreateFirstDataKey, |state, _| {
            own(scope.tenant(), key.tenant)?;
            let keys = &mut state.rows_mut(scope.tenant())?.data_keys;
            if let Some(faster) = keys.values().find(|other| is_active(other, key.purpose)) {
                return Ok(faster.clone());
            }
            if keys.contains_key(&key.id) {
                return Err(StoreError::Duplicate("data key of this id"));
            }
            let key = DataKey {
                state: DataKeyState::Active,
                ..key.clone()
            };
            keys.insert(key.id, key.clone());
            Ok(key)
        })
        .await
    }
}

fn is_active(key: &DataKey, purpose: DataKeyPurpose) -> bool {
    key.purpose == purpose && key.state == DataKeyState::Active
}
