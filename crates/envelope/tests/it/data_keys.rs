use crate::support::{World, cell, is_refused, kek, open, secret, tenant};
use coffer_core::ErrorKind;
use coffer_core::cell::Cell;
use coffer_core::data_key::{DataKey, DataKeyPurpose, DataKeyState};
use coffer_core::id::DataKeyId;
use coffer_envelope::{
    CachePolicy, EnvelopeError, FailureReason, KeyRing, KeySource as _, LocalKeySource, WrapContext,
    data_key_id,
};
use std::sync::Arc;

/// Puts the tenant's data key back, or forward, to a key with this version, as the active one.
async fn activate(world: &World, version: u32, number: u8) -> DataKeyId {
    let mut key = DataKey {
        tenant: cell().tenant,
        id: DataKeyId::new(&*world.clock, &*world.random),
        version,
        purpose: DataKeyPurpose::Seal,
        state: DataKeyState::Active,
        created_at: coffer_core::Clock::now(&*world.clock),
        wraps: Vec::new(),
    };
    let context = WrapContext {
        installation: coffer_envelope::DEFAULT_INSTALLATION.to_owned(),
        tenant: key.tenant,
        key: key.id,
        version,
        purpose: key.purpose,
    };
    let source = LocalKeySource::new(kek("primary"), world.random.clone());
    key.wraps
        .push(source.wrap(&context, &secret(&[number; 32])).await.unwrap());
    for other in world.keys.all() {
        world.keys.set_state(other.id, DataKeyState::DecryptOnly);
    }
    world.keys.put(key.clone());
    key.id
}

#[tokio::test]
async fn the_first_key_is_made_wrapped_and_proven_once() {
    let world = World::new();
    world.ring.seal(&cell(), &secret(b"a")).await.unwrap();
    world.ring.seal(&cell(), &secret(b"b")).await.unwrap();
    let keys = world.keys.all();
    assert_eq!(keys.len(), 1);
    assert_eq!((keys[0].version, keys[0].state), (1, DataKeyState::Active));
    assert_eq!(keys[0].wraps.len(), 1);
    assert_eq!(keys[0].wraps[0].kek, world.ring.kek_ref());
    assert_eq!(
        (world.source.wraps(), world.source.unwraps()),
        (1, 2),
        "one proof, one to use"
    );
}

#[tokio::test]
async fn two_replicas_that_start_together_agree_on_one_key() {
    let world = World::new();
    let other = world.replica("primary");
    let (ours, theirs) = (
        cell(),
        Cell {
            generation: 9,
            ..cell()
        },
    );
    let (plaintext, also) = (secret(b"a"), secret(b"b"));
    let (a, b) = tokio::join!(world.ring.seal(&ours, &plaintext), other.seal(&theirs, &also));
    let (a, b) = (a.unwrap(), b.unwrap());
    assert_eq!(world.keys.all().len(), 1);
    assert_eq!(data_key_id(&a), data_key_id(&b));
    assert_eq!(open(&other, &ours, a.as_bytes()).await.unwrap(), b"a");
    assert_eq!(open(&world.ring, &theirs, b.as_bytes()).await.unwrap(), b"b");
}

#[tokio::test]
async fn thr_9_the_stored_data_key_is_useless_without_the_key_that_wrapped_it() {
    let world = World::new();
    let sealed = world.ring.seal(&cell(), &secret(b"token")).await.unwrap();
    let stranger = world.replica("another");
    let error = stranger.open(&cell(), &sealed).await.unwrap_err();
    let (ours, theirs) = (world.ring.kek_ref().to_owned(), stranger.kek_ref().to_owned());
    assert!(
        matches!(&error, EnvelopeError::WrongKey { sealed_under, configured }
        if *sealed_under == ours && *configured == theirs)
    );
    assert!(
        error.to_string().contains(&ours) && error.to_string().contains(&theirs),
        "{error}"
    );
    assert_eq!(
        (error.kind(), error.code()),
        (ErrorKind::Unavailable, "key_wrong")
    );

    // The right name on the wrong key does not help.
    let mut renamed = world.keys.all().remove(0);
    renamed.wraps[0].kek = theirs;
    world.keys.put(renamed);
    let error = stranger.open(&cell(), &sealed).await.unwrap_err();
    assert!(matches!(error, EnvelopeError::KeyDamaged(_)), "{error:?}");
}

#[tokio::test]
async fn check_names_both_keys_and_changes_nothing() {
    let world = World::new();
    assert_eq!(world.ring.check(cell().tenant).await.unwrap(), None);
    assert!(world.keys.all().is_empty(), "a check makes no key");
    world.ring.prepare(cell().tenant).await.unwrap();
    let before = world.keys.all();
    let kek_ref = world.ring.kek_ref().to_owned();
    assert_eq!(world.ring.check(cell().tenant).await.unwrap(), Some(kek_ref));
    let wrong = world.replica("another").check(cell().tenant).await;
    assert!(matches!(wrong, Err(EnvelopeError::WrongKey { .. })));
    assert_eq!(world.keys.all(), before);
}

#[tokio::test]
async fn another_installation_with_the_same_key_cannot_unwrap() {
    let world = World::new();
    let sealed = world.ring.seal(&cell(), &secret(b"token")).await.unwrap();
    let staging = KeyRing::for_installation(
        "staging",
        Arc::new(LocalKeySource::new(kek("primary"), world.random.clone())),
        Arc::new(world.keys.clone()),
        world.clock.clone(),
        world.random.clone(),
        CachePolicy::STANDARD,
    );
    let refused = staging.open(&cell(), &sealed).await;
    assert!(
        matches!(refused, Err(EnvelopeError::KeyDamaged(_))),
        "{refused:?}"
    );
}

#[tokio::test]
async fn w9_a_key_added_for_reading_opens_what_it_sealed() {
    let world = World::new();
    let sealed = world.ring.seal(&cell(), &secret(b"token")).await.unwrap();
    let source = LocalKeySource::new(kek("new"), world.random.clone()).with_reader(kek("primary"));
    let moved = KeyRing::new(
        Arc::new(source),
        Arc::new(world.keys.clone()),
        world.clock.clone(),
        world.random.clone(),
        CachePolicy::STANDARD,
    );
    assert_eq!(open(&moved, &cell(), sealed.as_bytes()).await.unwrap(), b"token");
    let other = Cell {
        tenant: tenant(5),
        ..cell()
    };
    moved.seal(&other, &secret(b"token")).await.unwrap();
    let theirs = world
        .keys
        .all()
        .into_iter()
        .find(|key| key.tenant == tenant(5))
        .unwrap();
    assert_eq!(theirs.wraps[0].kek, kek("new").kek_ref());
}

#[tokio::test]
async fn destroyed_and_pending_keys_open_nothing_and_decrypt_only_keys_do() {
    let world = World::new();
    let sealed = world.ring.seal(&cell(), &secret(b"token")).await.unwrap();
    let id = data_key_id(&sealed).unwrap();
    for (state, opens) in [
        (DataKeyState::DecryptOnly, true),
        (DataKeyState::Destroyed, false),
        (DataKeyState::Pending, false),
    ] {
        world.keys.set_state(id, state);
        let refused = is_refused(&world.replica("primary"), &cell(), sealed.as_bytes()).await;
        assert_eq!(!refused, opens, "{state:?}");
    }
}

#[tokio::test]
async fn a_cell_of_another_tenant_is_not_sealed() {
    let world = World::new();
    let key = world.ring.prepare(tenant(2)).await.unwrap();
    let refused = key.seal(&cell(), &secret(b"token"));
    assert!(matches!(refused, Err(EnvelopeError::ForeignCell)));
}

#[tokio::test]
async fn thr_7_after_a_new_version_was_seen_nothing_is_sealed_under_an_older_one() {
    let world = World::new();
    let first = world.ring.prepare(cell().tenant).await.unwrap().data_key_id();
    let second = activate(&world, 2, 0x22).await;
    world.clock.advance(CachePolicy::STANDARD.soft);
    let sealed = world.ring.seal(&cell(), &secret(b"token")).await.unwrap();
    assert_eq!(data_key_id(&sealed), Some(second));

    world.keys.set_state(second, DataKeyState::DecryptOnly);
    world.keys.set_state(first, DataKeyState::Active);
    for _ in 0..3 {
        world.clock.advance(CachePolicy::STANDARD.hard);
        let refused = world.ring.seal(&cell(), &secret(b"token")).await;
        assert!(
            matches!(
                refused,
                Err(EnvelopeError::RolledBack {
                    seen: 2,
                    found: 1,
                    ..
                })
            ),
            "{refused:?}"
        );
    }
    assert_eq!(world.ring.failures().of(FailureReason::Rollback), 3);
    assert_eq!(
        open(&world.ring, &cell(), sealed.as_bytes()).await.unwrap(),
        b"token",
        "opening goes on"
    );
}

#[tokio::test]
async fn thr_7_a_newer_version_met_while_opening_ends_the_use_of_the_older_at_once() {
    let world = World::new();
    world.ring.prepare(cell().tenant).await.unwrap();
    let second = activate(&world, 2, 0x22).await;
    let other = Cell {
        generation: 9,
        ..cell()
    };
    let theirs = world
        .replica("primary")
        .seal(&other, &secret(b"a"))
        .await
        .unwrap();
    assert_eq!(data_key_id(&theirs), Some(second));

    let before = world.ring.seal(&cell(), &secret(b"b")).await.unwrap();
    assert_ne!(
        data_key_id(&before),
        Some(second),
        "within the soft time nobody told us"
    );
    world.ring.open(&other, &theirs).await.unwrap();
    let after = world.ring.seal(&cell(), &secret(b"b")).await.unwrap();
    assert_eq!(data_key_id(&after), Some(second));
}

#[tokio::test]
async fn a_store_that_contradicts_itself_is_refused() {
    let world = World::new();
    activate(&world, 1, 0x11).await;
    let mut key = world.keys.all().remove(0);
    key.wraps.clear();
    world.keys.put(key);
    let refused = world.ring.prepare(cell().tenant).await;
    assert!(matches!(refused, Err(EnvelopeError::KeyDamaged(_))));
}
