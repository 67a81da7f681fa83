//! What a refresh does to the tokens that were there before.

use crate::setting::Setting;
use coffer_core::rotation::RotationClass;
use serde::{Deserialize, Serialize};
use std::time::Duration;

const SECOND: Duration = Duration::from_secs(1);

/// What a refresh does to refresh tokens and access tokens.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Rotation {
    /// How a new access token is got.
    pub refresh: RefreshStyle,
    /// The class; the strictest when the file does not say.
    pub class: Setting<RotationClass>,
    /// For the class `grace`: how long the old refresh token is still accepted, in seconds.
    pub grace_seconds: u32,
    /// What becomes of the old access token.
    pub old_access_token: OldAccessToken,
}

/// How a new access token is got when the old one ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefreshStyle {
    /// With a refresh token (RFC 6749, section 6), when the provider gave one.
    #[default]
    RefreshToken,
    /// Not at all: access tokens live until they are revoked, or a person consents again.
    None,
    /// The access token itself is exchanged before it ends (Meta).
    SelfExchange,
    /// A new one is minted from the integration's own credentials (GitHub App installation).
    Remint,
}

/// What becomes of the old access token when a new one is issued.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OldAccessToken {
    /// It stays valid until its own end.
    #[default]
    Lives,
    /// It is revoked at once: refresh late, and warn who holds it.
    Dies,
}

impl Rotation {
    /// The grace as a duration.
    pub const fn grace(&self) -> Duration {
        SECOND.saturating_mul(self.grace_seconds)
    }
}
