//! The client: ports, caches, and what every kind of request shares.

use crate::body::Body;
use crate::cache::Cache;
use crate::classify::{self, Context};
use crate::discovery::{DiscoveryError, Metadata};
use crate::error::Error;
use crate::integration::Integration;
use crate::jwk::KeySet;
use crate::provider_error::ProviderError;
use crate::token_response::{self, TokenSet};
use coffer_catalog::Step;
use coffer_catalog::provider::endpoints::Endpoint;
use coffer_core::http::{HttpClient, HttpRequest, HttpResponse};
use coffer_core::{Clock, SecretText, SecureRandom};
use std::sync::Arc;
use std::time::Duration;
use url::Url;

/// An OAuth 2 and OpenID Connect client for any number of integrations. It does no I/O but through the
/// [`HttpClient`] that it is given, and keeps nothing but providers' public metadata and keys.
#[derive(Debug)]
pub struct Client {
    http: Arc<dyn HttpClient>,
    clock: Arc<dyn Clock>,
    random: Arc<dyn SecureRandom>,
    deadline: Duration,
    pub(crate) metadata_cache: Cache<Metadata>,
    pub(crate) key_cache: Cache<KeySet>,
}

pub(crate) const ELSEWHERE: Error = Error::Config(
    "the token, refresh, revocation and introspection endpoints must be on one host, because all of them see the \
     client secret; correct their addresses",
);

impl Client {
    /// A client over these ports.
    pub fn new(http: Arc<dyn HttpClient>, clock: Arc<dyn Clock>, random: Arc<dyn SecureRandom>) -> Self {
        Self {
            http,
            clock,
            random,
            deadline: HttpRequest::DEADLINE,
            metadata_cache: Cache::default(),
            key_cache: Cache::default(),
        }
    }

    /// How long one exchange may take, from name resolution to the last byte of the answer; [`HttpRequest::DEADLINE`]
    /// where it is not said. What is public, metadata and keys, is fetched within the standard deadline.
    #[must_use]
    pub fn with_deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    pub(crate) fn http(&self) -> &dyn HttpClient {
        self.http.as_ref()
    }

    pub(crate) fn clock(&self) -> &dyn Clock {
        self.clock.as_ref()
    }

    pub(crate) fn random(&self) -> &dyn SecureRandom {
        self.random.as_ref()
    }

    /// Sends a request once.
    pub(crate) async fn send(&self, mut request: HttpRequest) -> Result<HttpResponse, Error> {
        request.deadline = self.deadline;
        self.http.send(request).await.map_err(|error| {
            let error = classify::unanswered(&error);
            tracing::debug!(
                code = error.code.as_str(),
                verdict = error.verdict.as_str(),
                "no answer from the provider"
            );
            Error::Provider(error)
        })
    }

    /// Reads a token response, or says why it is none.
    pub(crate) fn read_reply(
        &self,
        integration: &Integration,
        step: Step,
        secrets: &[&SecretText],
        reply: &HttpResponse,
    ) -> Result<TokenSet, Error> {
        let body = Body::read(&reply.body);
        if let (200..=299, Body::Document(document)) = (reply.status, &body)
            && integration.provider().response.is_success(&document.value)
            && let Some(tokens) = token_response::read(integration.provider(), document)
        {
            return Ok(tokens);
        }
        Err(self.refusal(integration, step, secrets, reply, &body).into())
    }

    /// Classifies an answer that is an error.
    pub(crate) fn refusal(
        &self,
        integration: &Integration,
        step: Step,
        secrets: &[&SecretText],
        reply: &HttpResponse,
        body: &Body,
    ) -> ProviderError {
        let context = Context {
            provider: integration.provider(),
            step,
            now: self.clock.now(),
            secrets,
        };
        let error = context.refusal(reply, body);
        tracing::debug!(
            provider = %integration.provider().id,
            status = reply.status,
            code = error.code.as_str(),
            verdict = error.verdict.as_str(),
            "the provider refused"
        );
        error
    }

    /// The metadata, where file and configuration do not name every endpoint themselves.
    pub(crate) async fn metadata_if_needed(
        &self,
        integration: &Integration,
    ) -> Result<Option<Arc<Metadata>>, Error> {
        let needed = [Endpoint::Authorize, Endpoint::Token, Endpoint::Jwks];
        for endpoint in needed {
            if integration.endpoint(endpoint)?.is_none() {
                return self.metadata(integration).await;
            }
        }
        Ok(None)
    }

    /// Where an endpoint is: as file and configuration say, else as the metadata does.
    pub(crate) fn endpoint(
        &self,
        integration: &Integration,
        endpoint: Endpoint,
        metadata: Option<&Metadata>,
    ) -> Result<Option<Url>, Error> {
        let own = integration.endpoint(endpoint)?;
        Ok(own.or_else(|| metadata.and_then(|metadata| metadata.endpoint(endpoint)).cloned()))
    }

    /// Has at hand what a refresh needs beside its own request: the metadata, where that names the endpoint. A copy that
    /// is recent enough is not fetched again.
    ///
    /// # Errors
    /// As [`Client::send_refresh`] before a byte is sent.
    pub async fn prepare_refresh(&self, integration: &Integration) -> Result<(), Error> {
        let url = self.secret_endpoint(integration, Endpoint::Refresh).await?;
        url.map(drop).ok_or(crate::exchange::NO_TOKEN_ENDPOINT)
    }

    /// An endpoint that sees the client secret, a code or a refresh token. Where the configuration names it, it has to
    /// be on the token endpoint's origin; where discovery does, the token endpoint has to be on the origin to which
    /// the secret is bound (OA-C08, THR-44).
    pub(crate) async fn secret_endpoint(
        &self,
        integration: &Integration,
        endpoint: Endpoint,
    ) -> Result<Option<Url>, Error> {
        if let Some(own) = integration.endpoint(endpoint)? {
            if integration.is_fixed(endpoint) {
                return Ok(Some(own));
            }
            let token = match integration.endpoint(Endpoint::Token)? {
                Some(token) => Some(token.origin().ascii_serialization()),
                None => match self.metadata(integration).await? {
                    Some(metadata) => metadata.token_origin(),
                    None => None,
                },
            };
            return if token.as_ref() == Some(&own.origin().ascii_serialization()) {
                Ok(Some(own))
            } else {
                Err(ELSEWHERE)
            };
        }
        let Some(metadata) = self.metadata(integration).await? else {
            return Ok(None);
        };
        let bound = integration.secret_origin.as_deref();
        if bound.is_some() && bound != metadata.token_origin().as_deref() {
            return Err(DiscoveryError::SecretOrigin.into());
        }
        Ok(metadata.endpoint(endpoint).cloned())
    }
}
