use crate::audit::AuditEntry;
use crate::caller::{Caller, Operator};
use crate::connection::{AccessToken, Attempt, AttemptOutcome, Connection, Lease, Slot};
use crate::data_key::DataKey;
use crate::flow::{ConnectSession, Flow};
use crate::id::{
    AttemptId, AuditId, CallerId, ConnectSessionId, ConnectionId, DataKeyId, FlowId, IntegrationId,
    OperatorId, SlotId, TenantId, UserId,
};
use crate::idempotency::{IdempotencyKey, KeptAnswer};
use crate::integration::{Integration, IntegrationRef};
use crate::page::{Page, PageRequest};
use crate::tenant::{Tenant, User};
use crate::{SecretHash, StoreError, Timestamp};
use std::collections::BTreeMap;
use uuid::Uuid;

const AUDIT_ROWS: usize = 100_000;
const ATTEMPT_ROWS: usize = 1000;

/// All rows, tenant by tenant: a look into one tenant's rows cannot meet another's.
pub(super) struct State {
    pub(super) tenants: BTreeMap<TenantId, TenantRows>,
    pub(super) operators: BTreeMap<OperatorId, Operator>,
}

/// The rows of one tenant.
#[derive(Default)]
pub(super) struct TenantRows {
    /// `None` for the installation.
    pub(super) tenant: Option<Tenant>,
    pub(super) users: BTreeMap<UserId, User>,
    pub(super) integrations: BTreeMap<IntegrationId, Integration>,
    pub(super) callers: BTreeMap<CallerId, Caller>,
    pub(super) audit: BTreeMap<AuditId, AuditEntry>,
    pub(super) idempotency: BTreeMap<SecretHash, IdempotencyRow>,
    pub(super) sessions: BTreeMap<ConnectSessionId, ConnectSession>,
    pub(super) flows: BTreeMap<FlowId, Flow>,
    /// Attempts to exchange a code, which have no connection yet.
    pub(super) exchanges: BTreeMap<AttemptId, Attempt>,
    pub(super) connections: BTreeMap<ConnectionId, ConnectionRow>,
    pub(super) data_keys: BTreeMap<DataKeyId, DataKey>,
}

/// A connection with all that goes when it goes.
pub(super) struct ConnectionRow {
    pub(super) connection: Connection,
    pub(super) slots: BTreeMap<SlotId, Slot>,
    pub(super) tokens: Vec<AccessToken>,
    pub(super) attempts: BTreeMap<AttemptId, Attempt>,
}

pub(super) struct IdempotencyRow {
    pub(super) key: IdempotencyKey,
    pub(super) answer: Option<KeptAnswer>,
}

impl State {
    pub(super) fn new() -> Self {
        Self {
            tenants: BTreeMap::from([(TenantId::INSTALLATION, TenantRows::default())]),
            operators: BTreeMap::new(),
        }
    }

    pub(super) fn count_tenants(&self) -> usize {
        self.tenants.values().filter(|rows| rows.tenant.is_some()).count()
    }

    pub(super) fn rows(&self, tenant: TenantId) -> Option<&TenantRows> {
        self.tenants.get(&tenant)
    }

    pub(super) fn rows_mut(&mut self, tenant: TenantId) -> Result<&mut TenantRows, StoreError> {
        self.tenants
            .get_mut(&tenant)
            .ok_or(StoreError::NotFound("tenant"))
    }

    /// The tenant's rows, for a change whose audit row can be written.
    pub(super) fn audited(
        &mut self,
        tenant: TenantId,
        audit: &AuditEntry,
    ) -> Result<&mut TenantRows, StoreError> {
        own(tenant, audit.tenant)?;
        let rows = self.rows_mut(tenant)?;
        if rows.audit.contains_key(&audit.id) {
            return Err(StoreError::Duplicate("audit row of this id"));
        }
        Ok(rows)
    }

    /// An integration that `tenant` may see: its own, or the installation's.
    pub(super) fn integration(&self, tenant: TenantId, wanted: IntegrationRef) -> Option<&Integration> {
        if wanted.owner != tenant && !wanted.owner.is_installation() {
            return None;
        }
        self.rows(wanted.owner)?.integrations.get(&wanted.id)
    }
}

impl TenantRows {
    /// Writes a row that [`State::audited`] has looked at.
    pub(super) fn write(&mut self, audit: &AuditEntry) {
        self.audit.insert(audit.id, audit.clone());
        if self.audit.len() > AUDIT_ROWS {
            self.audit.pop_first();
        }
    }

    pub(super) fn connection_mut(&mut self, id: ConnectionId) -> Result<&mut ConnectionRow, StoreError> {
        self.connections
            .get_mut(&id)
            .ok_or(StoreError::NotFound("connection"))
    }

    /// The connection that has this slot.
    pub(super) fn holder_mut(&mut self, slot: SlotId) -> Option<&mut ConnectionRow> {
        self.connections
            .values_mut()
            .find(|row| row.slots.contains_key(&slot))
    }
}

impl ConnectionRow {
    pub(super) fn slot_mut(&mut self, id: SlotId) -> Result<&mut Slot, StoreError> {
        self.slots.get_mut(&id).ok_or(StoreError::NotFound("slot"))
    }

    pub(super) fn attempt_mut(&mut self, slot: SlotId, id: AttemptId) -> Result<&mut Attempt, StoreError> {
        self.attempts
            .get_mut(&id)
            .filter(|attempt| attempt.slot == Some(slot))
            .ok_or(StoreError::NotFound("attempt"))
    }

    pub(super) fn keep_attempt(&mut self, attempt: &Attempt) {
        self.attempts.insert(attempt.id, attempt.clone());
        if self.attempts.len() > ATTEMPT_ROWS {
            self.attempts.pop_first();
        }
    }

    pub(super) fn has_tokens(&self, slot: &Slot) -> bool {
        slot.refresh.is_some() || self.tokens.iter().any(|token| token.slot == slot.id)
    }

    pub(super) fn is_leased(&self, now: Timestamp) -> bool {
        self.slots.values().any(|slot| is_live(slot.lease, now))
    }
}

pub(super) fn is_live(lease: Option<Lease>, now: Timestamp) -> bool {
    lease.is_some_and(|lease| now < lease.until)
}

/// Whether an outcome may still be written: there is none, or it is not known.
pub(super) fn is_open(outcome: Option<AttemptOutcome>) -> bool {
    matches!(outcome, None | Some(AttemptOutcome::Ambiguous))
}

/// Refuses a record that belongs to another tenant than the scope's.
pub(super) fn own(scope: TenantId, record: TenantId) -> Result<(), StoreError> {
    if scope == record {
        Ok(())
    } else {
        Err(StoreError::NotFound("tenant"))
    }
}

/// A page of rows that come oldest first.
pub(super) fn ascending<'a, T: Clone + 'a>(
    rows: impl Iterator<Item = &'a T>,
    page: PageRequest,
    id: impl Fn(&T) -> Uuid,
) -> Page<T> {
    cut(
        rows.filter(|row| page.after.is_none_or(|after| id(row) > after.0)),
        page,
        &id,
    )
}

/// A page of rows that come newest first.
pub(super) fn descending<'a, T: Clone + 'a>(
    rows: impl Iterator<Item = &'a T>,
    page: PageRequest,
    id: impl Fn(&T) -> Uuid,
) -> Page<T> {
    cut(
        rows.filter(|row| page.after.is_none_or(|after| id(row) < after.0)),
        page,
        &id,
    )
}

fn cut<'a, T: Clone + 'a>(
    rows: impl Iterator<Item = &'a T>,
    page: PageRequest,
    id: impl Fn(&T) -> Uuid,
) -> Page<T> {
    let rows = rows
        .take(usize::from(page.limit).saturating_add(1))
        .cloned()
        .collect();
    Page::from_overfull(rows, page.limit, id)
}
