use super::Conn;
use crate::error::Fault;
use crate::page::purge_limit;
use crate::rows::IdempotencyRow;
use crate::schema::idempotency_keys as keys;
use crate::types::{Id, Time};
use coffer_core::idempotency::{IdempotencyCheck, IdempotencyKey, KeptAnswer};
use coffer_core::{SecretHash, StoreError, Timestamp};
use diesel::prelude::{
    BoolExpressionMethods, ExpressionMethods, OptionalExtension, QueryDsl, SelectableHelper,
};
use diesel_async::RunQueryDsl;

pub(crate) async fn take(
    c: &mut Conn,
    tenant: Id,
    key: &IdempotencyKey,
    stale_before: Timestamp,
) -> Result<IdempotencyCheck, Fault> {
    let forgotten = keys::expires_at.le(Time(key.created_at));
    let abandoned = keys::status
        .is_null()
        .and(keys::created_at.lt(Time(stale_before)));
    diesel::delete(
        keys::table
            .filter(keys::tenant_id.eq(tenant))
            .filter(keys::key_hash.eq(key.key.0.as_slice()))
            .filter(forgotten.or(abandoned)),
    )
    .execute(c)
    .await?;
    purge(c, tenant, key.created_at).await?;
    let taken = diesel::insert_into(keys::table)
        .values(IdempotencyRow::taken(tenant, key))
        .on_conflict((keys::tenant_id, keys::key_hash))
        .do_nothing()
        .execute(c)
        .await?;
    if taken > 0 {
        return Ok(IdempotencyCheck::New);
    }
    let there: Option<IdempotencyRow> = keys::table
        .filter(keys::tenant_id.eq(tenant))
        .filter(keys::key_hash.eq(key.key.0.as_slice()))
        .select(IdempotencyRow::as_select())
        .get_result(c)
        .await
        .optional()?;
    Ok(match there {
        Some(row) if row.request != key.request.0 => IdempotencyCheck::Mismatch,
        Some(row) => row
            .answer()
            .map_or(IdempotencyCheck::InProgress, IdempotencyCheck::Answered),
        // Whoever had it gave it back in this instant: the client may try again.
        None => IdempotencyCheck::InProgress,
    })
}

/// Deletes keys that are forgotten, so that they do not pile up.
async fn purge(c: &mut Conn, tenant: Id, now: Timestamp) -> Result<(), Fault> {
    let expired: Vec<Id> = keys::table
        .filter(keys::tenant_id.eq(tenant))
        .filter(keys::expires_at.le(Time(now)))
        .order((keys::expires_at.asc(), keys::id.asc()))
        .limit(purge_limit())
        .select(keys::id)
        .load(c)
        .await?;
    if !expired.is_empty() {
        let gone = keys::table
            .filter(keys::tenant_id.eq(tenant))
            .filter(keys::id.eq_any(expired));
        diesel::delete(gone).execute(c).await?;
    }
    Ok(())
}

pub(crate) async fn keep(
    c: &mut Conn,
    tenant: Id,
    key: &SecretHash,
    answer: &KeptAnswer,
) -> Result<(), Fault> {
    let taken = keys::table
        .find((tenant, Id(answer.id)))
        .filter(keys::key_hash.eq(key.0.as_slice()));
    let kept = diesel::update(taken.filter(keys::status.is_null()))
        .set((
            keys::status.eq(Some(i32::from(answer.status))),
            keys::body.eq(Some(answer.body.as_bytes())),
        ))
        .execute(c)
        .await?;
    if kept > 0 {
        return Ok(());
    }
    let there: bool = diesel::select(diesel::dsl::exists(taken)).get_result(c).await?;
    if there {
        Ok(())
    } else {
        Err(StoreError::NotFound("idempotency key").into())
    }
}

pub(crate) async fn give_back(c: &mut Conn, tenant: Id, key: &SecretHash) -> Result<(), Fault> {
    let unanswered = keys::table
        .filter(keys::tenant_id.eq(tenant))
        .filter(keys::key_hash.eq(key.0.as_slice()))
        .filter(keys::status.is_null());
    diesel::delete(unanswered).execute(c).await?;
    Ok(())
}
