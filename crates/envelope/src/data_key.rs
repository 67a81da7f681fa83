//! An unwrapped data key.

use crate::committing::RootKey;
use coffer_core::Timestamp;
use coffer_core::data_key::DataKeyPurpose;
use coffer_core::id::{DataKeyId, TenantId};

/// A data key in memory. It is zeroized when the cache and the last user have dropped it.
#[derive(Debug)]
pub(crate) struct OpenDataKey {
    pub(crate) tenant: TenantId,
    pub(crate) id: DataKeyId,
    pub(crate) version: u32,
    pub(crate) purpose: DataKeyPurpose,
    pub(crate) root: RootKey,
    pub(crate) opened_at: Timestamp,
}
