use super::{bytes, time, timestamp};
use crate::error::known;
use crate::schema::credential_slots;
use crate::types::{Id, Time, count, stored};
use coffer_core::connection::{Lease, Slot};
use coffer_core::id::TenantId;
use coffer_core::rotation::RotationClass;
use coffer_core::{Sealed, StoreError};
use diesel::prelude::*;

#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = credential_slots, treat_none_as_default_value = false)]
pub(crate) struct SlotRow {
    pub(crate) tenant_id: Id,
    pub(crate) id: Id,
    pub(crate) connection_id: Id,
    pub(crate) name: String,
    pub(crate) class: String,
    pub(crate) refresh: Option<Vec<u8>>,
    pub(crate) generation: i64,
    pub(crate) refresh_expires_at: Option<Time>,
    pub(crate) refreshed_at: Time,
    pub(crate) due_at: Option<Time>,
    pub(crate) failures: i32,
    pub(crate) not_before: Option<Time>,
    pub(crate) epoch: i64,
    pub(crate) lease_owner: Option<Id>,
    pub(crate) lease_until: Option<Time>,
    pub(crate) ambiguous: i32,
}

impl From<&Slot> for SlotRow {
    fn from(slot: &Slot) -> Self {
        Self {
            tenant_id: slot.tenant.into(),
            id: slot.id.into(),
            connection_id: slot.connection.into(),
            name: slot.name.clone(),
            class: slot.class.as_str().to_owned(),
            refresh: bytes(slot.refresh.as_ref()),
            generation: stored(slot.generation),
            refresh_expires_at: time(slot.refresh_expires_at),
            refreshed_at: slot.refreshed_at.into(),
            due_at: time(slot.due_at),
            failures: i32::try_from(slot.failures).unwrap_or(i32::MAX),
            not_before: time(slot.not_before),
            epoch: stored(slot.epoch),
            lease_owner: slot.lease.map(|lease| lease.owner.into()),
            lease_until: slot.lease.map(|lease| lease.until.into()),
            ambiguous: i32::try_from(slot.ambiguous).unwrap_or(i32::MAX),
        }
    }
}

impl TryFrom<SlotRow> for Slot {
    type Error = StoreError;

    fn try_from(row: SlotRow) -> Result<Self, StoreError> {
        let lease = row.lease_owner.zip(row.lease_until);
        Ok(Self {
            tenant: TenantId::from(row.tenant_id),
            id: row.id.into(),
            connection: row.connection_id.into(),
            name: row.name,
            class: known(
                RotationClass::parse(&row.class),
                "a slot of a class without a name",
            )?,
            refresh: row.refresh.map(Sealed::from_envelope),
            generation: count(row.generation),
            refresh_expires_at: timestamp(row.refresh_expires_at),
            refreshed_at: row.refreshed_at.into(),
            due_at: timestamp(row.due_at),
            failures: u32::try_from(row.failures).unwrap_or(0),
            not_before: timestamp(row.not_before),
            epoch: count(row.epoch),
            lease: lease.map(|(owner, until)| Lease {
                owner: owner.into(),
                until: until.into(),
            }),
            ambiguous: u32::try_from(row.ambiguous).unwrap_or(0),
        })
    }
}
