//! ID tokens that must not be accepted (THR-38), and those that must.

use crate::signer::Signer;
use crate::support::{CLIENT_ID, ISSUER, text};
use base64::Engine;
use base64::prelude::{
    BASE64_STANDARD, BASE64_STANDARD_NO_PAD, BASE64_URL_SAFE, BASE64_URL_SAFE_NO_PAD as B64,
};
use coffer_core::secret::ExposeSecret;
use coffer_core::{Clock, SecretText, Timestamp, testing::FakeClock};
use coffer_oauth::{Expected, IdTokenClaims, IdTokenError, KeySet, verify_id_token};
use ring::digest::{SHA256, SHA512, digest};
use ring::hmac;
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
            ("iat", json!(now as f64 - 0.5)),
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

/// Name and token.
type Corpus = Vec<(String, String)>;

fn wrong_claims(fixture: &Fixture, corpus: &mut Corpus) {
    let now = fixture.now;
    let values = |list: &[Value]| list.to_vec();
    let not_texts = [
        json!(null),
        json!(1),
        json!(true),
        json!([]),
        json!({}),
        json!(""),
    ];
    let mut variants: Vec<(&str, Vec<Value>)> = vec![
        (
            "iss",
            values(&[
                json!("https://id.example/"),
                json!("https://ID.example"),
                json!("http://id.example"),
                json!("https://id.example.evil.example"),
                json!("id.example"),
                json!([ISSUER]),
                json!(" https://id.example"),
            ]),
        ),
        (
            "aud",
            values(&[
                json!("other"),
                json!([]),
                json!(["other"]),
                json!([CLIENT_ID, "other"]),
                json!([CLIENT_ID, 1]),
                json!([[CLIENT_ID]]),
                json!({"0": CLIENT_ID}),
                json!("MY-CLIENT"),
                json!("my-client "),
                json!("my-client,other"),
            ]),
        ),
        (
            "azp",
            values(&[
                json!("other"),
                json!(""),
                json!(1),
                json!(null),
                json!([CLIENT_ID]),
                json!("MY-CLIENT"),
            ]),
        ),
        (
            "exp",
            values(&[
                json!(now - 60),
                json!(0),
                json!(-1),
                json!(now.to_string()),
                json!(null),
                json!(true),
                json!([now + 300]),
                json!(1e300),
                json!(now - 1_000_000),
                json!("2099-01-01T00:00:00Z"),
            ]),
        ),
        (
            "iat",
            values(&[
                json!(now + 60),
                json!(now + 299),
                json!(now.to_string()),
                json!(null),
                json!(-1),
                json!(1e18),
                json!({}),
                json!("2020-01-01T00:00:00Z"),
            ]),
        ),
        (
            "nbf",
            values(&[json!(now + 60), json!("soon"), json!(null), json!(-5), json!([])]),
        ),
        (
            "nonce",
            values(&[
                json!("nonce-2"),
                json!("NONCE-1"),
                json!(" nonce-1"),
                json!("nonce-1\u{0}"),
                json!([NONCE]),
            ]),
        ),
        ("sub", values(&[json!("x".repeat(256)), json!(["user-1"])])),
        ("at_hash", values(&[json!("AAAA"), json!(1), json!(null)])),
    ];
    for name in ["iss", "sub", "nonce"] {
        variants.push((name, not_texts.to_vec()));
    }
    variants.push(("aud", not_texts.to_vec()));
    for (name, value) in variants
        .into_iter()
        .flat_map(|(name, list)| list.into_iter().map(move |value| (name, value)))
    {
        corpus.push((format!("{name} = {value}"), fixture.with(name, value)));
    }
    for name in ["iss", "aud", "sub", "exp", "iat", "nonce"] {
        let mut claims = fixture.claims();
        claims.as_object_mut().unwrap().remove(name);
        corpus.push((format!("no {name}"), fixture.signed(&claims)));
        let again = format!(
            r#"{{"{name}":{},{}"#,
            fixture.claims()[name],
            &fixture.claims().to_string()[1..]
        );
        corpus.push((
            format!("{name} twice"),
            fixture.signer.sign_raw(&fixture.header().to_string(), &again),
        ));
        let other = format!(
            r#"{},"{name}":"other"}}"#,
            fixture.claims().to_string().trim_end_matches('}')
        );
        corpus.push((
            format!("{name} twice, differing"),
            fixture.signer.sign_raw(&fixture.header().to_string(), &other),
        ));
    }
}

fn wrong_headers(fixture: &Fixture, corpus: &mut Corpus) {
    let claims = fixture.claims().to_string();
    let mut add = |header: String| {
        corpus.push((
            format!("header {header}"),
            fixture.signer.sign_raw(&header, &claims),
        ))
    };
    for alg in [
        "none", "None", "NONE", "nOnE", "", "HS256", "HS384", "HS512", "RS256", "PS256", "ES384", "ES512",
        "es256", "eddsa", "ES256 ", "dir", "A256GCM", "RSA-OAEP",
    ] {
        let mut header = fixture.header();
        header["alg"] = alg.into();
        add(header.to_string());
    }
    for (name, value) in [
        ("alg", json!(null)),
        ("alg", json!(["ES256", "EdDSA"])),
        ("alg", json!(1)),
        ("kid", json!("other")),
        ("kid", json!("k9")),
        ("kid", json!("../k1")),
        ("kid", json!(["k1"])),
        ("kid", json!(1)),
        ("typ", json!("at+jwt")),
        ("typ", json!("logout+jwt")),
        ("typ", json!("dpop+jwt")),
        ("typ", json!("JWE")),
        ("typ", json!(1)),
        ("cty", json!("JWT")),
        ("crit", json!(["exp"])),
        ("crit", json!([])),
        ("b64", json!(false)),
        ("zip", json!("DEF")),
        ("enc", json!("A256GCM")),
    ] {
        let mut header = fixture.header();
        header[name] = value;
        add(header.to_string());
    }
    add(format!(
        r#"{{"alg":"none",{}"#,
        &fixture.header().to_string()[1..]
    ));
    add(format!(
        r#"{},"alg":"{}"}}"#,
        fixture.header().to_string().trim_end_matches('}'),
        fixture.signer.alg()
    ));
    for header in ["", "{}", "[]", "null", "\"ES256\"", "{\"alg\":", "not json"] {
        add(header.to_owned());
    }
}

/// A key in the token itself, or at an address in it, is never used (RFC 8725, section 3.10).
fn foreign_keys(fixture: &Fixture, corpus: &mut Corpus) {
    let (es, ed) = (Signer::es256(), Signer::ed_dsa());
    for attacker in [&es, &ed] {
        for kid in [Some("k1"), Some("other"), Some("evil"), None] {
            for (name, value) in [
                ("jwk", attacker.jwk("k1")),
                ("jku", json!("https://evil.example/keys")),
                ("x5u", json!("https://evil.example/cert")),
                ("x5c", json!(["MIIB"])),
                ("x5t", json!("AAAA")),
            ] {
                let mut header = json!({"alg": attacker.alg(), "kid": kid, "typ": "JWT", name: value});
                if kid.is_none() {
                    header.as_object_mut().unwrap().remove("kid");
                }
                let token = attacker.sign_raw(&header.to_string(), &fixture.claims().to_string());
                corpus.push((format!("{name} {kid:?} {}", attacker.alg()), token));
            }
        }
    }
    // The public key as an HMAC secret.
    let jwk = fixture.signer.jwk("k1");
    for secret in [
        jwk.to_string(),
        jwk["x"].as_str().unwrap().to_owned(),
        String::new(),
        "client-secret".to_owned(),
    ] {
        let input = format!(
            "{}.{}",
            B64.encode(r#"{"alg":"HS256","kid":"k1"}"#),
            B64.encode(fixture.claims().to_string())
        );
        let tag = hmac::sign(
            &hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes()),
            input.as_bytes(),
        );
        corpus.push((
            "hmac by a public key".to_owned(),
            format!("{input}.{}", B64.encode(tag.as_ref())),
        ));
    }
}

fn broken_texts(fixture: &Fixture, corpus: &mut Corpus) {
    let token = fixture.signed(&fixture.claims());
    let parts: Vec<&str> = token.split('.').collect();
    let [header, payload, signature] = [parts[0], parts[1], parts[2]];
    let raw = B64.decode(signature).unwrap();
    let mut add = |name: &str, token: String| corpus.push((name.to_owned(), token));
    for at in 0..raw.len() {
        let mut flipped = raw.clone();
        flipped[at] ^= 1 << (at % 8);
        add(
            "a bit of the signature",
            format!("{header}.{payload}.{}", B64.encode(flipped)),
        );
    }
    for size in [0, 1, raw.len() / 2, raw.len() - 1] {
        add(
            "a short signature",
            format!("{header}.{payload}.{}", B64.encode(&raw[..size])),
        );
    }
    add(
        "a long signature",
        format!(
            "{header}.{payload}.{}",
            B64.encode([raw.clone(), vec![0]].concat())
        ),
    );
    add(
        "zeros",
        format!("{header}.{payload}.{}", B64.encode(vec![0; raw.len()])),
    );
    add(
        "r and s swapped",
        format!(
            "{header}.{payload}.{}",
            B64.encode([&raw[32..], &raw[..32]].concat())
        ),
    );
    let other = B64.encode(fixture.claims().to_string().replace("user-1", "user-2"));
    add("another payload", format!("{header}.{other}.{signature}"));
    let respelled = B64.encode(fixture.header().to_string().replace(":", ": "));
    add(
        "another spelling of the header",
        format!("{respelled}.{payload}.{signature}"),
    );
    for bad in [
        String::new(),
        ".".into(),
        "..".into(),
        "...".into(),
        "a.b.c".into(),
        header.into(),
        format!("{header}.{payload}"),
        format!("{header}.{payload}."),
        format!("{token}."),
        format!(".{token}"),
        format!("{token}.{signature}"),
        format!(" {token}"),
        format!("{token} "),
        format!("{token}\n"),
        format!("{token}="),
        format!("{header}..{signature}"),
        format!(".{payload}.{signature}"),
        token.replace('.', ","),
        format!(
            "{header}.{}.{signature}",
            BASE64_URL_SAFE.encode(format!("{} ", fixture.claims()))
        ),
        format!("{header}.{payload}.{}", BASE64_STANDARD_NO_PAD.encode([0xfb; 64])),
        "x".repeat(100_000),
    ] {
        add("not three parts of base64url", bad);
    }
    let claims = fixture.claims().to_string();
    for payload in [
        String::new(),
        "[]".into(),
        "null".into(),
        "1".into(),
        format!("[{claims}]"),
        format!("{claims}{claims}"),
        format!("{claims},"),
        format!("\u{0}{claims}"),
        claims.trim_end_matches('}').into(),
        "[".repeat(20_000),
        format!("{},}}", claims.trim_end_matches('}')),
    ] {
        add(
            "not a JSON object",
            fixture.signer.sign_raw(&fixture.header().to_string(), &payload),
        );
    }
}

#[test]
fn thr_38_none_of_the_corpus_is_accepted() {
    let mut total = 0;
    for fixture in Fixture::both() {
        let mut corpus = Corpus::new();
        wrong_claims(&fixture, &mut corpus);
        wrong_headers(&fixture, &mut corpus);
        foreign_keys(&fixture, &mut corpus);
        broken_texts(&fixture, &mut corpus);
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
