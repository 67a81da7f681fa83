use super::state::IdempotencyRow;
use super::{MemoryStore, Method};
use crate::idempotency::{IdempotencyCheck, IdempotencyKey, KeptAnswer};
use crate::ports::{IdempotencyStore, PURGE};
use crate::{SecretHash, StoreError, TenantScope, Timestamp};
use async_trait::async_trait;

#[async_trait]
impl IdempotencyStore for MemoryStore {
    async fn take(
        &self,
        scope: &TenantScope,
        key: &IdempotencyKey,
        stale_before: Timestamp,
    ) -> Result<IdempotencyCheck, StoreError> {
        self.run(Method::TakeIdempotencyKey, |state, _| {
            let rows = state.rows_mut(scope.tenant())?;
            let mut purged = 0;
            rows.idempotency.retain(|_, row| {
                let expired = row.key.expires_at <= key.created_at;
                let stale = row.answer.is_none() && row.key.created_at < stale_before;
                if row.key.key == key.key {
                    return !(expired || stale);
                }
                let goes = expired && purged < PURGE;
                purged += usize::from(goes);
                !goes
            });
            let Some(row) = rows.idempotency.get(&key.key) else {
                let row = IdempotencyRow {
                    key: key.clone(),
                    answer: None,
                };
                rows.idempotency.insert(key.key, row);
                return Ok(IdempotencyCheck::New);
            };
            if row.key.request != key.request {
                return Ok(IdempotencyCheck::Mismatch);
            }
            let answer = row.answer.clone();
            Ok(answer.map_or(IdempotencyCheck::InProgress, IdempotencyCheck::Answered))
        })
        .await
    }

    async fn keep(
        &self,
        scope: &TenantScope,
        key: &SecretHash,
        answer: &KeptAnswer,
    ) -> Result<(), StoreError> {
        self.run(Method::KeepAnswer, |state, _| {
            let row = state
                .rows_mut(scope.tenant())?
                .idempotency
                .get_mut(key)
                .filter(|row| row.key.id == answer.id)
                .ok_or(StoreError::NotFound("idempotency key"))?;
            row.answer.get_or_insert_with(|| answer.clone());
            Ok(())
        })
        .await
    }

    async fn give_back(&self, scope: &TenantScope, key: &SecretHash) -> Result<(), StoreError> {
        self.run(Method::GiveBackIdempotencyKey, |state, _| {
            if let Ok(rows) = state.rows_mut(scope.tenant())
                && rows.idempotency.get(key).is_some_and(|row| row.answer.is_none())
            {
                rows.idempotency.remove(key);
            }
            Ok(())
        })
        .await
    }
}
