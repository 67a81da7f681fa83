//! How an access token is presented to the provider's API.

use crate::template::ValueTemplate;
use serde::Deserialize;
use std::collections::BTreeMap;

/// The header that carries the access token, and those that go with it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Api {
    /// The header's name.
    pub header: String,
    /// The scheme before the token: `Bearer` (RFC 6750, section 2.1), `token`, `Zoho-oauthtoken`. Empty: the bare
    /// token.
    pub scheme: String,
    /// Further headers of every call. One whose variable is not set is left out.
    pub headers: BTreeMap<String, ValueTemplate>,
}

impl Api {
    /// What stands before the token in the header: the scheme and a space, or nothing.
    pub fn prefix(&self) -> String {
        if self.scheme.is_empty() {
            String::new()
        } else {
            format!("{} ", self.scheme)
        }
    }
}

impl Default for Api {
    fn default() -> Self {
        Self {
            header: "Authorization".to_owned(),
            scheme: "Bearer".to_owned(),
            headers: BTreeMap::new(),
        }
    }
}
