//! ID tokens (OpenID Connect Core 1.0, sections 2 and 3.1.3.7; RFC 8725).
//!
//! Two checks, both of which must pass: a strict reading of our own (three parts, canonical base64url, no duplicate
//! members, the `azp`, `iat`, `nbf` and `at_hash` rules), and openidconnect's verifier for header, issuer, audience,
//! key, signature, expiry and nonce. The signature itself is checked by ring ([`crate::jwk`]).

mod claims;
mod strict;

pub use claims::IdTokenClaims;
pub(crate) use claims::flag;

use crate::jwk::{Key, KeySet};
use coffer_core::secret::ExposeSecret;
use coffer_core::{SecretText, Timestamp};
use openidconnect::core::{
    CoreGenderClaim, CoreJweContentEncryptionAlgorithm, CoreJwsSigningAlgorithm as Alg,
};
use openidconnect::{
    AccessToken, AccessTokenHash, ClaimsVerificationError, ClientId, EmptyAdditionalClaims, IdToken,
    IdTokenVerifier, IssuerUrl, JsonWebKeySet, Nonce, SignatureVerificationError,
};
use std::str::FromStr;
use std::time::Duration;
use strict::Parts;

/// How far a provider's clock may be behind ours when a token expires (OA-C37).
const EXPIRY_SKEW: Duration = Duration::from_secs(60);
/// How far in the future a token may be issued: 10 s are accepted, 60 s are not (THR-28).
const FUTURE_SKEW: Duration = Duration::from_secs(30);

type Token = IdToken<EmptyAdditionalClaims, CoreGenderClaim, CoreJweContentEncryptionAlgorithm, Alg>;

/// What an ID token has to prove.
#[derive(Debug, Clone, Copy)]
pub struct Expected<'a> {
    /// The issuer, exactly.
    pub issuer: &'a str,
    /// Our client id at this issuer.
    pub client_id: &'a str,
    /// The nonce that was sent; `None` on a refresh, where none is.
    pub nonce: Option<&'a SecretText>,
    /// The access token that came with it, for `at_hash`.
    pub access_token: Option<&'a SecretText>,
    /// The algorithms that this issuer may use, by their JOSE names. Those of [`ALGORITHMS`] only: any other name
    /// allows nothing.
    pub algorithms: &'a [String],
    /// The time now.
    pub now: Timestamp,
}

/// Every algorithm that can be allowed. There is no `none` and no HMAC among them (OA-C23).
pub const ALGORITHMS: [&str; 9] = [
    "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "EdDSA",
];

/// Why an ID token proves nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum IdTokenError {
    /// Not a signed token of three parts with strict JSON in it, or a claim has a wrong type.
    #[error("the ID token is malformed: {0}")]
    Malformed(&'static str),
    /// Signed by an algorithm that this issuer must not use, or not signed.
    #[error("the ID token is signed with an algorithm that is not allowed for this issuer")]
    Algorithm,
    /// No key of the issuer fits. The key set may have changed since it was fetched.
    #[error("none of the issuer's keys fits the ID token")]
    NoKey,
    /// The signature is wrong.
    #[error("the signature of the ID token is wrong")]
    Signature,
    /// `iss` is not the issuer that was asked.
    #[error("the ID token is from another issuer")]
    Issuer,
    /// `aud` does not name us, or `azp` names somebody else.
    #[error("the ID token is for another client")]
    Audience,
    /// It has expired; or the clocks differ by more than a minute.
    #[error("the ID token has expired; check the clock of this machine")]
    Expired,
    /// It is from the future; or the clocks differ.
    #[error("the ID token is not valid yet; check the clock of this machine")]
    NotYetValid,
    /// `nonce` is not the one that was sent: the code belongs to another flow.
    #[error("the ID token belongs to another authorization request")]
    Nonce,
    /// `at_hash` is not that of the access token.
    #[error("the ID token was issued with another access token")]
    AccessTokenHash,
    /// There is none, though this provider always sends one.
    #[error(
        "the provider's answer has no ID token; check that the scope openid is among those of the integration"
    )]
    Missing,
    /// A claim is not what the integration demands: another hosted domain.
    #[error("the account is not of the organisation that the integration demands")]
    RequiredClaim,
}

/// Verifies an ID token.
///
/// # Errors
/// [`IdTokenError`]; [`IdTokenError::NoKey`] is worth one more try with a key set fetched anew.
pub fn verify(
    token: &SecretText,
    keys: &KeySet,
    expected: &Expected<'_>,
) -> Result<IdTokenClaims, IdTokenError> {
    let parts = Parts::parse(token.expose_secret())?;
    let alg = allowed_algorithm(&parts, expected.algorithms)?;
    parts.check_claims(expected, EXPIRY_SKEW, FUTURE_SKEW)?;
    let parsed = Token::from_str(token.expose_secret())
        .map_err(|_| IdTokenError::Malformed("a standard claim has another type than the standard says"))?;
    let mut outcome = Err(IdTokenError::NoKey);
    for key in keys.candidates(parts.kid(), &alg) {
        outcome = verify_with(&parsed, key, &alg, expected).map(|()| key);
        if outcome != Err(IdTokenError::Signature) {
            break;
        }
    }
    let key = outcome?;
    check_access_token_hash(&parts, key, &alg, expected.access_token)?;
    parts.into_claims()
}

fn allowed_algorithm(parts: &Parts, allowed: &[String]) -> Result<Alg, IdTokenError> {
    let name = parts.alg();
    if !ALGORITHMS.contains(&name) || !allowed.iter().any(|allowed| allowed == name) {
        return Err(IdTokenError::Algorithm);
    }
    serde_json::from_value(name.into()).map_err(|_| IdTokenError::Algorithm)
}

fn verify_with(token: &Token, key: &Key, alg: &Alg, expected: &Expected<'_>) -> Result<(), IdTokenError> {
    let issuer = IssuerUrl::new(expected.issuer.to_owned()).map_err(|_| IdTokenError::Issuer)?;
    let client = ClientId::new(expected.client_id.to_owned());
    let now = expected.now.minus(EXPIRY_SKEW).unix_micros();
    let verifier = IdTokenVerifier::new_public_client(client, issuer, JsonWebKeySet::new(vec![key.clone()]))
        .set_allowed_algs([alg.clone()])
        .set_other_audience_verifier_fn(|_| true) // azp decides: strict.rs
        .set_time_fn(move || chrono::DateTime::from_timestamp_micros(now).unwrap_or_default());
    let nonce = expected
        .nonce
        .map(|nonce| Nonce::new(nonce.expose_secret().to_owned()));
    let verified = match &nonce {
        Some(nonce) => token.claims(&verifier, nonce),
        None => token.claims(&verifier, |_: Option<&Nonce>| Ok(())),
    };
    verified.map(|_| ()).map_err(|error| translate(&error))
}

fn translate(error: &ClaimsVerificationError) -> IdTokenError {
    use SignatureVerificationError as Why;
    match error {
        ClaimsVerificationError::Expired(_) => IdTokenError::Expired,
        ClaimsVerificationError::InvalidAudience(_) => IdTokenError::Audience,
        ClaimsVerificationError::InvalidIssuer(_) => IdTokenError::Issuer,
        ClaimsVerificationError::InvalidNonce(_) => IdTokenError::Nonce,
        ClaimsVerificationError::SignatureVerification(Why::DisallowedAlg(_) | Why::NoSignature) => {
            IdTokenError::Algorithm
        }
        ClaimsVerificationError::SignatureVerification(Why::NoMatchingKey) => IdTokenError::NoKey,
        ClaimsVerificationError::SignatureVerification(_) => IdTokenError::Signature,
        ClaimsVerificationError::InvalidAuthContext(_)
        | ClaimsVerificationError::InvalidAuthTime(_)
        | ClaimsVerificationError::InvalidSubject(_)
        | ClaimsVerificationError::Other(_)
        | ClaimsVerificationError::Unsupported(_)
        | _ => IdTokenError::Malformed("its header or its claims are not those of an ID token"),
    }
}

fn check_access_token_hash(
    parts: &Parts,
    key: &Key,
    alg: &Alg,
    access: Option<&SecretText>,
) -> Result<(), IdTokenError> {
    let (Some(claimed), Some(access)) = (parts.access_token_hash()?, access) else {
        return Ok(());
    };
    let access = AccessToken::new(access.expose_secret().to_owned());
    let actual = AccessTokenHash::from_token(&access, alg, key).map_err(|_| IdTokenError::AccessTokenHash)?;
    if actual.as_str() == claimed {
        Ok(())
    } else {
        Err(IdTokenError::AccessTokenHash)
    }
}
