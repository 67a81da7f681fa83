//! Connect sessions: a caller's back end makes one, the user's browser opens it, once, and is sent to the provider.

use crate::cells;
use crate::error::WalletError;
use crate::integration::{public_values, told_reason};
use crate::wallet::{Inner, Wallet};
use coffer_catalog::Config;
use coffer_core::actor::{Actor, Asker};
use coffer_core::audit::AuditVerb;
use coffer_core::bearer::BearerKind;
use coffer_core::flow::{ConnectSession, Flow};
use coffer_core::id::{ConnectSessionId, ConnectionId, FlowId, IntegrationId};
use coffer_core::integration::{Integration, IntegrationState};
use coffer_core::secret::{ExposeSecret, secret_bytes};
use coffer_core::{SecretText, StoreError, SystemScope, TenantScope, Timestamp};
use coffer_oauth::{Authorization, AuthorizationRequest};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::BTreeMap;
use url::Url;

/// What a connect session is for.
#[derive(Debug, Clone)]
pub struct NewConnectSession {
    /// The integration to connect: the tenant's own or a shared one, enabled.
    pub integration: IntegrationId,
    /// The person, by the embedding product's name; made where it is new.
    pub user: Option<String>,
    /// The connection to authorise again, where it is about one.
    pub connection: Option<ConnectionId>,
    /// Scopes to ask for; empty means the integration's own.
    pub scopes: Vec<String>,
    /// Where the browser goes afterwards, with the state of the user's page in it (requirement W6).
    pub return_to: String,
}

/// A connect session that was just made. The link holds its token, which is nowhere else.
#[derive(Debug)]
pub struct MadeConnectSession {
    /// The session.
    pub session: ConnectSession,
    /// Send the user's browser here.
    pub link: SecretText,
}

/// Where to send the browser, and what to bind it with.
pub struct Departure {
    /// The provider's authorization endpoint, with everything in its query.
    pub authorize_url: Url,
    /// To be set as the browser's cookie: the callback must bring it along.
    pub browser: SecretText,
    /// When the callback comes too late.
    pub expires_at: Timestamp,
}

/// The URL's query holds the state and the nonce.
impl std::fmt::Debug for Departure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Departure")
            .field("to", &self.authorize_url.origin().ascii_serialization())
            .field("expires_at", &self.expires_at)
            .finish_non_exhaustive()
    }
}

/// What a flow must remember until its callback.
#[derive(Serialize, Deserialize)]
pub(crate) struct FlowSecrets {
    pub(crate) state: String,
    pub(crate) verifier: Option<String>,
    pub(crate) nonce: Option<String>,
    pub(crate) iss_required: bool,
}

impl Drop for FlowSecrets {
    fn drop(&mut self) {
        zeroize::Zeroize::zeroize(&mut self.state);
        zeroize::Zeroize::zeroize(&mut self.verifier);
        zeroize::Zeroize::zeroize(&mut self.nonce);
    }
}

impl Wallet {
    /// Makes a connect session (OA-C33: only an authenticated caller can).
    ///
    /// # Errors
    /// [`WalletError::NotFound`] for the integration or connection; [`WalletError::Precondition`] where the integration
    /// is not enabled; [`WalletError::Invalid`] for the return target, the user or the scopes.
    pub async fn create_connect_session(
        &self,
        asker: &Asker,
        new: NewConnectSession,
    ) -> Result<MadeConnectSession, WalletError> {
        let inner = &self.inner;
        let scope = Inner::scope(asker);
        let integration = self.integration(&scope, new.integration).await?;
        usable(&scope, &integration)?;
        let return_to = inner.checked_return_to(&new.return_to)?;
        let scopes = checked_scopes(new.scopes)?;
        if integration.owner.is_installation() && !scope.tenant().is_installation() {
            inner.check_shared_scopes(&integration, &scopes)?;
        }
        let mut user = match &new.user {
            Some(external_id) => Some(self.ensure_user(asker, external_id).await?.id),
            None => None,
        };
        if let Some(id) = new.connection {
            let view = inner.stores.connections.find(&scope, id).await?;
            let view = view.ok_or(WalletError::NotFound("connection"))?;
            if view.connection.integration != integration.reference() {
                return Err(WalletError::invalid(
                    "connection",
                    "it belongs to another integration",
                ));
            }
            if user.is_some() && user != view.connection.user {
                return Err(WalletError::invalid(
                    "user",
                    "the connection belongs to another user",
                ));
            }
            user = view.connection.user;
        }
        let token = BearerKind::ConnectSession.generate(&*inner.random);
        let now = inner.now();
        let session = ConnectSession {
            tenant: asker.tenant,
            id: ConnectSessionId::new(&*inner.clock, &*inner.random),
            token_hash: inner
                .bearer_hash(BearerKind::ConnectSession, token.expose_secret())
                .await?,
            integration: integration.reference(),
            user,
            connection: new.connection,
            scopes,
            return_to: return_to.into(),
            created_at: now,
            expires_at: now.plus(inner.settings.session),
            opened_at: None,
        };
        let detail = json!({ "integration": integration.id, "connection": new.connection });
        let audit = inner.audit(asker, AuditVerb::ConnectSessionCreate, session.id.uuid(), detail);
        inner
            .stores
            .flows
            .create_session(&scope, &session, &audit)
            .await?;
        Ok(MadeConnectSession {
            link: inner.connect_link(&token),
            session,
        })
    }

    /// Opens a connect session for the browser that came with its link: once. The browser is bound by a secret that
    /// the answer holds: `browser`, where it brought one of ours along, so that flows in several of its tabs go on
    /// side by side; else a new one.
    ///
    /// # Errors
    /// [`WalletError::Flow`]: `session_unknown`, `session_used`, `session_expired`, or what the provider's metadata
    /// does not allow.
    pub async fn open_connect_session(
        &self,
        token: &str,
        browser: Option<&str>,
        request: &str,
    ) -> Result<Departure, WalletError> {
        let inner = &self.inner;
        inner.check_draining()?;
        let session = inner.find_session(token).await?;
        let return_to = Url::parse(&session.return_to).ok();
        let departed = self.depart(&session, browser, request).await;
        departed.map_err(|error| with_return_to(error, return_to))
    }

    async fn depart(
        &self,
        session: &ConnectSession,
        browser: Option<&str>,
        request: &str,
    ) -> Result<Departure, WalletError> {
        let inner = &self.inner;
        let now = inner.now();
        if session.opened_at.is_some() {
            return Err(WalletError::flow(
                "session_used",
                "this link was used before; each opens once",
            ));
        }
        if now >= session.expires_at {
            return Err(WalletError::flow("session_expired", "this link has expired"));
        }
        let scope = TenantScope::assume(session.tenant, "the session was found by its 256-bit secret");
        let opened = inner.opened(&scope, session.integration).await?;
        usable(&scope, &opened.integration)?;
        let integration = inner.oauth_integration(opened);
        let wanted = AuthorizationRequest {
            scopes: if session.scopes.is_empty() {
                None
            } else {
                Some(session.scopes.clone())
            },
            extra: Vec::new(),
        };
        let authorization = inner
            .oauth
            .authorize(&integration, &wanted)
            .await
            .map_err(Inner::oauth_error)?;
        let browser = browser
            .filter(|text| BearerKind::Browser.matches(text))
            .map_or_else(|| BearerKind::Browser.generate(&*inner.random), SecretText::from);
        let flow = inner.flow_of(session, &authorization, &browser, now).await?;
        let asker = Asker {
            actor: Actor::Browser,
            tenant: session.tenant,
            request: request.to_owned(),
        };
        let detail = json!({
            "integration": session.integration.id,
            "session": session.id,
            "scopes": flow.scopes,
            "pkce": authorization.verifier.is_some(),
            "pkce_advertised": authorization.pkce_advertised,
        });
        let audit = inner.audit(&asker, AuditVerb::OAuthAuthorize, flow.id.uuid(), detail);
        match inner.stores.flows.begin(&scope, &flow, &audit).await {
            Ok(()) => {}
            Err(StoreError::Stale(_)) => {
                return Err(WalletError::flow(
                    "session_used",
                    "this link was used before; each opens once",
                ));
            }
            Err(error) => return Err(error.into()),
        }
        Ok(Departure {
            authorize_url: authorization.url,
            browser,
            expires_at: flow.expires_at,
        })
    }
}

impl Inner {
    /// A tenant asks a shared integration for what the operator configured, or less.
    fn check_shared_scopes(&self, integration: &Integration, scopes: &[String]) -> Result<(), WalletError> {
        let provider = self.provider(&integration.provider)?;
        let config = Config::from_parts(public_values(integration)?, BTreeMap::new());
        let allowed = provider.scopes.requested(&config);
        if scopes.iter().all(|scope| allowed.contains(scope)) {
            return Ok(());
        }
        Err(WalletError::invalid(
            "scopes",
            "a shared integration gives what the operator configured, or less; leave the others out",
        ))
    }

    fn connect_link(&self, token: &SecretText) -> SecretText {
        let mut url = self.public_url.clone();
        url.set_query(None);
        url.set_fragment(None);
        url.set_path(&format!("/connect/{}", token.expose_secret()));
        coffer_core::secret::secret_text(url.into())
    }

    async fn find_session(&self, token: &str) -> Result<ConnectSession, WalletError> {
        let unknown =
            || WalletError::flow("session_unknown", "this link is not one of ours, or not complete");
        if !BearerKind::ConnectSession.matches(token) {
            return Err(unknown());
        }
        let hash = self.bearer_hash(BearerKind::ConnectSession, token).await?;
        let scope = SystemScope::assume("the tenant is known only once the session is");
        self.stores
            .flows
            .find_session(&scope, &hash)
            .await?
            .ok_or_else(unknown)
    }

    async fn flow_of(
        &self,
        session: &ConnectSession,
        authorization: &Authorization,
        browser: &SecretText,
        now: Timestamp,
    ) -> Result<Flow, WalletError> {
        let id = FlowId::new(&*self.clock, &*self.random);
        let plain = |secret: &SecretText| secret.expose_secret().to_owned();
        let secrets = FlowSecrets {
            state: plain(&authorization.state),
            verifier: authorization.verifier.as_ref().map(plain),
            nonce: authorization.nonce.as_ref().map(plain),
            iss_required: authorization.iss_required,
        };
        let json =
            serde_json::to_vec(&secrets).map_err(|_| WalletError::Internal("flow secrets are not JSON"))?;
        let sealed = self
            .keys
            .seal(&cells::flow_secrets(session.tenant, id), &secret_bytes(json))
            .await?;
        Ok(Flow {
            tenant: session.tenant,
            id,
            session: session.id,
            integration: session.integration,
            state_hash: self
                .bearer_hash(BearerKind::State, authorization.state.expose_secret())
                .await?,
            browser_hash: self
                .bearer_hash(BearerKind::Browser, browser.expose_secret())
                .await?,
            secrets: sealed,
            redirect_uri: authorization.redirect_uri.to_string(),
            issuer: authorization.issuer.clone(),
            scopes: authorization.scopes.clone(),
            created_at: now,
            expires_at: now.plus(self.settings.flow),
            consumed_at: None,
            result: None,
        })
    }
}

/// Whether new connections may be made with an integration.
pub(crate) fn usable(scope: &TenantScope, integration: &Integration) -> Result<(), WalletError> {
    let refuse = |code, message: &str| Err(WalletError::precondition(code, message));
    match integration.state {
        IntegrationState::Enabled => Ok(()),
        IntegrationState::Draft => refuse("integration_draft", "the integration is a draft; enable it first"),
        IntegrationState::Disabled => refuse(
            "integration_disabled",
            "the integration is disabled; enable it first",
        ),
        IntegrationState::Blocked => Err(WalletError::Precondition {
            code: "integration_blocked",
            message: "the provider refused the integration's client; correct it, then enable it again".into(),
            reason: told_reason(scope.tenant(), integration).map(Box::new),
        }),
    }
}

/// Scope tokens as RFC 6749, section 3.3 has them, at most 100.
fn checked_scopes(scopes: Vec<String>) -> Result<Vec<String>, WalletError> {
    let is_token = |scope: &String| {
        (1..=500).contains(&scope.len())
            && scope
                .bytes()
                .all(|byte| matches!(byte, 0x21 | 0x23..=0x5b | 0x5d..=0x7e))
    };
    if scopes.len() <= 100 && scopes.iter().all(is_token) {
        Ok(scopes)
    } else {
        Err(WalletError::invalid(
            "scopes",
            "give at most 100 scopes of printable ASCII without blanks or quotes",
        ))
    }
}

pub(crate) fn with_return_to(mut error: WalletError, to: Option<Url>) -> WalletError {
    if let WalletError::Flow { return_to, .. } = &mut error
        && return_to.is_none()
    {
        *return_to = to.map(Box::new);
    }
    error
}
