//! Time as an argument.

use crate::Timestamp;
use std::fmt::Debug;

/// Where the time comes from. Deadlines and waits use `tokio::time`, which tests pause; everything that is stored or
/// compared with a provider's word uses this.
pub trait Clock: Send + Sync + Debug {
    /// The time now, UTC, to the microsecond.
    fn now(&self) -> Timestamp;
}

/// The operating system's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        #[expect(
            clippy::disallowed_methods,
            reason = "the one place that asks the operating system for the time"
        )]
        let now = chrono::Utc::now();
        Timestamp::from_unix_micros(now.timestamp_micros())
    }
}
