use crate::Store;
use crate::tx::{Spec, tx};
use async_trait::async_trait;
use coffer_core::idempotency::{IdempotencyCheck, IdempotencyKey, KeptAnswer};
use coffer_core::ports::IdempotencyStore;
use coffer_core::{SecretHash, StoreError, TenantScope, Timestamp};

#[async_trait]
impl IdempotencyStore for Store {
    async fn take(
        &self,
        scope: &TenantScope,
        key: &IdempotencyKey,
        stale_before: Timestamp,
    ) -> Result<IdempotencyCheck, StoreError> {
        let (tenant, key) = (scope.tenant(), key.clone());
        tx!(
            self,
            Spec::write("idempotency.take", tenant),
            idempotency::take(tenant.into(), &key, stale_before)
        )
    }

    async fn keep(
        &self,
        scope: &TenantScope,
        key: &SecretHash,
        answer: &KeptAnswer,
    ) -> Result<(), StoreError> {
        let (tenant, key, answer) = (scope.tenant(), *key, answer.clone());
        tx!(
            self,
            Spec::write("idempotency.keep", tenant),
            idempotency::keep(tenant.into(), &key, &answer)
        )
    }

    async fn give_back(&self, scope: &TenantScope, key: &SecretHash) -> Result<(), StoreError> {
        let (tenant, key) = (scope.tenant(), *key);
        tx!(
            self,
            Spec::write("idempotency.give_back", tenant),
            idempotency::give_back(tenant.into(), &key)
        )
    }
}
