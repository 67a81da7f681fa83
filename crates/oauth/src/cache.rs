//! What is fetched from a provider and kept for a while: metadata and keys.

use crate::error::Error;
use coffer_core::Timestamp;
use coffer_core::waits::{WaitFor, Waits};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How long a document counts as current.
const TTL: Duration = Duration::from_secs(15 * 60);
/// The least time between two fetches of a document that is there (THR-39).
const REFETCH: Duration = Duration::from_secs(60);
/// The least time between two fetches of a document that could not be had.
const RETRY: Duration = Duration::from_secs(5);
/// How long an old document is used while a new one cannot be had.
const STALE: Duration = Duration::from_secs(24 * 60 * 60);
/// The most documents that are kept.
const SLOTS_CAP: usize = 1024;

/// Documents by their URL. One fetch of each at a time; who comes meanwhile waits for it, and who needs none does not.
#[derive(Debug)]
pub(crate) struct Cache<T>(Mutex<HashMap<String, Arc<Slot<T>>>>);

#[derive(Debug)]
struct Slot<T> {
    kept: Mutex<Kept<T>>,
    /// Held by who fetches.
    fetching: tokio::sync::Mutex<()>,
}

#[derive(Debug)]
struct Kept<T> {
    current: Option<(Timestamp, Arc<T>)>,
    attempted: Option<Timestamp>,
    failure: Option<Error>,
}

/// How current a document has to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Freshness {
    /// Fetched within the last quarter of an hour.
    Recent,
    /// Fetched again, unless that was done within the last minute: what was asked for is not in it.
    Renewed,
}

impl<T> Default for Cache<T> {
    fn default() -> Self {
        Self(Mutex::new(HashMap::new()))
    }
}

impl<T> Cache<T> {
    /// The document, fetched if need be. `fetch` gets the one before, if there was one. Where it fails, a document that
    /// is not older than a day is used.
    pub(crate) async fn get<F>(
        &self,
        url: &str,
        now: Timestamp,
        freshness: Freshness,
        fetch: impl FnOnce(Option<Arc<T>>) -> F,
    ) -> Result<Arc<T>, Error>
    where
        F: Future<Output = Result<T, Error>>,
    {
        let slot = self.slot(url);
        if let Some(recent) = slot.kept().recent(now, freshness) {
            return Ok(recent);
        }
        let _fetching = Waits::book(WaitFor::Provider, slot.fetching.lock()).await;
        if let Some(known) = slot.kept().known(now, freshness) {
            return known;
        }
        let before = slot.kept().begin(now);
        slot.kept_after(fetch(before).await, now)
    }

    fn slot(&self, url: &str) -> Arc<Slot<T>> {
        let mut slots = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(slot) = slots.get(url) {
            return Arc::clone(slot);
        }
        if slots.len() >= SLOTS_CAP {
            let other = slots.keys().next().cloned();
            other.and_then(|other| slots.remove(&other));
        }
        let slot = Arc::new(Slot {
            kept: Mutex::new(Kept {
                current: None,
                attempted: None,
                failure: None,
            }),
            fetching: tokio::sync::Mutex::default(),
        });
        slots.insert(url.to_owned(), Arc::clone(&slot));
        slot
    }
}

impl<T> Slot<T> {
    fn kept(&self) -> MutexGuard<'_, Kept<T>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps what was fetched. What failed is told unless an older document will do.
    fn kept_after(&self, fetched: Result<T, Error>, now: Timestamp) -> Result<Arc<T>, Error> {
        let mut kept = self.kept();
        match fetched {
            Ok(document) => {
                let document = Arc::new(document);
                kept.current = Some((now, Arc::clone(&document)));
                kept.failure = None;
                Ok(document)
            }
            Err(error) => {
                kept.failure = Some(error.clone());
                kept.usable(now).ok_or(error)
            }
        }
    }
}

impl<T> Kept<T> {
    /// A fetch begins: the document before it.
    fn begin(&mut self, now: Timestamp) -> Option<Arc<T>> {
        self.attempted = Some(now);
        self.current.as_ref().map(|(_, document)| Arc::clone(document))
    }

    fn recent(&self, now: Timestamp, freshness: Freshness) -> Option<Arc<T>> {
        let (fetched, document) = self.current.as_ref()?;
        let is_recent = freshness == Freshness::Recent && now.since(*fetched) < TTL;
        is_recent.then(|| Arc::clone(document))
    }

    /// What can be said without a fetch, while nobody fetches.
    fn known(&self, now: Timestamp, freshness: Freshness) -> Option<Result<Arc<T>, Error>> {
        if let Some(recent) = self.recent(now, freshness) {
            return Some(Ok(recent));
        }
        let since_attempt = self.attempted.map(|attempted| now.since(attempted));
        if self.current.is_none() {
            let error = self.failure.clone()?;
            return since_attempt.filter(|since| *since < RETRY).map(|_| Err(error));
        }
        let may_fetch = since_attempt.is_none_or(|since| since >= REFETCH);
        if may_fetch { None } else { self.usable(now).map(Ok) }
    }

    fn usable(&self, now: Timestamp) -> Option<Arc<T>> {
        let (fetched, document) = self.current.as_ref()?;
        (now.since(*fetched) < STALE).then(|| Arc::clone(document))
    }
}
