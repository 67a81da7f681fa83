use crate::support::{World, cell, secret, tenant};
use coffer_core::cell::Cell;
use coffer_core::testing::FakeRandom;
use coffer_core::{Clock as _, Sealed};
use coffer_envelope::testing::Fault;
use coffer_envelope::{CachePolicy, EnvelopeError};
use std::sync::Arc;
use std::time::Duration;

const SECOND: Duration = Duration::from_secs(1);
const OUTAGE: Option<Fault> = Some(Fault::Unavailable { retry_after: None });

async fn sealed(world: &World) -> Sealed {
    world.ring.seal(&cell(), &secret(b"token")).await.unwrap()
}

#[tokio::test]
async fn a_stampede_makes_one_unwrap() {
    let world = World::new();
    let sealed = Arc::new(sealed(&world).await);
    world.clock.advance(CachePolicy::STANDARD.hard);
    let before = world.source.unwraps();
    let tasks: Vec<_> = (0..200)
        .map(|number| {
            let (ring, sealed) = (world.ring.clone(), sealed.clone());
            tokio::spawn(async move {
                if number % 2 == 0 {
                    ring.open(&cell(), &sealed).await.is_ok()
                } else {
                    ring.seal(&cell(), &secret(b"other")).await.is_ok()
                }
            })
        })
        .collect();
    for task in tasks {
        assert!(task.await.unwrap());
    }
    assert_eq!(world.source.unwraps() - before, 1);
}

#[tokio::test]
async fn a_stampede_on_a_failing_source_asks_once_and_all_get_its_answer() {
    let world = World::new();
    let sealed = Arc::new(sealed(&world).await);
    world.clock.advance(CachePolicy::STANDARD.hard);
    world.source.set(OUTAGE);
    let before = world.source.unwraps();
    let tasks: Vec<_> = (0..100)
        .map(|_| {
            let (ring, sealed) = (world.ring.clone(), sealed.clone());
            tokio::spawn(async move { ring.open(&cell(), &sealed).await.unwrap_err().code() })
        })
        .collect();
    for task in tasks {
        assert_eq!(task.await.unwrap(), "key_unavailable");
    }
    assert_eq!(world.source.unwraps() - before, 1);
    world.source.set(None);
    assert!(
        world.ring.open(&cell(), &sealed).await.is_ok(),
        "a failure is not kept"
    );
}

#[tokio::test]
async fn when_the_one_who_unwraps_is_cancelled_another_goes_on() {
    let world = World::new();
    let sealed = Arc::new(sealed(&world).await);
    world.clock.advance(CachePolicy::STANDARD.hard);
    let spawn = || {
        let (ring, sealed) = (world.ring.clone(), sealed.clone());
        tokio::spawn(async move { ring.open(&cell(), &sealed).await.is_ok() })
    };
    let (first, second) = (spawn(), spawn());
    tokio::task::yield_now().await;
    first.abort();
    assert!(first.await.unwrap_err().is_cancelled());
    assert!(second.await.unwrap());
    assert!(spawn().await.unwrap());
}

#[tokio::test]
async fn an_outage_shorter_than_hard_is_not_felt_and_a_longer_one_is() {
    let world = World::new();
    let sealed = sealed(&world).await;
    world.source.set(OUTAGE);
    world.clock.advance(CachePolicy::STANDARD.hard - SECOND);
    assert!(world.ring.open(&cell(), &sealed).await.is_ok());
    assert!(world.ring.seal(&cell(), &secret(b"new")).await.is_ok());
    world.clock.advance(SECOND);
    let error = world.ring.open(&cell(), &sealed).await.unwrap_err();
    assert!(matches!(error, EnvelopeError::KeyUnavailable { .. }), "{error:?}");
    assert!(world.ring.prepare(cell().tenant).await.is_err());
}

#[tokio::test]
async fn a_sealing_key_at_hand_needs_nothing_any_more() {
    let world = World::new();
    let key = world.ring.prepare(cell().tenant).await.unwrap();
    world.source.set(Some(Fault::Denied));
    world.clock.advance(CachePolicy::STANDARD.hard);
    let sealed = key.seal(&cell(), &secret(b"the only refresh token")).unwrap();
    world.source.set(None);
    assert!(world.ring.open(&cell(), &sealed).await.is_ok());
}

#[tokio::test]
async fn a_clock_set_back_makes_the_ring_ask_again() {
    let world = World::new();
    let sealed = sealed(&world).await;
    let before = world.source.unwraps();
    world.clock.set(world.clock.now().minus(SECOND));
    assert!(world.ring.open(&cell(), &sealed).await.is_ok());
    assert_eq!(
        world.source.unwraps() - before,
        1,
        "nobody knows how old the key is"
    );
}

#[tokio::test]
async fn the_least_recently_used_key_makes_room() {
    let policy = CachePolicy {
        max_keys: 2,
        ..CachePolicy::STANDARD
    };
    let world = World::with(Arc::new(FakeRandom::default()), policy);
    let at = |number| Cell {
        tenant: tenant(number),
        ..cell()
    };
    for number in [1, 2, 1, 3] {
        world.ring.seal(&at(number), &secret(b"token")).await.unwrap();
    }
    let before = world.source.unwraps();
    world.ring.seal(&at(1), &secret(b"token")).await.unwrap();
    assert_eq!(
        world.source.unwraps() - before,
        0,
        "tenant 1 was used after tenant 2"
    );
    world.ring.seal(&at(2), &secret(b"token")).await.unwrap();
    assert_eq!(world.source.unwraps() - before, 1);
}

#[tokio::test]
async fn expired_keys_are_forgotten_even_when_nobody_asks_for_them() {
    let world = World::new();
    let sealed = sealed(&world).await;
    let before = world.source.unwraps();
    world.clock.advance(CachePolicy::STANDARD.hard);
    world.ring.evict_expired();
    // Back where the key would be fresh, had it not been forgotten.
    world
        .clock
        .set(world.clock.now().minus(CachePolicy::STANDARD.hard));
    assert!(world.ring.open(&cell(), &sealed).await.is_ok());
    assert_eq!(world.source.unwraps() - before, 1);
}
