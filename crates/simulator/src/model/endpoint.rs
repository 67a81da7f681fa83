//! The provider's endpoints, one file for each kind.

mod api;
mod authorize;
mod discovery;
mod token;
mod token_state;

use super::refusal::RefusalCode;
use super::{Request, request::Params};
use coffer_core::http::Method;
use serde::{Deserialize, Serialize};

/// Where a request goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Endpoint {
    /// `GET /authorize`: the consent page.
    Authorize,
    /// `POST /authorize`: the person's decision.
    Consent,
    /// `POST /token` with `grant_type=authorization_code`.
    Code,
    /// `POST /token` with `grant_type=refresh_token`.
    Refresh,
    /// `POST /token` with any other grant type, or none.
    Token,
    /// `POST /revoke` (RFC 7009).
    Revoke,
    /// `POST /introspect` (RFC 7662).
    Introspect,
    /// `GET` or `POST /userinfo` (OIDC Core, section 5.3).
    Userinfo,
    /// `GET /api/me`: an API call for a smoke test.
    Api,
    /// `GET /.well-known/openid-configuration` and `/.well-known/oauth-authorization-server`.
    Discovery,
    /// `GET /jwks.json`.
    Jwks,
    /// Any other path or method.
    Unknown,
}

impl Endpoint {
    pub(crate) fn of(request: &Request, form: &Params) -> Self {
        match (request.method, request.path.as_str()) {
            (Method::Get, "/authorize") => Self::Authorize,
            (Method::Post, "/authorize") => Self::Consent,
            (Method::Post, "/token") => match form.peek("grant_type") {
                Some("authorization_code") => Self::Code,
                Some("refresh_token") => Self::Refresh,
                Some(_) | None => Self::Token,
            },
            (Method::Post, "/revoke") => Self::Revoke,
            (Method::Post, "/introspect") => Self::Introspect,
            (Method::Get | Method::Post, "/userinfo") => Self::Userinfo,
            (Method::Get, "/api/me") => Self::Api,
            (Method::Get, "/.well-known/openid-configuration")
            | (Method::Get, "/.well-known/oauth-authorization-server") => Self::Discovery,
            (Method::Get, "/jwks.json") => Self::Jwks,
            (Method::Get | Method::Post | Method::Delete, _) => Self::Unknown,
        }
    }
}

/// The refusal of a path that leads nowhere.
pub(crate) const NOWHERE: super::refusal::Refusal =
    super::refusal::Refusal::new(RefusalCode::NotFound, "there is nothing here");
