//! How long an unwrapped data key is kept.

use std::time::Duration;

/// How many unwrapped data keys a process keeps, and for how long.
///
/// `hard` is the longest delay until a disabled key encryption key bites; `hard` less `soft` is the outage of the
/// key source that is survived for sure. Show both to the operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CachePolicy {
    /// At most so many keys; the least recently used goes first.
    pub max_keys: usize,
    /// After so long the store is asked again which key is active.
    pub soft: Duration,
    /// After so long a key is forgotten, and must be unwrapped again.
    pub hard: Duration,
}

impl CachePolicy {
    /// 10,000 keys, 1 h, 5 h 30 min.
    pub const STANDARD: Self = Self::minutes(60, 330);
    /// A disabled key bites within 5 minutes; a key source that is away for 4 minutes is felt.
    pub const STRICT: Self = Self::minutes(1, 5);
    /// Survives an outage of the key source of 23 hours.
    pub const AVAILABLE: Self = Self::minutes(60, 24 * 60);

    const fn minutes(soft: u64, hard: u64) -> Self {
        Self {
            max_keys: 10_000,
            soft: Duration::from_secs(soft * 60),
            hard: Duration::from_secs(hard * 60),
        }
    }
}

impl Default for CachePolicy {
    fn default() -> Self {
        Self::STANDARD
    }
}
