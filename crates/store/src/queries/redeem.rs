//! The redemption of a one-time result, once.

use super::lease::slot_of;
use super::refresh::insert_token;
use super::revoke::delete_access;
use super::{Conn, audit, lock_connection, lock_flow};
use crate::error::{Fault, is_taken};
use crate::rows::SlotRow;
use crate::schema::{attempts, connections, credential_slots as slots, flows};
use crate::types::{Id, Json, Time, stored};
use coffer_core::audit::AuditEntry;
use coffer_core::connection::{ConnectionState, Reason, Revocation};
use coffer_core::id::ConnectionId;
use coffer_core::ports::{Redemption, Replacement};
use coffer_core::{Fingerprint, StoreError, Timestamp};
use diesel::prelude::{ExpressionMethods, QueryDsl};
use diesel::result::Error as DieselError;
use diesel_async::RunQueryDsl;

pub(crate) async fn redeem(
    c: &mut Conn,
    tenant: Id,
    flow: Id,
    at: Timestamp,
    how: &Redemption,
    entry: &AuditEntry,
) -> Result<ConnectionId, Fault> {
    let pending = redeemable(c, tenant, flow).await?;
    let bound = match how {
        Redemption::Confirm => confirm(c, tenant, pending, at).await?,
        Redemption::Replace(new) => replace(c, tenant, pending, new, at).await?,
    };
    diesel::update(flows::table.find((tenant, flow)))
        .set((
            flows::redeemed_at.eq(Some(Time(at))),
            flows::result_connection_id.eq(Some(bound)),
        ))
        .execute(c)
        .await?;
    if bound != pending {
        delete(c, tenant, pending, bound).await?;
    }
    audit::write(c, entry).await?;
    Ok(bound.into())
}

/// The pending connection of a result that can still be redeemed. The flow's row stays locked, so that nobody else
/// redeems it in the meantime.
async fn redeemable(c: &mut Conn, tenant: Id, flow: Id) -> Result<Id, Fault> {
    const RESULT: &str = "one-time result";
    let flow = lock_flow(c, tenant, flow)
        .await?
        .ok_or(StoreError::NotFound(RESULT))?;
    let pending = flow.result_connection_id.ok_or(StoreError::NotFound(RESULT))?;
    if flow.redeemed_at.is_some() {
        return Err(StoreError::Stale(RESULT).into());
    }
    let connection = lock_connection(c, tenant, pending)
        .await?
        .ok_or(StoreError::NotFound("connection"))?;
    if connection.state == ConnectionState::Pending.as_str() {
        Ok(pending)
    } else {
        Err(StoreError::Stale("connection").into())
    }
}

async fn confirm(c: &mut Conn, tenant: Id, pending: Id, at: Timestamp) -> Result<Id, Fault> {
    diesel::update(connections::table.find((tenant, pending)))
        .set((
            connections::state.eq(ConnectionState::Fresh.as_str()),
            connections::updated_at.eq(Time(at)),
        ))
        .execute(c)
        .await
        .map_err(look_again)?;
    Ok(pending)
}

/// The same account was connected in the meantime: look again, and replace.
fn look_again(error: DieselError) -> Fault {
    if is_taken(&error) {
        Fault::from(StoreError::Stale("connection"))
    } else {
        Fault::from(error)
    }
}

/// Notes which account a connection has.
async fn tell_subject(c: &mut Conn, tenant: Id, stays: Id, subject: Fingerprint) -> Result<(), Fault> {
    diesel::update(connections::table.find((tenant, stays)))
        .set(connections::subject.eq(Some(subject.0.as_slice())))
        .execute(c)
        .await
        .map_err(look_again)?;
    Ok(())
}

async fn replace(
    c: &mut Conn,
    tenant: Id,
    pending: Id,
    new: &Replacement,
    at: Timestamp,
) -> Result<Id, Fault> {
    let stays = Id::of(new.connection);
    if stays == pending || new.access.slot != new.slot {
        return Err(StoreError::NotFound("connection").into());
    }
    let slot = slot_of(c, tenant, stays, new.slot.into()).await?;
    if slot.generation != stored(new.expected_generation) {
        return Err(StoreError::Stale("slot").into());
    }
    store_slot(c, &slot, new, at).await?;
    delete_access(c, tenant, slot.id).await?;
    insert_token(c, tenant, &new.access).await?;
    if let Some(subject) = new.subject {
        tell_subject(c, tenant, stays, subject).await?;
    }
    diesel::update(connections::table.find((tenant, stays)))
        .set((
            connections::state.eq(ConnectionState::Fresh.as_str()),
            connections::reason.eq(None::<Json<Reason>>),
            connections::revocation.eq(Revocation::None.as_str()),
            connections::identity.eq(new.identity.as_ref().map(|sealed| sealed.as_bytes())),
            connections::scopes.eq(Json(new.scopes.clone())),
            connections::scopes_missing.eq(Json(new.scopes_missing.clone())),
            connections::updated_at.eq(Time(at)),
        ))
        .execute(c)
        .await?;
    Ok(stays)
}

async fn store_slot(c: &mut Conn, slot: &SlotRow, new: &Replacement, at: Timestamp) -> Result<(), Fault> {
    diesel::update(slots::table.find((slot.tenant_id, slot.id)))
        .set((
            slots::class.eq(new.class.as_str()),
            slots::refresh.eq(new.refresh.as_ref().map(|sealed| sealed.as_bytes())),
            slots::generation.eq(slots::generation + 1),
            slots::epoch.eq(slots::epoch + 1),
            slots::refresh_expires_at.eq(new.refresh_expires_at.map(Time)),
            slots::refreshed_at.eq(Time(at)),
            slots::due_at.eq(new.due_at.map(Time)),
            slots::failures.eq(0),
            slots::not_before.eq(None::<Time>),
            slots::ambiguous.eq(0),
            slots::lease_owner.eq(None::<Id>),
            slots::lease_until.eq(None::<Time>),
        ))
        .execute(c)
        .await?;
    Ok(())
}

/// Deletes the pending connection with its slots and tokens. Its attempts stay in the journal, with the connection
/// that took its place.
async fn delete(c: &mut Conn, tenant: Id, pending: Id, stays: Id) -> Result<(), Fault> {
    let journal = attempts::table
        .filter(attempts::tenant_id.eq(tenant))
        .filter(attempts::connection_id.eq(Some(pending)));
    diesel::update(journal)
        .set((
            attempts::connection_id.eq(Some(stays)),
            attempts::slot_id.eq(None::<Id>),
        ))
        .execute(c)
        .await?;
    diesel::delete(connections::table.find((tenant, pending)))
        .execute(c)
        .await?;
    Ok(())
}
