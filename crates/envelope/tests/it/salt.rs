use crate::support::{World, cell, secret};
use coffer_core::cell::Cell;
use coffer_core::{SecureRandom, SystemRandom};
use coffer_envelope::CachePolicy;
use std::collections::HashSet;
use std::sync::Arc;

/// A generator that is broken: it says the same every time.
#[derive(Debug)]
struct Constant;

impl SecureRandom for Constant {
    fn fill(&self, to: &mut [u8]) {
        to.fill(0x42);
    }
}

fn salt(envelope: &[u8]) -> [u8; 32] {
    envelope[20..52].try_into().unwrap()
}

#[tokio::test]
async fn thr_6_a_generator_that_repeats_itself_repeats_no_salt() {
    let world = World::with(Arc::new(Constant), CachePolicy::STANDARD);
    let mut salts = HashSet::new();
    for number in 0..1000_u32 {
        let sealed = world
            .ring
            .seal(&cell(), &secret(&number.to_be_bytes()))
            .await
            .unwrap();
        assert!(salts.insert(salt(sealed.as_bytes())), "plaintext {number}");
    }
    for generation in 100..200 {
        let other = Cell { generation, ..cell() };
        let sealed = world
            .ring
            .seal(&other, &secret(&0_u32.to_be_bytes()))
            .await
            .unwrap();
        assert!(salts.insert(salt(sealed.as_bytes())), "generation {generation}");
    }
}

/// So many seals, unless `COFFER_TEST_SEALS` says another number; `scripts/test.sh --long` says 10^7.
const SEALS: usize = 100_000;

#[expect(
    clippy::disallowed_methods,
    reason = "a longer test, asked for by the script that runs it"
)]
fn seals() -> usize {
    std::env::var("COFFER_TEST_SEALS").map_or(SEALS, |number| number.parse().unwrap())
}

#[tokio::test]
async fn thr_6_the_same_plaintext_in_the_same_cell_gets_a_new_salt_each_time() {
    let seals = seals();
    let world = World::with(Arc::new(SystemRandom), CachePolicy::STANDARD);
    let key = world.ring.prepare(cell().tenant).await.unwrap();
    let plaintext = secret(b"token");
    // Half of each salt takes half the room, and would repeat sooner.
    let mut salts: Vec<[u8; 16]> = Vec::with_capacity(seals);
    for _ in 0..seals {
        let sealed = key.seal(&cell(), &plaintext).unwrap();
        salts.push(salt(sealed.as_bytes())[..16].try_into().unwrap());
    }
    salts.sort_unstable();
    salts.dedup();
    assert_eq!(salts.len(), seals);
}
