//! Each algorithm that can be allowed, with tokens that are really signed by it.

use super::{ACCESS, Fixture};
use crate::signer::Signer;
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as B64;
use coffer_oauth::{ALGORITHMS, IdTokenError, KeySet};
use ring::digest::{Algorithm, SHA256, SHA384, SHA512, digest};
use serde_json::json;

/// The hash of `at_hash`: that of the algorithm (OpenID Connect Core, section 3.1.3.6).
fn hash(alg: &str) -> &'static Algorithm {
    match &alg[2..] {
        "256" => &SHA256,
        "384" => &SHA384,
        _ => &SHA512,
    }
}

#[test]
fn oa_c23_each_algorithm_is_accepted_where_it_is_allowed_and_nowhere_else() {
    for alg in ALGORITHMS {
        let fixture = Fixture::new(Signer::of(alg));
        let whole = digest(hash(alg), ACCESS.as_bytes());
        let half = &whole.as_ref()[..whole.as_ref().len() / 2];
        let token = fixture.with("at_hash", B64.encode(half).into());
        let claims = fixture.verify_allowing(&token, &[alg]);
        assert_eq!(
            claims.map(|claims| claims.subject).as_deref(),
            Ok("user-1"),
            "{alg}"
        );
        let others: Vec<&str> = ALGORITHMS.into_iter().filter(|other| *other != alg).collect();
        let refused = fixture.verify_allowing(&token, &others).unwrap_err();
        assert_eq!(refused, IdTokenError::Algorithm, "{alg}");
        let wrong = fixture.with("at_hash", B64.encode(&half[1..]).into());
        let refused = fixture.verify_allowing(&wrong, &[alg]).unwrap_err();
        assert_eq!(refused, IdTokenError::AccessTokenHash, "{alg}");
    }
}

#[test]
fn thr_38_a_signature_of_each_algorithm_with_one_bit_changed_is_refused() {
    for alg in ALGORITHMS {
        let fixture = Fixture::new(Signer::of(alg));
        let token = fixture.signed(&fixture.claims());
        let (signed, signature) = token.rsplit_once('.').unwrap();
        let signature = B64.decode(signature).unwrap();
        for at in [0, signature.len() / 2, signature.len() - 1] {
            let mut wrong = signature.clone();
            wrong[at] ^= 1;
            let token = format!("{signed}.{}", B64.encode(&wrong));
            let refused = fixture.verify_allowing(&token, &[alg]);
            assert_eq!(refused.unwrap_err(), IdTokenError::Signature, "{alg}, byte {at}");
        }
    }
}

/// A header that names another algorithm of the same key: the signature is of the wrong kind.
#[test]
fn thr_38_no_algorithm_passes_for_another_of_the_same_key() {
    for (alg, claimed) in ALGORITHMS
        .iter()
        .flat_map(|alg| ALGORITHMS.map(|other| (*alg, other)))
    {
        if alg == claimed {
            continue;
        }
        let mut fixture = Fixture::new(Signer::of(alg));
        let mut key = fixture.signer.jwk("k1");
        key.as_object_mut().unwrap().remove("alg");
        fixture.keys = KeySet::parse(&json!({"keys": [key]})).unwrap();
        let header = json!({"alg": claimed, "kid": "k1"}).to_string();
        let token = fixture.signer.sign_raw(&header, &fixture.claims().to_string());
        assert!(
            fixture.verify_allowing(&token, &ALGORITHMS).is_err(),
            "{alg} as {claimed}"
        );
    }
}
