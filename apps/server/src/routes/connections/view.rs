//! How connections and attempts are told.

use super::StateName;
use crate::problem::ProblemReason;
use crate::routes::providers::CapabilitiesView;
use coffer_core::Timestamp;
use coffer_core::connection::{Attempt, AttemptKind, AttemptOutcome, ConnectionState, Revocation};
use coffer_core::rotation::RotationClass;
use coffer_wallet::{Account, ConnectionStatus};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// A connection. No token is in it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ConnectionView {
    /// Its id. It stays the same when the same account is connected again.
    id: Uuid,
    /// The person who authorised it.
    user: Option<Uuid>,
    /// The integration.
    integration: Uuid,
    /// The catalogue entry.
    #[schema(example = "google")]
    provider: String,
    /// Where it stands.
    #[schema(value_type = StateName)]
    state: ConnectionState,
    /// Why.
    reason: Option<ProblemReason>,
    /// What to do next, where there is something to do.
    next_action: Option<&'static str>,
    /// Whose account it is, as far as the provider tells.
    account: Option<AccountView>,
    /// The scopes that were granted.
    scopes: Vec<String>,
    /// Scopes that were asked for and not granted.
    scopes_missing: Vec<String>,
    /// How often its tokens were replaced.
    generation: u64,
    /// How the provider treats its refresh token.
    #[schema(value_type = String, example = "single_use_family")]
    rotation: RotationClass,
    /// Whether there is a refresh token.
    refreshable: bool,
    /// When the access token dies; `null`: it does not expire, or there is none.
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_at: Option<Timestamp>,
    /// When the refresh token dies, where known.
    #[schema(value_type = Option<String>, format = DateTime)]
    refresh_expires_at: Option<Timestamp>,
    /// When the tokens were last replaced.
    #[schema(value_type = Option<String>, format = DateTime)]
    refreshed_at: Option<Timestamp>,
    /// When the next refresh is due.
    #[schema(value_type = Option<String>, format = DateTime)]
    due_at: Option<Timestamp>,
    /// No refresh before this time.
    #[schema(value_type = Option<String>, format = DateTime)]
    not_before: Option<Timestamp>,
    /// How far the revocation at the provider is: `none`, `requested`, `done`, `unsupported` or `failed`.
    #[schema(value_type = String, example = "none")]
    revocation: Revocation,
    /// What works with it.
    capabilities: Option<CapabilitiesView>,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// When it was last changed.
    #[schema(value_type = String, format = DateTime)]
    updated_at: Timestamp,
}

/// An account at a provider, as far as the provider tells.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AccountView {
    /// Who vouches for `subject`.
    issuer: Option<String>,
    /// The provider's own unchanging id of the account.
    subject: Option<String>,
    /// The e-mail address.
    email: Option<String>,
    /// Whether the provider says that it has verified the address.
    email_verified: Option<bool>,
    /// The name for people.
    name: Option<String>,
}

impl From<Account> for AccountView {
    fn from(account: Account) -> Self {
        Self {
            issuer: account.issuer,
            subject: account.subject,
            email: account.email,
            email_verified: account.email_verified,
            name: account.name,
        }
    }
}

impl From<ConnectionStatus> for ConnectionView {
    fn from(status: ConnectionStatus) -> Self {
        Self {
            id: status.id.uuid(),
            user: status.user.map(|id| id.uuid()),
            integration: status.integration.uuid(),
            provider: status.provider,
            state: status.state,
            reason: status.reason.as_ref().map(ProblemReason::from),
            next_action: status.next_action,
            account: status.account.map(AccountView::from),
            scopes: status.scopes,
            scopes_missing: status.scopes_missing,
            generation: status.generation,
            rotation: status.rotation,
            refreshable: status.refreshable,
            expires_at: status.expires_at,
            refresh_expires_at: status.refresh_expires_at,
            refreshed_at: status.refreshed_at,
            due_at: status.due_at,
            not_before: status.not_before,
            revocation: status.revocation,
            capabilities: status.capabilities.map(CapabilitiesView::from),
            created_at: status.created_at,
            updated_at: status.updated_at,
        }
    }
}

/// One try at a provider.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AttemptView {
    /// Its id.
    id: Uuid,
    /// `exchange`, `refresh` or `revoke`.
    #[schema(value_type = String, example = "refresh")]
    kind: AttemptKind,
    /// The generation of the token that was presented.
    generation: u64,
    /// When it began.
    #[schema(value_type = String, format = DateTime)]
    started_at: Timestamp,
    /// `succeeded`, `refused`, `failed`, `ambiguous` or `fenced`; `null` while it is under way, or was cut short.
    #[schema(value_type = Option<String>, example = "succeeded")]
    outcome: Option<AttemptOutcome>,
    /// Why, where it did not succeed.
    reason: Option<ProblemReason>,
    /// When it ended.
    #[schema(value_type = Option<String>, format = DateTime)]
    finished_at: Option<Timestamp>,
}

impl From<Attempt> for AttemptView {
    fn from(attempt: Attempt) -> Self {
        Self {
            id: attempt.id.uuid(),
            kind: attempt.kind,
            generation: attempt.generation,
            started_at: attempt.started_at,
            outcome: attempt.outcome,
            reason: attempt.reason.as_ref().map(ProblemReason::from),
            finished_at: attempt.finished_at,
        }
    }
}
