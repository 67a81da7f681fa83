//! Looking at connections: state, reason, and what to do next.

use crate::account::Account;
use crate::caller::Principal;
use crate::error::{WalletError, failure_hint};
use crate::wallet::{Inner, Wallet};
use coffer_catalog::provider::capability::Capabilities;
use coffer_core::caller::CallerVerb;
use coffer_core::connection::{
    Attempt, Connection, ConnectionState, ConnectionView, DEFAULT_AUDIENCE, Reason, Revocation,
};
use coffer_core::id::{ConnectionId, IntegrationId, UserId};
use coffer_core::page::{Page, PageRequest};
use coffer_core::ports::ConnectionFilter;
use coffer_core::rotation::RotationClass;
use coffer_core::{TenantScope, Timestamp};

/// A connection as people and services see it. No token is in it.
#[derive(Debug, Clone)]
pub struct ConnectionStatus {
    /// Its id.
    pub id: ConnectionId,
    /// The person who authorised it, where one did.
    pub user: Option<UserId>,
    /// The integration.
    pub integration: IntegrationId,
    /// The catalogue entry.
    pub provider: String,
    /// Where it stands.
    pub state: ConnectionState,
    /// Why.
    pub reason: Option<Reason>,
    /// What to do next, where there is something to do.
    pub next_action: Option<&'static str>,
    /// Whose account it is, as far as the provider tells.
    pub account: Option<Account>,
    /// The scopes that were granted.
    pub scopes: Vec<String>,
    /// Scopes that were asked for and not granted (OA-C16).
    pub scopes_missing: Vec<String>,
    /// How often its tokens were replaced.
    pub generation: u64,
    /// How the provider treats its refresh token.
    pub rotation: RotationClass,
    /// Whether there is a refresh token.
    pub refreshable: bool,
    /// When the access token dies; `None`: it does not expire, or there is none.
    pub expires_at: Option<Timestamp>,
    /// When the refresh token dies, where known.
    pub refresh_expires_at: Option<Timestamp>,
    /// When the tokens were last replaced.
    pub refreshed_at: Option<Timestamp>,
    /// When the next refresh is due.
    pub due_at: Option<Timestamp>,
    /// No refresh before this time.
    pub not_before: Option<Timestamp>,
    /// How far the revocation at the provider is.
    pub revocation: Revocation,
    /// What works with it (requirement P23).
    pub capabilities: Option<Capabilities>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

impl Wallet {
    /// A connection that the caller reaches.
    ///
    /// # Errors
    /// [`WalletError::NotFound`].
    pub async fn connection(
        &self,
        principal: &Principal,
        id: ConnectionId,
    ) -> Result<ConnectionStatus, WalletError> {
        let scope = principal.scope_for(CallerVerb::Read)?;
        let view = self.inner.reachable_connection(principal, &scope, id).await?;
        self.inner.status_of(view).await
    }

    /// The connections that the caller reaches, oldest first. A page may be shorter than asked for where the caller
    /// reaches only some of them.
    ///
    /// # Errors
    /// The store's, and those of the key ring.
    pub async fn connections(
        &self,
        principal: &Principal,
        filter: &ConnectionFilter,
        page: PageRequest,
    ) -> Result<Page<ConnectionStatus>, WalletError> {
        let scope = principal.scope_for(CallerVerb::Read)?;
        let found = self.inner.stores.connections.list(&scope, filter, page).await?;
        let mut items = Vec::with_capacity(found.items.len());
        for view in found.items {
            if principal.reaches(view.connection.integration.id, view.connection.id) {
                items.push(self.inner.status_of(view).await?);
            }
        }
        Ok(Page {
            items,
            next: found.next,
        })
    }

    /// What was tried at the provider for a connection, newest first (requirement F6).
    ///
    /// # Errors
    /// [`WalletError::NotFound`].
    pub async fn attempts(
        &self,
        principal: &Principal,
        id: ConnectionId,
        page: PageRequest,
    ) -> Result<Page<Attempt>, WalletError> {
        let scope = principal.scope_for(CallerVerb::Read)?;
        self.inner.reachable_connection(principal, &scope, id).await?;
        Ok(self.inner.stores.connections.attempts(&scope, id, page).await?)
    }
}

impl Inner {
    pub(crate) async fn reachable_connection(
        &self,
        principal: &Principal,
        scope: &TenantScope,
        id: ConnectionId,
    ) -> Result<ConnectionView, WalletError> {
        let view = self.stores.connections.find(scope, id).await?;
        view.filter(|view| principal.reaches(view.connection.integration.id, id))
            .ok_or(WalletError::NotFound("connection"))
    }

    pub(crate) async fn status_of(&self, view: ConnectionView) -> Result<ConnectionStatus, WalletError> {
        let account = self.open_account(&view.connection).await?;
        let state = view.state();
        let slot = view
            .slots
            .iter()
            .find(|slot| slot.name == "default")
            .or(view.slots.first());
        let token = view
            .tokens
            .iter()
            .find(|token| token.audience == DEFAULT_AUDIENCE);
        let Connection {
            id,
            user,
            integration,
            reason,
            revocation,
            scopes,
            scopes_missing,
            ..
        } = view.connection;
        Ok(ConnectionStatus {
            id,
            user,
            integration: integration.id,
            state,
            next_action: next_action(state, reason.as_ref()),
            reason,
            account,
            scopes,
            scopes_missing,
            generation: slot.map_or(0, |slot| slot.generation),
            rotation: slot.map_or(RotationClass::default(), |slot| slot.class),
            refreshable: slot.is_some_and(|slot| slot.refresh.is_some()),
            expires_at: token.and_then(|token| token.expires_at),
            refresh_expires_at: slot.and_then(|slot| slot.refresh_expires_at),
            refreshed_at: slot.map(|slot| slot.refreshed_at),
            due_at: slot.and_then(|slot| slot.due_at),
            not_before: slot.and_then(|slot| slot.not_before),
            revocation,
            capabilities: self
                .providers
                .get(&view.connection.provider)
                .map(|provider| provider.capabilities()),
            provider: view.connection.provider,
            created_at: view.connection.created_at,
            updated_at: view.connection.updated_at,
        })
    }
}

/// What a person or a caller does next (docs/architecture.md, words).
fn next_action(state: ConnectionState, reason: Option<&Reason>) -> Option<&'static str> {
    match state {
        ConnectionState::Fresh | ConnectionState::Refreshing => None,
        ConnectionState::Pending => Some("Redeem the one-time result that came back with the browser."),
        ConnectionState::BackingOff | ConnectionState::ProviderUnavailable => {
            Some(reason.map_or("Nothing: it is tried again.", |reason| failure_hint(reason.code)))
        }
        ConnectionState::ConsentRequired | ConnectionState::Quarantined => Some(
            "Make a connect session for this connection and send the user to its link; the connection keeps its id.",
        ),
        ConnectionState::IntegrationBlocked => {
            Some("Correct the integration's client id or secret, then enable it again.")
        }
        ConnectionState::Revoked => Some("Make a connect session to connect the account again."),
    }
}
