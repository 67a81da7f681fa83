//! What an administrator configured for one integration, split into what may be shown and what may not.

use coffer_core::SecretText;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A public value of a field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum FieldValue {
    /// `bool`.
    Flag(bool),
    /// `text`, `url`, `enum`, `pointer`.
    Text(String),
    /// `list`.
    List(Vec<String>),
}

/// A validated configuration of an integration. The public part may be stored and shown; the secret part has to be
/// sealed. Made by [`crate::Form`], or from a store by [`Config::from_parts`].
#[derive(Debug, Clone, Default)]
pub struct Config {
    public: BTreeMap<String, FieldValue>,
    secret: BTreeMap<String, SecretText>,
}

impl Config {
    /// Puts together what was stored. Nothing is validated: it was when it was stored.
    pub const fn from_parts(
        public: BTreeMap<String, FieldValue>,
        secret: BTreeMap<String, SecretText>,
    ) -> Self {
        Self { public, secret }
    }

    /// The public part and the secret part.
    pub fn into_parts(self) -> (BTreeMap<String, FieldValue>, BTreeMap<String, SecretText>) {
        (self.public, self.secret)
    }

    /// The public values by field.
    pub const fn public(&self) -> &BTreeMap<String, FieldValue> {
        &self.public
    }

    /// The secret values by field.
    pub const fn secrets(&self) -> &BTreeMap<String, SecretText> {
        &self.secret
    }

    /// A public value.
    pub fn get(&self, field: &str) -> Option<&FieldValue> {
        self.public.get(field)
    }

    /// A public text.
    pub fn text(&self, field: &str) -> Option<&str> {
        match self.get(field)? {
            FieldValue::Text(text) => Some(text),
            FieldValue::Flag(_) | FieldValue::List(_) => None,
        }
    }

    /// A public switch.
    pub fn flag(&self, field: &str) -> Option<bool> {
        match self.get(field)? {
            FieldValue::Flag(flag) => Some(*flag),
            FieldValue::Text(_) | FieldValue::List(_) => None,
        }
    }

    /// A public list.
    pub fn list(&self, field: &str) -> Option<&[String]> {
        match self.get(field)? {
            FieldValue::List(list) => Some(list),
            FieldValue::Flag(_) | FieldValue::Text(_) => None,
        }
    }

    /// A secret.
    pub fn secret(&self, field: &str) -> Option<&SecretText> {
        self.secret.get(field)
    }

    /// The client id (RFC 6749, section 2.2). Every OAuth 2 provider's form has this field and requires it.
    pub fn client_id(&self) -> Option<&str> {
        self.text("client_id")
    }

    /// The client secret; a public client has none.
    pub fn client_secret(&self) -> Option<&SecretText> {
        self.secret("client_secret")
    }
}
