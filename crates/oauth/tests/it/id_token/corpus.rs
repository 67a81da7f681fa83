//! Tokens that a provider, or somebody who plays one, might try.

use super::{Fixture, NONCE};
use crate::signer::Signer;
use crate::support::{CLIENT_ID, ISSUER};
use base64::Engine;
use base64::prelude::{BASE64_STANDARD_NO_PAD, BASE64_URL_SAFE, BASE64_URL_SAFE_NO_PAD as B64};
use ring::hmac;
use serde_json::{Value, json};

/// Name and token.
type Corpus = Vec<(String, String)>;

/// All of them, against the keys of this fixture.
pub fn corpus(fixture: &Fixture) -> Corpus {
    let mut corpus = Corpus::new();
    wrong_claims(fixture, &mut corpus);
    wrong_headers(fixture, &mut corpus);
    foreign_keys(fixture, &mut corpus);
    broken_texts(fixture, &mut corpus);
    corpus
}

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
    let unknown = format!(
        r#"{{"hd":"a.example","hd":"b.example",{}"#,
        &fixture.claims().to_string()[1..]
    );
    let nested = format!(
        r#"{{"realm":{{"role":"a","role":"b"}},{}"#,
        &fixture.claims().to_string()[1..]
    );
    for payload in [unknown, nested] {
        corpus.push((
            "a claim twice that nobody knows".to_owned(),
            fixture.signer.sign_raw(&fixture.header().to_string(), &payload),
        ));
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
    add(format!(r#"{{"x":1,"x":1,{}"#, &fixture.header().to_string()[1..]));
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
