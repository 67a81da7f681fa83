//! Token responses as providers really write them (RFC 6749, section 5.1).

use crate::id_token::IdTokenClaims;
use crate::json::Document;
use coffer_catalog::provider::capture::CaptureSource;
use coffer_catalog::provider::response::{ExtraToken, TimeUnit};
use coffer_catalog::{Pointer, Provider};
use coffer_core::SecretText;
use serde_json::Value;
use std::collections::BTreeMap;
use std::time::Duration;

/// The longest token that is taken, in bytes.
const TOKEN_CAP: usize = 64 * 1024;
/// A lifetime beyond this is as good as none: a hundred years.
const LONGEST: f64 = 100.0 * 365.0 * 24.0 * 3600.0;
/// The longest captured value, in bytes. The catalogue's own rules come on top when it is used.
const CAPTURE_CAP: usize = 1024;

/// What a provider issued.
#[derive(Debug)]
pub struct TokenSet {
    /// The access token.
    pub access: SecretText,
    /// The refresh token. `None` on a refresh means: the old one stays (OA-C17).
    pub refresh: Option<SecretText>,
    /// How long the access token lives, from now. `None`: the provider does not say (GitHub, Slack), or says zero; the
    /// catalogue's lifetime counts then.
    pub expires_in: Option<Duration>,
    /// How long the refresh token lives, from now, where the provider tells.
    pub refresh_expires_in: Option<Duration>,
    /// What was granted. `None`: what was asked for (RFC 6749, section 5.1).
    pub scopes: Option<Vec<String>>,
    /// `token_type` as the provider writes it.
    pub token_type: Option<String>,
    /// The ID token, as it came. On a refresh it is not looked at.
    pub id_token: Option<SecretText>,
    /// Its claims, verified. Only a code exchange with an OpenID Connect provider has them.
    pub claims: Option<IdTokenClaims>,
    /// Further tokens in the same response, by the name of their credential slot.
    pub extra: BTreeMap<String, ExtraTokenSet>,
    /// What belongs to the connection and is needed later: hosts, account ids.
    pub captured: BTreeMap<String, String>,
}

/// A further token in the same response: Slack's user token beside the bot's.
#[derive(Debug)]
pub struct ExtraTokenSet {
    /// The access token.
    pub access: SecretText,
    /// Its refresh token.
    pub refresh: Option<SecretText>,
    /// How long it lives, from now.
    pub expires_in: Option<Duration>,
    /// What was granted.
    pub scopes: Option<Vec<String>>,
}

/// Reads a token response. `None` when there is no usable access token in it, a token occurs twice with different
/// values, or the token cannot be used without a proof that we do not have.
pub(crate) fn read(provider: &Provider, document: &Document) -> Option<TokenSet> {
    let at = &provider.response;
    let reader = Reader {
        provider,
        value: &document.value,
    };
    let tokens = [&at.access_token, &at.refresh_token, &at.id_token];
    if tokens
        .iter()
        .any(|pointer| document.conflicts.contains(last_member(pointer)))
    {
        return None;
    }
    let token_type = reader.token_type(&at.token_type);
    if token_type.as_deref().is_some_and(needs_proof) {
        return None;
    }
    Some(TokenSet {
        access: reader.token(&at.access_token)?,
        refresh: reader.token(&at.refresh_token),
        expires_in: reader.lifetime(&at.expires_in),
        refresh_expires_in: at
            .refresh_expires_in
            .as_ref()
            .and_then(|pointer| reader.lifetime(pointer)),
        scopes: reader.scopes(&at.scope),
        token_type,
        id_token: reader.token(&at.id_token),
        claims: None,
        extra: at
            .extra_tokens
            .iter()
            .filter_map(|(slot, extra)| Some((slot.clone(), reader.extra(extra)?)))
            .collect(),
        captured: reader.captures(),
    })
}

/// Token types that are not a bearer's (RFC 9449; RFC 8693, section 2.2.1): sending them as one gives them away.
/// Everything else is taken for a bearer token, in whatever case: providers write `bot`, `BearerToken` or nothing.
fn needs_proof(token_type: &str) -> bool {
    ["dpop", "mac", "pop", "n_a"]
        .iter()
        .any(|other| token_type.eq_ignore_ascii_case(other))
}

fn last_member(pointer: &Pointer) -> &str {
    pointer.as_str().rsplit('/').next().unwrap_or_default()
}

struct Reader<'a> {
    provider: &'a Provider,
    value: &'a Value,
}

impl Reader<'_> {
    /// A word for a header: what is none says nothing.
    fn token_type(&self, pointer: &Pointer) -> Option<String> {
        let text = pointer.lookup(self.value)?.as_str()?.trim();
        let is_fit = !text.is_empty()
            && text.len() <= CAPTURE_CAP
            && text.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' ');
        is_fit.then(|| text.to_owned())
    }

    /// A token: not empty, and fit for a header.
    fn token(&self, pointer: &Pointer) -> Option<SecretText> {
        let token = pointer.lookup(self.value)?.as_str()?;
        let is_fit = !token.is_empty()
            && token.len() <= TOKEN_CAP
            && token.bytes().all(|byte| byte.is_ascii_graphic());
        is_fit.then(|| SecretText::from(token))
    }

    /// A lifetime as a number or a text, whole or not. Zero and less say nothing.
    fn lifetime(&self, pointer: &Pointer) -> Option<Duration> {
        let number = match pointer.lookup(self.value)? {
            Value::Number(number) => number.as_f64()?,
            Value::String(text) => text.trim().parse().ok()?,
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => return None,
        };
        let seconds = match self.provider.response.expires_unit {
            TimeUnit::Seconds => number,
            TimeUnit::Milliseconds => number / 1000.0,
        };
        if seconds > 0.0 {
            Duration::try_from_secs_f64(seconds.min(LONGEST)).ok()
        } else {
            None
        }
    }

    /// Granted scopes: one text with separators, or a list (RFC 6749, section 3.3; OA-C16). What has a control character
    /// in it is none: a database may refuse to store it, and with it the tokens.
    fn scopes(&self, pointer: &Pointer) -> Option<Vec<String>> {
        let mut scopes = match pointer.lookup(self.value)? {
            Value::String(text) => self.provider.scopes.split(text),
            Value::Array(list) => list.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => return None,
        };
        scopes.retain(|scope| !scope.is_empty() && !scope.chars().any(char::is_control));
        Some(scopes)
    }

    fn extra(&self, extra: &ExtraToken) -> Option<ExtraTokenSet> {
        Some(ExtraTokenSet {
            access: self.token(&extra.access_token)?,
            refresh: extra
                .refresh_token
                .as_ref()
                .and_then(|pointer| self.token(pointer)),
            expires_in: extra
                .expires_in
                .as_ref()
                .and_then(|pointer| self.lifetime(pointer)),
            scopes: extra.scope.as_ref().and_then(|pointer| self.scopes(pointer)),
        })
    }

    fn captures(&self) -> BTreeMap<String, String> {
        let from_tokens = self
            .provider
            .captures
            .iter()
            .filter(|capture| capture.from == CaptureSource::Token);
        from_tokens
            .filter_map(|capture| {
                let text = match capture.pointer.as_ref()?.lookup(self.value)? {
                    Value::String(text) => text.clone(),
                    Value::Number(number) => number.to_string(),
                    Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => return None,
                };
                (!text.is_empty() && text.len() <= CAPTURE_CAP).then(|| (capture.name.clone(), text))
            })
            .collect()
    }
}

impl TokenSet {
    /// The scopes that were asked for and not granted (OA-C16). Empty when the provider does not say.
    pub fn missing_scopes(&self, requested: &[String]) -> Vec<String> {
        let Some(granted) = &self.scopes else {
            return Vec::new();
        };
        requested
            .iter()
            .filter(|scope| !granted.contains(scope))
            .cloned()
            .collect()
    }
}
