//! Whose account it is (OpenID Connect Core 1.0, section 5.3, or the provider's own call).

use crate::body::Body;
use crate::call::CallTokens;
use crate::client::Client;
use crate::error::Error;
use crate::id_token::{IdTokenClaims, flag};
use crate::integration::Integration;
use crate::json::Document;
use crate::text;
use crate::token_response::TokenSet;
use coffer_catalog::provider::call::HttpCall;
use coffer_catalog::provider::identity::EmailCall;
use coffer_catalog::{Pointer, Setting, Step};
use coffer_core::SecretText;
use serde_json::Value;
use std::collections::BTreeMap;

/// An account. `issuer` and `subject` together identify it, and nothing else does (OA-C24): addresses and names change
/// hands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The issuer; for plain OAuth 2 the origin of the token endpoint.
    pub issuer: String,
    /// The account's id there.
    pub subject: String,
    /// An e-mail address, cleaned.
    pub email: Option<String>,
    /// Whether the provider says that it verified the address.
    pub email_verified: Option<bool>,
    /// A name for people, cleaned.
    pub name: Option<String>,
    /// Further facts, cleaned: `username`, `picture`.
    pub extra: BTreeMap<String, String>,
}

impl Client {
    /// Finds out whose account the tokens are for. The ID token is asked first; the provider is asked when there is no
    /// ID token, or it has neither address nor name.
    ///
    /// # Errors
    /// [`Error::SubjectMismatch`] when userinfo speaks of somebody else (OA-C27); [`Error::NoSubject`] when nothing
    /// says who it is; without an ID token also [`Error::Provider`], [`Error::Config`] and [`Error::Discovery`].
    pub async fn identity(&self, integration: &Integration, tokens: &TokenSet) -> Result<Identity, Error> {
        let rule = &integration.provider().identity;
        let issuer = match integration.issuer()? {
            Some(issuer) => issuer,
            None => self.secret_origin(integration).await?,
        };
        let proved = tokens
            .claims
            .as_ref()
            .map(|claims| from_claims(integration, claims));
        let told = match (&rule.call, &proved) {
            (Some(call), None) => Some(self.ask(integration, call, &issuer, &tokens.access).await?),
            (Some(call), Some(proved)) if proved.email.is_none() || proved.name.is_none() => {
                match self.ask(integration, call, &issuer, &tokens.access).await {
                    Ok(told) => Some(told),
                    // The ID token has said who it is; what is missing is for people to read.
                    Err(Error::Provider(error)) => {
                        tracing::info!(
                            code = error.code.as_str(),
                            "the identity call failed; the ID token is enough"
                        );
                        None
                    }
                    Err(error) => return Err(error),
                }
            }
            (Some(_) | None, _) => None,
        };
        let mut identity = merge(proved, told)?;
        if let (Some(emails), None) = (&rule.emails, &identity.email) {
            self.add_email(integration, emails, tokens, &mut identity).await;
        }
        Ok(identity)
    }

    async fn ask(
        &self,
        integration: &Integration,
        call: &HttpCall,
        issuer: &str,
        access: &SecretText,
    ) -> Result<Identity, Error> {
        let document = self.ask_document(integration, call, access).await?;
        read(integration, issuer.to_owned(), &document.value).ok_or(Error::NoSubject)
    }

    async fn ask_document(
        &self,
        integration: &Integration,
        call: &HttpCall,
        access: &SecretText,
    ) -> Result<Document, Error> {
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
        match Body::read_any(&reply.body) {
            Body::Document(document)
                if call.success.contains(&reply.status)
                    && integration.provider().response.is_success(&document.value) =>
            {
                Ok(document)
            }
            body @ (Body::Document(_) | Body::Empty | Body::Markup | Body::Unreadable) => Err(self
                .refusal(integration, Step::Api, &[access], &reply, &body)
                .into()),
        }
    }

    /// A second call for the address. That it fails is no reason to fail.
    async fn add_email(
        &self,
        integration: &Integration,
        emails: &EmailCall,
        tokens: &TokenSet,
        identity: &mut Identity,
    ) {
        let granted = tokens.scopes.as_deref().unwrap_or_default();
        if !emails.scopes.is_empty() && !emails.scopes.iter().any(|scope| granted.contains(scope)) {
            return;
        }
        if let Ok(document) = self.ask_document(integration, &emails.call, &tokens.access).await
            && let Some(found) = emails.select(&document.value)
        {
            identity.email = text::value(&found.address);
            identity.email_verified = Some(found.verified);
        }
    }
}

/// Puts together what the ID token proves and what the provider tells: the first counts.
fn merge(proved: Option<Identity>, told: Option<Identity>) -> Result<Identity, Error> {
    let (mut proved, told) = match (proved, told) {
        (Some(proved), Some(told)) => (proved, told),
        (one, other) => return one.or(other).ok_or(Error::NoSubject),
    };
    if proved.subject != told.subject {
        return Err(Error::SubjectMismatch);
    }
    if proved.email.is_none() {
        proved.email = told.email;
        proved.email_verified = told.email_verified;
    }
    proved.name = proved.name.or(told.name);
    for (name, value) in told.extra {
        proved.extra.entry(name).or_insert(value);
    }
    Ok(proved)
}

/// The ID token's subject is `sub`, whatever the catalogue's pointers say.
fn from_claims(integration: &Integration, claims: &IdTokenClaims) -> Identity {
    let all = Value::Object(claims.all.clone());
    let rest = details(integration, &all);
    Identity {
        issuer: claims.issuer.clone(),
        subject: claims.subject.clone(),
        email: rest.email.or_else(|| claims.email.clone()),
        email_verified: rest.email_verified.or(claims.email_verified),
        name: rest.name.or_else(|| claims.name.clone()),
        extra: rest.extra,
    }
}

fn read(integration: &Integration, issuer: String, document: &Value) -> Option<Identity> {
    let subject = subject(integration, document)?;
    Some(Identity {
        issuer,
        subject,
        ..details(integration, document)
    })
}

/// A subject is compared and stored, so it is never cleaned: it is taken as it is, or not at all.
fn subject(integration: &Integration, document: &Value) -> Option<String> {
    let pointer = integration
        .provider()
        .identity
        .subject
        .resolve(integration.config());
    let subject = match pointer.lookup(document)? {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => return None,
    };
    let is_sound = !subject.is_empty() && subject.len() <= 512 && !subject.chars().any(char::is_control);
    is_sound.then_some(subject)
}

fn details(integration: &Integration, document: &Value) -> Identity {
    let rule = &integration.provider().identity;
    let at = |pointer: &Setting<Pointer>| pointer.resolve(integration.config()).lookup(document).cloned();
    let cleaned =
        |pointer: &Setting<Pointer>| at(pointer).as_ref().and_then(Value::as_str).and_then(text::value);
    let further = [("username", &rule.username), ("picture", &rule.picture)];
    Identity {
        issuer: String::new(),
        subject: String::new(),
        email: cleaned(&rule.email),
        email_verified: rule.email_verified.as_ref().and_then(at).as_ref().and_then(flag),
        name: cleaned(&rule.name),
        extra: further
            .into_iter()
            .filter_map(|(name, pointer)| Some((name.to_owned(), cleaned(pointer.as_ref()?)?)))
            .collect(),
    }
}
