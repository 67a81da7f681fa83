use crate::SecureRandom;
use std::sync::atomic::{AtomicU64, Ordering};

/// A random source that gives the same bytes for the same seed (SplitMix64). For tests only: anybody can predict it.
#[derive(Debug)]
pub struct FakeRandom(AtomicU64);

impl FakeRandom {
    /// Starts from a seed.
    pub const fn seeded(seed: u64) -> Self {
        Self(AtomicU64::new(seed))
    }
}

impl Default for FakeRandom {
    fn default() -> Self {
        Self::seeded(1)
    }
}

impl SecureRandom for FakeRandom {
    fn fill(&self, to: &mut [u8]) {
        for chunk in to.chunks_mut(8) {
            let state = self
                .0
                .fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::SeqCst)
                .wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            for (byte, value) in chunk.iter_mut().zip((mixed ^ (mixed >> 31)).to_le_bytes()) {
                *byte = value;
            }
        }
    }
}
