//! ID tokens that must not be accepted (THR-38), and those that must.

mod algorithms;
mod corpus;

use crate::signer::Signer;
use crate::support::{CLIENT_ID, ISSUER, text};
use base64::Engine;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD as B64};
use coffer_core::secret::ExposeSecret;
use coffer_core::{Clock, SecretText, Timestamp, testing::FakeClock};
use coffer_oauth::{Expected, IdTokenClaims, IdTokenError, KeySet, verify_id_token};
use ring::digest::{SHA256, SHA512, digest};
use serde_json::{Value, json};

const NONCE: &str = "nonce-1";
const ACCESS: &str = "access-token-1";

struct Fixture {
    signer: Signer,
    keys: KeySet,
    now: i64,
}

impl Fixture {
    fn new(signer: Signer) -> Self {
        let keys = KeySet::parse(&json!({"keys": [signer.jwk("k1"), Signer::es256().jwk("other")]})).unwrap();
        Self {
            signer,
            keys,
            now: FakeClock::default().now().unix_secs(),
        }
    }

    fn both() -> [Self; 2] {
        [Self::new(Signer::es256()), Self::new(Signer::ed_dsa())]
    }

    fn claims(&self) -> Value {
        json!({"iss": ISSUER, "aud": CLIENT_ID, "sub": "user-1", "iat": self.now, "exp": self.now + 300, "nonce": NONCE})
    }

    fn header(&self) -> Value {
        self.signer.header("k1")
    }

    fn verify(&self, token: &str) -> Result<IdTokenClaims, IdTokenError> {
        self.verify_allowing(token, &["ES256", "EdDSA"])
    }

    fn verify_allowing(&self, token: &str, algorithms: &[&str]) -> Result<IdTokenClaims, IdTokenError> {
        let algorithms: Vec<String> = algorithms.iter().map(|name| (*name).to_owned()).collect();
        let (nonce, access) = (text(NONCE), text(ACCESS));
        let expected = Expected {
            issuer: ISSUER,
            client_id: CLIENT_ID,
            nonce: Some(&nonce),
            access_token: Some(&access),
            algorithms: &algorithms,
            now: Timestamp::from_unix_secs(self.now),
        };
        verify_id_token(&SecretText::from(token), &self.keys, &expected)
    }

    fn signed(&self, claims: &Value) -> String {
        self.signer.sign("k1", claims).expose_secret().to_owned()
    }

    fn with(&self, name: &str, value: Value) -> String {
        let mut claims = self.claims();
        claims[name] = value;
        self.signed(&claims)
    }
}

#[test]
fn oa_c22_a_right_token_is_accepted() {
    for fixture in Fixture::both() {
        let claims = fixture.verify(&fixture.signed(&fixture.claims())).unwrap();
        assert_eq!(
            (claims.issuer.as_str(), claims.subject.as_str()),
            (ISSUER, "user-1")
        );
    }
}

#[test]
fn oa_c22_what_real_providers_write_is_accepted() {
    for fixture in Fixture::both() {
        let now = fixture.now;
        for (name, value) in [
            ("aud", json!([CLIENT_ID])),
            ("azp", json!(CLIENT_ID)),
            ("email_verified", json!("true")),
            ("updated_at", json!("2026-01-01T00:00:00.000Z")),
            ("updated_at", json!(now)),
            ("exp", json!(now - 59)),
            ("iat", json!(f64::from(u32::try_from(now).unwrap()) - 0.5)),
            ("iat", json!(now + 10)),
            ("nbf", json!(now + 10)),
            ("address", json!({})),
            ("amr", json!(["pwd"])),
            ("sub", json!("x".repeat(255))),
            ("https://claims.example/roles", json!(["a", {"b": 1}])),
            ("name", json!("Ann \u{202e}evil")),
        ] {
            let mut claims = fixture.claims();
            if name == "exp" {
                claims["iat"] = json!(now - 600);
            }
            claims[name] = value.clone();
            assert!(fixture.verify(&fixture.signed(&claims)).is_ok(), "{name} {value}");
        }
        let mut claims = fixture.claims();
        claims["aud"] = json!([CLIENT_ID, "another"]);
        claims["azp"] = json!(CLIENT_ID);
        assert!(fixture.verify(&fixture.signed(&claims)).is_ok());
        for header in [
            json!({"alg": fixture.signer.alg()}),
            json!({"alg": fixture.signer.alg(), "kid": "k1", "typ": "jwt"}),
            json!({"alg": fixture.signer.alg(), "kid": "k1", "typ": "application/jwt"}),
        ] {
            let keys = KeySet::parse(&json!({"keys": [fixture.signer.jwk("k1")]})).unwrap();
            let alone = Fixture {
                keys,
                signer: Signer::ed_dsa(),
                now,
            };
            let token = fixture
                .signer
                .sign_raw(&header.to_string(), &fixture.claims().to_string());
            assert!(alone.verify(&token).is_ok(), "{header}");
        }
    }
}

#[test]
fn oa_c35_two_keys_with_one_kid_are_both_tried() {
    for signer in [Signer::es256(), Signer::ed_dsa()] {
        let jwks = json!({"keys": [Signer::es256().jwk("k1"), Signer::ed_dsa().jwk("k1"), signer.jwk("k1")]});
        let mut fixture = Fixture::new(signer);
        fixture.keys = KeySet::parse(&jwks).unwrap();
        assert!(fixture.verify(&fixture.signed(&fixture.claims())).is_ok());
    }
}

#[test]
fn oa_c26_at_hash_is_checked_when_it_is_there() {
    for fixture in Fixture::both() {
        let hash = digest(
            if fixture.signer.alg() == "ES256" {
                &SHA256
            } else {
                &SHA512
            },
            ACCESS.as_bytes(),
        );
        let half = &hash.as_ref()[..hash.as_ref().len() / 2];
        assert!(
            fixture
                .verify(&fixture.with("at_hash", B64.encode(half).into()))
                .is_ok()
        );
        for wrong in [
            B64.encode(hash.as_ref()),
            B64.encode(&half[1..]),
            BASE64_STANDARD.encode(half),
            String::new(),
        ] {
            let refused = fixture.verify(&fixture.with("at_hash", wrong.into()));
            assert_eq!(refused.unwrap_err(), IdTokenError::AccessTokenHash);
        }
    }
}

#[test]
fn oa_c23_the_reason_of_a_refusal_is_told() {
    for fixture in Fixture::both() {
        let now = fixture.now;
        for (name, value, reason) in [
            ("iss", json!("https://evil.example"), IdTokenError::Issuer),
            ("aud", json!("other"), IdTokenError::Audience),
            ("azp", json!("other"), IdTokenError::Audience),
            ("exp", json!(now - 60), IdTokenError::Expired),
            ("iat", json!(now + 60), IdTokenError::NotYetValid),
            ("nonce", json!("nonce-2"), IdTokenError::Nonce),
        ] {
            let mut claims = fixture.claims();
            if name == "exp" {
                claims["iat"] = json!(now - 600);
            }
            claims[name] = value;
            assert_eq!(
                fixture.verify(&fixture.signed(&claims)).unwrap_err(),
                reason,
                "{name}"
            );
        }
        let token = fixture.signed(&fixture.claims());
        assert_eq!(
            fixture.verify_allowing(&token, &["RS256"]).unwrap_err(),
            IdTokenError::Algorithm
        );
        assert_eq!(
            fixture.verify_allowing(&token, &[]).unwrap_err(),
            IdTokenError::Algorithm
        );
        let unknown = fixture.signer.sign("k9", &fixture.claims());
        assert_eq!(
            fixture.verify(unknown.expose_secret()).unwrap_err(),
            IdTokenError::NoKey
        );
        let stranger = Fixture::new(Signer::es256());
        let forged = stranger.signer.sign("other", &fixture.claims());
        assert_eq!(
            fixture.verify(forged.expose_secret()).unwrap_err(),
            IdTokenError::Signature
        );
    }
}

#[test]
fn thr_38_none_of_the_corpus_is_accepted() {
    let mut total = 0;
    for fixture in Fixture::both() {
        let corpus = corpus::corpus(&fixture);
        for (name, token) in &corpus {
            let everything = coffer_oauth::ALGORITHMS;
            assert!(fixture.verify(token).is_err(), "{name}: {token}");
            assert!(
                fixture.verify_allowing(token, &everything).is_err(),
                "{name}, with everything allowed: {token}"
            );
            let wishes = ["none", "HS256", "HS384", "HS512", "ES256", "EdDSA"];
            assert!(
                fixture.verify_allowing(token, &wishes).is_err(),
                "{name}, with HMAC and none asked for: {token}"
            );
        }
        total += corpus.len();
    }
    assert!(total >= 300, "{total}");
}

#[test]
fn oa_c25_without_a_nonce_of_ours_a_token_needs_none() {
    let fixture = Fixture::new(Signer::es256());
    let mut claims = fixture.claims();
    claims.as_object_mut().unwrap().remove("nonce");
    let algorithms = ["ES256".to_owned()];
    let expected = Expected {
        issuer: ISSUER,
        client_id: CLIENT_ID,
        nonce: None,
        access_token: None,
        algorithms: &algorithms,
        now: Timestamp::from_unix_secs(fixture.now),
    };
    assert!(verify_id_token(&fixture.signer.sign("k1", &claims), &fixture.keys, &expected).is_ok());
}
