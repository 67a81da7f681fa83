//! How a grant is given back.

use crate::provider::call::HttpCall;
use serde::{Deserialize, Serialize};

/// How a connection's tokens are revoked at the provider.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Revoke {
    /// The way.
    pub style: RevokeStyle,
    /// Which token is sent, where both are there. Revoking a refresh token ends the access tokens too (RFC 7009,
    /// section 2.1).
    pub token: RevokedToken,
    /// Whether the request says which kind of token it is.
    pub token_type_hint: bool,
    /// The request, for the style `call`.
    pub call: Option<HttpCall>,
    /// What a person has to do instead, or should know. Required for the style `none`.
    pub note: Option<String>,
}

/// The way tokens are revoked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RevokeStyle {
    /// A POST to the revocation endpoint (RFC 7009), if there is one.
    #[default]
    Rfc7009,
    /// A request of the provider's own kind.
    Call,
    /// The provider has no way.
    None,
}

/// Which token is revoked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RevokedToken {
    /// The refresh token, or the access token when there is no other.
    #[default]
    RefreshToken,
    /// The access token.
    AccessToken,
}
