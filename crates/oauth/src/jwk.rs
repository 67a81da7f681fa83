//! A provider's public signing keys (RFC 7517), verified on ring.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use openidconnect::core::{CoreJsonWebKeyType, CoreJsonWebKeyUse, CoreJwsSigningAlgorithm as Alg};
use openidconnect::{JsonWebKey, JsonWebKeyAlgorithm, JsonWebKeyId, SignatureVerificationError};
use ring::digest;
use ring::signature::{self, RsaPublicKeyComponents, UnparsedPublicKey, VerificationAlgorithm};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The most keys that a set may have (THR-39).
const KEYS_CAP: usize = 100;

/// A key set: the keys of it that we can use.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KeySet(Vec<Key>);

/// A public key for signatures. openidconnect's verifier drives it; the arithmetic is ring's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Key {
    kty: CoreJsonWebKeyType,
    kid: Option<JsonWebKeyId>,
    alg: Option<Alg>,
    material: Material,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
enum Material {
    Rsa {
        n: Vec<u8>,
        e: Vec<u8>,
    },
    P256(Vec<u8>),
    P384(Vec<u8>),
    Ed25519(Vec<u8>),
    /// What [`JsonWebKey::new_symmetric`] makes. It verifies nothing: there is no shared-secret algorithm here.
    Useless,
}

impl KeySet {
    /// Reads a key set. Keys that are not for signatures, of a type that we do not know, private or symmetric, are left
    /// out; a key that is there twice counts once. `None` when it is not a key set, or has more than 100 keys.
    pub fn parse(document: &Value) -> Option<Self> {
        let entries = document.get("keys")?.as_array()?;
        if entries.len() > KEYS_CAP {
            return None;
        }
        let mut keys = Vec::new();
        for key in entries.iter().filter_map(Key::parse) {
            if !keys.contains(&key) {
                keys.push(key);
            }
        }
        Some(Self(keys))
    }

    /// The keys that may have made a signature by `alg`. With a `kid`, those with this `kid` (two different keys may
    /// share one); without, all that fit.
    pub(crate) fn candidates<'a>(
        &'a self,
        kid: Option<&'a str>,
        alg: &'a Alg,
    ) -> impl Iterator<Item = &'a Key> {
        self.0.iter().filter(move |key| {
            let same_kid = kid.is_none_or(|kid| key.kid.as_ref().is_some_and(|id| id.as_str() == kid));
            same_kid && key.fits(alg)
        })
    }

    /// How many usable keys there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is no usable key.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Key {
    fn parse(entry: &Value) -> Option<Self> {
        let text = |name: &str| entry.get(name).and_then(Value::as_str);
        let bytes = |name: &str| BASE64_URL_SAFE_NO_PAD.decode(text(name)?).ok();
        let is_private = ["d", "k", "p", "q"].iter().any(|name| entry.get(name).is_some());
        let for_signatures = entry.get("use").is_none_or(|usage| usage == "sig")
            && entry.get("key_ops").is_none_or(|ops| {
                ops.as_array()
                    .is_some_and(|ops| ops.iter().any(|op| op == "verify"))
            });
        if is_private || !for_signatures {
            return None;
        }
        let point = |size: usize| {
            let (x, y) = (bytes("x")?, bytes("y")?);
            (x.len() == size && y.len() == size).then(|| [vec![4], x, y].concat())
        };
        let (kty, material) = match (text("kty")?, text("crv")) {
            ("RSA", _) => (
                CoreJsonWebKeyType::RSA,
                Material::Rsa {
                    n: bytes("n")?,
                    e: bytes("e")?,
                },
            ),
            ("EC", Some("P-256")) => (CoreJsonWebKeyType::EllipticCurve, Material::P256(point(32)?)),
            ("EC", Some("P-384")) => (CoreJsonWebKeyType::EllipticCurve, Material::P384(point(48)?)),
            ("OKP", Some("Ed25519")) => (CoreJsonWebKeyType::OctetKeyPair, Material::Ed25519(bytes("x")?)),
            _ => return None,
        };
        let alg = match entry.get("alg") {
            None | Some(Value::Null) => None,
            Some(alg) => Some(Alg::deserialize(alg).ok()?),
        };
        let kid = text("kid").map(|kid| JsonWebKeyId::new(kid.to_owned()));
        Some(Self {
            kty,
            kid,
            alg,
            material,
        })
    }

    fn fits(&self, alg: &Alg) -> bool {
        self.alg.as_ref().is_none_or(|own| own == alg) && self.verification(alg).is_some()
    }

    /// ring's algorithm for this key and this `alg`; `None` when they do not belong together, which is what stops
    /// every confusion of algorithm and key type (RFC 8725, section 3.1).
    fn verification(&self, alg: &Alg) -> Option<Verification> {
        use signature as s;
        match (&self.material, alg) {
            (Material::Rsa { .. }, Alg::RsaSsaPkcs1V15Sha256) => {
                Some(Verification::Rsa(&s::RSA_PKCS1_2048_8192_SHA256))
            }
            (Material::Rsa { .. }, Alg::RsaSsaPkcs1V15Sha384) => {
                Some(Verification::Rsa(&s::RSA_PKCS1_2048_8192_SHA384))
            }
            (Material::Rsa { .. }, Alg::RsaSsaPkcs1V15Sha512) => {
                Some(Verification::Rsa(&s::RSA_PKCS1_2048_8192_SHA512))
            }
            (Material::Rsa { .. }, Alg::RsaSsaPssSha256) => {
                Some(Verification::Rsa(&s::RSA_PSS_2048_8192_SHA256))
            }
            (Material::Rsa { .. }, Alg::RsaSsaPssSha384) => {
                Some(Verification::Rsa(&s::RSA_PSS_2048_8192_SHA384))
            }
            (Material::Rsa { .. }, Alg::RsaSsaPssSha512) => {
                Some(Verification::Rsa(&s::RSA_PSS_2048_8192_SHA512))
            }
            (Material::P256(_), Alg::EcdsaP256Sha256) => {
                Some(Verification::Plain(&s::ECDSA_P256_SHA256_FIXED))
            }
            (Material::P384(_), Alg::EcdsaP384Sha384) => {
                Some(Verification::Plain(&s::ECDSA_P384_SHA384_FIXED))
            }
            (Material::Ed25519(_), Alg::EdDsa) => Some(Verification::Plain(&s::ED25519)),
            _ => None,
        }
    }
}

enum Verification {
    Rsa(&'static signature::RsaParameters),
    Plain(&'static dyn VerificationAlgorithm),
}

impl JsonWebKey for Key {
    type KeyUse = CoreJsonWebKeyUse;
    type SigningAlgorithm = Alg;

    fn key_id(&self) -> Option<&JsonWebKeyId> {
        self.kid.as_ref()
    }

    fn key_type(&self) -> &CoreJsonWebKeyType {
        &self.kty
    }

    fn key_use(&self) -> Option<&CoreJsonWebKeyUse> {
        None
    }

    fn signing_alg(&self) -> JsonWebKeyAlgorithm<&Alg> {
        self.alg
            .as_ref()
            .map_or(JsonWebKeyAlgorithm::Unspecified, JsonWebKeyAlgorithm::Algorithm)
    }

    fn new_symmetric(_key: Vec<u8>) -> Self {
        Self {
            kty: CoreJsonWebKeyType::Symmetric,
            kid: None,
            alg: None,
            material: Material::Useless,
        }
    }

    fn verify_signature(
        &self,
        signature_alg: &Alg,
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), SignatureVerificationError> {
        let refused = || SignatureVerificationError::CryptoError("the signature is wrong".to_owned());
        let verification = self.verification(signature_alg).ok_or_else(|| {
            SignatureVerificationError::InvalidKey("the key is not for this algorithm".to_owned())
        })?;
        let checked = match (verification, &self.material) {
            (Verification::Rsa(parameters), Material::Rsa { n, e }) => {
                RsaPublicKeyComponents { n, e }.verify(parameters, message, signature)
            }
            (
                Verification::Plain(alg),
                Material::P256(point) | Material::P384(point) | Material::Ed25519(point),
            ) => UnparsedPublicKey::new(alg, point).verify(message, signature),
            (Verification::Rsa(_) | Verification::Plain(_), _) => return Err(refused()),
        };
        checked.map_err(|_| refused())
    }

    fn hash_bytes(&self, bytes: &[u8], alg: &Alg) -> Result<Vec<u8>, String> {
        hash_for(alg)
            .map(|algorithm| digest::digest(algorithm, bytes).as_ref().to_vec())
            .ok_or_else(|| "there is no hash for this algorithm".to_owned())
    }
}

/// The hash of `at_hash` (OpenID Connect Core 1.0, section 3.1.3.6); SHA-512 for Ed25519, as all others do.
fn hash_for(alg: &Alg) -> Option<&'static digest::Algorithm> {
    match alg {
        Alg::RsaSsaPkcs1V15Sha256 | Alg::RsaSsaPssSha256 | Alg::EcdsaP256Sha256 => Some(&digest::SHA256),
        Alg::RsaSsaPkcs1V15Sha384 | Alg::RsaSsaPssSha384 | Alg::EcdsaP384Sha384 => Some(&digest::SHA384),
        Alg::RsaSsaPkcs1V15Sha512 | Alg::RsaSsaPssSha512 | Alg::EdDsa => Some(&digest::SHA512),
        Alg::HmacSha256 | Alg::HmacSha384 | Alg::HmacSha512 | Alg::EcdsaP521Sha512 | Alg::None | _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The public key and the signature of RFC 7515, appendix A.2.
    const N: &str = "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ";
    const INPUT: &str = "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
    const SIGNATURE: &str = "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw";

    fn rfc_key() -> Key {
        Key::parse(&serde_json::json!({"kty": "RSA", "n": N, "e": "AQAB", "kid": "rfc"})).unwrap()
    }

    #[test]
    fn oa_c22_the_rs256_signature_of_rfc_7515_is_accepted_and_a_changed_one_is_not() {
        let mut signature = BASE64_URL_SAFE_NO_PAD.decode(SIGNATURE).unwrap();
        let key = rfc_key();
        let verify =
            |signature: &[u8], input: &str, alg| key.verify_signature(&alg, input.as_bytes(), signature);
        assert!(verify(&signature, INPUT, Alg::RsaSsaPkcs1V15Sha256).is_ok());
        assert!(verify(&signature, &INPUT[1..], Alg::RsaSsaPkcs1V15Sha256).is_err());
        for alg in [
            Alg::RsaSsaPssSha256,
            Alg::RsaSsaPkcs1V15Sha512,
            Alg::EcdsaP256Sha256,
            Alg::EdDsa,
            Alg::HmacSha256,
        ] {
            assert!(verify(&signature, INPUT, alg.clone()).is_err(), "{alg:?}");
        }
        signature[0] ^= 1;
        assert!(verify(&signature, INPUT, Alg::RsaSsaPkcs1V15Sha256).is_err());
    }

    #[test]
    fn oa_c23_a_key_is_a_candidate_only_for_the_algorithms_of_its_type() {
        let rsa = KeySet(vec![rfc_key()]);
        let count = |alg: Alg| rsa.candidates(None, &alg).count();
        assert_eq!(count(Alg::RsaSsaPkcs1V15Sha256) + count(Alg::RsaSsaPssSha256), 2);
        for alg in [
            Alg::EcdsaP256Sha256,
            Alg::EdDsa,
            Alg::HmacSha256,
            Alg::HmacSha512,
            Alg::None,
        ] {
            assert_eq!(count(alg.clone()), 0, "{alg:?}");
        }
        let fixed = Key {
            alg: Some(Alg::RsaSsaPssSha256),
            ..rfc_key()
        };
        assert!(!fixed.fits(&Alg::RsaSsaPkcs1V15Sha256) && fixed.fits(&Alg::RsaSsaPssSha256));
    }

    #[test]
    fn a_symmetric_key_verifies_nothing() {
        let key = Key::new_symmetric(b"secret".to_vec());
        for alg in [Alg::HmacSha256, Alg::RsaSsaPkcs1V15Sha256, Alg::None] {
            assert!(key.verify_signature(&alg, b"", b"").is_err());
        }
    }

    #[test]
    fn a_key_of_less_than_2048_bits_is_of_no_use() {
        let mut key = rfc_key();
        key.material = Material::Rsa {
            n: vec![0xab; 128],
            e: vec![1, 0, 1],
        };
        assert!(
            key.verify_signature(&Alg::RsaSsaPkcs1V15Sha256, b"m", &[1; 128])
                .is_err()
        );
    }
}
