//! The sole right to present a slot's refresh token, by the database's clock.

use super::{Conn, lock_slot};
use crate::db_time::{DbIn, DbNow};
use crate::error::Fault;
use crate::lease::Ask;
use crate::rows::{AttemptRow, SlotRow};
use crate::schema::{access_tokens, attempts, connections, credential_slots as slots};
use crate::types::{Id, Time, stored};
use coffer_core::connection::{AttemptOutcome, ConnectionState};
use coffer_core::ports::LeaseAnswer;
use coffer_core::{StoreError, Timestamp};
use diesel::prelude::{
    ExpressionMethods, NullableExpressionMethods, OptionalExtension, QueryDsl, SelectableHelper,
};
use diesel_async::RunQueryDsl;
use std::time::Duration;

/// To refresh: not where the connection was disconnected.
pub(crate) async fn refresh(c: &mut Conn, ask: Ask) -> Result<LeaseAnswer, Fault> {
    let Some((slot, now)) = lock_slot(c, ask.tenant, ask.slot).await? else {
        return Ok(LeaseAnswer::Gone);
    };
    if is_revoked(c, &slot).await? {
        return Ok(LeaseAnswer::Gone);
    }
    grant(c, ask, slot, now).await
}

/// To revoke at the provider: only where the connection was disconnected and tokens are left.
pub(crate) async fn revoke(c: &mut Conn, ask: Ask) -> Result<LeaseAnswer, Fault> {
    let Some((slot, now)) = lock_slot(c, ask.tenant, ask.slot).await? else {
        return Ok(LeaseAnswer::Gone);
    };
    if !is_revoked(c, &slot).await? || !has_tokens(c, &slot).await? {
        return Ok(LeaseAnswer::Gone);
    }
    grant(c, ask, slot, now).await
}

pub(crate) async fn renew(
    c: &mut Conn,
    tenant: Id,
    slot: Id,
    epoch: u64,
    ttl: Duration,
) -> Result<bool, Fault> {
    let ours = slots::table
        .find((tenant, slot))
        .filter(slots::epoch.eq(stored(epoch)))
        .filter(slots::lease_owner.is_not_null());
    let renewed = diesel::update(ours)
        .set(slots::lease_until.eq(DbIn::after(ttl).nullable()))
        .execute(c)
        .await?;
    Ok(renewed > 0)
}

pub(crate) async fn release(c: &mut Conn, tenant: Id, slot: Id, epoch: u64) -> Result<(), Fault> {
    let ours = slots::table
        .find((tenant, slot))
        .filter(slots::epoch.eq(stored(epoch)));
    diesel::update(ours)
        .set((
            slots::lease_owner.eq(None::<Id>),
            slots::lease_until.eq(None::<Time>),
        ))
        .execute(c)
        .await?;
    Ok(())
}

/// Whether the connection of a slot was disconnected.
pub(crate) async fn is_revoked(c: &mut Conn, slot: &SlotRow) -> Result<bool, Fault> {
    let state: String = connections::table
        .find((slot.tenant_id, slot.connection_id))
        .select(connections::state)
        .get_result(c)
        .await?;
    Ok(state == ConnectionState::Revoked.as_str())
}

/// Whether anything of a slot is left that could be revoked at the provider.
async fn has_tokens(c: &mut Conn, slot: &SlotRow) -> Result<bool, Fault> {
    if slot.refresh.is_some() {
        return Ok(true);
    }
    let access = access_tokens::table
        .filter(access_tokens::tenant_id.eq(slot.tenant_id))
        .filter(access_tokens::slot_id.eq(slot.id));
    Ok(diesel::select(diesel::dsl::exists(access)).get_result(c).await?)
}

async fn grant(c: &mut Conn, ask: Ask, slot: SlotRow, now: Time) -> Result<LeaseAnswer, Fault> {
    if let Some(until) = slot.lease_until.filter(|until| now.0 < until.0) {
        let remaining = until.0.since(now.0);
        return Ok(LeaseAnswer::Held { remaining });
    }
    let lost = end_open_attempts(c, ask, slot.generation).await?;
    let granted: SlotRow = diesel::update(slots::table.find((ask.tenant, ask.slot)))
        .set((
            slots::epoch.eq(slots::epoch + 1),
            slots::lease_owner.eq(Some(ask.owner)),
            slots::lease_until.eq(DbIn::after(ask.ttl).nullable()),
            slots::ambiguous.eq(slots::ambiguous + lost),
        ))
        .returning(SlotRow::as_returning())
        .get_result(c)
        .await?;
    let unresolved = unresolved(c, &granted).await?;
    Ok(LeaseAnswer::Granted {
        slot: Box::new(granted.try_into()?),
        unresolved: unresolved.map(|row| row.try_into().map(Box::new)).transpose()?,
        now: now.0,
    })
}

/// Nobody will say any more how these attempts ended. Answers how many of them presented the present generation.
async fn end_open_attempts(c: &mut Conn, ask: Ask, generation: i64) -> Result<i32, Fault> {
    let open = attempts::table
        .filter(attempts::tenant_id.eq(ask.tenant))
        .filter(attempts::slot_id.eq(Some(ask.slot)))
        .filter(attempts::outcome.is_null());
    let ended: Vec<i64> = diesel::update(open)
        .set((
            attempts::outcome.eq(Some(AttemptOutcome::Ambiguous.as_str())),
            attempts::finished_at.eq(Some(Time(ask.at))),
        ))
        .returning(attempts::generation)
        .get_results(c)
        .await?;
    let current = ended.iter().filter(|g| **g == generation).count();
    Ok(i32::try_from(current).unwrap_or(i32::MAX))
}

async fn unresolved(c: &mut Conn, slot: &SlotRow) -> Result<Option<AttemptRow>, Fault> {
    Ok(attempts::table
        .filter(attempts::tenant_id.eq(slot.tenant_id))
        .filter(attempts::slot_id.eq(Some(slot.id)))
        .filter(attempts::generation.eq(slot.generation))
        .filter(attempts::outcome.eq(Some(AttemptOutcome::Ambiguous.as_str())))
        .order(attempts::id.desc())
        .select(AttemptRow::as_select())
        .first(c)
        .await
        .optional()?)
}

/// The database's own time.
pub(crate) async fn now(c: &mut Conn) -> Result<Timestamp, Fault> {
    let now: Time = diesel::select(DbNow).get_result(c).await?;
    Ok(now.0)
}

/// The slot of a change, locked until the transaction ends; it must belong to the connection that is named.
pub(crate) async fn slot_of(c: &mut Conn, tenant: Id, connection: Id, slot: Id) -> Result<SlotRow, Fault> {
    let there: Option<Id> = connections::table
        .find((tenant, connection))
        .select(connections::id)
        .get_result(c)
        .await
        .optional()?;
    there.ok_or(StoreError::NotFound("connection"))?;
    let row = lock_slot(c, tenant, slot).await?.map(|(slot, _)| slot);
    Ok(row
        .filter(|slot| slot.connection_id == connection)
        .ok_or(StoreError::NotFound("slot"))?)
}
