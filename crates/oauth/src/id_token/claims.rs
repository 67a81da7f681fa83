//! What a verified ID token says.

use crate::text;
use serde_json::{Map, Value};

/// The claims of a verified ID token that Coffer keeps. Whose account it is, only `issuer` and `subject` say together
/// (OA-C24); the rest is for people to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdTokenClaims {
    /// `iss`.
    pub issuer: String,
    /// `sub`.
    pub subject: String,
    /// `email`, cleaned. Never an identifier.
    pub email: Option<String>,
    /// `email_verified`, also where it is written as a text.
    pub email_verified: Option<bool>,
    /// `name`, else `preferred_username`, cleaned.
    pub name: Option<String>,
    /// All claims, for the catalogue's captures.
    pub all: Map<String, Value>,
}

impl IdTokenClaims {
    pub(super) fn new(issuer: String, subject: String, payload: &Value) -> Self {
        let cleaned = |name: &str| payload.get(name).and_then(Value::as_str).and_then(text::value);
        Self {
            issuer,
            subject,
            email: cleaned("email"),
            email_verified: payload.get("email_verified").and_then(flag),
            name: cleaned("name").or_else(|| cleaned("preferred_username")),
            all: payload.as_object().cloned().unwrap_or_default(),
        }
    }
}

/// A boolean, also where a provider writes it as a text.
pub(crate) fn flag(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(flag) => Some(*flag),
        Value::String(text) if text.eq_ignore_ascii_case("true") => Some(true),
        Value::String(text) if text.eq_ignore_ascii_case("false") => Some(false),
        Value::Null | Value::String(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => None,
    }
}
