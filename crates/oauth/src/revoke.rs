//! Giving a grant back (RFC 7009, or the provider's own call).

use crate::body::Body;
use crate::call::CallTokens;
use crate::client::Client;
use crate::error::Error;
use crate::integration::Integration;
use crate::wire::{Parameters, client_post};
use coffer_catalog::provider::endpoints::Endpoint;
use coffer_catalog::provider::revoke::{RevokeStyle, RevokedToken};
use coffer_catalog::{Meaning, Step};
use coffer_core::SecretText;
use coffer_core::http::HttpResponse;

/// The tokens of a connection, the newest of each.
#[derive(Debug, Clone, Copy)]
pub struct RevokeTokens<'a> {
    /// The access token.
    pub access: Option<&'a SecretText>,
    /// The refresh token.
    pub refresh: Option<&'a SecretText>,
}

/// What became of a revocation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Revocation {
    /// The provider says that it is done.
    Revoked,
    /// The provider does not know the token any more: it was gone before.
    AlreadyGone,
    /// The provider has no way to do it, or not for this kind of token. The text says what a person can do instead.
    Unsupported(Option<String>),
}

impl Client {
    /// Revokes a grant. A failure that may pass is an error, to be recorded and tried again (OA-C34).
    ///
    /// # Errors
    /// [`Error::Provider`] when the provider does not answer or refuses; [`Error::Config`] and [`Error::Discovery`]
    /// before a byte is sent.
    pub async fn revoke(
        &self,
        integration: &Integration,
        tokens: RevokeTokens<'_>,
    ) -> Result<Revocation, Error> {
        let rule = &integration.provider().revoke;
        match rule.style {
            RevokeStyle::None => Ok(Revocation::Unsupported(rule.note.clone())),
            RevokeStyle::Rfc7009 => self.revoke_by_rfc7009(integration, tokens).await,
            RevokeStyle::Call => self.revoke_by_call(integration, tokens).await,
        }
    }

    async fn revoke_by_rfc7009(
        &self,
        integration: &Integration,
        tokens: RevokeTokens<'_>,
    ) -> Result<Revocation, Error> {
        let rule = &integration.provider().revoke;
        let Some(url) = self.secret_endpoint(integration, Endpoint::Revoke).await? else {
            return Ok(Revocation::Unsupported(rule.note.clone()));
        };
        let refresh = tokens.refresh.map(|token| (token, "refresh_token"));
        let access = tokens.access.map(|token| (token, "access_token"));
        let chosen = match rule.token {
            RevokedToken::RefreshToken => refresh.or(access),
            RevokedToken::AccessToken => access.or(refresh),
        };
        let Some((token, hint)) = chosen else {
            return Ok(Revocation::AlreadyGone);
        };
        let mut parameters = Parameters::default();
        parameters.push("token", token.clone());
        if rule.token_type_hint {
            parameters.push("token_type_hint", hint);
        }
        let request = client_post(
            integration,
            url,
            parameters,
            &integration.provider().parameters.revoke,
        )?;
        let reply = self.send(request).await?;
        self.read_revocation(integration, tokens, &reply, &[200, 201, 202, 204])
    }

    async fn revoke_by_call(
        &self,
        integration: &Integration,
        tokens: RevokeTokens<'_>,
    ) -> Result<Revocation, Error> {
        let rule = &integration.provider().revoke;
        let (Some(call), Some(access)) = (&rule.call, tokens.access.or(tokens.refresh)) else {
            return Ok(Revocation::Unsupported(rule.note.clone()));
        };
        let reply = self
            .call(
                integration,
                call,
                CallTokens {
                    access,
                    refresh: tokens.refresh,
                },
            )
            .await?;
        self.read_revocation(integration, tokens, &reply, &call.success)
    }

    fn read_revocation(
        &self,
        integration: &Integration,
        tokens: RevokeTokens<'_>,
        reply: &HttpResponse,
        success: &[u16],
    ) -> Result<Revocation, Error> {
        let provider = integration.provider();
        let body = Body::read(&reply.body);
        let (code, passes) = match &body {
            Body::Document(document) => (
                provider.response.error_code(&document.value),
                provider.response.is_success(&document.value),
            ),
            Body::Empty | Body::Markup | Body::Unreadable => (None, true),
        };
        if success.contains(&reply.status) && passes {
            return Ok(Revocation::Revoked);
        }
        // Only a definite word counts: not a redirect, nor the provider's own trouble, nor a page of HTML.
        if matches!(reply.status, 200..=299 | 400..=499) && !matches!(body, Body::Markup) {
            if code.as_deref() == Some("unsupported_token_type") {
                return Ok(Revocation::Unsupported(provider.revoke.note.clone()));
            }
            match provider
                .classify(Step::Revoke, reply.status, code.as_deref())
                .meaning
            {
                Meaning::Dead | Meaning::Revoked | Meaning::Expired => return Ok(Revocation::AlreadyGone),
                Meaning::Config | Meaning::Rate | Meaning::Transient => {}
            }
        }
        let secrets: Vec<&SecretText> = [
            tokens.access,
            tokens.refresh,
            integration.config().client_secret(),
        ]
        .into_iter()
        .flatten()
        .collect();
        Err(self
            .refusal(integration, Step::Revoke, &secrets, reply, &body)
            .into())
    }
}
