//! What is fetched from a provider and kept for a while: metadata and keys.

use crate::error::Error;
use coffer_core::Timestamp;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
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

/// Documents by their URL. One fetch of each at a time; who comes meanwhile waits for it.
#[derive(Debug)]
pub(crate) struct Cache<T>(Mutex<HashMap<String, Arc<tokio::sync::Mutex<Slot<T>>>>>);

#[derive(Debug)]
struct Slot<T> {
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
        let mut slot = slot.lock().await;
        if let Some(known) = slot.known(now, freshness) {
            return known;
        }
        slot.attempted = Some(now);
        match fetch(slot.current.as_ref().map(|(_, document)| Arc::clone(document))).await {
            Ok(document) => {
                let document = Arc::new(document);
                slot.current = Some((now, Arc::clone(&document)));
                slot.failure = None;
                Ok(document)
            }
            Err(error) => {
                slot.failure = Some(error.clone());
                slot.usable(now).ok_or(error)
            }
        }
    }

    fn slot(&self, url: &str) -> Arc<tokio::sync::Mutex<Slot<T>>> {
        let mut slots = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(slot) = slots.get(url) {
            return Arc::clone(slot);
        }
        if slots.len() >= SLOTS_CAP {
            let other = slots.keys().next().cloned();
            other.and_then(|other| slots.remove(&other));
        }
        let slot = Arc::new(tokio::sync::Mutex::new(Slot {
            current: None,
            attempted: None,
            failure: None,
        }));
        slots.insert(url.to_owned(), Arc::clone(&slot));
        slot
    }
}

impl<T> Slot<T> {
    /// What can be said without a fetch.
    fn known(&self, now: Timestamp, freshness: Freshness) -> Option<Result<Arc<T>, Error>> {
        let since_attempt = self.attempted.map(|attempted| now.since(attempted));
        let Some((fetched, document)) = &self.current else {
            let error = self.failure.clone()?;
            return since_attempt.filter(|since| *since < RETRY).map(|_| Err(error));
        };
        let is_recent = freshness == Freshness::Recent && now.since(*fetched) < TTL;
        let may_fetch = since_attempt.is_none_or(|since| since >= REFETCH);
        if is_recent {
            return Some(Ok(Arc::clone(document)));
        }
        if may_fetch { None } else { self.usable(now).map(Ok) }
    }

    fn usable(&self, now: Timestamp) -> Option<Arc<T>> {
        let (fetched, document) = self.current.as_ref()?;
        (now.since(*fetched) < STALE).then(|| Arc::clone(document))
    }
}
