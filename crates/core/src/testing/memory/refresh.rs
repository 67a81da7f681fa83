use super::state::{ConnectionRow, State, is_live, is_open};
use crate::audit::AuditEntry;
use crate::connection::{
    Attempt, AttemptKind, AttemptOutcome, ConnectionState, Lease, Reason, Revocation, Slot,
};
use crate::id::{ReplicaId, SlotId, TenantId};
use crate::ports::{AttemptFailure, CommitAnswer, LeaseAnswer, RefreshCommit, RevokeEnd};
use crate::{StoreError, Timestamp};
use std::time::Duration;

pub(super) struct LeaseRequest {
    pub(super) slot: SlotId,
    pub(super) owner: ReplicaId,
    pub(super) ttl: Duration,
    pub(super) at: Timestamp,
}

pub(super) fn lease(state: &mut State, tenant: TenantId, ask: &LeaseRequest, now: Timestamp) -> LeaseAnswer {
    match holder(state, tenant, ask.slot) {
        Some(row) if row.connection.state != ConnectionState::Revoked => grant(row, ask, now),
        Some(_) | None => LeaseAnswer::Gone,
    }
}

pub(super) fn lease_for_revoke(
    state: &mut State,
    tenant: TenantId,
    ask: &LeaseRequest,
    now: Timestamp,
) -> LeaseAnswer {
    match holder(state, tenant, ask.slot) {
        Some(row) if row.connection.state == ConnectionState::Revoked && has_tokens(row, ask.slot) => {
            grant(row, ask, now)
        }
        Some(_) | None => LeaseAnswer::Gone,
    }
}

fn holder(state: &mut State, tenant: TenantId, slot: SlotId) -> Option<&mut ConnectionRow> {
    state.rows_mut(tenant).ok()?.holder_mut(slot)
}

fn has_tokens(row: &ConnectionRow, slot: SlotId) -> bool {
    row.slots.get(&slot).is_some_and(|slot| row.has_tokens(slot))
}

fn grant(row: &mut ConnectionRow, ask: &LeaseRequest, now: Timestamp) -> LeaseAnswer {
    let Some(slot) = row.slots.get_mut(&ask.slot) else {
        return LeaseAnswer::Gone;
    };
    if let Some(lease) = slot.lease.filter(|lease| now < lease.until) {
        let remaining = lease.until.since(now);
        return LeaseAnswer::Held { remaining };
    }
    slot.epoch = slot.epoch.saturating_add(1);
    slot.lease = Some(Lease {
        owner: ask.owner,
        until: now.plus(ask.ttl),
    });
    let mut unresolved = None;
    let attempts = row.attempts.values_mut();
    for attempt in attempts.filter(|attempt| attempt.slot == Some(ask.slot)) {
        let current = attempt.generation == slot.generation;
        if attempt.outcome.is_none() {
            attempt.outcome = Some(AttemptOutcome::Ambiguous);
            attempt.finished_at = Some(ask.at);
            slot.ambiguous = slot.ambiguous.saturating_add(u32::from(current));
        }
        if current && attempt.outcome == Some(AttemptOutcome::Ambiguous) {
            unresolved = Some(Box::new(attempt.clone()));
        }
    }
    LeaseAnswer::Granted {
        slot: Box::new(slot.clone()),
        unresolved,
        now,
    }
}

pub(super) fn renew(state: &mut State, tenant: TenantId, slot: SlotId, epoch: u64, until: Timestamp) -> bool {
    let row = holder(state, tenant, slot);
    let slot = row.and_then(|row| row.slots.get_mut(&slot));
    match slot
        .filter(|slot| slot.epoch == epoch)
        .map(|slot| &mut slot.lease)
    {
        Some(Some(lease)) => {
            lease.until = until;
            true
        }
        Some(None) | None => false,
    }
}

pub(super) fn release(state: &mut State, tenant: TenantId, slot: SlotId, epoch: u64) {
    let row = holder(state, tenant, slot);
    if let Some(slot) = row.and_then(|row| row.slots.get_mut(&slot))
        && slot.epoch == epoch
    {
        slot.lease = None;
    }
}

pub(super) fn intend(
    state: &mut State,
    tenant: TenantId,
    attempt: &Attempt,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let Some(id) = attempt.slot.filter(|_| attempt.tenant == tenant) else {
        return Ok(false);
    };
    let Some(row) = holder(state, tenant, id) else {
        return Ok(false);
    };
    let Some(slot) = row.slots.get(&id) else {
        return Ok(false);
    };
    let ours = slot.epoch == attempt.epoch && is_live(slot.lease, now);
    let connected = attempt.kind == AttemptKind::Revoke || row.connection.state != ConnectionState::Revoked;
    let matches = attempt.connection == Some(slot.connection) && slot.generation == attempt.generation;
    if !(ours && connected && matches) {
        return Ok(false);
    }
    if row.attempts.contains_key(&attempt.id) {
        return Err(StoreError::Duplicate("attempt of this id"));
    }
    row.keep_attempt(attempt);
    Ok(true)
}

pub(super) fn commit(
    state: &mut State,
    tenant: TenantId,
    commit: &RefreshCommit,
    audit: &AuditEntry,
) -> Result<CommitAnswer, StoreError> {
    let row = state.rows_mut(tenant)?.connection_mut(commit.connection)?;
    let revoked = row.connection.state == ConnectionState::Revoked;
    let presented = presented_since(row, commit);
    let slot = row.slot_mut(commit.slot)?;
    let current = slot.generation == commit.expected_generation && !presented;
    let attempt = row.attempt_mut(commit.slot, commit.attempt)?;
    let answer = if revoked {
        CommitAnswer::Revoked
    } else {
        CommitAnswer::Committed
    };
    if attempt.outcome == Some(AttemptOutcome::Succeeded) {
        return Ok(answer);
    }
    if !current {
        end_open(attempt, AttemptOutcome::Fenced, None, commit.at);
        return Ok(CommitAnswer::Fenced);
    }
    if commit.access.slot != commit.slot {
        return Err(StoreError::NotFound("slot"));
    }
    let rows = state.audited(tenant, audit)?;
    store(rows.connection_mut(commit.connection)?, commit, revoked)?;
    rows.write(audit);
    Ok(answer)
}

/// Whether a later holder has presented the token, or may have.
fn presented_since(row: &ConnectionRow, commit: &RefreshCommit) -> bool {
    let mut attempts = row.attempts.values();
    attempts.any(|attempt| {
        attempt.slot == Some(commit.slot)
            && attempt.epoch > commit.epoch
            && attempt.outcome != Some(AttemptOutcome::Failed)
    })
}

fn store(row: &mut ConnectionRow, commit: &RefreshCommit, revoked: bool) -> Result<(), StoreError> {
    let attempt = row.attempt_mut(commit.slot, commit.attempt)?;
    end(attempt, AttemptOutcome::Succeeded, None, commit.at);
    let slot = row.slot_mut(commit.slot)?;
    slot.generation = slot.generation.saturating_add(1);
    slot.refresh.clone_from(&commit.refresh);
    slot.refresh_expires_at = commit.refresh_expires_at;
    slot.due_at = commit.due_at;
    slot.refreshed_at = commit.at;
    clear_failures(slot);
    if !revoked && slot.epoch == commit.epoch {
        slot.lease = None;
    }
    let access = &commit.access;
    row.tokens
        .retain(|token| token.slot != access.slot || token.audience != access.audience);
    row.tokens.push(access.clone());
    let connection = &mut row.connection;
    if let Some(scopes) = &commit.scopes {
        connection.scopes.clone_from(scopes);
    }
    if !revoked && connection.state != ConnectionState::Pending {
        connection.state = ConnectionState::Fresh;
        connection.reason = None;
    }
    connection.updated_at = commit.at;
    Ok(())
}

/// Forgets what went wrong with the tokens that were replaced.
pub(super) fn clear_failures(slot: &mut Slot) {
    slot.failures = 0;
    slot.not_before = None;
    slot.ambiguous = 0;
}

pub(super) fn fail(
    state: &mut State,
    tenant: TenantId,
    failure: &AttemptFailure,
    audit: &AuditEntry,
) -> Result<(), StoreError> {
    let row = state.rows_mut(tenant)?.connection_mut(failure.connection)?;
    let ours = row.slot_mut(failure.slot)?.epoch == failure.epoch;
    if let Some(id) = failure.attempt {
        let attempt = row.attempt_mut(failure.slot, id)?;
        if !ours {
            end_open(attempt, failure.outcome, Some(&failure.reason), failure.at);
            return Ok(());
        }
        if attempt.outcome.is_some() {
            return Ok(());
        }
    }
    if !ours {
        return Ok(());
    }
    let rows = state.audited(tenant, audit)?;
    store_failure(rows.connection_mut(failure.connection)?, failure)?;
    rows.write(audit);
    Ok(())
}

fn store_failure(row: &mut ConnectionRow, failure: &AttemptFailure) -> Result<(), StoreError> {
    if let Some(id) = failure.attempt {
        let attempt = row.attempt_mut(failure.slot, id)?;
        end(attempt, failure.outcome, Some(&failure.reason), failure.at);
        let generation = attempt.generation;
        let slot = row.slot_mut(failure.slot)?;
        let ambiguous = failure.outcome == AttemptOutcome::Ambiguous && generation == slot.generation;
        slot.ambiguous = slot.ambiguous.saturating_add(u32::from(ambiguous));
    }
    let slot = row.slot_mut(failure.slot)?;
    slot.failures = slot.failures.saturating_add(u32::from(failure.counts));
    slot.not_before = failure.not_before;
    slot.lease = None;
    let connection = &mut row.connection;
    let bound = matches!(
        connection.state,
        ConnectionState::Revoked | ConnectionState::Pending
    );
    if let Some(state) = failure.state.filter(|_| !bound) {
        connection.state = state;
        connection.reason = Some(failure.reason.clone());
    }
    connection.updated_at = failure.at;
    Ok(())
}

pub(super) fn end_revoke(
    state: &mut State,
    tenant: TenantId,
    end: &RevokeEnd,
    audit: &AuditEntry,
) -> Result<(), StoreError> {
    let row = state.rows_mut(tenant)?.connection_mut(end.connection)?;
    let ours = row.slot_mut(end.slot)?.epoch == end.epoch;
    if let Some(id) = end.attempt {
        row.attempt_mut(end.slot, id)?;
    }
    if !ours || row.connection.state != ConnectionState::Revoked {
        return Err(StoreError::Stale("slot"));
    }
    let rows = state.audited(tenant, audit)?;
    store_revocation(rows.connection_mut(end.connection)?, end)?;
    rows.write(audit);
    Ok(())
}

fn store_revocation(row: &mut ConnectionRow, end: &RevokeEnd) -> Result<(), StoreError> {
    if let Some(id) = end.attempt {
        let outcome = match end.revocation {
            Revocation::Done => AttemptOutcome::Succeeded,
            Revocation::Unsupported => AttemptOutcome::Refused,
            Revocation::Failed | Revocation::None | Revocation::Requested => AttemptOutcome::Failed,
        };
        end_open(
            row.attempt_mut(end.slot, id)?,
            outcome,
            end.reason.as_ref(),
            end.at,
        );
    }
    let shred = matches!(end.revocation, Revocation::Done | Revocation::Unsupported);
    let slot = row.slot_mut(end.slot)?;
    slot.lease = None;
    if shred {
        slot.refresh = None;
        slot.due_at = None;
        row.tokens.retain(|token| token.slot != end.slot);
    }
    let left = row.slots.values().any(|slot| row.has_tokens(slot));
    let connection = &mut row.connection;
    if !shred || !left {
        connection.revocation = end.revocation;
        connection.reason.clone_from(&end.reason);
    }
    connection.updated_at = end.at;
    Ok(())
}

/// Ends an attempt whose outcome is not known; another keeps its own.
pub(super) fn end_open(
    attempt: &mut Attempt,
    outcome: AttemptOutcome,
    reason: Option<&Reason>,
    at: Timestamp,
) {
    if is_open(attempt.outcome) {
        end(attempt, outcome, reason, at);
    }
}

pub(super) fn end(attempt: &mut Attempt, outcome: AttemptOutcome, reason: Option<&Reason>, at: Timestamp) {
    attempt.outcome = Some(outcome);
    attempt.reason = reason.cloned();
    attempt.finished_at = Some(at);
}
