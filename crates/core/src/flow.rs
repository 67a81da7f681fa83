//! Connect sessions and the flows that run in them.

use crate::id::{ConnectSessionId, ConnectionId, FlowId, TenantId, UserId};
use crate::integration::IntegrationRef;
use crate::{Sealed, SecretHash, Timestamp};

/// A short-lived, single-use invitation to authorise, made by a caller's back end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectSession {
    /// Whose it is.
    pub tenant: TenantId,
    /// Its id.
    pub id: ConnectSessionId,
    /// The keyed hash of the token in its link.
    pub token_hash: SecretHash,
    /// The integration to connect.
    pub integration: IntegrationRef,
    /// For which person, where one is named.
    pub user: Option<UserId>,
    /// The connection to authorise again, where one is named.
    pub connection: Option<ConnectionId>,
    /// Scopes to ask for; empty means the integration's own.
    pub scopes: Vec<String>,
    /// Where the browser goes afterwards, with the state of the user's page in it (requirement W6).
    pub return_to: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it can no longer be opened.
    pub expires_at: Timestamp,
    /// When it was opened, if it was: it opens once.
    pub opened_at: Option<Timestamp>,
}

/// One run of the authorization-code flow, bound to the browser that began it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flow {
    /// Whose it is.
    pub tenant: TenantId,
    /// Its id.
    pub id: FlowId,
    /// The connect session that it runs in.
    pub session: ConnectSessionId,
    /// The integration; the callback must come to its own redirect URI.
    pub integration: IntegrationRef,
    /// The keyed hash of `state`.
    pub state_hash: SecretHash,
    /// The keyed hash of what lies in the browser's cookie.
    pub browser_hash: SecretHash,
    /// PKCE verifier, nonce and the like: JSON, sealed.
    pub secrets: Sealed,
    /// The redirect URI that was sent, to the letter.
    pub redirect_uri: String,
    /// The issuer that the browser was sent to; its answer must come from there.
    pub issuer: Option<String>,
    /// The scopes that were asked for.
    pub scopes: Vec<String>,
    /// When it began.
    pub created_at: Timestamp,
    /// When the callback comes too late.
    pub expires_at: Timestamp,
    /// When the callback came, if it did: once.
    pub consumed_at: Option<Timestamp>,
    /// How it ended, if it has.
    pub result: Option<FlowResult>,
}

/// How a flow ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FlowResult {
    /// The pending connection.
    pub connection: ConnectionId,
    /// The keyed hash of the one-time result.
    pub result_hash: SecretHash,
    /// When it can no longer be redeemed.
    pub expires_at: Timestamp,
    /// When it was redeemed, if it was: once.
    pub redeemed_at: Option<Timestamp>,
}
