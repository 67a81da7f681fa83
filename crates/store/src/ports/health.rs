use crate::Store;
use crate::tx::{Spec, tx};
use async_trait::async_trait;
use coffer_core::id::TenantId;
use coffer_core::ports::StoreHealth;
use coffer_core::{StoreError, Timestamp};

#[async_trait]
impl StoreHealth for Store {
    async fn ping(&self) -> Result<Timestamp, StoreError> {
        tx!(
            self,
            Spec::read_one("health.ping", TenantId::INSTALLATION),
            lease::now()
        )
    }
}
