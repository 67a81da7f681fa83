//! A provider's signing keys, made in the test, and tokens by them.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as B64;
use coffer_core::SecretText;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair};
use serde_json::{Value, json};

pub enum Signer {
    Es256(EcdsaKeyPair, SystemRandom),
    EdDsa(Ed25519KeyPair),
}

impl Signer {
    #[expect(clippy::disallowed_methods, reason = "a throwaway key of this test run")]
    pub fn es256() -> Self {
        let random = SystemRandom::new();
        let pkcs8 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).unwrap();
        let pair =
            EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8.as_ref(), &random).unwrap();
        Self::Es256(pair, random)
    }

    #[expect(clippy::disallowed_methods, reason = "a throwaway key of this test run")]
    pub fn ed_dsa() -> Self {
        let pkcs8 = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).unwrap();
        Self::EdDsa(Ed25519KeyPair::from_pkcs8(pkcs8.as_ref()).unwrap())
    }

    pub fn alg(&self) -> &'static str {
        match self {
            Self::Es256(..) => "ES256",
            Self::EdDsa(_) => "EdDSA",
        }
    }

    pub fn jwk(&self, kid: &str) -> Value {
        match self {
            Self::Es256(pair, _) => {
                let point = pair.public_key().as_ref();
                json!({"kty": "EC", "crv": "P-256", "kid": kid, "use": "sig", "alg": "ES256",
                    "x": B64.encode(&point[1..33]), "y": B64.encode(&point[33..])})
            }
            Self::EdDsa(pair) => {
                json!({"kty": "OKP", "crv": "Ed25519", "kid": kid, "x": B64.encode(pair.public_key().as_ref())})
            }
        }
    }

    pub fn signature(&self, input: &str) -> Vec<u8> {
        match self {
            Self::Es256(pair, random) => pair.sign(random, input.as_bytes()).unwrap().as_ref().to_vec(),
            Self::EdDsa(pair) => pair.sign(input.as_bytes()).as_ref().to_vec(),
        }
    }

    /// A token with exactly these texts as header and payload.
    pub fn sign_raw(&self, header: &str, payload: &str) -> String {
        let input = format!("{}.{}", B64.encode(header), B64.encode(payload));
        let signature = B64.encode(self.signature(&input));
        format!("{input}.{signature}")
    }

    pub fn header(&self, kid: &str) -> Value {
        json!({"alg": self.alg(), "kid": kid, "typ": "JWT"})
    }

    pub fn sign(&self, kid: &str, claims: &Value) -> SecretText {
        SecretText::from(self.sign_raw(&self.header(kid).to_string(), &claims.to_string()))
    }
}
