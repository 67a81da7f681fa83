//! Data encryption keys as they are stored: wrapped, with a state and a version.

use crate::Timestamp;
use crate::id::{DataKeyId, TenantId};

/// What a data key is for. Each tenant has one active key for each purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum DataKeyPurpose {
    /// Seals the tenant's records.
    Seal,
    /// Makes keyed hashes and blind indexes. It is apart from the sealing key, so that replacing that one never
    /// changes an index.
    Lookup,
}

impl DataKeyPurpose {
    /// The stable name: in the database and in the wrap's context.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Seal => "seal",
            Self::Lookup => "lookup",
        }
    }

    /// The purpose with this name.
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Seal, Self::Lookup]
            .into_iter()
            .find(|purpose| purpose.as_str() == name)
    }
}

/// Where a data key is in its life: `pending`, then `active`, then `decrypt_only`, then `destroyed`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DataKeyState {
    /// Made, but not yet proven by an unwrap.
    Pending,
    /// The one that seals.
    Active,
    /// Opens only.
    DecryptOnly,
    /// Gone: its wraps are deleted.
    Destroyed,
}

impl DataKeyState {
    const ALL: [Self; 4] = [Self::Pending, Self::Active, Self::DecryptOnly, Self::Destroyed];

    /// The stable name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Active => "active",
            Self::DecryptOnly => "decrypt_only",
            Self::Destroyed => "destroyed",
        }
    }

    /// The state with this name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == name)
    }
}

/// A data key and its wraps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DataKey {
    /// Whose key it is.
    pub tenant: TenantId,
    /// Its id, which stands in every envelope that it sealed.
    pub id: DataKeyId,
    /// 1 for the first key of a tenant and purpose, then one more for each that follows.
    pub version: u32,
    /// What it is for.
    pub purpose: DataKeyPurpose,
    /// Where it is in its life.
    pub state: DataKeyState,
    /// When it was made.
    pub created_at: Timestamp,
    /// The key, wrapped once or more, each under another key encryption key.
    pub wraps: Vec<KeyWrap>,
}

/// A data key, wrapped by a key source.
#[derive(Clone, PartialEq, Eq)]
pub struct KeyWrap {
    /// Which key encryption key wrapped it: `<source>:<key id>`, such as `local:6f1c2a9b30d4e587`.
    pub kek: String,
    /// The wrapped bytes, in the key source's own format.
    pub blob: Vec<u8>,
}

impl std::fmt::Debug for KeyWrap {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "KeyWrap({}, {} bytes)", self.kek, self.blob.len())
    }
}
