//! Client authentication (RFC 6749, section 2.3).

use super::arrival::Parsed;
use super::client::{Client, ClientAuth};
use super::provider::Provider;
use super::refusal::{Refusal, RefusalCode};
use super::token::TokenHash;
use base64::{Engine, prelude::BASE64_STANDARD};
use std::sync::Arc;

const FAILED: Refusal = Refusal::new(
    RefusalCode::InvalidClient,
    "unknown client, or its authentication failed",
);

impl Provider {
    /// The client that sent a request, proven by exactly one of its methods.
    pub(crate) fn authenticate(&self, parsed: &Parsed) -> Result<Arc<Client>, Refusal> {
        let credentials = Credentials::of(parsed)?;
        let client = self.client(&credentials.client_id).ok_or(FAILED)?;
        let allowed = client.behaviour.client_auth.contains(&credentials.method);
        let proven = match (credentials.method, client.secret, credentials.secret) {
            (ClientAuth::None, None, _) => true,
            (ClientAuth::None, Some(_), _) => false,
            (ClientAuth::Basic | ClientAuth::Post, Some(known), Some(given)) => known == given,
            (ClientAuth::Basic | ClientAuth::Post, _, _) => false,
        };
        if allowed && proven {
            Ok(client)
        } else {
            Err(FAILED)
        }
    }
}

struct Credentials {
    method: ClientAuth,
    client_id: String,
    secret: Option<TokenHash>,
}

impl Credentials {
    fn of(parsed: &Parsed) -> Result<Self, Refusal> {
        let (id, secret) = (parsed.form.one("client_id")?, parsed.form.one("client_secret")?);
        let in_query = parsed.query.peek("client_secret").is_some();
        match (&parsed.request.authorization, secret) {
            _ if in_query => Err(Refusal::request("a client secret never stands in a URL")),
            (Some(_), Some(_)) => Err(Refusal::request("two ways of client authentication at once")),
            (Some(_), None) => {
                let (client_id, secret) = parsed
                    .request
                    .credentials("basic")
                    .and_then(basic)
                    .ok_or(FAILED)?;
                if id.is_some_and(|id| id != client_id) {
                    return Err(Refusal::request("client_id differs from the one in the header"));
                }
                Ok(Self {
                    method: ClientAuth::Basic,
                    client_id,
                    secret: Some(TokenHash::of(&secret)),
                })
            }
            (None, secret) => Ok(Self {
                method: if secret.is_some() {
                    ClientAuth::Post
                } else {
                    ClientAuth::None
                },
                client_id: id.ok_or(FAILED)?.to_owned(),
                secret: secret.map(TokenHash::of),
            }),
        }
    }
}

/// The id and secret in a Basic header, each form-urlencoded (RFC 6749, section 2.3.1).
pub(crate) fn basic(credentials: &str) -> Option<(String, String)> {
    let text = String::from_utf8(BASE64_STANDARD.decode(credentials).ok()?).ok()?;
    let (id, secret) = text.split_once(':')?;
    Some((form_decoded(id), form_decoded(secret)))
}

fn form_decoded(text: &str) -> String {
    // A lone value decodes as the name of a pair; "=" and "&" cannot stand in it unescaped.
    url::form_urlencoded::parse(text.as_bytes())
        .next()
        .map(|(name, _)| name.into_owned())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn basic_credentials_are_form_decoded() {
        let header = BASE64_STANDARD.encode("my%3Aclient:a+b%2Bc%26");
        assert_eq!(basic(&header), Some(("my:client".into(), "a b+c&".into())));
        assert_eq!(basic("no base64!"), None);
        assert_eq!(basic(&BASE64_STANDARD.encode("nocolon")), None);
    }
}
