use crate::support::{World, cell, kek, secret};
use coffer_core::ErrorKind;
use coffer_core::testing::FakeRandom;
use coffer_envelope::testing::{Fault, key_source_contract};
use coffer_envelope::{EnvelopeError, LocalKeySource};
use std::error::Error as _;
use std::sync::Arc;
use std::time::Duration;

#[tokio::test]
async fn local_key_source_keeps_the_contract() {
    let random = Arc::new(FakeRandom::default());
    key_source_contract(&LocalKeySource::new(kek("primary"), random.clone())).await;
    let with_reader = LocalKeySource::new(kek("primary"), random).with_reader(kek("old"));
    key_source_contract(&with_reader).await;
}

#[tokio::test]
async fn every_fault_of_a_key_source_has_its_error_and_makes_no_key() {
    let wait = Some(Duration::from_secs(3));
    let faults = [
        (Fault::Denied, "key_denied", None),
        (Fault::Unavailable { retry_after: wait }, "key_unavailable", wait),
        (Fault::WrongKey, "key_wrong", None),
        (Fault::Malformed, "key_damaged", None),
        (Fault::WrongLength, "key_damaged", None),
        (Fault::WrongBytes, "key_damaged", None),
    ];
    for (fault, code, retry_after) in faults {
        let world = World::new();
        world.source.set(Some(fault));
        let error = world.ring.seal(&cell(), &secret(b"token")).await.unwrap_err();
        assert_eq!(
            (error.code(), error.retry_after()),
            (code, retry_after),
            "{fault:?}"
        );
        assert!(
            world.keys.all().is_empty(),
            "{fault:?}: a key that was not proven is not stored"
        );
        world.source.set(None);
        assert!(
            world.ring.seal(&cell(), &secret(b"token")).await.is_ok(),
            "{fault:?}"
        );
    }
}

#[tokio::test]
async fn every_fault_while_opening_has_its_error() {
    let faults = [
        (Fault::Denied, "key_denied"),
        (Fault::Unavailable { retry_after: None }, "key_unavailable"),
        (Fault::WrongKey, "key_wrong"),
        (Fault::Malformed, "key_damaged"),
        (Fault::WrongLength, "key_damaged"),
        (Fault::WrongBytes, "envelope_open"),
    ];
    for (fault, code) in faults {
        let world = World::new();
        let sealed = world.ring.seal(&cell(), &secret(b"token")).await.unwrap();
        world.clock.advance(world.ring.policy().hard);
        world.source.set(Some(fault));
        let error = world.ring.open(&cell(), &sealed).await.unwrap_err();
        assert_eq!(error.code(), code, "{fault:?}");
    }
}

#[tokio::test]
async fn errors_tell_what_to_do_and_never_repeat_their_source() {
    let world = World::new();
    world.source.set(Some(Fault::Denied));
    let error = world.ring.prepare(cell().tenant).await.unwrap_err();
    assert!(matches!(&error, EnvelopeError::KeyDenied { kek, .. } if kek == world.ring.kek_ref()));
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    let source = error.source().expect("the key source's own words").to_string();
    assert_eq!(source, "the key is disabled");
    assert!(!error.to_string().contains(&source), "{error}");
}
