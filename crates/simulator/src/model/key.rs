use crate::SimulatorError;
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use coffer_core::SecretBytes;
use coffer_core::secret::{ExposeSecret, secret_bytes};
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use serde_json::{Value, json};
use std::fmt;

/// The key that signs ID tokens: ES256 (RFC 7518, section 3.4), made at the first start and kept with the state.
///
/// ring draws the randomness for keys and signatures from the operating system only. A simulation that must replay bit
/// for bit makes one key for all its runs; signatures then differ in their bytes, never in their length.
pub struct SigningKey {
    pkcs8: SecretBytes,
    pair: EcdsaKeyPair,
    random: SystemRandom,
    x: String,
    y: String,
    id: String,
}

impl SigningKey {
    /// Makes a new key.
    ///
    /// # Errors
    /// [`SimulatorError::Key`] where the operating system gives no randomness.
    pub fn generate() -> Result<Self, SimulatorError> {
        let document = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &system_random())
            .map_err(|_| SimulatorError::Key)?;
        Self::from_pkcs8(document.as_ref())
    }

    /// Takes a key that was made by [`SigningKey::generate`], as PKCS#8 version 1 with its public key.
    ///
    /// # Errors
    /// [`SimulatorError::Key`] where it is not such a key.
    pub fn from_pkcs8(bytes: &[u8]) -> Result<Self, SimulatorError> {
        let random = system_random();
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, bytes, &random)
            .map_err(|_| SimulatorError::Key)?;
        // An uncompressed point: 0x04, x, y (SEC 1, section 2.3.3).
        let point = pair.public_key().as_ref();
        let (x, y) = point
            .split_first()
            .and_then(|(_, rest)| rest.split_at_checked(32))
            .ok_or(SimulatorError::Key)?;
        let (x, y) = (BASE64_URL_SAFE_NO_PAD.encode(x), BASE64_URL_SAFE_NO_PAD.encode(y));
        // RFC 7638: the members in this order, without white space.
        let canonical = format!(r#"{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}"#);
        let id =
            BASE64_URL_SAFE_NO_PAD.encode(ring::digest::digest(&ring::digest::SHA256, canonical.as_bytes()));
        Ok(Self {
            pkcs8: secret_bytes(bytes.to_vec()),
            pair,
            random,
            x,
            y,
            id,
        })
    }

    pub(crate) fn pkcs8(&self) -> &[u8] {
        self.pkcs8.expose_secret()
    }

    /// The public key as a JWK (RFC 7517).
    pub(crate) fn jwk(&self) -> Value {
        json!({
            "kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256",
            "kid": self.id, "x": self.x, "y": self.y,
        })
    }

    /// The key's id: its thumbprint (RFC 7638).
    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    /// The signature, `r` and `s` of 32 bytes each. `None` where there is no randomness.
    pub(crate) fn sign(&self, message: &[u8]) -> Option<Vec<u8>> {
        let signature = self.pair.sign(&self.random, message).ok()?;
        Some(signature.as_ref().to_vec())
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({})", self.id)
    }
}

fn system_random() -> SystemRandom {
    #[expect(
        clippy::disallowed_methods,
        reason = "ring's trait is sealed: keys and signatures take no other source"
    )]
    SystemRandom::new()
}

#[cfg(test)]
mod tests {
    use super::*;
    use ring::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};

    #[test]
    fn a_restored_key_is_the_same_key_and_signs() {
        let key = SigningKey::generate().unwrap();
        let again = SigningKey::from_pkcs8(key.pkcs8()).unwrap();
        assert_eq!(key.id(), again.id());
        let signature = again.sign(b"message").unwrap();
        UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, key.pair.public_key())
            .verify(b"message", &signature)
            .unwrap();
        assert!(SigningKey::from_pkcs8(b"nonsense").is_err());
    }
}
