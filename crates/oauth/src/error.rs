//! What can go wrong, as one enum.

use crate::callback::CallbackError;
use crate::discovery::DiscoveryError;
use crate::id_token::IdTokenError;
use crate::provider_error::ProviderError;
use coffer_core::ErrorKind;
use coffer_core::failure::FailureCode;

/// Why a flow, a refresh, a revocation or a call did not do what it should.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The provider refused, did not answer, or answered with something that cannot be used.
    #[error(transparent)]
    Provider(#[from] ProviderError),
    /// The browser came back with something that must not be followed up.
    #[error(transparent)]
    Callback(#[from] CallbackError),
    /// The ID token does not prove what it should.
    #[error(transparent)]
    IdToken(#[from] IdTokenError),
    /// The provider's metadata or key set cannot be had, or cannot be trusted.
    #[error(transparent)]
    Discovery(#[from] DiscoveryError),
    /// The catalogue entry or the integration lacks something that this needs.
    #[error("{0}")]
    Config(&'static str),
    /// The userinfo endpoint speaks of somebody else than the ID token (OpenID Connect Core 1.0, section 5.3.2).
    #[error("the userinfo endpoint answered for another subject than the ID token; nothing of it is used")]
    SubjectMismatch,
    /// Nothing in the provider's answer says which account this is.
    #[error(
        "the provider's answer does not say which account this is; check the identity call of the provider"
    )]
    NoSubject,
}

impl Error {
    /// The kind, from which an HTTP status and a log level follow.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Provider(error) => error.kind(),
            Self::Callback(_) => ErrorKind::Invalid,
            Self::IdToken(_) | Self::SubjectMismatch | Self::NoSubject => ErrorKind::Upstream,
            Self::Discovery(error) => error.kind(),
            Self::Config(_) => ErrorKind::Precondition,
        }
    }

    /// The stable code, which is also the metric label.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Provider(error) => error.code.as_str(),
            Self::Callback(error) => error.code(),
            Self::IdToken(_) => "id_token_invalid",
            Self::Discovery(error) => error.code(),
            Self::Config(_) => FailureCode::InvalidConfig.as_str(),
            Self::SubjectMismatch => "userinfo_subject_mismatch",
            Self::NoSubject => "identity_missing",
        }
    }
}
