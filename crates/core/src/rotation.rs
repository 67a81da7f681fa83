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

    /// The one of two that allows less after a lost reply: R0, R1, R3, R2, R4, R5. What is known of a provider may have
    /// been corrected since a token was issued; a class is relaxed by a new grant only.
    #[must_use]
    pub const fn stricter(self, other: Self) -> Self {
        if other.strictness() > self.strictness() {
            other
        } else {
            self
        }
    }

    const fn strictness(self) -> u8 {
        match self {
            Self::Static => 0,
            Self::Overlapping => 1,
            Self::RetireOnProof => 2,
            Self::Grace => 3,
            Self::SingleUse => 4,
            Self::SingleUseFamily => 5,
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thr_16_the_stricter_of_two_classes_never_retries_where_one_of_them_does_not() {
        let (late, grace) = (Duration::from_secs(60), Duration::from_secs(30));
        for one in RotationClass::ALL {
            for other in RotationClass::ALL {
                let stricter = one.stricter(other);
                assert_eq!(stricter, other.stricter(one));
                for since in [Duration::ZERO, late] {
                    assert_eq!(
                        stricter.retries_freely(since, grace),
                        one.retries_freely(since, grace) && other.retries_freely(since, grace),
                        "{one:?} {other:?} {since:?}"
                    );
                }
            }
        }
    }
}
