//! Attempts: one try to get tokens from a provider, or to give them back.

use crate::connection::Reason;
use crate::id::{AttemptId, ConnectionId, SlotId, TenantId};
use crate::{Fingerprint, Timestamp};
use serde::{Deserialize, Serialize};

/// What an attempt at a provider is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AttemptKind {
    /// A code for tokens.
    Exchange,
    /// A refresh token for new tokens.
    Refresh,
    /// The end of a grant.
    Revoke,
}

impl AttemptKind {
    const ALL: [Self; 3] = [Self::Exchange, Self::Refresh, Self::Revoke];

    /// The stable name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Exchange => "exchange",
            Self::Refresh => "refresh",
            Self::Revoke => "revoke",
        }
    }

    /// The kind with this name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }
}

/// How an attempt ended. An attempt without an outcome is one whose process died, or is still at it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AttemptOutcome {
    /// The tokens were committed, or the grant was revoked.
    Succeeded,
    /// The provider refused, for good.
    Refused,
    /// The provider refused for now, or could not be reached: nothing was done there.
    Failed,
    /// It is not known whether the provider acted.
    Ambiguous,
    /// The tokens came, but the lease was lost and somebody else had committed.
    Fenced,
}

impl AttemptOutcome {
    const ALL: [Self; 5] = [
        Self::Succeeded,
        Self::Refused,
        Self::Failed,
        Self::Ambiguous,
        Self::Fenced,
    ];

    /// The stable name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Succeeded => "succeeded",
            Self::Refused => "refused",
            Self::Failed => "failed",
            Self::Ambiguous => "ambiguous",
            Self::Fenced => "fenced",
        }
    }

    /// The outcome with this name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|outcome| outcome.as_str() == name)
    }
}

/// One try at a provider: the intent, committed before a byte is sent, and later its outcome.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// Whose it is.
    pub tenant: TenantId,
    /// Its id.
    pub id: AttemptId,
    /// What it is for.
    pub kind: AttemptKind,
    /// The connection, where there is one already (an exchange has none yet).
    pub connection: Option<ConnectionId>,
    /// The slot, likewise.
    pub slot: Option<SlotId>,
    /// The generation of the token that is presented.
    pub generation: u64,
    /// The epoch of the lease.
    pub epoch: u64,
    /// Tells which token was presented, without giving it away.
    pub fingerprint: Fingerprint,
    /// When the intent was committed.
    pub started_at: Timestamp,
    /// How it ended.
    pub outcome: Option<AttemptOutcome>,
    /// Why, where it did not succeed.
    pub reason: Option<Reason>,
    /// When it ended.
    pub finished_at: Option<Timestamp>,
}
