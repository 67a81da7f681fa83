use super::lease::slot_of;
use super::refresh::{attempt_of, connection_of, end_open};
use super::{Conn, audit};
use crate::error::Fault;
use crate::rows::{ConnectionRow, SlotRow};
use crate::schema::{access_tokens, connections, credential_slots as slots};
use crate::types::{Id, Json, Time, stored};
use coffer_core::StoreError;
use coffer_core::audit::AuditEntry;
use coffer_core::connection::{AttemptOutcome, ConnectionState, Revocation};
use coffer_core::ports::RevokeEnd;
use diesel::dsl::exists;
use diesel::prelude::{BoolExpressionMethods, ExpressionMethods, JoinOnDsl, QueryDsl};
use diesel_async::RunQueryDsl;

pub(crate) async fn end(c: &mut Conn, tenant: Id, done: &RevokeEnd, entry: &AuditEntry) -> Result<(), Fault> {
    let slot = slot_of(c, tenant, done.connection.into(), done.slot.into()).await?;
    let attempt = match done.attempt {
        Some(id) => Some(attempt_of(c, &slot, id).await?),
        None => None,
    };
    let connection = connection_of(c, &slot).await?;
    let disconnected = connection.state == ConnectionState::Revoked.as_str();
    if slot.epoch != stored(done.epoch) || !disconnected {
        return Err(StoreError::Stale("slot").into());
    }
    if let Some(attempt) = attempt {
        let outcome = match done.revocation {
            Revocation::Done => AttemptOutcome::Succeeded,
            Revocation::Unsupported => AttemptOutcome::Refused,
            Revocation::Failed | Revocation::None | Revocation::Requested => AttemptOutcome::Failed,
        };
        end_open(c, &attempt, outcome, done.reason.as_ref(), done.at).await?;
    }
    give_back(c, &slot).await?;
    let shred = matches!(done.revocation, Revocation::Done | Revocation::Unsupported);
    if shred {
        delete_tokens(c, &slot).await?;
    }
    let ended = !shred || !any_tokens(c, &slot).await?;
    store(c, connection, done, ended).await?;
    audit::write(c, entry).await
}

async fn give_back(c: &mut Conn, slot: &SlotRow) -> Result<(), Fault> {
    diesel::update(slots::table.find((slot.tenant_id, slot.id)))
        .set((
            slots::lease_owner.eq(None::<Id>),
            slots::lease_until.eq(None::<Time>),
        ))
        .execute(c)
        .await?;
    Ok(())
}

async fn delete_tokens(c: &mut Conn, slot: &SlotRow) -> Result<(), Fault> {
    diesel::update(slots::table.find((slot.tenant_id, slot.id)))
        .set((slots::refresh.eq(None::<&[u8]>), slots::due_at.eq(None::<Time>)))
        .execute(c)
        .await?;
    delete_access(c, slot.tenant_id, slot.id).await
}

pub(crate) async fn delete_access(c: &mut Conn, tenant: Id, slot: Id) -> Result<(), Fault> {
    let of_slot = access_tokens::table
        .filter(access_tokens::tenant_id.eq(tenant))
        .filter(access_tokens::slot_id.eq(slot));
    diesel::delete(of_slot).execute(c).await?;
    Ok(())
}

/// Whether any slot of the connection still has tokens to revoke.
async fn any_tokens(c: &mut Conn, slot: &SlotRow) -> Result<bool, Fault> {
    let of_connection = slots::table
        .filter(slots::tenant_id.eq(slot.tenant_id))
        .filter(slots::connection_id.eq(slot.connection_id));
    let refresh: bool = diesel::select(exists(of_connection.filter(slots::refresh.is_not_null())))
        .get_result(c)
        .await?;
    if refresh {
        return Ok(true);
    }
    let with_access = of_connection.inner_join(
        access_tokens::table.on(access_tokens::tenant_id
            .eq(slots::tenant_id)
            .and(access_tokens::slot_id.eq(slots::id))),
    );
    Ok(diesel::select(exists(with_access)).get_result(c).await?)
}

async fn store(c: &mut Conn, row: ConnectionRow, done: &RevokeEnd, ended: bool) -> Result<(), Fault> {
    let (revocation, reason) = if ended {
        (done.revocation.as_str().to_owned(), done.reason.clone().map(Json))
    } else {
        (row.revocation, row.reason)
    };
    diesel::update(connections::table.find((row.tenant_id, row.id)))
        .set((
            connections::revocation.eq(revocation),
            connections::reason.eq(reason),
            connections::updated_at.eq(Time(done.at)),
        ))
        .execute(c)
        .await?;
    Ok(())
}
