//! How a provider treats refresh tokens (docs/refresh.md, provider classes). What may be done after a lost reply
//! follows from it.

use serde::{Deserialize, Serialize};
use std::time::Duration;

/// A provider's refresh-token behaviour. Unknown is [`RotationClass::SingleUseFamily`], the strictest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RotationClass {
    /// R0: the refresh token does not change.
    Static,
    /// R1: a new token is issued, and the old one stays valid.
    Overlapping,
    /// R2: the old token is accepted for a time after rotation.
    Grace,
    /// R3: the old token dies when the new pair is first used.
    RetireOnProof,
    /// R4: a second use fails; the family lives.
    SingleUse,
    /// R5: a second use fails, and revokes the whole family.
    #[default]
    SingleUseFamily,
}

impl RotationClass {
    /// All of them, R0 to R5.
    pub const ALL: [Self; 6] = [
        Self::Static,
        Self::Overlapping,
        Self::Grace,
        Self::RetireOnProof,
        Self::SingleUse,
        Self::SingleUseFamily,
    ];

    /// The stable name, as in the catalogue and the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Static => "static",
            Self::Overlapping => "overlapping",
            Self::Grace => "grace",
            Self::RetireOnProof => "retire_on_proof",
            Self::SingleUse => "single_use",
            Self::SingleUseFamily => "single_use_family",
        }
    }

    /// The class with this name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|class| class.as_str() == name)
    }

    /// Whether the same token may be sent again at once after a reply was lost, without limit (R0, R1, R3) or, for R2,
    /// within its grace.
    pub const fn retries_freely(self, since_sent: Duration, grace: Duration) -> bool {
        match self {
            Self::Static | Self::Overlapping | Self::RetireOnProof => true,
            Self::Grace => since_sent.as_micros() < grace.as_micros(),
            Self::SingleUse | Self::SingleUseFamily => false,
        }
    }
}
