//! What the redemption of a one-time result does to the connections.

use super::refresh::clear_failures;
use super::state::TenantRows;
use crate::connection::{Attempt, Connection, ConnectionState, Revocation};
use crate::id::{ConnectionId, FlowId};
use crate::ports::Replacement;
use crate::{StoreError, Timestamp};

/// The pending connection of a result that can still be redeemed.
pub(super) fn redeemable(rows: &mut TenantRows, flow: FlowId) -> Result<ConnectionId, StoreError> {
    let result = rows.flows.get(&flow).and_then(|flow| flow.result.as_ref());
    let result = result.ok_or(StoreError::NotFound("one-time result"))?;
    if result.redeemed_at.is_some() {
        return Err(StoreError::Stale("one-time result"));
    }
    let pending = result.connection;
    if rows.connection_mut(pending)?.connection.state != ConnectionState::Pending {
        return Err(StoreError::Stale("connection"));
    }
    Ok(pending)
}

pub(super) fn confirm(
    rows: &mut TenantRows,
    pending: ConnectionId,
    at: Timestamp,
) -> Result<ConnectionId, StoreError> {
    let new = rows.connection_mut(pending)?.connection.clone();
    let mut others = rows.connections.values().map(|row| &row.connection);
    if others.any(|other| is_same_account(other, &new)) {
        return Err(StoreError::Stale("connection"));
    }
    let connection = &mut rows.connection_mut(pending)?.connection;
    connection.state = ConnectionState::Fresh;
    connection.updated_at = at;
    Ok(pending)
}

/// Whether a connection that is in use, or was, has the account that a pending one is for.
fn is_same_account(other: &Connection, pending: &Connection) -> bool {
    other.state != ConnectionState::Pending
        && other.subject.is_some()
        && other.subject == pending.subject
        && other.user == pending.user
        && other.integration == pending.integration
}

pub(super) fn replace(
    rows: &mut TenantRows,
    pending: ConnectionId,
    new: &Replacement,
    at: Timestamp,
) -> Result<ConnectionId, StoreError> {
    if new.connection == pending || new.access.slot != new.slot {
        return Err(StoreError::NotFound("connection"));
    }
    let stays = rows.connection_mut(new.connection)?.connection.clone();
    let told = Connection {
        subject: new.subject,
        ..stays
    };
    let mut others = rows.connections.values().map(|row| &row.connection);
    if others.any(|other| other.id != told.id && is_same_account(other, &told)) {
        return Err(StoreError::Stale("connection"));
    }
    let row = rows.connection_mut(new.connection)?;
    let slot = row.slot_mut(new.slot)?;
    if slot.generation != new.expected_generation {
        return Err(StoreError::Stale("slot"));
    }
    slot.generation = slot.generation.saturating_add(1);
    slot.epoch = slot.epoch.saturating_add(1);
    slot.lease = None;
    slot.class = new.class;
    slot.refresh.clone_from(&new.refresh);
    slot.refresh_expires_at = new.refresh_expires_at;
    slot.due_at = new.due_at;
    slot.refreshed_at = at;
    clear_failures(slot);
    row.tokens.retain(|token| token.slot != new.slot);
    row.tokens.push(new.access.clone());
    let connection = &mut row.connection;
    connection.state = ConnectionState::Fresh;
    connection.reason = None;
    connection.revocation = Revocation::None;
    connection.subject = new.subject.or(connection.subject);
    connection.identity.clone_from(&new.identity);
    connection.scopes.clone_from(&new.scopes);
    connection.scopes_missing.clone_from(&new.scopes_missing);
    connection.updated_at = at;
    let gone = rows.connections.remove(&pending);
    let stays = rows.connection_mut(new.connection)?;
    for attempt in gone.into_iter().flat_map(|row| row.attempts.into_values()) {
        stays.keep_attempt(&Attempt {
            connection: Some(new.connection),
            slot: None,
            ..attempt
        });
    }
    Ok(new.connection)
}
