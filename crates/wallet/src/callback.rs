//! The callback: the browser comes back from the provider, the code is exchanged, a pending connection is stored.

mod exchange;

use crate::cells;
use crate::connect::{FlowSecrets, with_return_to};
use crate::error::WalletError;
use crate::wallet::{Inner, Wallet};
use coffer_core::actor::{Actor, Asker};
use coffer_core::audit::{AuditEntry, AuditVerb};
use coffer_core::bearer::BearerKind;
use coffer_core::connection::{Attempt, AttemptKind};
use coffer_core::flow::{ConnectSession, Flow};
use coffer_core::id::{AttemptId, IntegrationId};
use coffer_core::secret::{ExposeSecret, secret_text};
use coffer_core::{SecretText, StoreError, SystemScope, TenantScope};
use coffer_oauth::{Callback, ExpectedCallback, Integration};
use serde_json::json;
use std::sync::Arc;
use url::Url;

/// How a callback ended well.
#[derive(Debug)]
pub struct Arrival {
    /// Where to send the browser: the session's return target with the one-time result in its query, as
    /// `coffer_result`.
    pub return_to: SecretText,
}

/// A callback that belongs to a flow of ours, checked, with everything that the exchange needs.
struct Landed {
    flow: Flow,
    session: ConnectSession,
    asker: Asker,
    scope: TenantScope,
    integration: Integration,
    /// The stored integration's version, with whose secrets the provider is asked.
    version: u64,
    secrets: FlowSecrets,
    callback: Callback,
    /// What the authorization request said; the exchange says the same (RFC 6749, section 4.1.3).
    redirect_uri: Url,
}

impl Wallet {
    /// Takes a callback: checks that it belongs to a flow that this browser began (requirement W12, THR-33), exchanges
    /// the code once, and stores a pending connection. `integration` is from the path, `parameters` is the query (or
    /// the form) as it came, `browser` the cookie. The work goes on although the browser goes away.
    ///
    /// # Errors
    /// [`WalletError::Flow`] with the reason; `return_to` is set where the browser may be sent back with it.
    pub async fn callback(
        &self,
        integration: IntegrationId,
        parameters: &str,
        browser: Option<&str>,
        request: &str,
    ) -> Result<Arrival, WalletError> {
        let inner = Arc::clone(&self.inner);
        inner.check_draining()?;
        let (parameters, request) = (secret_text(parameters.to_owned()), request.to_owned());
        let browser = browser.map(|cookie| secret_text(cookie.to_owned()));
        let work = self.inner.tasks.spawn(async move {
            inner
                .take_callback(integration, &parameters, browser.as_ref(), &request)
                .await
        });
        work.await
            .map_err(|_| WalletError::Internal("the callback's task panicked"))?
    }
}

impl Inner {
    async fn take_callback(
        &self,
        integration: IntegrationId,
        parameters: &SecretText,
        browser: Option<&SecretText>,
        request: &str,
    ) -> Result<Arrival, WalletError> {
        let callback =
            Callback::parse(parameters.expose_secret()).map_err(|error| Self::oauth_error(error.into()))?;
        let (flow, session) = self.find_flow(&callback).await?;
        let return_to = Url::parse(&session.return_to).ok();
        self.check_flow(&flow, integration, browser).await?;
        let asker = Asker {
            actor: Actor::Browser,
            tenant: flow.tenant,
            request: request.to_owned(),
        };
        // From here on the browser has proven that the flow is its own: it may be sent back with the reason.
        let arrived = self.land(flow, session, &asker, callback).await;
        arrived.map_err(|error| with_return_to(as_flow_error(error), return_to))
    }

    async fn find_flow(&self, callback: &Callback) -> Result<(Flow, ConnectSession), WalletError> {
        let hash = self
            .bearer_hash(BearerKind::State, callback.state().expose_secret())
            .await?;
        let scope = SystemScope::assume("the tenant is known only once the flow is");
        let found = self.stores.flows.find_by_state(&scope, &hash).await?;
        found.ok_or_else(|| {
            WalletError::flow("state_unknown", "no authorization with this state was begun here")
        })
    }

    /// Everything that must hold before anything is done or told (THR-33, OA-C03 to C05, OA-C07).
    async fn check_flow(
        &self,
        flow: &Flow,
        integration: IntegrationId,
        browser: Option<&SecretText>,
    ) -> Result<(), WalletError> {
        let other = || {
            WalletError::flow(
                "other_browser",
                "this authorization was begun in another browser, or cookies are blocked",
            )
        };
        let browser = browser.ok_or_else(other)?;
        if self
            .bearer_hash(BearerKind::Browser, browser.expose_secret())
            .await?
            != flow.browser_hash
        {
            return Err(other());
        }
        if flow.integration.id != integration {
            return Err(WalletError::flow(
                "callback_redirect_uri_mismatch",
                "the provider answered at another integration's address",
            ));
        }
        if flow.consumed_at.is_some() {
            return Err(WalletError::flow(
                "state_used",
                "this authorization was completed before; each works once",
            ));
        }
        if self.now() >= flow.expires_at {
            return Err(WalletError::flow(
                "state_expired",
                "this authorization took too long",
            ));
        }
        Ok(())
    }

    async fn land(
        &self,
        flow: Flow,
        session: ConnectSession,
        asker: &Asker,
        callback: Callback,
    ) -> Result<Arrival, WalletError> {
        let scope = TenantScope::assume(flow.tenant, "the flow was found by its 256-bit state");
        let opened = self.opened(&scope, flow.integration).await?;
        let version = opened.integration.version;
        let integration = self.oauth_integration(opened);
        let captured = callback.captured(&integration);
        let integration = integration.with_captured(captured);
        let sealed = self
            .keys
            .open(&cells::flow_secrets(flow.tenant, flow.id), &flow.secrets)
            .await?;
        let secrets: FlowSecrets = serde_json::from_slice(sealed.expose_secret())
            .map_err(|_| WalletError::Internal("sealed flow secrets are not what was sealed"))?;
        let redirect_uri = Url::parse(&flow.redirect_uri)
            .map_err(|_| WalletError::Internal("a stored redirect URI is not a URL"))?;
        let landed = Landed {
            redirect_uri,
            flow,
            session,
            asker: asker.clone(),
            scope,
            integration,
            version,
            secrets,
            callback,
        };
        match self.code_of(&landed) {
            Ok(code) => self.exchange(landed, &code).await,
            Err(error) => {
                let reason = crate::provider::reason(&error, self.now());
                let detail = json!({ "code": reason.code, "provider_code": reason.provider_code });
                let audit = self.audit(
                    asker,
                    AuditVerb::OAuthAuthorizeFailed,
                    landed.flow.id.uuid(),
                    detail,
                );
                self.consume(&landed, None, Some(&audit)).await?;
                Err(denied(error, reason.provider_code.as_deref()))
            }
        }
    }

    fn code_of(&self, landed: &Landed) -> Result<SecretText, coffer_oauth::Error> {
        let state = secret_text(landed.secrets.state.clone());
        let expected = ExpectedCallback {
            state: &state,
            issuer: landed.flow.issuer.as_deref(),
            iss_required: landed.secrets.iss_required,
            redirect_uri: &landed.redirect_uri,
            received_at: landed.integration.redirect_uri(),
        };
        landed
            .callback
            .redeem(&landed.integration, &expected, &*self.clock)
    }

    /// Uses the flow up, and stores the intent to send its code, or how it ended without one: once (OA-C03, INV8).
    async fn consume(
        &self,
        landed: &Landed,
        attempt: Option<&Attempt>,
        audit: Option<&AuditEntry>,
    ) -> Result<(), WalletError> {
        match self
            .stores
            .flows
            .consume(&landed.scope, landed.flow.id, self.now(), attempt, audit)
            .await
        {
            Err(StoreError::Stale(_)) => Err(WalletError::flow(
                "state_used",
                "this authorization was completed before; each works once",
            )),
            other => Ok(other?),
        }
    }

    async fn intent_to_exchange(&self, landed: &Landed, code: &SecretText) -> Result<Attempt, WalletError> {
        Ok(Attempt {
            tenant: landed.flow.tenant,
            id: AttemptId::new(&*self.clock, &*self.random),
            kind: AttemptKind::Exchange,
            connection: None,
            slot: None,
            generation: 0,
            epoch: 0,
            fingerprint: self
                .token_fingerprint(landed.flow.tenant, code.expose_secret())
                .await?,
            started_at: self.now(),
            outcome: None,
            reason: None,
            finished_at: None,
        })
    }
}

/// The provider, or the person there, said no.
fn denied(error: coffer_oauth::Error, provider_code: Option<&str>) -> WalletError {
    match (&error, provider_code) {
        (coffer_oauth::Error::Provider(_), Some("access_denied")) => {
            WalletError::flow("access_denied", "consent was not given at the provider")
        }
        _ => Inner::oauth_error(error),
    }
}

/// What goes wrong in a flow is told to a browser, which is sent back to where it came from: whatever it is becomes a
/// flow error with its code.
fn as_flow_error(error: WalletError) -> WalletError {
    if let WalletError::Flow { .. } = error {
        return error;
    }
    tracing::warn!(code = error.code(), error = %error, "an authorization ended without a connection");
    WalletError::flow(error.code(), error.to_string())
}
