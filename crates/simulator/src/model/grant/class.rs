//! The rotation classes (docs/refresh.md): which refresh tokens are alive, and what using one does.

use super::{Grant, RefreshToken, RevokedBy};
use crate::model::client::Behaviour;
use crate::model::token::TokenHash;
use coffer_core::Timestamp;
use coffer_core::rotation::RotationClass;
use std::time::Duration;

/// What presenting a refresh token came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Presented {
    /// It is good, and counts as used.
    Accepted,
    /// It is not of this grant, or the grant has ended.
    Unknown,
    /// Its own time or the grant's is over.
    Expired,
    /// It was used or retired before.
    Reused {
        /// The family was revoked for it, now.
        revoked: bool,
    },
}

impl Grant {
    /// A client presents a refresh token.
    pub(crate) fn present(&mut self, hash: TokenHash, rules: &Behaviour, now: Timestamp) -> Presented {
        if self.revoked.is_some() {
            return Presented::Unknown;
        }
        let Some(token) = self.refresh.iter().find(|token| token.hash == hash) else {
            return Presented::Unknown;
        };
        if superseded(token, rules, now) {
            let revoked = reuse_revokes(rules);
            if revoked {
                self.revoke(RevokedBy::RefreshReuse, now);
            }
            return Presented::Reused { revoked };
        }
        if expired(token, self.granted_at, rules, now) {
            return Presented::Expired;
        }
        let generation = token.generation;
        self.prove(generation, rules);
        for token in self.refresh.iter_mut().filter(|token| token.hash == hash) {
            token.touched_at = now;
            token.spent_at.get_or_insert(now);
        }
        Presented::Accepted
    }

    /// R3: a pair was used, so every refresh token before it is retired.
    pub(super) fn prove(&mut self, generation: u32, rules: &Behaviour) {
        if rules.rotation == RotationClass::RetireOnProof {
            for token in &mut self.refresh {
                token.retired |= token.generation < generation;
            }
        }
    }

    /// The generations of the refresh tokens that would be accepted now, oldest first.
    pub(crate) fn live_refresh(&self, rules: &Behaviour, now: Timestamp) -> Vec<u32> {
        if self.revoked.is_some() {
            return Vec::new();
        }
        self.refresh
            .iter()
            .filter(|token| !superseded(token, rules, now) && !expired(token, self.granted_at, rules, now))
            .map(|token| token.generation)
            .collect()
    }
}

/// Whether the class says that this token's turn is over.
fn superseded(token: &RefreshToken, rules: &Behaviour, now: Timestamp) -> bool {
    match rules.rotation {
        RotationClass::Static | RotationClass::Overlapping => false,
        RotationClass::Grace => token.spent_at.is_some_and(|at| now >= at.plus(rules.grace())),
        RotationClass::RetireOnProof => token.retired,
        RotationClass::SingleUse | RotationClass::SingleUseFamily => token.spent_at.is_some(),
    }
}

fn reuse_revokes(rules: &Behaviour) -> bool {
    match rules.rotation {
        RotationClass::SingleUseFamily => true,
        RotationClass::Grace => rules.late_reuse_revokes,
        RotationClass::Static
        | RotationClass::Overlapping
        | RotationClass::RetireOnProof
        | RotationClass::SingleUse => false,
    }
}

fn expired(token: &RefreshToken, granted_at: Timestamp, rules: &Behaviour, now: Timestamp) -> bool {
    let over = |from: Timestamp, secs: Option<u64>| {
        secs.is_some_and(|secs| now >= from.plus(Duration::from_secs(secs)))
    };
    over(token.touched_at, rules.refresh_idle_secs) || over(granted_at, rules.refresh_absolute_secs)
}

#[cfg(test)]
mod tests;
