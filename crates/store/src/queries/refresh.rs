//! Intent, commit and failure of a refresh. The slot's row is locked first, then the connection's.

use super::lease::{is_revoked, slot_of};
use super::{Conn, audit, lock_connection, lock_slot};
use crate::error::Fault;
use crate::rows::{AccessTokenRow, AttemptRow, ConnectionRow, SlotRow};
use crate::schema::{access_tokens, attempts, connections, credential_slots as slots};
use crate::types::{Id, Json, Time, stored};
use coffer_core::audit::AuditEntry;
use coffer_core::connection::{AccessToken, Attempt, AttemptKind, AttemptOutcome, ConnectionState, Reason};
use coffer_core::id::AttemptId;
use coffer_core::ports::{AttemptFailure, CommitAnswer, RefreshCommit};
use coffer_core::{StoreError, Timestamp};
use diesel::prelude::{
    BoolExpressionMethods, ExpressionMethods, OptionalExtension, QueryDsl, SelectableHelper,
};
use diesel_async::RunQueryDsl;

pub(crate) async fn intend(c: &mut Conn, tenant: Id, attempt: &Attempt) -> Result<bool, Fault> {
    let Some(id) = attempt.slot.map(Id::of) else {
        return Ok(false);
    };
    let Some((slot, now)) = lock_slot(c, tenant, id).await? else {
        return Ok(false);
    };
    let live = slot.lease_until.is_some_and(|until| now.0 < until.0);
    let ours = slot.epoch == stored(attempt.epoch) && live;
    let matches = attempt.connection.map(Id::of) == Some(slot.connection_id)
        && slot.generation == stored(attempt.generation);
    if !(ours && matches) {
        return Ok(false);
    }
    if attempt.kind != AttemptKind::Revoke && is_revoked(c, &slot).await? {
        return Ok(false);
    }
    diesel::insert_into(attempts::table)
        .values(AttemptRow::from(attempt))
        .execute(c)
        .await?;
    Ok(true)
}

pub(crate) async fn commit(
    c: &mut Conn,
    tenant: Id,
    commit: &RefreshCommit,
    entry: &AuditEntry,
) -> Result<CommitAnswer, Fault> {
    let slot = slot_of(c, tenant, commit.connection.into(), commit.slot.into()).await?;
    let attempt = attempt_of(c, &slot, commit.attempt).await?;
    let connection = connection_of(c, &slot).await?;
    let revoked = connection.state == ConnectionState::Revoked.as_str();
    let answer = if revoked {
        CommitAnswer::Revoked
    } else {
        CommitAnswer::Committed
    };
    if attempt.succeeded() {
        return Ok(answer);
    }
    let moved = slot.generation != stored(commit.expected_generation);
    if moved || presented_since(c, &slot, commit.epoch).await? {
        end_open(c, &attempt, AttemptOutcome::Fenced, None, commit.at).await?;
        return Ok(CommitAnswer::Fenced);
    }
    if commit.access.slot != commit.slot {
        return Err(StoreError::NotFound("slot").into());
    }
    end(c, &attempt, AttemptOutcome::Succeeded, None, commit.at).await?;
    store_slot(c, &slot, commit, revoked).await?;
    replace_token(c, tenant, &commit.access).await?;
    store_connection(c, connection, commit).await?;
    audit::write(c, entry).await?;
    Ok(answer)
}

/// Whether a later holder has presented the token, or may have. The slot is locked: nobody can intend to meanwhile.
async fn presented_since(c: &mut Conn, slot: &SlotRow, epoch: u64) -> Result<bool, Fault> {
    if slot.epoch == stored(epoch) {
        return Ok(false);
    }
    let later = attempts::table
        .filter(attempts::tenant_id.eq(slot.tenant_id))
        .filter(attempts::slot_id.eq(Some(slot.id)))
        .filter(attempts::epoch.gt(stored(epoch)))
        .filter(
            attempts::outcome
                .is_null()
                .or(attempts::outcome.ne(Some(AttemptOutcome::Failed.as_str()))),
        );
    Ok(diesel::select(diesel::dsl::exists(later)).get_result(c).await?)
}

async fn store_slot(
    c: &mut Conn,
    slot: &SlotRow,
    commit: &RefreshCommit,
    revoked: bool,
) -> Result<(), Fault> {
    // Whoever took the lease over finds out by its intent.
    let kept = revoked || slot.epoch != stored(commit.epoch);
    let owner = slot.lease_owner.filter(|_| kept);
    let until = slot.lease_until.filter(|_| kept);
    diesel::update(slots::table.find((slot.tenant_id, slot.id)))
        .set((
            slots::refresh.eq(commit.refresh.as_ref().map(|sealed| sealed.as_bytes())),
            slots::generation.eq(slots::generation + 1),
            slots::refresh_expires_at.eq(commit.refresh_expires_at.map(Time)),
            slots::refreshed_at.eq(Time(commit.at)),
            slots::due_at.eq(commit.due_at.map(Time)),
            slots::failures.eq(0),
            slots::not_before.eq(None::<Time>),
            slots::ambiguous.eq(0),
            slots::lease_owner.eq(owner),
            slots::lease_until.eq(until),
        ))
        .execute(c)
        .await?;
    Ok(())
}

async fn store_connection(c: &mut Conn, row: ConnectionRow, commit: &RefreshCommit) -> Result<(), Fault> {
    let bound = is_bound(&row);
    let state = if bound {
        row.state
    } else {
        ConnectionState::Fresh.as_str().to_owned()
    };
    diesel::update(connections::table.find((row.tenant_id, row.id)))
        .set((
            connections::state.eq(state),
            connections::reason.eq(row.reason.filter(|_| bound)),
            connections::scopes.eq(commit.scopes.clone().map_or(row.scopes, Json)),
            connections::updated_at.eq(Time(commit.at)),
        ))
        .execute(c)
        .await?;
    Ok(())
}

/// Whether the state is not for refreshes to change: a person has yet to confirm, or has disconnected.
fn is_bound(row: &ConnectionRow) -> bool {
    row.state == ConnectionState::Revoked.as_str() || row.state == ConnectionState::Pending.as_str()
}

pub(crate) async fn fail(
    c: &mut Conn,
    tenant: Id,
    failure: &AttemptFailure,
    entry: &AuditEntry,
) -> Result<(), Fault> {
    let slot = slot_of(c, tenant, failure.connection.into(), failure.slot.into()).await?;
    let ours = slot.epoch == stored(failure.epoch);
    let mut ambiguous = 0;
    if let Some(id) = failure.attempt {
        let attempt = attempt_of(c, &slot, id).await?;
        if !ours {
            return end_open(c, &attempt, failure.outcome, Some(&failure.reason), failure.at).await;
        }
        if attempt.outcome.is_some() {
            return Ok(());
        }
        end(c, &attempt, failure.outcome, Some(&failure.reason), failure.at).await?;
        let unknown = failure.outcome == AttemptOutcome::Ambiguous;
        ambiguous = i32::from(unknown && attempt.generation == slot.generation);
    }
    if !ours {
        return Ok(());
    }
    diesel::update(slots::table.find((tenant, slot.id)))
        .set((
            slots::failures.eq(slots::failures + i32::from(failure.counts)),
            slots::ambiguous.eq(slots::ambiguous + ambiguous),
            slots::not_before.eq(failure.not_before.map(Time)),
            slots::lease_owner.eq(None::<Id>),
            slots::lease_until.eq(None::<Time>),
        ))
        .execute(c)
        .await?;
    store_reason(c, &slot, failure).await?;
    audit::write(c, entry).await
}

async fn store_reason(c: &mut Conn, slot: &SlotRow, failure: &AttemptFailure) -> Result<(), Fault> {
    let row = connection_of(c, slot).await?;
    let new = failure.state.filter(|_| !is_bound(&row));
    let reason = match new {
        Some(_) => Some(Json(failure.reason.clone())),
        None => row.reason,
    };
    diesel::update(connections::table.find((row.tenant_id, row.id)))
        .set((
            connections::state.eq(new.map_or(row.state, |state| state.as_str().to_owned())),
            connections::reason.eq(reason),
            connections::updated_at.eq(Time(failure.at)),
        ))
        .execute(c)
        .await?;
    Ok(())
}

/// The connection of a locked slot, locked too.
pub(crate) async fn connection_of(c: &mut Conn, slot: &SlotRow) -> Result<ConnectionRow, Fault> {
    Ok(lock_connection(c, slot.tenant_id, slot.connection_id)
        .await?
        .ok_or(StoreError::NotFound("connection"))?)
}

/// The attempt with this id, if it is the slot's.
pub(crate) async fn attempt_of(c: &mut Conn, slot: &SlotRow, id: AttemptId) -> Result<AttemptRow, Fault> {
    let row: Option<AttemptRow> = attempts::table
        .find((slot.tenant_id, Id::of(id)))
        .filter(attempts::slot_id.eq(Some(slot.id)))
        .select(AttemptRow::as_select())
        .get_result(c)
        .await
        .optional()?;
    Ok(row.ok_or(StoreError::NotFound("attempt"))?)
}

/// Ends an attempt whose outcome is not known; another keeps its own.
pub(crate) async fn end_open(
    c: &mut Conn,
    attempt: &AttemptRow,
    outcome: AttemptOutcome,
    reason: Option<&Reason>,
    at: Timestamp,
) -> Result<(), Fault> {
    match attempt.outcome.as_deref() {
        None => end(c, attempt, outcome, reason, at).await,
        Some(name) if name == AttemptOutcome::Ambiguous.as_str() => {
            end(c, attempt, outcome, reason, at).await
        }
        Some(_) => Ok(()),
    }
}

pub(crate) async fn end(
    c: &mut Conn,
    attempt: &AttemptRow,
    outcome: AttemptOutcome,
    reason: Option<&Reason>,
    at: Timestamp,
) -> Result<(), Fault> {
    diesel::update(attempts::table.find((attempt.tenant_id, attempt.id)))
        .set((
            attempts::outcome.eq(Some(outcome.as_str())),
            attempts::reason.eq(reason.cloned().map(Json)),
            attempts::finished_at.eq(Some(Time(at))),
        ))
        .execute(c)
        .await?;
    Ok(())
}

async fn replace_token(c: &mut Conn, tenant: Id, access: &AccessToken) -> Result<(), Fault> {
    let old = access_tokens::table
        .filter(access_tokens::tenant_id.eq(tenant))
        .filter(access_tokens::slot_id.eq(Id::of(access.slot)))
        .filter(access_tokens::audience.eq(access.audience.as_str()));
    diesel::delete(old).execute(c).await?;
    insert_token(c, tenant, access).await
}

pub(crate) async fn insert_token(c: &mut Conn, tenant: Id, access: &AccessToken) -> Result<(), Fault> {
    diesel::insert_into(access_tokens::table)
        .values(AccessTokenRow::of(tenant, access))
        .execute(c)
        .await?;
    Ok(())
}
