//! The provider's metadata (OpenID Connect Discovery 1.0; RFC 8414).
//!
//! It is read tolerantly, because what openidconnect's `ProviderMetadata` requires many providers leave out, and
//! trusted narrowly: the issuer has to be the one that was asked, and the client secret stays where it went first.

use crate::body::Body;
use crate::cache::Freshness;
use crate::client::Client;
use crate::error::Error;
use crate::integration::Integration;
use crate::json::Document;
use coffer_catalog::provider::endpoints::Endpoint;
use coffer_core::http::{HttpErrorKind, HttpRequest, Method};
use coffer_core::{ErrorKind, SecretText};
use serde_json::Value;
use std::sync::Arc;
use url::Url;

/// What a provider says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Metadata {
    /// The issuer, exactly the one that was asked.
    pub issuer: String,
    /// Authorization endpoint.
    pub authorization_endpoint: Option<Url>,
    /// Token endpoint.
    pub token_endpoint: Option<Url>,
    /// Revocation endpoint, where it is on the token endpoint's origin.
    pub revocation_endpoint: Option<Url>,
    /// UserInfo endpoint.
    pub userinfo_endpoint: Option<Url>,
    /// The key set.
    pub jwks_uri: Option<Url>,
    /// Whether each authorization response carries `iss` (RFC 9207).
    pub iss_in_response: bool,
    /// Whether S256 is among the code challenge methods; `None` when it does not say.
    pub pkce_s256: Option<bool>,
}

/// Why metadata or keys cannot be had, or are not trusted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DiscoveryError {
    /// There is no answer.
    #[error("the provider's metadata or keys cannot be had: {0}")]
    Unreachable(String, HttpErrorKind),
    /// The answer is not a success.
    #[error("the provider's metadata or keys cannot be had: it answered {0}; check the issuer")]
    Status(u16),
    /// The document is not what it should be.
    #[error("the provider's metadata or keys cannot be used: {0}")]
    Malformed(&'static str),
    /// `issuer` is another one than was asked (RFC 8414, section 3.3).
    #[error(
        "the provider's metadata is that of another issuer; enter the issuer exactly as the provider writes it"
    )]
    Issuer,
    /// An endpoint is not https.
    #[error("an endpoint in the provider's metadata is not an https URL")]
    Endpoint,
    /// The token endpoint is not where it was when the integration was registered. The client secret is not sent there.
    #[error(
        "the token endpoint moved to another host; check that with the provider, then save the integration again"
    )]
    SecretOrigin,
}

impl DiscoveryError {
    /// The kind.
    pub const fn kind(&self) -> ErrorKind {
        match self {
            Self::Unreachable(_, HttpErrorKind::Blocked) => ErrorKind::Precondition,
            Self::Unreachable(..) => ErrorKind::Unavailable,
            Self::Status(status) => {
                if *status >= 500 || *status == 429 {
                    ErrorKind::Unavailable
                } else {
                    ErrorKind::Upstream
                }
            }
            Self::Malformed(_) | Self::Issuer | Self::Endpoint => ErrorKind::Upstream,
            Self::SecretOrigin => ErrorKind::Precondition,
        }
    }

    /// The stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Unreachable(..) => "discovery_unreachable",
            Self::Status(_) => "discovery_refused",
            Self::Malformed(_) => "discovery_malformed",
            Self::Issuer => "discovery_issuer_mismatch",
            Self::Endpoint => "discovery_endpoint_not_https",
            Self::SecretOrigin => "token_endpoint_moved",
        }
    }
}

impl Client {
    /// The provider's metadata; `None` for plain OAuth 2.
    ///
    /// # Errors
    /// [`Error::Config`] when the integration has no issuer; [`Error::Discovery`].
    pub async fn metadata(&self, integration: &Integration) -> Result<Option<Arc<Metadata>>, Error> {
        self.load_metadata(integration, Binding::Kept).await
    }

    /// The only origin to which the client secret may go: to be kept with the integration when it is registered or
    /// saved again, and given to [`Integration::with_secret_origin`] from then on (THR-44).
    ///
    /// # Errors
    /// As [`Client::metadata`]; [`Error::Config`] when there is no token endpoint, or when the configuration has another
    /// endpoint that sees the secret on another origin.
    pub async fn secret_origin(&self, integration: &Integration) -> Result<String, Error> {
        let url = match integration.endpoint(Endpoint::Token)? {
            Some(own) => Some(own),
            None => self
                .load_metadata(integration, Binding::Renewed)
                .await?
                .and_then(|metadata| metadata.token_endpoint.clone()),
        };
        let url = url.ok_or(crate::exchange::NO_TOKEN_ENDPOINT)?;
        for endpoint in [Endpoint::Refresh, Endpoint::Revoke, Endpoint::Introspect] {
            let own = integration.endpoint(endpoint)?;
            if own.is_some_and(|own| own.origin() != url.origin()) && !integration.is_fixed(endpoint) {
                return Err(crate::client::ELSEWHERE);
            }
        }
        Ok(url.origin().ascii_serialization())
    }

    async fn load_metadata(
        &self,
        integration: &Integration,
        binding: Binding,
    ) -> Result<Option<Arc<Metadata>>, Error> {
        if integration.provider().oidc.is_none() {
            return Ok(None);
        }
        let (Some(issuer), Some(url)) = (integration.issuer()?, integration.metadata_url()?) else {
            return Err(Error::Config(
                "the integration has no issuer; enter the one that the provider names",
            ));
        };
        let key = format!("{issuer} {url}");
        let fetch = async |before: Option<Arc<Metadata>>| {
            let metadata = Metadata::read(&self.fetch(url).await?, &issuer)?;
            let bound = match (&integration.secret_origin, binding) {
                (_, Binding::Renewed) => None,
                (Some(bound), Binding::Kept) => Some(bound.clone()),
                (None, Binding::Kept) => before.and_then(|before| before.token_origin()),
            };
            if bound.is_some() && bound != metadata.token_origin() {
                return Err(DiscoveryError::SecretOrigin.into());
            }
            Ok(metadata)
        };
        let freshness = match binding {
            Binding::Kept => Freshness::Recent,
            Binding::Renewed => Freshness::Renewed,
        };
        self.metadata_cache
            .get(&key, self.clock().now(), freshness, fetch)
            .await
            .map(Some)
    }

    /// Fetches a JSON document that anybody may read.
    pub(crate) async fn fetch(&self, url: Url) -> Result<Document, Error> {
        let request =
            HttpRequest::new(Method::Get, url).header("accept", SecretText::from("application/json"));
        let reply = self.http().send(request).await;
        let reply = reply.map_err(|error| DiscoveryError::Unreachable(error.message, error.kind))?;
        if reply.status != 200 {
            return Err(DiscoveryError::Status(reply.status).into());
        }
        match Body::read(&reply.body) {
            Body::Document(document) if document.value.is_object() => Ok(document),
            Body::Document(_) | Body::Empty | Body::Markup | Body::Unreadable => {
                Err(DiscoveryError::Malformed("it is not a JSON object; check the issuer").into())
            }
        }
    }
}

/// Whether the token endpoint has to be where it was.
#[derive(Debug, Clone, Copy)]
enum Binding {
    /// Yes: where it was when the integration was registered, else where this process saw it first.
    Kept,
    /// No: an administrator is registering the integration.
    Renewed,
}

impl Metadata {
    /// Reads a metadata document of this issuer (OA-C09, OA-C10).
    fn read(document: &Document, issuer: &str) -> Result<Self, DiscoveryError> {
        if !document.conflicts.is_empty() {
            return Err(DiscoveryError::Malformed(
                "a member occurs twice with different values",
            ));
        }
        if document.at("/issuer").and_then(Value::as_str) != Some(issuer) {
            return Err(DiscoveryError::Issuer);
        }
        let home = Url::parse(issuer).map_err(|_| DiscoveryError::Issuer)?;
        let endpoint = |name: &str| -> Result<Option<Url>, DiscoveryError> {
            let Some(value) = document.at(&format!("/{name}")) else {
                return Ok(None);
            };
            let url = value
                .as_str()
                .and_then(|text| Url::parse(text).ok())
                .ok_or(DiscoveryError::Endpoint)?;
            if is_allowed(&url, &home) {
                Ok(Some(url))
            } else {
                Err(DiscoveryError::Endpoint)
            }
        };
        let token_endpoint = endpoint("token_endpoint")?;
        // It sees the client secret and tokens: not even the issuer's own host may see those of another (RFC 9700, 4.4).
        let is_bound = |url: &Url| {
            token_endpoint
                .as_ref()
                .is_some_and(|token| token.origin() == url.origin())
        };
        Ok(Self {
            issuer: issuer.to_owned(),
            authorization_endpoint: endpoint("authorization_endpoint")?,
            revocation_endpoint: endpoint("revocation_endpoint")?.filter(is_bound),
            userinfo_endpoint: endpoint("userinfo_endpoint")?,
            jwks_uri: endpoint("jwks_uri")?,
            iss_in_response: document.at("/authorization_response_iss_parameter_supported")
                == Some(&Value::Bool(true)),
            pkce_s256: document
                .at("/code_challenge_methods_supported")
                .and_then(Value::as_array)
                .map(|methods| methods.iter().any(|method| method == "S256")),
            token_endpoint,
        })
    }

    pub(crate) fn endpoint(&self, endpoint: Endpoint) -> Option<&Url> {
        match endpoint {
            Endpoint::Authorize => self.authorization_endpoint.as_ref(),
            Endpoint::Token | Endpoint::Refresh => self.token_endpoint.as_ref(),
            Endpoint::Revoke => self.revocation_endpoint.as_ref(),
            Endpoint::Userinfo => self.userinfo_endpoint.as_ref(),
            Endpoint::Jwks => self.jwks_uri.as_ref(),
            Endpoint::Introspect | Endpoint::Device => None,
        }
    }

    pub(crate) fn token_origin(&self) -> Option<String> {
        self.token_endpoint
            .as_ref()
            .map(|url| url.origin().ascii_serialization())
    }
}

/// https; or http on the very origin of an issuer that is http itself, which the guarded HTTP client admits only where
/// the operator allowed it. No user name, no fragment.
fn is_allowed(url: &Url, issuer: &Url) -> bool {
    let is_plain = url.username().is_empty() && url.password().is_none() && url.fragment().is_none();
    let is_protected =
        url.scheme() == "https" || (issuer.scheme() == "http" && url.origin() == issuer.origin());
    is_plain && is_protected && url.has_host()
}
