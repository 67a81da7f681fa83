use crate::error::EnvelopeError;
use coffer_core::waits::{Spent, Waits};
use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::OnceCell;
use tokio::time::Instant;

type Answer<T> = Arc<OnceCell<(Result<T, EnvelopeError>, Spent)>>;

/// Work that many want at once and that is done once: whoever comes while it is under way gets the same answer, be it
/// an error. When the one who does it is cancelled, another goes on.
#[derive(Debug)]
pub(super) struct Flights<K, T> {
    under_way: Mutex<HashMap<K, Answer<T>>>,
}

impl<K: Eq + Hash + Copy, T: Clone> Flights<K, T> {
    pub(super) fn new() -> Self {
        Self {
            under_way: Mutex::new(HashMap::new()),
        }
    }

    pub(super) async fn join<F>(&self, key: K, work: F) -> Result<T, EnvelopeError>
    where
        F: Future<Output = Result<T, EnvelopeError>>,
    {
        let answer = Arc::clone(self.lock().entry(key).or_default());
        let landed = Landing {
            flights: self,
            key,
            answer: &answer,
        };
        let began = Instant::now();
        let (result, spent) = answer.get_or_init(|| Waits::apart(work)).await.clone();
        spent.book(began.elapsed());
        drop(landed);
        result
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<K, Answer<T>>> {
        self.under_way.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Takes a flight off the list when it is done, or when the last who waited for it has gone.
struct Landing<'a, K: Eq + Hash + Copy, T: Clone> {
    flights: &'a Flights<K, T>,
    key: K,
    answer: &'a Answer<T>,
}

impl<K: Eq + Hash + Copy, T: Clone> Drop for Landing<'_, K, T> {
    fn drop(&mut self) {
        let mut under_way = self.flights.lock();
        let is_listed = under_way
            .get(&self.key)
            .is_some_and(|listed| Arc::ptr_eq(listed, self.answer));
        // One count is the list's, one is ours.
        if is_listed && (self.answer.initialized() || Arc::strong_count(self.answer) <= 2) {
            under_way.remove(&self.key);
        }
    }
}
