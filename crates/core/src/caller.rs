//! Callers: services with an API key, allowed some verbs on some connections. And operators, above tenants.

use crate::id::{CallerId, ConnectionId, IntegrationId, OperatorId, TenantId};
use crate::{SecretHash, Timestamp};
use serde::{Deserialize, Serialize};

/// What a caller may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CallerVerb {
    /// Take access tokens.
    Token,
    /// Refresh on demand, and make the sample call.
    Refresh,
    /// See connections, their state and attempts.
    Read,
    /// Make connect sessions and redeem their results; make users.
    Connect,
    /// Disconnect.
    Disconnect,
    /// Make, test, change and enable integrations.
    Integrations,
    /// Make and revoke callers with no more rights than its own.
    Callers,
    /// Read the tenant's audit log.
    Audit,
}

impl CallerVerb {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Token,
        Self::Refresh,
        Self::Read,
        Self::Connect,
        Self::Disconnect,
        Self::Integrations,
        Self::Callers,
        Self::Audit,
    ];

    /// The stable name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Token => "token",
            Self::Refresh => "refresh",
            Self::Read => "read",
            Self::Connect => "connect",
            Self::Disconnect => "disconnect",
            Self::Integrations => "integrations",
            Self::Callers => "callers",
            Self::Audit => "audit",
        }
    }

    /// The verb with this name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|verb| verb.as_str() == name)
    }
}

/// A caller, as it is stored. The key itself is nowhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// In which tenant it may act.
    pub tenant: TenantId,
    /// Its id.
    pub id: CallerId,
    /// What people call it; at most 200 characters.
    pub name: String,
    /// The keyed hash of its key.
    pub key_hash: SecretHash,
    /// The last four characters of its key, to tell it from others.
    pub key_hint: String,
    /// What it may do.
    pub verbs: Vec<CallerVerb>,
    /// On connections of which integrations; `None` is all of them.
    pub integrations: Option<Vec<IntegrationId>>,
    /// On which connections; `None` is all of them.
    pub connections: Option<Vec<ConnectionId>>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When its key stops working.
    pub expires_at: Timestamp,
    /// When it was revoked, if it was.
    pub revoked_at: Option<Timestamp>,
}

impl Caller {
    /// Whether the key works at `now`.
    pub fn is_live(&self, now: Timestamp) -> bool {
        self.revoked_at.is_none() && now < self.expires_at
    }

    /// Whether it may do this at all.
    pub fn may(&self, verb: CallerVerb) -> bool {
        self.verbs.contains(&verb)
    }

    /// Whether a connection of this integration is within its reach.
    pub fn reaches(&self, integration: IntegrationId, connection: ConnectionId) -> bool {
        self.reaches_integration(integration)
            && self
                .connections
                .as_ref()
                .is_none_or(|allowed| allowed.contains(&connection))
    }

    /// Whether an integration is within its reach.
    pub fn reaches_integration(&self, integration: IntegrationId) -> bool {
        self.integrations
            .as_ref()
            .is_none_or(|allowed| allowed.contains(&integration))
    }
}

/// An operator, as stored. The key itself is nowhere. Operators belong to the installation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Operator {
    /// The operator's id.
    pub id: OperatorId,
    /// What people call the operator; at most 200 characters.
    pub name: String,
    /// The keyed hash of the key.
    pub key_hash: SecretHash,
    /// The last four characters of the key.
    pub key_hint: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When the key stops working.
    pub expires_at: Timestamp,
    /// When it was revoked, if it was.
    pub revoked_at: Option<Timestamp>,
}

impl Operator {
    /// Whether the key works at `now`.
    pub fn is_live(&self, now: Timestamp) -> bool {
        self.revoked_at.is_none() && now < self.expires_at
    }
}

/// Who holds an API key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyHolder {
    /// A caller.
    Caller(Caller),
    /// An operator.
    Operator(Operator),
}
