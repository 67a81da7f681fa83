//! Where the endpoints are.

use crate::template::UrlTemplate;
use serde::Deserialize;

/// The templates of the endpoints. One that is left out, or whose variables are not set, comes from discovery.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Endpoints {
    /// Authorization endpoint (RFC 6749, section 3.1).
    pub authorize: Option<UrlTemplate>,
    /// Token endpoint (RFC 6749, section 3.2).
    pub token: Option<UrlTemplate>,
    /// Where a refresh goes, if not to the token endpoint.
    pub refresh: Option<UrlTemplate>,
    /// Revocation endpoint (RFC 7009).
    pub revoke: Option<UrlTemplate>,
    /// UserInfo endpoint (OpenID Connect Core 1.0, section 5.3).
    pub userinfo: Option<UrlTemplate>,
    /// Introspection endpoint (RFC 7662).
    pub introspect: Option<UrlTemplate>,
    /// Device authorization endpoint (RFC 8628).
    pub device: Option<UrlTemplate>,
    /// The keys of ID tokens (RFC 7517).
    pub jwks: Option<UrlTemplate>,
}

/// An endpoint's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Endpoint {
    /// Authorization endpoint.
    Authorize,
    /// Token endpoint.
    Token,
    /// The refresh endpoint: the token endpoint unless the file names another.
    Refresh,
    /// Revocation endpoint.
    Revoke,
    /// UserInfo endpoint.
    Userinfo,
    /// Introspection endpoint.
    Introspect,
    /// Device authorization endpoint.
    Device,
    /// Key set.
    Jwks,
}

impl Endpoint {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Authorize,
        Self::Token,
        Self::Refresh,
        Self::Revoke,
        Self::Userinfo,
        Self::Introspect,
        Self::Device,
        Self::Jwks,
    ];

    /// The name in the file.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Authorize => "authorize",
            Self::Token => "token",
            Self::Refresh => "refresh",
            Self::Revoke => "revoke",
            Self::Userinfo => "userinfo",
            Self::Introspect => "introspect",
            Self::Device => "device",
            Self::Jwks => "jwks",
        }
    }
}

impl Endpoints {
    /// The template of an endpoint. Refresh falls back to the token endpoint.
    pub const fn template(&self, endpoint: Endpoint) -> Option<&UrlTemplate> {
        match endpoint {
            Endpoint::Authorize => self.authorize.as_ref(),
            Endpoint::Token => self.token.as_ref(),
            Endpoint::Refresh => match &self.refresh {
                Some(template) => Some(template),
                None => self.token.as_ref(),
            },
            Endpoint::Revoke => self.revoke.as_ref(),
            Endpoint::Userinfo => self.userinfo.as_ref(),
            Endpoint::Introspect => self.introspect.as_ref(),
            Endpoint::Device => self.device.as_ref(),
            Endpoint::Jwks => self.jwks.as_ref(),
        }
    }
}
