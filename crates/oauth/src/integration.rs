//! An integration: a provider of the catalogue with what an administrator configured for it.

use crate::error::Error;
use coffer_catalog::provider::client::ClientAuthentication;
use coffer_catalog::provider::endpoints::Endpoint;
use coffer_catalog::{Config, Provider, Variables};
use coffer_core::SecretText;
use std::collections::BTreeMap;
use std::sync::Arc;
use url::Url;

/// What every request needs to know: the provider, its configuration, and what was captured for the connection.
#[derive(Debug, Clone)]
pub struct Integration {
    pub(crate) provider: Arc<Provider>,
    pub(crate) config: Config,
    pub(crate) redirect_uri: Url,
    pub(crate) captured: BTreeMap<String, String>,
    pub(crate) secret_origin: Option<String>,
}

impl Integration {
    /// An integration. `redirect_uri` is what is registered at the provider; it is sent exactly as it is here.
    pub const fn new(provider: Arc<Provider>, config: Config, redirect_uri: Url) -> Self {
        Self {
            provider,
            config,
            redirect_uri,
            captured: BTreeMap::new(),
            secret_origin: None,
        }
    }

    /// Adds what was captured for a connection ([`crate::TokenSet::captured`], [`crate::Callback::captured`]).
    #[must_use]
    pub fn with_captured(mut self, captured: BTreeMap<String, String>) -> Self {
        self.captured = captured;
        self
    }

    /// Binds the client secret to the token endpoint's origin that [`crate::Client::secret_origin`] told when the
    /// integration was registered (THR-44). Without it, the origin seen first by this process is what binds.
    #[must_use]
    pub fn with_secret_origin(mut self, origin: Option<String>) -> Self {
        self.secret_origin = origin;
        self
    }

    /// The provider.
    pub fn provider(&self) -> &Provider {
        &self.provider
    }

    /// The configuration.
    pub const fn config(&self) -> &Config {
        &self.config
    }

    /// The redirect URI.
    pub const fn redirect_uri(&self) -> &Url {
        &self.redirect_uri
    }

    /// The issuer, for OpenID Connect.
    ///
    /// # Errors
    /// [`Error::Config`] when a configured value cannot stand in the issuer's template.
    pub fn issuer(&self) -> Result<Option<String>, Error> {
        self.provider.issuer(&self.variables()?).map_err(|_| BAD_VALUE)
    }

    pub(crate) fn metadata_url(&self) -> Result<Option<Url>, Error> {
        self.provider
            .metadata_url(&self.variables()?)
            .map_err(|_| BAD_VALUE)
    }

    /// Checks what was captured from callback and token response before it is kept.
    ///
    /// # Errors
    /// [`Error::Config`] when a value breaks the rule of its capture, or one that the provider's file demands is
    /// missing.
    pub fn check_captured(&self, captured: &BTreeMap<String, String>) -> Result<(), Error> {
        self.provider
            .variables(&self.config, captured)
            .map_err(|_| BAD_VALUE)?;
        let mut required = self.provider.captures.iter().filter(|capture| capture.required);
        if required.all(|capture| captured.contains_key(&capture.name)) {
            Ok(())
        } else {
            Err(Error::Config(
                "the provider did not send a value that its connections need; connect again",
            ))
        }
    }

    pub(crate) fn variables(&self) -> Result<Variables, Error> {
        self.provider
            .variables(&self.config, &self.captured)
            .map_err(|_| BAD_VALUE)
    }

    /// The endpoint as file and configuration name it.
    pub(crate) fn endpoint(&self, endpoint: Endpoint) -> Result<Option<Url>, Error> {
        self.provider
            .endpoint(endpoint, &self.variables()?)
            .map_err(|_| BAD_VALUE)
    }

    /// Whether the catalogue alone says where an endpoint is, so that no configuration can lead it elsewhere.
    pub(crate) fn is_fixed(&self, endpoint: Endpoint) -> bool {
        let by_configuration = |text: &str| text.replace("{region.", "").contains('{');
        let template = self.provider.endpoints.template(endpoint);
        template.is_some_and(|template| !template.texts().any(by_configuration))
    }

    pub(crate) fn client_id(&self) -> Result<&str, Error> {
        self.config
            .client_id()
            .filter(|id| !id.is_empty())
            .ok_or(Error::Config(
                "the integration has no client id; enter the one that the provider issued",
            ))
    }

    pub(crate) fn client_secret(&self) -> Result<&SecretText, Error> {
        self.config.client_secret().ok_or(Error::Config(
            "the integration has no client secret; enter the one that the provider issued",
        ))
    }

    pub(crate) fn authentication(&self) -> ClientAuthentication {
        self.provider.client.authentication.resolve(&self.config)
    }
}

const BAD_VALUE: Error = Error::Config(
    "a configured or captured value cannot stand in the provider's URL; check the integration's fields",
);
