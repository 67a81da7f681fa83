//! The strict reading of an ID token, before anything else looks at it.

use super::{Expected, IdTokenClaims, IdTokenError};
use crate::json::Document;
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use coffer_core::Timestamp;
use serde_json::Value;
use std::time::Duration;
use zeroize::Zeroizing;

/// The longest token that is looked at, in bytes.
const SIZE_CAP: usize = 32 * 1024;
/// The longest subject (OpenID Connect Core 1.0, section 2: at most 255 ASCII characters).
const SUBJECT_CAP: usize = 255;
/// 9999-12-31T23:59:59Z: no date is later.
const LAST_SECOND: f64 = 253_402_300_799.0;

/// Header and payload, as strict JSON.
pub(super) struct Parts {
    header: Document,
    payload: Document,
}

impl Parts {
    /// Takes the compact serialization apart (RFC 7515, section 7.1).
    pub(super) fn parse(token: &str) -> Result<Self, IdTokenError> {
        if token.len() > SIZE_CAP {
            return Err(IdTokenError::Malformed("it is too long"));
        }
        let mut parts = token.split('.');
        let (Some(header), Some(payload), Some(signature), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(IdTokenError::Malformed("it has not three parts"));
        };
        if BASE64_URL_SAFE_NO_PAD.decode(signature).is_err() {
            return Err(IdTokenError::Malformed("its signature is not base64url"));
        }
        let parts = Self {
            header: object(header)?,
            payload: object(payload)?,
        };
        parts.check_header()?;
        Ok(parts)
    }

    /// The algorithm that the header names.
    pub(super) fn alg(&self) -> &str {
        self.header
            .value
            .get("alg")
            .and_then(Value::as_str)
            .unwrap_or_default()
    }

    /// The key id that the header names.
    pub(super) fn kid(&self) -> Option<&str> {
        self.header.value.get("kid").and_then(Value::as_str)
    }

    /// `at_hash`, if it is there.
    pub(super) fn access_token_hash(&self) -> Result<Option<&str>, IdTokenError> {
        match self.payload.value.get("at_hash") {
            None => Ok(None),
            Some(Value::String(hash)) => Ok(Some(hash)),
            Some(_) => Err(IdTokenError::Malformed("at_hash is not a text")),
        }
    }

    /// The claims, once everything has been verified.
    pub(super) fn into_claims(self) -> Result<IdTokenClaims, IdTokenError> {
        let issuer = self.required("iss")?.to_owned();
        let subject = self.required("sub")?.to_owned();
        Ok(IdTokenClaims::new(issuer, subject, &self.payload.value))
    }

    /// Everything that can be said before the signature is checked, and what openidconnect's verifier does not ask.
    pub(super) fn check_claims(
        &self,
        expected: &Expected<'_>,
        expiry_skew: Duration,
        future_skew: Duration,
    ) -> Result<(), IdTokenError> {
        if self.required("iss")? != expected.issuer {
            return Err(IdTokenError::Issuer);
        }
        let subject = self.required("sub")?;
        if subject.is_empty() || subject.len() > SUBJECT_CAP {
            return Err(IdTokenError::Malformed(
                "sub is empty or longer than 255 characters",
            ));
        }
        self.check_audience(expected.client_id)?;
        let latest = expected.now.plus(future_skew);
        let expires = self
            .time("exp")?
            .ok_or(IdTokenError::Malformed("exp is missing"))?;
        let issued = self
            .time("iat")?
            .ok_or(IdTokenError::Malformed("iat is missing"))?;
        if expected.now >= expires.plus(expiry_skew) {
            return Err(IdTokenError::Expired);
        }
        if issued > latest || self.time("nbf")?.is_some_and(|from| from > latest) {
            return Err(IdTokenError::NotYetValid);
        }
        if expires <= issued {
            return Err(IdTokenError::Malformed("it expires before it is issued"));
        }
        Ok(())
    }

    /// `aud` has to name us; when it names others too, `azp` has to; and `azp` never names somebody else.
    fn check_audience(&self, client_id: &str) -> Result<(), IdTokenError> {
        let wrong_type = IdTokenError::Malformed("aud is not a text or a list of texts");
        let audiences: Vec<&str> = match self.payload.value.get("aud") {
            Some(Value::String(one)) => vec![one],
            Some(Value::Array(list)) => list
                .iter()
                .map(|item| item.as_str().ok_or(wrong_type))
                .collect::<Result<_, _>>()?,
            _ => return Err(wrong_type),
        };
        let party = match self.payload.value.get("azp") {
            None => None,
            Some(Value::String(party)) => Some(party.as_str()),
            Some(_) => return Err(IdTokenError::Malformed("azp is not a text")),
        };
        let is_alone = audiences.iter().all(|audience| *audience == client_id);
        let party_is_us = party.map_or(is_alone, |party| party == client_id);
        if audiences.contains(&client_id) && party_is_us {
            Ok(())
        } else {
            Err(IdTokenError::Audience)
        }
    }

    /// Says no to what a header must not have. `jku`, `jwk`, `x5u` and `x5c` are never read: keys come from the
    /// issuer's key set alone.
    fn check_header(&self) -> Result<(), IdTokenError> {
        let header = &self.header.value;
        if !header.get("alg").is_some_and(Value::is_string) {
            return Err(IdTokenError::Malformed("its header names no algorithm"));
        }
        if ["crit", "b64", "zip", "enc", "cty"]
            .iter()
            .any(|name| header.get(name).is_some())
        {
            return Err(IdTokenError::Malformed(
                "its header asks for something that no ID token needs",
            ));
        }
        if header.get("kid").is_some_and(|kid| !kid.is_string()) {
            return Err(IdTokenError::Malformed("kid is not a text"));
        }
        let is_jwt = header.get("typ").is_none_or(|typ| {
            typ.as_str().is_some_and(|typ| {
                typ.eq_ignore_ascii_case("JWT") || typ.eq_ignore_ascii_case("application/jwt")
            })
        });
        if is_jwt {
            Ok(())
        } else {
            Err(IdTokenError::Malformed("typ is not JWT"))
        }
    }

    fn required(&self, claim: &str) -> Result<&str, IdTokenError> {
        let value = self.payload.value.get(claim).and_then(Value::as_str);
        value.ok_or(IdTokenError::Malformed("iss or sub is missing, or not a text"))
    }

    /// A NumericDate (RFC 7519, section 2): seconds, possibly with a fraction.
    fn time(&self, claim: &str) -> Result<Option<Timestamp>, IdTokenError> {
        let Some(value) = self.payload.value.get(claim) else {
            return Ok(None);
        };
        let seconds = value
            .as_f64()
            .filter(|seconds| (0.0..=LAST_SECOND).contains(seconds));
        let since_1970 = seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
        since_1970
            .map(|since| Some(Timestamp::from_unix_secs(0).plus(since)))
            .ok_or(IdTokenError::Malformed("exp, iat or nbf is not a date"))
    }
}

fn object(part: &str) -> Result<Document, IdTokenError> {
    let bytes = BASE64_URL_SAFE_NO_PAD
        .decode(part)
        .map(Zeroizing::new)
        .map_err(|_| IdTokenError::Malformed("a part of it is not base64url"))?;
    match Document::parse(&bytes) {
        Ok(document) if document.has_duplicates => Err(IdTokenError::Malformed("a member occurs twice")),
        Ok(document) if document.value.is_object() => Ok(document),
        Ok(_) | Err(_) => Err(IdTokenError::Malformed("a part of it is not a JSON object")),
    }
}
