//! How the client authenticates and writes its requests.

use crate::setting::Setting;
use crate::template::ValueTemplate;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// How requests to the token, refresh and revocation endpoints are written.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Client {
    /// How the client proves who it is.
    pub authentication: Setting<ClientAuthentication>,
    /// How the body is written.
    pub body: BodyFormat,
    /// Extra headers of these requests, such as `Accept`.
    pub headers: BTreeMap<String, ValueTemplate>,
    /// The name of the parameter `client_id` (TikTok: `client_key`).
    pub id_parameter: String,
    /// The name of the parameter `client_secret`.
    pub secret_parameter: String,
    /// The name of the parameter of the callback that has the authorization code (Amazon: `spapi_oauth_code`).
    pub code_parameter: String,
}

/// How the client proves who it is (RFC 6749, section 2.3.1; OpenID Connect Core 1.0, section 9).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub enum ClientAuthentication {
    /// `client_secret_basic`: id and secret in the Authorization header, form-encoded first.
    #[default]
    #[serde(rename = "basic")]
    Basic,
    /// `client_secret_post`: id and secret in the body.
    #[serde(rename = "post")]
    Post,
    /// A public client: only `client_id` in the body.
    #[serde(rename = "none")]
    None,
    /// The Authorization header, and `client_id` (never the secret) in the body too (X).
    #[serde(rename = "basic+body")]
    BasicAndBody,
}

/// How a request body is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BodyFormat {
    /// `application/x-www-form-urlencoded` (RFC 6749, appendix B).
    #[default]
    Form,
    /// `application/json`.
    Json,
}

impl Default for Client {
    fn default() -> Self {
        Self {
            authentication: Setting::default(),
            body: BodyFormat::default(),
            headers: BTreeMap::new(),
            id_parameter: "client_id".to_owned(),
            secret_parameter: "client_secret".to_owned(),
            code_parameter: "code".to_owned(),
        }
    }
}
