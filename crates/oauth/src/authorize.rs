//! The authorization request (RFC 6749, section 4.1.1; RFC 7636; OpenID Connect Core 1.0, section 3.1.2.1).

use crate::client::Client;
use crate::error::Error;
use crate::integration::Integration;
use crate::pkce::{s256_challenge, secret_256};
use coffer_catalog::provider::endpoints::Endpoint;
use coffer_catalog::provider::pkce::PkceMethod;
use coffer_core::SecretText;
use coffer_core::secret::ExposeSecret;
use std::fmt;
use url::Url;

/// What may differ from one authorization request to the next.
#[derive(Debug, Clone, Default)]
pub struct AuthorizationRequest {
    /// The scopes to ask for, instead of the integration's. What the provider always needs is added.
    pub scopes: Option<Vec<String>>,
    /// Further parameters: `login_hint`, `prompt`, `audience`, `resource` (RFC 8707, may repeat). Those of the protocol
    /// cannot be among them.
    pub extra: Vec<(String, String)>,
}

/// Where to send the browser, and what to keep until it comes back. Everything secret is new for each request, has 256
/// bits, and must be kept sealed or hashed.
pub struct Authorization {
    /// Where the browser goes. It contains `state` and the code challenge.
    pub url: Url,
    /// `state`.
    pub state: SecretText,
    /// The PKCE verifier; `None` only where the catalogue or an administrator turned PKCE off.
    pub verifier: Option<SecretText>,
    /// The nonce, for OpenID Connect.
    pub nonce: Option<SecretText>,
    /// The issuer that was asked, for OpenID Connect.
    pub issuer: Option<String>,
    /// Whether the callback has to have `iss`.
    pub iss_required: bool,
    /// The redirect URI that was sent.
    pub redirect_uri: Url,
    /// The scopes that were asked for.
    pub scopes: Vec<String>,
    /// Whether the provider's metadata says that it does S256; `None` when it does not say. We send it in any case.
    pub pkce_advertised: Option<bool>,
}

/// Parameters that only this module sets.
const OURS: [&str; 10] = [
    "response_type",
    "response_mode",
    "redirect_uri",
    "state",
    "nonce",
    "code_challenge",
    "code_challenge_method",
    "client_secret",
    "request",
    "request_uri",
];

impl Client {
    /// Builds an authorization request. The only response type is `code` (OA-C01).
    ///
    /// # Errors
    /// [`Error::Config`] when the integration is incomplete or `extra` names a parameter of the protocol;
    /// [`Error::Discovery`] when the endpoints cannot be had.
    pub async fn authorize(
        &self,
        integration: &Integration,
        request: &AuthorizationRequest,
    ) -> Result<Authorization, Error> {
        let metadata = self.metadata_if_needed(integration).await?;
        let mut url = self
            .endpoint(integration, Endpoint::Authorize, metadata.as_deref())?
            .ok_or(Error::Config(
                "the provider has no authorization endpoint; enter its address in the integration",
            ))?;
        let provider = integration.provider();
        let uses_pkce = match provider.pkce.method.resolve(integration.config()) {
            PkceMethod::S256 => true,
            PkceMethod::Off => false,
        };
        let nonce = provider
            .oidc
            .as_ref()
            .filter(|oidc| oidc.nonce)
            .map(|_| secret_256(self.random()));
        let (state, verifier) = (
            secret_256(self.random()),
            uses_pkce.then(|| secret_256(self.random())),
        );
        let scopes = requested_scopes(integration, request);
        let query = Query {
            integration,
            request,
            state: &state,
            nonce: nonce.as_ref(),
            verifier: verifier.as_ref(),
        };
        query.write(&mut url, &scopes)?;
        let advertised = metadata.as_deref();
        Ok(Authorization {
            url,
            state,
            verifier,
            nonce,
            issuer: integration.issuer()?,
            iss_required: provider.oidc.as_ref().is_some_and(|oidc| oidc.response_iss)
                || advertised.is_some_and(|metadata| metadata.iss_in_response),
            redirect_uri: integration.redirect_uri().clone(),
            scopes,
            pkce_advertised: advertised.and_then(|metadata| metadata.pkce_s256),
        })
    }
}

fn requested_scopes(integration: &Integration, request: &AuthorizationRequest) -> Vec<String> {
    let scopes = &integration.provider().scopes;
    let Some(chosen) = &request.scopes else {
        return scopes.requested(integration.config());
    };
    let mut asked: Vec<String> = Vec::new();
    for scope in scopes.required.iter().chain(chosen) {
        if !asked.contains(scope) {
            asked.push(scope.clone());
        }
    }
    asked
}

struct Query<'a> {
    integration: &'a Integration,
    request: &'a AuthorizationRequest,
    state: &'a SecretText,
    nonce: Option<&'a SecretText>,
    verifier: Option<&'a SecretText>,
}

impl Query<'_> {
    fn write(&self, url: &mut Url, scopes: &[String]) -> Result<(), Error> {
        let provider = self.integration.provider();
        let id_parameter = provider.client.id_parameter.as_str();
        let is_ours =
            |name: &str| OURS.contains(&name) || name == id_parameter || name == provider.scopes.parameter;
        if self.request.extra.iter().any(|(name, _)| is_ours(name)) {
            return Err(Error::Config(
                "an extra parameter has the name of one that the protocol sets; remove it",
            ));
        }
        let variables = self.integration.variables()?;
        let mut query = url.query_pairs_mut();
        query
            .append_pair("response_type", "code")
            .append_pair(id_parameter, self.integration.client_id()?)
            .append_pair("redirect_uri", self.integration.redirect_uri().as_str())
            .append_pair("state", self.state.expose_secret());
        if !scopes.is_empty() {
            query.append_pair(&provider.scopes.parameter, &provider.scopes.join(scopes));
        }
        if let Some(nonce) = self.nonce {
            query.append_pair("nonce", nonce.expose_secret());
        }
        if let Some(challenge) = self.verifier.and_then(s256_challenge) {
            query
                .append_pair("code_challenge", &challenge)
                .append_pair("code_challenge_method", "S256");
        }
        for (name, template) in &provider.parameters.authorize {
            if is_ours(name) || self.request.extra.iter().any(|(taken, _)| taken == name) {
                continue;
            }
            for value in template.resolve_all(&variables) {
                query.append_pair(name, &value);
            }
        }
        query.extend_pairs(&self.request.extra);
        Ok(())
    }
}

impl fmt::Debug for Authorization {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authorization")
            .field("issuer", &self.issuer)
            .field("redirect_uri", &self.redirect_uri)
            .field("scopes", &self.scopes)
            .finish_non_exhaustive()
    }
}
