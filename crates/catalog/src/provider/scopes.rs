//! Scopes.

use crate::config::Config;
use serde::Deserialize;

/// Scopes and how they are written.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Scopes {
    /// What stands between two scopes.
    pub separator: String,
    /// The name of the parameter (RFC 6749, section 3.3: `scope`).
    pub parameter: String,
    /// Asked for when the integration names none.
    pub default: Vec<String>,
    /// Asked for always, before the others.
    pub required: Vec<String>,
    /// The field in which the integration names its scopes.
    pub field: String,
}

impl Scopes {
    /// What is asked for: the required ones, then the integration's or else the default ones, each once.
    pub fn requested(&self, config: &Config) -> Vec<String> {
        let chosen = config
            .list(&self.field)
            .filter(|list| !list.is_empty())
            .unwrap_or(&self.default);
        let mut scopes = Vec::with_capacity(self.required.len() + chosen.len());
        for scope in self.required.iter().chain(chosen) {
            if !scopes.contains(scope) {
                scopes.push(scope.clone());
            }
        }
        scopes
    }

    /// Scopes as one parameter value.
    pub fn join(&self, scopes: &[String]) -> String {
        scopes.join(&self.separator)
    }

    /// The scopes in a provider's answer. Besides this provider's separator, spaces and commas separate, because
    /// GitHub asks with one and answers with the other.
    pub fn split(&self, text: &str) -> Vec<String> {
        text.replace(&self.separator, " ")
            .split([' ', ','])
            .filter(|scope| !scope.is_empty())
            .map(str::to_owned)
            .collect()
    }
}

impl Default for Scopes {
    fn default() -> Self {
        Self {
            separator: " ".to_owned(),
            parameter: "scope".to_owned(),
            default: Vec::new(),
            required: Vec::new(),
            field: "scopes".to_owned(),
        }
    }
}
