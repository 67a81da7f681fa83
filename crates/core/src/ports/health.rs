use crate::{StoreError, Timestamp};
use async_trait::async_trait;

/// How the store is, for health checks and `doctor`.
#[async_trait]
pub trait StoreHealth: Send + Sync {
    /// Makes a trivial round trip, and answers with the database's own time.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    async fn ping(&self) -> Result<Timestamp, StoreError>;
}
