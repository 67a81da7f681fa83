use serde::{Deserialize, Serialize};

/// A person at the simulated provider, who can be chosen on the consent page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Account {
    /// The name by which the account is chosen: `alice`.
    pub username: String,
    /// The provider's subject; it never changes (OIDC Core, section 2, `sub`).
    pub sub: String,
    /// The name to show.
    pub name: String,
    /// The address.
    pub email: String,
}

impl Account {
    /// An account whose `sub` and address follow from its user name.
    pub fn named(username: &str, name: &str) -> Self {
        Self {
            username: username.to_owned(),
            sub: format!("sim-{username}"),
            name: name.to_owned(),
            email: format!("{username}@example.com"),
        }
    }

    /// The people that every simulated provider starts with.
    pub fn defaults() -> Vec<Self> {
        vec![
            Self::named("alice", "Alice Example"),
            Self::named("bob", "Bob Example"),
            Self::named("carol", "Carol Example"),
        ]
    }
}
