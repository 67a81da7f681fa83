//! Keys in use, so that a hot one is known without asking the database.

use super::Principal;
use coffer_core::{SecretHash, Timestamp};
use lru::LruCache;
use std::num::NonZeroUsize;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// How long a key that was revoked on another replica may still work on this one.
pub const REVOCATION_DELAY: Duration = Duration::from_secs(5);

const CAPACITY: NonZeroUsize = NonZeroUsize::new(10_000).unwrap();

/// The most recently used keys, each for at most [`REVOCATION_DELAY`]. A key that is not accepted is not kept.
pub(crate) struct KeyCache(Mutex<LruCache<SecretHash, Entry>>);

struct Entry {
    principal: Principal,
    read_at: Timestamp,
}

impl Default for KeyCache {
    fn default() -> Self {
        Self(Mutex::new(LruCache::new(CAPACITY)))
    }
}

impl KeyCache {
    pub(crate) fn get(&self, hash: &SecretHash, now: Timestamp) -> Option<Principal> {
        let mut cache = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = cache.get(hash)?;
        // A clock that went back makes an entry look young for ever: treat that as old.
        let fresh = now >= entry.read_at && now.since(entry.read_at) < REVOCATION_DELAY;
        if fresh {
            Some(entry.principal.clone())
        } else {
            None
        }
    }

    pub(crate) fn put(&self, hash: SecretHash, principal: Principal, now: Timestamp) {
        let mut cache = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        cache.put(
            hash,
            Entry {
                principal,
                read_at: now,
            },
        );
    }

    pub(crate) fn forget(&self, hash: &SecretHash) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).pop(hash);
    }
}
