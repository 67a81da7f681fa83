//! Handing out access tokens: what lives is served at once, what does not is refreshed first (requirement W5).

use crate::caller::Principal;
use crate::cells;
use crate::error::WalletError;
use crate::integration::told_reason;
use crate::refresh::decide::{self, Read, Refusal};
use crate::refresh::{Errand, Landing, landing_of};
use crate::wallet::{Inner, Wallet};
use coffer_core::actor::Asker;
use coffer_core::caller::CallerVerb;
use coffer_core::connection::{AccessToken, DEFAULT_AUDIENCE, Reason, TokenView};
use coffer_core::id::{ConnectionId, IntegrationId};
use coffer_core::{SecretText, TenantScope, Timestamp};
use std::time::Duration;
use tokio::time::Instant;

/// How many refreshes one request waits for: its own, one that was under way for somebody who had seen less, and one
/// more. A provider is not asked over and over for one request.
const MOST_FLIGHTS: usize = 3;

/// What a caller wants of a token.
#[derive(Debug, Clone, Copy, Default)]
pub struct TokenRequest {
    /// How much longer the token must live; [`crate::Settings::min_ttl`] where it is not said.
    pub min_ttl: Option<Duration>,
}

/// A token, and what whoever uses it needs to know.
#[derive(Debug)]
pub struct TokenGrant {
    /// The access token.
    pub access_token: SecretText,
    /// How to present it, as the provider wrote it.
    pub token_type: String,
    /// When it dies; `None`: it does not expire.
    pub expires_at: Option<Timestamp>,
    /// How often the connection's tokens were replaced. A token of a higher generation takes the place of one of a
    /// lower.
    pub generation: u64,
    /// The scopes that were granted.
    pub scopes: Vec<String>,
    /// The catalogue entry.
    pub provider: String,
    /// The remaining life that was asked for, cut to what this provider's tokens can have.
    pub min_ttl: Duration,
    /// Whether it had to be cut.
    pub min_ttl_capped: bool,
}

impl Wallet {
    /// A token of a connection with enough life left. It never waits where the one that is there will do; otherwise
    /// the connection is refreshed, by one server and once, whoever asks. Where it cannot be refreshed now, a token
    /// that lives is served although it has less life than was asked for: `expires_at` says how much.
    ///
    /// # Errors
    /// [`WalletError::NotFound`] for a connection that is not there for this caller; [`WalletError::Connection`] where
    /// a person has to act; [`WalletError::Later`] where waiting helps.
    pub async fn token(
        &self,
        principal: &Principal,
        asker: &Asker,
        connection: ConnectionId,
        request: TokenRequest,
    ) -> Result<TokenGrant, WalletError> {
        self.serve(principal, asker, connection, request, CallerVerb::Token, false)
            .await
    }

    /// Refreshes a connection whatever the age of its token, and gives the new one.
    ///
    /// # Errors
    /// As [`Wallet::token`].
    pub async fn refresh(
        &self,
        principal: &Principal,
        asker: &Asker,
        connection: ConnectionId,
    ) -> Result<TokenGrant, WalletError> {
        self.serve(
            principal,
            asker,
            connection,
            TokenRequest::default(),
            CallerVerb::Refresh,
            true,
        )
        .await
    }

    pub(crate) async fn serve(
        &self,
        principal: &Principal,
        asker: &Asker,
        connection: ConnectionId,
        request: TokenRequest,
        verb: CallerVerb,
        force: bool,
    ) -> Result<TokenGrant, WalletError> {
        let inner = &self.inner;
        let scope = principal.scope_for(verb)?;
        let view = inner.reachable_view(principal, &scope, connection).await?;
        let wanted = request.min_ttl.unwrap_or(inner.settings.min_ttl);
        let min_age = inner.min_age(&view);
        match decide::read(&view, inner.now(), wanted, force, min_age) {
            Read::Serve => inner.grant(&scope, &view, wanted).await,
            Read::Wait(until) => Err(inner.waiting(&view, until)),
            Read::Refuse(refusal) => Err(inner.refused(&scope, refusal, view).await),
            Read::Refresh => {
                let errand = Errand {
                    asker: asker.clone(),
                    connection,
                    seen: view,
                };
                inner.refreshed(&scope, errand, wanted, force, min_age).await
            }
        }
    }
}

impl Inner {
    /// What a token read needs, of a connection that this caller reaches. One that it does not reach is not found.
    pub(crate) async fn reachable_view(
        &self,
        principal: &Principal,
        scope: &TenantScope,
        connection: ConnectionId,
    ) -> Result<TokenView, WalletError> {
        let view = self
            .stores
            .connections
            .token_view(scope, connection, DEFAULT_AUDIENCE)
            .await?;
        view.filter(|view| principal.reaches(view.integration.id, connection))
            .ok_or(WalletError::NotFound("connection"))
    }

    /// Waits for a refresh, as long as a caller waits, and serves what it brought.
    async fn refreshed(
        self: &std::sync::Arc<Self>,
        scope: &TenantScope,
        mut errand: Errand,
        wanted: Duration,
        force: bool,
        min_age: Duration,
    ) -> Result<TokenGrant, WalletError> {
        let deadline = Instant::now() + self.settings.caller_wait;
        let (first, connection) = (errand.seen.generation, errand.connection);
        for _ in 0..MOST_FLIGHTS {
            let landing = match self.check_draining() {
                Ok(()) => {
                    let left = deadline.saturating_duration_since(Instant::now());
                    self.refresh(errand.clone()).wait(left).await
                }
                Err(error) => Some(landing_of(&error)),
            };
            let view = self
                .stores
                .connections
                .token_view(scope, connection, DEFAULT_AUDIENCE)
                .await?;
            let view = view.ok_or(WalletError::NotFound("connection"))?;
            let renewed = view.generation > first;
            let alive = decide::serves(&view, self.now(), Duration::ZERO);
            match decide::read(&view, self.now(), wanted, force && !renewed, min_age) {
                Read::Serve => return self.grant(scope, &view, wanted).await,
                Read::Refuse(refusal) => return Err(self.refused(scope, refusal, view).await),
                Read::Wait(until) => return Err(self.waiting(&view, until)),
                Read::Refresh if renewed && alive => return self.grant(scope, &view, wanted).await,
                Read::Refresh => {}
            }
            let why = match landing {
                Some(Landing::Done) => {
                    errand.seen = view;
                    continue;
                }
                Some(Landing::Later { code, message, after }) => WalletError::Later { code, message, after },
                None => in_progress(),
            };
            // A token that lives is better than none, unless it is the one that shall be replaced.
            return if alive && !force {
                self.grant(scope, &view, wanted).await
            } else {
                Err(why)
            };
        }
        Err(in_progress())
    }

    /// How old the provider likes a token to be before it is asked for another. Of a provider whose file is gone nothing
    /// is known, and nothing is needed to serve a token that lives.
    fn min_age(&self, view: &TokenView) -> Duration {
        let provider = self.providers.get(&view.provider);
        let secs = provider.map_or(0, |provider| provider.lifetime.minimum_age_seconds);
        Duration::from_secs(secs.into())
    }

    async fn grant(
        &self,
        scope: &TenantScope,
        view: &TokenView,
        wanted: Duration,
    ) -> Result<TokenGrant, WalletError> {
        let token = view
            .access
            .as_ref()
            .ok_or(WalletError::Internal("there is no token to serve"))?;
        let min_ttl = decide::capped_min_ttl(wanted, token.issued_at, token.expires_at);
        Ok(TokenGrant {
            access_token: self.open_access(scope, token).await?,
            token_type: token.token_type.clone(),
            expires_at: token.expires_at,
            generation: token.generation,
            scopes: view.scopes.clone(),
            provider: view.provider.clone(),
            min_ttl,
            min_ttl_capped: min_ttl < wanted,
        })
    }

    pub(crate) async fn open_access(
        &self,
        scope: &TenantScope,
        token: &AccessToken,
    ) -> Result<SecretText, WalletError> {
        let cell = cells::access_token(scope.tenant(), token.id, token.generation);
        Ok(self.keys.open_text(&cell, &token.token).await?)
    }

    fn waiting(&self, view: &TokenView, until: Timestamp) -> WalletError {
        let reason = view.reason.as_ref();
        WalletError::Later {
            code: reason.map_or("provider_unavailable", |reason| reason.code.as_str()),
            message: reason.map_or_else(
                || "the last refresh did not succeed; it is not tried again yet".to_owned(),
                |reason| reason.message.clone(),
            ),
            after: until.since(self.now()).max(Duration::from_secs(1)),
        }
    }
}

fn in_progress() -> WalletError {
    WalletError::Later {
        code: "refresh_in_progress",
        message: "the refresh is not done yet; it goes on".into(),
        after: Duration::from_secs(1),
    }
}

impl Inner {
    /// Why a token is not served, in the provider's words where it is the provider's doing.
    async fn refused(&self, scope: &TenantScope, refusal: Refusal, view: TokenView) -> WalletError {
        let state = match refusal {
            Refusal::Pending => "pending",
            Refusal::Revoked => "revoked",
            Refusal::ConsentRequired => "consent_required",
            Refusal::IntegrationBlocked => {
                return WalletError::Connection {
                    state: "integration_blocked",
                    reason: self
                        .reason_of_block(scope, view.integration.id)
                        .await
                        .map(Box::new),
                };
            }
            Refusal::Quarantined => "quarantined",
        };
        WalletError::Connection {
            state,
            reason: view.reason.map(Box::new),
        }
    }

    /// Why an integration is blocked, as far as this tenant is told. That it is blocked is known without it.
    async fn reason_of_block(&self, scope: &TenantScope, id: IntegrationId) -> Option<Reason> {
        match self.stores.integrations.find(scope, id).await {
            Ok(found) => told_reason(scope.tenant(), &found?),
            Err(error) => {
                tracing::warn!(integration = %id, %error, "why an integration is blocked could not be read");
                None
            }
        }
    }
}
