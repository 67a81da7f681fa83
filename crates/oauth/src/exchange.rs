//! The code exchange (RFC 6749, section 4.1.3; RFC 7636, section 4.5).

use crate::client::Client;
use crate::error::Error;
use crate::id_token::{Expected, IdTokenClaims, IdTokenError};
use crate::integration::Integration;
use crate::revoke::{Revocation, RevokeTokens};
use crate::token_response::TokenSet;
use crate::wire::{Parameters, client_post};
use coffer_catalog::Step;
use coffer_catalog::provider::endpoints::Endpoint;
use coffer_core::SecretText;
use coffer_core::http::HttpResponse;
use serde_json::Value;
use url::Url;

/// An authorization code and what belongs to its flow. It is sent once, whatever comes of it.
#[derive(Debug, Clone, Copy)]
pub struct CodeGrant<'a> {
    /// The code.
    pub code: &'a SecretText,
    /// The redirect URI of the authorization request.
    pub redirect_uri: &'a Url,
    /// The PKCE verifier, if one was made.
    pub verifier: Option<&'a SecretText>,
    /// The nonce, if one was sent.
    pub nonce: Option<&'a SecretText>,
    /// The issuer that was asked; the code goes to no other (OA-C08).
    pub issuer: Option<&'a str>,
}

impl Client {
    /// Exchanges a code for tokens: [`Client::send_code`], then [`Client::read_tokens`].
    ///
    /// # Errors
    /// As those two.
    pub async fn exchange(
        &self,
        integration: &Integration,
        grant: &CodeGrant<'_>,
    ) -> Result<TokenSet, Error> {
        let reply = self.send_code(integration, grant).await?;
        self.read_tokens(integration, grant, &reply).await
    }

    /// Has at hand what an exchange needs beside its own request: the metadata and, with OpenID Connect, the keys that
    /// the ID token is verified with. A code is spent by being sent: nothing that can be known before must fail after.
    ///
    /// # Errors
    /// As [`Client::send_code`] before a byte is sent; [`Error::Discovery`] when the keys cannot be had, unless the
    /// provider need not send an ID token.
    pub async fn prepare_exchange(&self, integration: &Integration) -> Result<(), Error> {
        let url = self.secret_endpoint(integration, Endpoint::Token).await?;
        url.ok_or(NO_TOKEN_ENDPOINT)?;
        let Some(oidc) = &integration.provider().oidc else {
            return Ok(());
        };
        match self.keys(integration, false).await {
            Err(error) if oidc.id_token_required.resolve(integration.config()) => Err(error),
            Ok(_) | Err(_) => Ok(()),
        }
    }

    /// Revokes what an answer to [`Client::send_code`] brought, where it is not kept: a bad ID token, another account,
    /// a value that is missing. Nothing of it is given out. `None`: it brought no tokens.
    ///
    /// # Errors
    /// As [`Client::revoke`].
    pub async fn disown(
        &self,
        integration: &Integration,
        grant: &CodeGrant<'_>,
        reply: &HttpResponse,
    ) -> Result<Option<Revocation>, Error> {
        let Ok(tokens) = self.read_reply(integration, Step::Token, &[grant.code], reply) else {
            return Ok(None);
        };
        let tokens = RevokeTokens {
            access: Some(&tokens.access),
            refresh: tokens.refresh.as_ref(),
        };
        self.revoke(integration, tokens).await.map(Some)
    }

    /// Sends the code to the token endpoint, once, and gives the answer as it came, so that it can be kept before
    /// anybody looks at it.
    ///
    /// # Errors
    /// [`Error::Config`] when the integration is incomplete or belongs to another issuer than the flow;
    /// [`Error::Discovery`] when the endpoint cannot be had or has moved; [`Error::Provider`] when there is no answer.
    pub async fn send_code(
        &self,
        integration: &Integration,
        grant: &CodeGrant<'_>,
    ) -> Result<HttpResponse, Error> {
        if integration.issuer()?.as_deref() != grant.issuer {
            return Err(Error::Config(
                "the integration's issuer was changed while the flow was under way; start again",
            ));
        }
        let url = self
            .secret_endpoint(integration, Endpoint::Token)
            .await?
            .ok_or(NO_TOKEN_ENDPOINT)?;
        let mut parameters = Parameters::default();
        parameters.push("grant_type", "authorization_code");
        parameters.push("code", grant.code.clone());
        parameters.push("redirect_uri", grant.redirect_uri.as_str());
        if let Some(verifier) = grant.verifier {
            parameters.push("code_verifier", verifier.clone());
        }
        let request = client_post(
            integration,
            url,
            parameters,
            &integration.provider().parameters.token,
        )?;
        self.send(request).await
    }

    /// Reads the answer to [`Client::send_code`]. With OpenID Connect nothing of it is given out before the ID token
    /// has been verified, nonce included (OA-C25).
    ///
    /// # Errors
    /// [`Error::Provider`] when it is a refusal or cannot be used; [`Error::IdToken`] when the ID token is missing or
    /// proves nothing; [`Error::Discovery`] when the keys cannot be had.
    pub async fn read_tokens(
        &self,
        integration: &Integration,
        grant: &CodeGrant<'_>,
        reply: &HttpResponse,
    ) -> Result<TokenSet, Error> {
        let secrets: Vec<&SecretText> = [
            Some(grant.code),
            grant.verifier,
            integration.config().client_secret(),
        ]
        .into_iter()
        .flatten()
        .collect();
        let mut tokens = self.read_reply(integration, Step::Token, &secrets, reply)?;
        let Some(oidc) = &integration.provider().oidc else {
            return Ok(tokens);
        };
        match &tokens.id_token {
            Some(id_token) => {
                tokens.claims = Some(
                    self.verify_id_token(integration, grant, id_token, &tokens.access)
                        .await?,
                );
            }
            None if oidc.id_token_required.resolve(integration.config()) => {
                return Err(IdTokenError::Missing.into());
            }
            None => {}
        }
        Ok(tokens)
    }

    async fn verify_id_token(
        &self,
        integration: &Integration,
        grant: &CodeGrant<'_>,
        id_token: &SecretText,
        access: &SecretText,
    ) -> Result<IdTokenClaims, Error> {
        let issuer = integration
            .issuer()?
            .ok_or(Error::Config("the integration has no issuer; enter it"))?;
        let algorithms = integration
            .provider()
            .oidc
            .as_ref()
            .map(|oidc| oidc.id_token_algorithms.as_slice());
        let expected = Expected {
            issuer: &issuer,
            client_id: integration.client_id()?,
            nonce: grant.nonce,
            access_token: Some(access),
            algorithms: algorithms.unwrap_or_default(),
            now: self.clock().now(),
        };
        let keys = self.keys(integration, false).await?;
        let claims = match crate::id_token::verify(id_token, &keys, &expected) {
            // The issuer may have changed its keys since they were fetched.
            Err(IdTokenError::NoKey | IdTokenError::Signature) => {
                let keys = self.keys(integration, true).await?;
                crate::id_token::verify(id_token, &keys, &expected)?
            }
            verified => verified?,
        };
        check_required_claims(integration, &claims)?;
        Ok(claims)
    }
}

/// Claims that have to be what the integration says: Google's hosted domain.
fn check_required_claims(integration: &Integration, claims: &IdTokenClaims) -> Result<(), Error> {
    let required = integration
        .provider()
        .oidc
        .iter()
        .flat_map(|oidc| &oidc.require_claims);
    for rule in required {
        let Some(wanted) = integration
            .config()
            .text(&rule.field)
            .filter(|wanted| !wanted.is_empty())
        else {
            continue;
        };
        if claims.all.get(&rule.claim).and_then(Value::as_str) != Some(wanted) {
            return Err(IdTokenError::RequiredClaim.into());
        }
    }
    Ok(())
}

pub(crate) const NO_TOKEN_ENDPOINT: Error =
    Error::Config("the provider has no token endpoint; enter its address in the integration");
