use crate::data_key::{DataKey, DataKeyPurpose};
use crate::id::DataKeyId;
use crate::{StoreError, TenantScope};
use async_trait::async_trait;

/// The data keys of a tenant, wrapped.
#[async_trait]
pub trait DataKeyStore: Send + Sync {
    /// The active key for a purpose, if the tenant has one.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] and [`StoreError::Corrupt`].
    async fn active(
        &self,
        scope: &TenantScope,
        purpose: DataKeyPurpose,
    ) -> Result<Option<DataKey>, StoreError>;

    /// The key with this id, in whatever state.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] and [`StoreError::Corrupt`].
    async fn find(&self, scope: &TenantScope, id: DataKeyId) -> Result<Option<DataKey>, StoreError>;

    /// Stores the first key of a tenant for a purpose, with its wraps, as `active`; where another replica was faster,
    /// nothing is stored. Answers with the key that is active now: the given one, or the faster one.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] where there is no such tenant; otherwise as above.
    async fn create_first(&self, scope: &TenantScope, key: &DataKey) -> Result<DataKey, StoreError>;
}
