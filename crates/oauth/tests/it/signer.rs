//! A provider's signing keys, made in the test, and tokens by them.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as B64;
use coffer_core::SecretText;
use ring::rand::SystemRandom;
use ring::rsa::{KeyPairComponents, PublicKeyComponents};
use ring::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, EcdsaSigningAlgorithm,
    Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256, RSA_PKCS1_SHA384, RSA_PKCS1_SHA512, RSA_PSS_SHA256,
    RSA_PSS_SHA384, RSA_PSS_SHA512, RsaEncoding, RsaKeyPair,
};
use serde_json::{Value, json};

pub enum Signer {
    Es256(EcdsaKeyPair, SystemRandom),
    Es384(EcdsaKeyPair, SystemRandom),
    EdDsa(Ed25519KeyPair),
    Rsa(&'static str, RsaKeyPair, SystemRandom),
}

/// The RSA key of RFC 7517, appendix A.2, member by member: `ring` makes none.
const RFC_7517: [(&str, &str); 8] = [
    (
        "n",
        "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjB\
         ZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8\
         KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_\
         xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw",
    ),
    ("e", "AQAB"),
    (
        "d",
        "X4cTteJY_gn4FYPsXB8rdXix5vwsg1FLN5E3EaG6RJoVH-HLLKD9M7dx5oo7GURknchnrRweUkC7hT5fJLM0WbFAKNLWY2vv7B6N\
         qXSzUvxT0_YSfqijwp3RTzlBaCxWp4doFk5N2o8Gy_nHNKroADIkJ46pRUohsXywbReAdYaMwFs9tv8d_cPVY3i07a3t8MN6TNwm\
         0dSawm9v47UiCl3Sk5ZiG7xojPLu4sbg1U2jx4IBTNBznbJSzFHK66jT8bgkuqsk0GjskDJk19Z4qwjwbsnn4j2WBii3RL-Us2lG\
         VkY8fkFzme1z0HbIkfz0Y6mqnOYtqc0X4jfcKoAC8Q",
    ),
    (
        "p",
        "83i-7IvMGXoMXCskv73TKr8637FiO7Z27zv8oj6pbWUQyLPQBQxtPVnwD20R-60eTDmD2ujnMt5PoqMrm8RfmNhVWDtjjMmCMjOp\
         SXicFHj7XOuVIYQyqVWlWEh6dN36GVZYk93N8Bc9vY41xy8B9RzzOGVQzXvNEvn7O0nVbfs",
    ),
    (
        "q",
        "3dfOR9cuYq-0S-mkFLzgItgMEfFzB2q3hWehMuG0oCuqnb3vobLyumqjVZQO1dIrdwgTnCdpYzBcOfW5r370AFXjiWft_NGEiovo\
         nizhKpo9VVS78TzFgxkIdrecRezsZ-1kYd_s1qDbxtkDEgfAITAG9LUnADun4vIcb6yelxk",
    ),
    (
        "dp",
        "G4sPXkc6Ya9y8oJW9_ILj4xuppu0lzi_H7VTkS8xj5SdX3coE0oimYwxIi2emTAue0UOa5dpgFGyBJ4c8tQ2VF402XRugKDTP8ak\
         YhFo5tAA77Qe_NmtuYZc3C3m3I24G2GvR5sSDxUyAN2zq8Lfn9EUms6rY3Ob8YeiKkTiBj0",
    ),
    (
        "dq",
        "s9lAH9fggBsoFR8Oac2R_E2gw282rT2kGOAhvIllETE1efrA6huUUvMfBcMpn8lqeW6vzznYY5SSQF7pMdC_agI3nG8Ibp1BUb0J\
         UiraRNqUfLhcQb_d9GF4Dh7e74WbRsobRonujTYN1xCaP6TO61jvWrX-L18txXw494Q_cgk",
    ),
    (
        "qi",
        "GyM_p6JrXySiz1toFgKbWV-JdI3jQ4ypu9rbMWx3rQJBfmt0FoYzgUIZEVFEcOqwemRN81zoDAaa-Bk0KWNGDjJHZDdDmFhW3AN7\
         lI-puxk_mHZGJ11rxyR8O55XLSe3SPmRfKwZI6yU24ZxvQKFYItdldUKGzO6Ia6zTKhAVRU",
    ),
];

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
        let [n, e, d, p, q, dp, dq, qi] = RFC_7517.map(|(_, value)| B64.decode(value).unwrap());
        let pair = RsaKeyPair::from_components(&KeyPairComponents {
            public_key: PublicKeyComponents { n, e },
            d,
            p,
            q,
            dP: dp,
            dQ: dq,
            qInv: qi,
        });
        Self::Rsa(alg, pair.unwrap(), random())
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
            Self::Rsa(alg, ..) => {
                let [(_, n), (_, e), ..] = RFC_7517;
                json!({"kty": "RSA", "kid": kid, "use": "sig", "alg": alg, "n": n, "e": e})
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
