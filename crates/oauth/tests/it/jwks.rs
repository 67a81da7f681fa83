use crate::signer::Signer;
use crate::support::*;
use coffer_core::secret::ExposeSecret;
use coffer_core::{Clock, testing::FakeClock};
use coffer_oauth::{Error, IdTokenError, KeySet};
use serde_json::{Value, json};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

#[tokio::test]
async fn oa_c35_keys_are_cached_and_an_unknown_kid_fetches_them_at_most_once_a_minute() {
    let (old, new) = (Signer::es256(), Signer::es256());
    let (old_jwk, new_jwk) = (old.jwk("old"), new.jwk("new"));
    let is_rotated = Arc::new(Mutex::new(false));
    let fetched = Arc::new(AtomicUsize::new(0));
    let signed_by = Arc::new(Mutex::new("old"));
    let (rotated, count, signer) = (
        Arc::clone(&is_rotated),
        Arc::clone(&fetched),
        Arc::clone(&signed_by),
    );
    let world = World::new(move |seen| match seen.url.path() {
        "/.well-known/openid-configuration" => json(metadata()),
        "/keys" => {
            count.fetch_add(1, Ordering::SeqCst);
            let key = if *rotated.lock().unwrap() {
                &new_jwk
            } else {
                &old_jwk
            };
            json(json!({"keys": [key]}))
        }
        _ => {
            let now = FakeClock::default().now().unix_secs();
            let claims = json!({"iss": ISSUER, "aud": CLIENT_ID, "sub": "u", "iat": now, "exp": now + 7200,
                "nonce": "nonce-1"});
            let token = match *signer.lock().unwrap() {
                "old" => old.sign("old", &claims),
                "new" => new.sign("new", &claims),
                other => new.sign(other, &claims),
            };
            json(json!({"access_token": "at", "id_token": token.expose_secret()}))
        }
    });
    let grant = Grant::default();
    for _ in 0..5 {
        world
            .client
            .exchange(&oidc(), &grant.of(Some(ISSUER)))
            .await
            .unwrap();
    }
    assert_eq!(fetched.load(Ordering::SeqCst), 1);

    // Forged key ids do not become requests.
    *signed_by.lock().unwrap() = "forged";
    for _ in 0..50 {
        let refused = world.client.exchange(&oidc(), &grant.of(Some(ISSUER))).await;
        assert_eq!(refused.unwrap_err(), Error::IdToken(IdTokenError::NoKey));
    }
    assert_eq!(fetched.load(Ordering::SeqCst), 1);

    // A new key is found at once when the last fetch is a minute ago.
    world.clock.advance(Duration::from_secs(60));
    *is_rotated.lock().unwrap() = true;
    *signed_by.lock().unwrap() = "new";
    world
        .client
        .exchange(&oidc(), &grant.of(Some(ISSUER)))
        .await
        .unwrap();
    assert_eq!(fetched.load(Ordering::SeqCst), 2);
}

#[test]
fn oa_c35_a_key_set_has_at_most_100_keys_and_only_those_for_signatures_count() {
    let key = Signer::es256();
    let many =
        |count: usize| json!({"keys": (0..count).map(|n| key.jwk(&n.to_string())).collect::<Vec<_>>()});
    assert_eq!(KeySet::parse(&many(100)).unwrap().len(), 100);
    assert!(KeySet::parse(&many(101)).is_none());
    for not_a_set in [json!({}), json!([]), json!({"keys": {}}), json!({"keys": null})] {
        assert!(KeySet::parse(&not_a_set).is_none());
    }
    let changed = |name: &str, value: Value| {
        let mut jwk = key.jwk("k");
        jwk[name] = value;
        jwk
    };
    let useless = json!({"keys": [
        changed("use", json!("enc")),
        changed("key_ops", json!(["sign"])),
        changed("key_ops", json!("verify")),
        changed("d", json!("AAAA")),
        changed("kty", json!("oct")),
        changed("crv", json!("secp256k1")),
        changed("crv", json!("P-384")),
        changed("x", json!("AAAA")),
        changed("y", json!("not base64url!")),
        changed("alg", json!("none-such")),
        json!({"kty": "oct", "k": "c2VjcmV0", "alg": "HS256"}),
        json!("text"), json!(null), json!({}),
    ]});
    assert!(KeySet::parse(&useless).unwrap().is_empty());
    let twice = json!({"keys": [key.jwk("k"), key.jwk("k"), Signer::es256().jwk("k")]});
    assert_eq!(KeySet::parse(&twice).unwrap().len(), 2);
}
