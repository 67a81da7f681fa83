//! Refreshing (RFC 6749, section 6).

use crate::client::Client;
use crate::error::Error;
use crate::exchange::NO_TOKEN_ENDPOINT;
use crate::integration::Integration;
use crate::token_response::TokenSet;
use crate::wire::{Parameters, client_post};
use coffer_catalog::Step;
use coffer_catalog::provider::endpoints::Endpoint;
use coffer_catalog::provider::rotation::RefreshStyle;
use coffer_core::SecretText;
use coffer_core::http::HttpResponse;

impl Client {
    /// Refreshes: [`Client::send_refresh`], then [`Client::read_refresh`]. Whoever must not lose a rotated token keeps
    /// the answer between the two.
    ///
    /// # Errors
    /// As those two.
    pub async fn refresh(&self, integration: &Integration, token: &SecretText) -> Result<TokenSet, Error> {
        let reply = self.send_refresh(integration, token).await?;
        self.read_refresh(integration, token, &reply)
    }

    /// Sends a refresh token, once, and gives the answer as it came: a status of 300 or more is an answer, too.
    ///
    /// # Errors
    /// [`Error::Config`] and [`Error::Discovery`] before a byte is sent; [`Error::Provider`] when there is no answer,
    /// with [`crate::Verdict::NotSent`] or [`crate::Verdict::Ambiguous`].
    pub async fn send_refresh(
        &self,
        integration: &Integration,
        token: &SecretText,
    ) -> Result<HttpResponse, Error> {
        match integration.provider().rotation.refresh {
            RefreshStyle::RefreshToken => {}
            RefreshStyle::None | RefreshStyle::SelfExchange | RefreshStyle::Remint => {
                return Err(Error::Config(
                    "this provider has no refresh tokens; connect the account again when its token ends",
                ));
            }
        }
        let url = self
            .secret_endpoint(integration, Endpoint::Refresh)
            .await?
            .ok_or(NO_TOKEN_ENDPOINT)?;
        let mut parameters = Parameters::default();
        parameters.push("grant_type", "refresh_token");
        parameters.push("refresh_token", token.clone());
        let request = client_post(
            integration,
            url,
            parameters,
            &integration.provider().parameters.refresh,
        )?;
        self.send(request).await
    }

    /// Reads the answer to [`Client::send_refresh`]. An ID token in it is not looked at: what it could prove was proved
    /// at the exchange, and a token must not be lost over it.
    ///
    /// # Errors
    /// [`Error::Provider`]; with [`crate::Verdict::Unusable`] the answer may hold the only live token.
    pub fn read_refresh(
        &self,
        integration: &Integration,
        token: &SecretText,
        reply: &HttpResponse,
    ) -> Result<TokenSet, Error> {
        let secrets: Vec<&SecretText> = [Some(token), integration.config().client_secret()]
            .into_iter()
            .flatten()
            .collect();
        self.read_reply(integration, Step::Refresh, &secrets, reply)
    }
}
