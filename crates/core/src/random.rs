//! Randomness as an argument.

use std::fmt::Debug;

/// Where unpredictable bytes come from.
pub trait SecureRandom: Send + Sync + Debug {
    /// Fills `to` with bytes that nobody can predict.
    ///
    /// An implementation that has no more randomness must not return: a key or state made of guessable bytes is worse
    /// than a process that stops.
    fn fill(&self, to: &mut [u8]);
}

/// The operating system's random source, through ring.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemRandom;

impl SecureRandom for SystemRandom {
    fn fill(&self, to: &mut [u8]) {
        use ring::rand::SecureRandom as _;
        #[expect(
            clippy::disallowed_methods,
            reason = "the one place that asks the operating system for randomness"
        )]
        let source = ring::rand::SystemRandom::new();
        #[expect(
            clippy::expect_used,
            reason = "without randomness nothing may go on; see the trait"
        )]
        source
            .fill(to)
            .expect("the operating system's random source failed");
    }
}
