//! The one taxonomy of provider failures (requirement F3).

use serde::{Deserialize, Serialize};

/// What a provider's refusal means for the connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FailureCode {
    /// The integration is set up wrongly: client id or secret, redirect URI, scope. No user's grant is at fault.
    InvalidConfig,
    /// The access token is no longer valid; refreshing may help.
    TokenExpired,
    /// The grant is gone: a person has to consent again.
    ConsentRequired,
    /// Too many requests: later.
    RateLimited,
    /// The provider does not answer, answers with an error of its own, or with something that cannot be understood.
    ProviderUnavailable,
    /// The connection was revoked, here or there.
    Revoked,
}

impl FailureCode {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::InvalidConfig,
        Self::TokenExpired,
        Self::ConsentRequired,
        Self::RateLimited,
        Self::ProviderUnavailable,
        Self::Revoked,
    ];

    /// The stable name: in the API, the database and metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::InvalidConfig => "invalid_config",
            Self::TokenExpired => "token_expired",
            Self::ConsentRequired => "consent_required",
            Self::RateLimited => "rate_limited",
            Self::ProviderUnavailable => "provider_unavailable",
            Self::Revoked => "revoked",
        }
    }

    /// The code with this name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|code| code.as_str() == name)
    }
}
