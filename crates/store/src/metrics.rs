//! What the transactions cost, by name.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// What the transactions of one name have cost since the store was opened.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TransactionStats {
    /// How many ended well, or with an answer such as *not found*.
    pub completed: u64,
    /// How many failed for want of the database.
    pub failed: u64,
    /// How much time they took altogether, waiting for a connection included.
    pub total: Duration,
    /// The longest.
    pub longest: Duration,
}

#[derive(Debug, Default)]
pub(crate) struct Metrics(Mutex<BTreeMap<&'static str, TransactionStats>>);

impl Metrics {
    pub(crate) fn record(&self, name: &'static str, took: Duration, failed: bool) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let stats = all.entry(name).or_default();
        if failed {
            stats.failed += 1;
        } else {
            stats.completed += 1;
        }
        stats.total = stats.total.saturating_add(took);
        stats.longest = stats.longest.max(took);
    }

    pub(crate) fn snapshot(&self) -> BTreeMap<&'static str, TransactionStats> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
