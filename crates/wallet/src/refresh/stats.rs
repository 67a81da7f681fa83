//! How refreshes ended, by provider, for metrics (requirement O4).

use crate::wallet::Wallet;
use coffer_core::Timestamp;
use coffer_core::connection::AttemptOutcome;
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How the refreshes of one provider's connections ended in this process, since it began.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RefreshStats {
    /// How many attempts ended how: by the names of [`AttemptOutcome`].
    pub outcomes: BTreeMap<&'static str, u64>,
    /// How long ago the last one succeeded; `None` where none has.
    pub age: Option<Duration>,
}

impl Wallet {
    /// How refreshes ended in this process, by the provider's id. Providers of which no attempt has ended are left out.
    pub fn refresh_stats(&self) -> BTreeMap<String, RefreshStats> {
        let now = self.inner.now();
        let counts = self.inner.refreshes.lock();
        let stats = counts.iter().map(|(provider, count)| {
            let stats = RefreshStats {
                outcomes: count.outcomes.clone(),
                age: count.succeeded_at.map(|at| now.since(at)),
            };
            (provider.clone(), stats)
        });
        stats.collect()
    }
}

/// The counters behind [`RefreshStats`].
#[derive(Debug, Default)]
pub(crate) struct Counts(Mutex<BTreeMap<String, Count>>);

#[derive(Debug, Default)]
pub(crate) struct Count {
    outcomes: BTreeMap<&'static str, u64>,
    succeeded_at: Option<Timestamp>,
}

impl Counts {
    /// Counts an attempt that has ended. Providers are the catalogue's, so there are not many.
    pub(crate) fn note(&self, provider: &str, outcome: AttemptOutcome, at: Timestamp) {
        let mut counts = self.lock();
        let count = counts.entry(provider.to_owned()).or_default();
        let number = count.outcomes.entry(outcome.as_str()).or_default();
        *number = number.saturating_add(1);
        if outcome == AttemptOutcome::Succeeded {
            count.succeeded_at = count.succeeded_at.max(Some(at));
        }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Count>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
