use async_trait::async_trait;
use coffer_core::data_key::{DataKey, DataKeyPurpose, DataKeyState};
use coffer_core::id::DataKeyId;
use coffer_core::ports::DataKeyStore;
use coffer_core::{StoreError, TenantScope};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A [`DataKeyStore`] in memory, with a way to put anything into it: what an attacker with the database could do.
/// Clones share the keys.
#[derive(Debug, Clone, Default)]
pub struct MemoryDataKeys(Arc<Mutex<Vec<DataKey>>>);

impl MemoryDataKeys {
    /// Puts a key as it is, in place of the one with the same tenant and id.
    pub fn put(&self, key: DataKey) {
        let mut keys = self.lock();
        keys.retain(|old| (old.tenant, old.id) != (key.tenant, key.id));
        keys.push(key);
    }

    /// Sets the state of a key.
    pub fn set_state(&self, id: DataKeyId, state: DataKeyState) {
        for key in self.lock().iter_mut().filter(|key| key.id == id) {
            key.state = state;
        }
    }

    /// All keys of all tenants.
    pub fn all(&self) -> Vec<DataKey> {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, Vec<DataKey>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn first(&self, is_wanted: impl Fn(&DataKey) -> bool) -> Option<DataKey> {
        self.lock().iter().find(|key| is_wanted(key)).cloned()
    }
}

#[async_trait]
impl DataKeyStore for MemoryDataKeys {
    async fn active(
        &self,
        scope: &TenantScope,
        purpose: DataKeyPurpose,
    ) -> Result<Option<DataKey>, StoreError> {
        let wanted = (scope.tenant(), purpose, DataKeyState::Active);
        Ok(self.first(|key| (key.tenant, key.purpose, key.state) == wanted))
    }

    async fn find(&self, scope: &TenantScope, id: DataKeyId) -> Result<Option<DataKey>, StoreError> {
        Ok(self.first(|key| (key.tenant, key.id) == (scope.tenant(), id)))
    }

    async fn create_first(&self, scope: &TenantScope, key: &DataKey) -> Result<DataKey, StoreError> {
        let wanted = (scope.tenant(), key.purpose, DataKeyState::Active);
        let mut keys = self.lock();
        let faster = keys
            .iter()
            .find(|old| (old.tenant, old.purpose, old.state) == wanted);
        if let Some(faster) = faster {
            return Ok(faster.clone());
        }
        keys.push(key.clone());
        Ok(key.clone())
    }
}
