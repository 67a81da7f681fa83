use super::{MemoryStore, Method};
use crate::ports::StoreHealth;
use crate::{StoreError, Timestamp};
use async_trait::async_trait;

#[async_trait]
impl StoreHealth for MemoryStore {
    async fn ping(&self) -> Result<Timestamp, StoreError> {
        self.run(Method::Ping, |_, now| Ok(now)).await
    }
}
