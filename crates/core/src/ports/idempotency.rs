use crate::idempotency::{IdempotencyCheck, IdempotencyKey, KeptAnswer};
use crate::{SecretHash, StoreError, TenantScope, Timestamp};
use async_trait::async_trait;

/// Answers that are kept for idempotency keys.
#[async_trait]
pub trait IdempotencyStore: Send + Sync {
    /// Takes the key if it is new, forgotten (its `expires_at` is not after the new key's `created_at`), or was taken
    /// before `stale_before` and never answered; otherwise says what is known of it. Of many that ask at once, one
    /// takes it. Keys of the tenant that are forgotten are deleted on the way, [`PURGE`](crate::ports::PURGE) at most.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    async fn take(
        &self,
        scope: &TenantScope,
        key: &IdempotencyKey,
        stale_before: Timestamp,
    ) -> Result<IdempotencyCheck, StoreError>;

    /// Keeps the answer. One that is kept already stays as it is.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] where the key is not taken by the row `answer.id`.
    async fn keep(
        &self,
        scope: &TenantScope,
        key: &SecretHash,
        answer: &KeptAnswer,
    ) -> Result<(), StoreError>;

    /// Gives the key back after a request that made nothing. A key that has an answer stays as it is.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    async fn give_back(&self, scope: &TenantScope, key: &SecretHash) -> Result<(), StoreError>;
}
