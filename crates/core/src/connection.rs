//! Connections: one authorised account of one tenant at one provider, with its credential slots.

pub use crate::attempt::{Attempt, AttemptKind, AttemptOutcome};
use crate::failure::FailureCode;
use crate::id::{ConnectionId, ReplicaId, SlotId, TenantId, UserId};
use crate::integration::{IntegrationRef, IntegrationState};
use crate::rotation::RotationClass;
use crate::{Fingerprint, Sealed, Timestamp};
use serde::{Deserialize, Serialize};

/// The audience of the access token that a provider gives when none is asked for.
pub const DEFAULT_AUDIENCE: &str = "";

/// The name of the slot that every connection has.
pub const DEFAULT_SLOT: &str = "default";

/// Where a connection stands: the same words in code, API, events and pages (docs/architecture.md, words).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ConnectionState {
    /// Authorised, but the one-time result was not yet redeemed: nothing is served.
    Pending,
    /// In order.
    Fresh,
    /// A refresh is under way. Never stored: it is what a live lease means.
    Refreshing,
    /// The last refresh failed for a passing reason; it is tried again.
    BackingOff,
    /// A person has to consent again.
    ConsentRequired,
    /// The provider refuses the integration's client; no user's grant is at fault.
    IntegrationBlocked,
    /// The provider has not answered properly for a while.
    ProviderUnavailable,
    /// It is not known whether the refresh token that is held still lives, and trying might kill it.
    Quarantined,
    /// Disconnected. Nothing is served any more.
    Revoked,
}

impl ConnectionState {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::Pending,
        Self::Fresh,
        Self::Refreshing,
        Self::BackingOff,
        Self::ConsentRequired,
        Self::IntegrationBlocked,
        Self::ProviderUnavailable,
        Self::Quarantined,
        Self::Revoked,
    ];

    /// The stable name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Fresh => "fresh",
            Self::Refreshing => "refreshing",
            Self::BackingOff => "backing_off",
            Self::ConsentRequired => "consent_required",
            Self::IntegrationBlocked => "integration_blocked",
            Self::ProviderUnavailable => "provider_unavailable",
            Self::Quarantined => "quarantined",
            Self::Revoked => "revoked",
        }
    }

    /// The state with this name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == name)
    }
}

/// What the provider last said, cleaned, and what it means.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reason {
    /// The taxonomy's word for it.
    pub code: FailureCode,
    /// The provider's own error code, cleaned: at most 64 printable ASCII characters.
    pub provider_code: Option<String>,
    /// What to tell a person: what happened, and what to do. At most 500 characters, nothing secret.
    pub message: String,
    /// When it happened.
    pub at: Timestamp,
}

/// How far the revocation at the provider is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Revocation {
    /// Nobody asked for it.
    None,
    /// Asked for; not yet done at the provider.
    Requested,
    /// Done at the provider.
    Done,
    /// The provider has no way to revoke: its tokens die when they expire.
    Unsupported,
    /// The provider refused or did not answer; the sealed tokens are kept so that it can be tried again.
    Failed,
}

impl Revocation {
    const ALL: [Self; 5] = [
        Self::None,
        Self::Requested,
        Self::Done,
        Self::Unsupported,
        Self::Failed,
    ];

    /// The stable name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Requested => "requested",
            Self::Done => "done",
            Self::Unsupported => "unsupported",
            Self::Failed => "failed",
        }
    }

    /// The value with this name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|value| value.as_str() == name)
    }
}

/// A connection as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Connection {
    /// Whose it is.
    pub tenant: TenantId,
    /// Its id. It stays the same when the same account is connected again.
    pub id: ConnectionId,
    /// The person who authorised it, where one did.
    pub user: Option<UserId>,
    /// The integration that it uses.
    pub integration: IntegrationRef,
    /// The catalogue entry.
    pub provider: String,
    /// The stored state; [`ConnectionView`] has the one to show.
    pub state: ConnectionState,
    /// Why it is in that state, where there is more to say.
    pub reason: Option<Reason>,
    /// How far the revocation at the provider is.
    pub revocation: Revocation,
    /// The blind index of (issuer, subject) of the account, where the provider tells it.
    pub subject: Option<Fingerprint>,
    /// Who the account is (e-mail, name and so on): JSON, sealed.
    pub identity: Option<Sealed>,
    /// The scopes that were granted, in the order in which the provider gave them.
    pub scopes: Vec<String>,
    /// Scopes that were asked for and not granted.
    pub scopes_missing: Vec<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// A credential slot: one refresh token with its class, generation and lease.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slot {
    /// Whose it is.
    pub tenant: TenantId,
    /// Its id.
    pub id: SlotId,
    /// Its connection.
    pub connection: ConnectionId,
    /// Its name within the connection: [`DEFAULT_SLOT`], unless the provider gives several refresh tokens.
    pub name: String,
    /// How the provider treats the refresh token.
    pub class: RotationClass,
    /// The refresh token, sealed at `generation`. `None`: the provider gave none.
    pub refresh: Option<Sealed>,
    /// How often the tokens were replaced; it only grows.
    pub generation: u64,
    /// When the refresh token dies, where the provider tells.
    pub refresh_expires_at: Option<Timestamp>,
    /// When the tokens were last replaced.
    pub refreshed_at: Timestamp,
    /// When a refresh is due; `None` where there is nothing to refresh.
    pub due_at: Option<Timestamp>,
    /// How many refreshes failed in a row.
    pub failures: u32,
    /// No refresh before this time, by back-off or by the provider's word.
    pub not_before: Option<Timestamp>,
    /// Grows with every lease.
    pub epoch: u64,
    /// Who holds the lease, and until when by the database's clock, where one was given.
    pub lease: Option<Lease>,
    /// How many attempts at this generation ended without a known outcome.
    pub ambiguous: u32,
}

/// The sole right to refresh a slot for a while.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lease {
    /// The replica that holds it.
    pub owner: ReplicaId,
    /// Until when, by the database's clock.
    pub until: Timestamp,
}

/// An access token as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessToken {
    /// The row's id: new with every token, and part of what is authenticated.
    pub id: uuid::Uuid,
    /// Its slot.
    pub slot: SlotId,
    /// For whom it is; [`DEFAULT_AUDIENCE`] where none was asked for.
    pub audience: String,
    /// The token, sealed at `generation`.
    pub token: Sealed,
    /// The slot's generation when it was issued.
    pub generation: u64,
    /// How it is presented, as the provider wrote it: `Bearer` mostly.
    pub token_type: String,
    /// When it was issued.
    pub issued_at: Timestamp,
    /// When it dies; `None`: it does not expire.
    pub expires_at: Option<Timestamp>,
}

/// What one look at a connection needs: everything but the tokens' bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectionView {
    /// The connection.
    pub connection: Connection,
    /// Its slots.
    pub slots: Vec<Slot>,
    /// Its access tokens.
    pub tokens: Vec<AccessToken>,
    /// Where its integration stands.
    pub integration_state: IntegrationState,
    /// Whether a lease lives, by the database's clock.
    pub leased: bool,
}

impl ConnectionView {
    /// The state to show: the stored one, overruled by a blocked integration and by a refresh that is under way.
    pub fn state(&self) -> ConnectionState {
        effective_state(self.connection.state, self.integration_state, self.leased)
    }
}

/// What a token read needs, in one row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenView {
    /// The integration, which a caller's reach is checked against.
    pub integration: IntegrationRef,
    /// The catalogue entry.
    pub provider: String,
    /// The connection's stored state.
    pub state: ConnectionState,
    /// Where its integration stands.
    pub integration_state: IntegrationState,
    /// Why it is in that state.
    pub reason: Option<Reason>,
    /// The scopes that were granted.
    pub scopes: Vec<String>,
    /// The slot.
    pub slot: SlotId,
    /// Whether there is a refresh token.
    pub refreshable: bool,
    /// The slot's generation.
    pub generation: u64,
    /// When the refresh token dies, where known.
    pub refresh_expires_at: Option<Timestamp>,
    /// No refresh before this time.
    pub not_before: Option<Timestamp>,
    /// The access token, if there is one for the audience.
    pub access: Option<AccessToken>,
}

/// The state to show of a connection.
pub fn effective_state(
    stored: ConnectionState,
    integration: IntegrationState,
    leased: bool,
) -> ConnectionState {
    match stored {
        ConnectionState::Fresh
        | ConnectionState::Refreshing
        | ConnectionState::BackingOff
        | ConnectionState::ProviderUnavailable => {
            if integration == IntegrationState::Blocked {
                ConnectionState::IntegrationBlocked
            } else if leased {
                ConnectionState::Refreshing
            } else {
                stored
            }
        }
        ConnectionState::Pending
        | ConnectionState::ConsentRequired
        | ConnectionState::IntegrationBlocked
        | ConnectionState::Quarantined
        | ConnectionState::Revoked => stored,
    }
}
