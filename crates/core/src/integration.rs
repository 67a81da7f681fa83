//! Integrations: a provider configured with a client id and secret, for one tenant or for all.

use crate::connection::Reason;
use crate::id::{IntegrationId, TenantId};
use crate::{Sealed, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Where an integration stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IntegrationState {
    /// Not yet in use: it can be changed and tested.
    Draft,
    /// In use.
    Enabled,
    /// No new connections; existing ones go on.
    Disabled,
    /// The provider refused its client (`invalid_client`): its connections are not refreshed until it is mended.
    Blocked,
}

impl IntegrationState {
    const ALL: [Self; 4] = [Self::Draft, Self::Enabled, Self::Disabled, Self::Blocked];

    /// The stable name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Enabled => "enabled",
            Self::Disabled => "disabled",
            Self::Blocked => "blocked",
        }
    }

    /// The state with this name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == name)
    }
}

/// Which integration a connection uses: its own tenant's, or one that the installation shares.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct IntegrationRef {
    /// The tenant that owns it; [`TenantId::INSTALLATION`] for a shared one.
    pub owner: TenantId,
    /// Its id.
    pub id: IntegrationId,
}

/// An integration as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Integration {
    /// The tenant that owns it; [`TenantId::INSTALLATION`] for one that all tenants may use.
    pub owner: TenantId,
    /// Its id.
    pub id: IntegrationId,
    /// The catalogue entry: `google`, `generic-oidc` and so on.
    pub provider: String,
    /// What people call it; at most 200 characters.
    pub name: String,
    /// Where it stands.
    pub state: IntegrationState,
    /// Why, where the provider is why: set while it is blocked.
    pub reason: Option<Reason>,
    /// The fields that are not secret, by name, as the catalogue's schema has them.
    pub config: BTreeMap<String, serde_json::Value>,
    /// The secret fields: a JSON object of texts, sealed. `None` where the provider has none.
    pub secrets: Option<Sealed>,
    /// Which secret fields are set, with the last four characters at most: what a person may see of them.
    pub secret_hints: BTreeMap<String, String>,
    /// When the secret fields were last written.
    pub secrets_set_at: Option<Timestamp>,
    /// Grows by one with every change; also the generation of the sealed fields.
    pub version: u64,
    /// What the last connectivity test said.
    pub last_test: Option<TestReport>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

impl Integration {
    /// How a connection refers to it.
    pub fn reference(&self) -> IntegrationRef {
        IntegrationRef {
            owner: self.owner,
            id: self.id,
        }
    }
}

/// What a connectivity test found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TestReport {
    /// When it was made.
    pub at: Timestamp,
    /// Whether every check passed.
    pub ok: bool,
    /// The checks, in the order in which they were made.
    pub checks: Vec<TestCheck>,
}

/// One check of a connectivity test.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TestCheck {
    /// What was checked: `discovery`, `token_endpoint`, and the like.
    pub name: String,
    /// Whether it passed.
    pub ok: bool,
    /// The configuration field at fault, where one is.
    pub field: Option<String>,
    /// What was found, and what to do.
    pub message: String,
}
