use serde::{Deserialize, Serialize};

/// How much a provider remembers. Beyond it the oldest is forgotten, so that a simulator that runs for weeks stays small.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Entries of the ledger. The totals stay exact beyond it.
    pub ledger: usize,
    /// Grants.
    pub grants: usize,
    /// Refresh tokens of one grant, live or spent, and as many access tokens. A forgotten token is unknown: at R5 its
    /// reuse no longer revokes the family, at R1 it stops working (as with real providers, which cap them too).
    pub tokens_per_grant: usize,
    /// Authorization codes.
    pub codes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            ledger: 100_000,
            grants: 200_000,
            tokens_per_grant: 64,
            codes: 20_000,
        }
    }
}
