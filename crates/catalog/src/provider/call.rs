//! A call of the provider's API, as data.

use crate::provider::client::BodyFormat;
use crate::template::{UrlTemplate, ValueTemplate};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// One HTTP request. The response counts as a success when its status is one of `success`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HttpCall {
    /// The method.
    #[serde(default)]
    pub method: Method,
    /// The URL. Left out where discovery names it: the UserInfo endpoint.
    pub url: Option<UrlTemplate>,
    /// Whose credentials the request carries.
    #[serde(default)]
    pub auth: CallAuth,
    /// Headers beyond those of `api.headers`.
    #[serde(default)]
    pub headers: BTreeMap<String, ValueTemplate>,
    /// The body's members. Besides fields and captures, `{access_token}`, `{refresh_token}` and `{client_secret}` may
    /// stand here (and in headers), never in a URL.
    #[serde(default)]
    pub body: BTreeMap<String, ValueTemplate>,
    /// How the body is written.
    #[serde(default)]
    pub body_format: BodyFormat,
    /// The statuses of a success.
    #[serde(default = "two_hundreds")]
    pub success: Vec<u16>,
}

/// A request method.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Method {
    /// GET.
    #[default]
    Get,
    /// POST.
    Post,
    /// PUT.
    Put,
    /// PATCH.
    Patch,
    /// DELETE.
    Delete,
}

/// Whose credentials a request carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CallAuth {
    /// The access token, as `api` presents it.
    #[default]
    AccessToken,
    /// Client id and secret, as HTTP Basic (RFC 7617).
    ClientBasic,
    /// None.
    None,
}

impl Method {
    /// The name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }
}

fn two_hundreds() -> Vec<u16> {
    vec![200, 201, 202, 204]
}
