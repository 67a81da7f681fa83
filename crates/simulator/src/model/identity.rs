//! ID tokens (OIDC Core, section 2), right ones and wrong ones.

use super::account::Account;
use super::key::SigningKey;
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use coffer_core::Timestamp;
use coffer_core::secret::{ExposeSecret, SecretText};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// What is wrong with the identity that a provider asserts. A client has to notice each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Defect {
    /// The ID token's signature does not fit.
    Signature,
    /// It is for another client.
    Audience,
    /// It is from another issuer.
    Issuer,
    /// It carries another nonce.
    Nonce,
    /// It carries no nonce.
    NoNonce,
    /// It expired.
    Expired,
    /// `alg` is `none`, and there is no signature.
    AlgNone,
    /// `alg` is `HS256`: confusion of key types.
    AlgHs256,
    /// There is none, though `openid` was asked for.
    NoIdToken,
    /// The callback carries another `iss` (RFC 9207).
    CallbackIssuer,
    /// The callback carries no `iss`, though the metadata says that it does.
    NoCallbackIssuer,
    /// The callback carries another `state`.
    CallbackState,
    /// Userinfo tells another subject.
    UserinfoSubject,
}

/// What an ID token says.
pub(crate) struct Assertion<'a> {
    pub(crate) issuer: &'a str,
    pub(crate) client_id: &'a str,
    pub(crate) account: &'a Account,
    pub(crate) nonce: Option<&'a str>,
    pub(crate) auth_time: Timestamp,
    pub(crate) access_token: &'a SecretText,
    pub(crate) scopes: &'a [String],
    pub(crate) defect: Option<Defect>,
    pub(crate) now: Timestamp,
}

/// How long an ID token is valid.
const LIFETIME_SECS: i64 = 300;

impl Assertion<'_> {
    /// The signed token. `None` where there is none to give.
    pub(crate) fn sign(&self, key: &SigningKey) -> Option<SecretText> {
        let is = |defect| self.defect == Some(defect);
        if is(Defect::NoIdToken) {
            return None;
        }
        let alg = match self.defect {
            Some(Defect::AlgNone) => "none",
            Some(Defect::AlgHs256) => "HS256",
            Some(_) | None => "ES256",
        };
        let header = json!({ "alg": alg, "typ": "JWT", "kid": key.id() });
        let message = format!("{}.{}", encoded(&header), encoded(&self.claims()));
        let mut signature = key.sign(message.as_bytes())?;
        if is(Defect::AlgNone) {
            signature.clear();
        }
        if is(Defect::Signature) {
            signature.reverse();
        }
        let signature = BASE64_URL_SAFE_NO_PAD.encode(signature);
        Some(SecretText::from(format!("{message}.{signature}")))
    }

    fn claims(&self) -> Value {
        let is = |defect| self.defect == Some(defect);
        let issued = self.now.unix_secs();
        let age = if is(Defect::Expired) {
            -86_400
        } else {
            LIFETIME_SECS
        };
        let mut claims = json!({
            "iss": if is(Defect::Issuer) { "https://elsewhere.example" } else { self.issuer },
            "aud": if is(Defect::Audience) { "another-client" } else { self.client_id },
            "sub": self.account.sub,
            "iat": issued,
            "exp": issued.saturating_add(age),
            "auth_time": self.auth_time.unix_secs(),
            "at_hash": at_hash(self.access_token),
        });
        if let Value::Object(members) = &mut claims {
            if let (Some(nonce), false) = (self.nonce, is(Defect::NoNonce)) {
                let nonce = if is(Defect::Nonce) { "another-nonce" } else { nonce };
                members.insert("nonce".to_owned(), nonce.into());
            }
            members.extend(profile(self.account, self.scopes));
        }
        claims
    }
}

/// What the scopes `profile` and `email` tell about an account (OIDC Core, section 5.4).
pub(crate) fn profile(account: &Account, scopes: &[String]) -> serde_json::Map<String, Value> {
    let has = |name: &str| scopes.iter().any(|scope| scope == name);
    let mut members = serde_json::Map::new();
    if has("profile") {
        members.insert("name".to_owned(), account.name.clone().into());
        members.insert("preferred_username".to_owned(), account.username.clone().into());
    }
    if has("email") {
        members.insert("email".to_owned(), account.email.clone().into());
        members.insert("email_verified".to_owned(), true.into());
    }
    members
}

/// The left half of the access token's SHA-256 (OIDC Core, section 3.1.3.6).
fn at_hash(token: &SecretText) -> String {
    let digest = ring::digest::digest(&ring::digest::SHA256, token.expose_secret().as_bytes());
    let half = digest.as_ref().iter().copied().take(16).collect::<Vec<_>>();
    BASE64_URL_SAFE_NO_PAD.encode(half)
}

fn encoded(value: &Value) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(value.to_string())
}
