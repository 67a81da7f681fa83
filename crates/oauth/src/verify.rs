//! The smoke test: the catalogue entry's cheap call, with the connection's access token.

use crate::body::Body;
use crate::call::CallTokens;
use crate::client::Client;
use crate::error::Error;
use crate::integration::Integration;
use crate::provider_error::ProviderError;
use crate::text;
use coffer_catalog::Step;
use coffer_core::SecretText;
use coffer_core::secret::ExposeSecret;

/// What a smoke test found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verification {
    /// The HTTP status.
    pub status: u16,
    /// The beginning of the provider's answer, cleaned: one line of at most 300 characters. Still to be escaped where
    /// it is shown.
    pub summary: Option<String>,
    /// Why it did not succeed. With [`coffer_core::failure::FailureCode::TokenExpired`] a refresh is worth a try.
    pub failure: Option<ProviderError>,
}

impl Client {
    /// Makes the call.
    ///
    /// # Errors
    /// [`Error::Config`] when the provider has no such call; [`Error::Provider`] when there is no answer.
    pub async fn verify(
        &self,
        integration: &Integration,
        access: &SecretText,
    ) -> Result<Verification, Error> {
        let call = integration.provider().verify.as_ref().ok_or(Error::Config(
            "this provider has no smoke test; add a verify call to its file, or use the connection's token itself",
        ))?;
        let reply = self
            .call(
                integration,
                call,
                CallTokens {
                    access,
                    refresh: None,
                },
            )
            .await?;
        let body = Body::read(&reply.body);
        let has_error = match &body {
            Body::Document(document) => !integration.provider().response.is_success(&document.value),
            Body::Empty | Body::Markup | Body::Unreadable => false,
        };
        let succeeded = call.success.contains(&reply.status) && !has_error;
        let beginning = reply
            .body
            .expose_secret()
            .get(..4096)
            .unwrap_or(reply.body.expose_secret());
        Ok(Verification {
            status: reply.status,
            summary: text::message(&String::from_utf8_lossy(beginning), &[access]),
            failure: (!succeeded).then(|| self.refusal(integration, Step::Api, &[access], &reply, &body)),
        })
    }
}
