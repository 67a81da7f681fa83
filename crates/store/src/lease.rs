//! What is asked of a slot's lease.

use crate::types::Id;
use coffer_core::Timestamp;
use coffer_core::id::{ReplicaId, SlotId, TenantId};
use std::time::Duration;

/// Who asks for which slot, and for how long.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ask {
    pub(crate) tenant: Id,
    pub(crate) slot: Id,
    pub(crate) owner: Id,
    pub(crate) ttl: Duration,
    pub(crate) at: Timestamp,
}

impl Ask {
    pub(crate) fn new(
        tenant: TenantId,
        slot: SlotId,
        owner: ReplicaId,
        ttl: Duration,
        at: Timestamp,
    ) -> Self {
        Self {
            tenant: tenant.into(),
            slot: slot.into(),
            owner: owner.into(),
            ttl,
            at,
        }
    }
}
