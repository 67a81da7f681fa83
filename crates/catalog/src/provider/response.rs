//! Where things stand in a token response.

use crate::pointer::Pointer;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Where the members of a token response stand, which is where RFC 6749, section 5 has them unless the file says
/// otherwise.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Response {
    /// The access token.
    pub access_token: Pointer,
    /// The refresh token.
    pub refresh_token: Pointer,
    /// The access token's lifetime, in `expires_unit`, as a number or a string.
    pub expires_in: Pointer,
    /// The unit of lifetimes.
    pub expires_unit: TimeUnit,
    /// The refresh token's lifetime, in the same unit, where the provider tells it.
    pub refresh_expires_in: Option<Pointer>,
    /// The granted scopes: one string, or a list.
    pub scope: Pointer,
    /// The ID token.
    pub id_token: Pointer,
    /// The token type.
    pub token_type: Pointer,
    /// Further tokens in the same response, by the name of their credential slot: Slack's user token.
    pub extra_tokens: BTreeMap<String, ExtraToken>,
    /// What a successful response has to have, beyond a status of 2xx and an access token.
    pub success: Option<Success>,
    /// The error code. A response that has one is an error, whatever its status (GitHub: 200).
    pub error: Pointer,
    /// The error's description for people: hostile text (OA-C14).
    pub error_description: Pointer,
}

/// Another token in the same response.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExtraToken {
    /// The access token.
    pub access_token: Pointer,
    /// Its refresh token.
    pub refresh_token: Option<Pointer>,
    /// Its lifetime.
    pub expires_in: Option<Pointer>,
    /// Its scopes.
    pub scope: Option<Pointer>,
}

/// A member that a successful response has with this value: `ok` is `true`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Success {
    /// The member.
    pub pointer: Pointer,
    /// Its value in a success.
    pub equals: serde_json::Value,
}

/// The unit of a lifetime.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub enum TimeUnit {
    /// Seconds.
    #[default]
    #[serde(rename = "s")]
    Seconds,
    /// Milliseconds.
    #[serde(rename = "ms")]
    Milliseconds,
}

impl Response {
    /// Whether the document passes the success test and has no error code.
    pub fn is_success(&self, document: &serde_json::Value) -> bool {
        let tested = self
            .success
            .as_ref()
            .is_none_or(|test| test.pointer.lookup(document) == Some(&test.equals));
        tested && self.error_code(document).is_none()
    }

    /// The error code in the document: a non-empty text, or a number as text.
    pub fn error_code(&self, document: &serde_json::Value) -> Option<String> {
        let value = self.error.lookup(document)?;
        match value {
            serde_json::Value::String(text) => Some(text.clone()).filter(|text| !text.is_empty()),
            serde_json::Value::Number(number) => Some(number.to_string()),
            serde_json::Value::Null
            | serde_json::Value::Bool(_)
            | serde_json::Value::Array(_)
            | serde_json::Value::Object(_) => None,
        }
    }
}

impl Default for Response {
    fn default() -> Self {
        let at = Pointer::of_member;
        Self {
            access_token: at("access_token"),
            refresh_token: at("refresh_token"),
            expires_in: at("expires_in"),
            expires_unit: TimeUnit::Seconds,
            refresh_expires_in: None,
            scope: at("scope"),
            id_token: at("id_token"),
            token_type: at("token_type"),
            extra_tokens: BTreeMap::new(),
            success: None,
            error: at("error"),
            error_description: at("error_description"),
        }
    }
}
