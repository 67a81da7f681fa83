//! The name of a provider in URLs, files and the database.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// A provider's id: 1 to 63 lower-case letters, digits and inner hyphens, starting with a letter.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ProviderId(String);

/// A text that is not a provider's id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "not a provider id: write 1 to 63 lower-case letters, digits and inner hyphens, such as generic-oidc"
)]
pub struct ProviderIdError;

impl ProviderId {
    /// The text form.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for ProviderId {
    type Err = ProviderIdError;
    fn from_str(text: &str) -> Result<Self, ProviderIdError> {
        let known = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if text.len() <= 63
            && text.starts_with(|c: char| c.is_ascii_lowercase())
            && !text.ends_with('-')
            && text.chars().all(known)
        {
            Ok(Self(text.to_owned()))
        } else {
            Err(ProviderIdError)
        }
    }
}

impl TryFrom<String> for ProviderId {
    type Error = ProviderIdError;
    fn try_from(text: String) -> Result<Self, ProviderIdError> {
        text.parse()
    }
}

impl From<ProviderId> for String {
    fn from(id: ProviderId) -> Self {
        id.0
    }
}

impl fmt::Display for ProviderId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_short_lower_case_names() {
        assert_eq!(
            "generic-oidc".parse::<ProviderId>().unwrap().as_str(),
            "generic-oidc"
        );
        for text in ["", "Google", "a_b", "-a", "a-", "1a", "a/b", &"a".repeat(64)] {
            assert_eq!(text.parse::<ProviderId>(), Err(ProviderIdError), "{text}");
        }
    }
}
