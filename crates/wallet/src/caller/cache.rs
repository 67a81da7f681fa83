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

/// What is known of a key.
pub(crate) enum Known {
    /// Whose it is.
    Live(Principal),
    /// It was revoked here.
    Revoked,
}

struct Entry {
    /// `None`: it was revoked here, and stays so: who read it just before must not bring it back.
    principal: Option<Principal>,
    read_at: Timestamp,
}

impl Default for KeyCache {
    fn default() -> Self {
        Self(Mutex::new(LruCache::new(CAPACITY)))
    }
}

impl KeyCache {
    pub(crate) fn get(&self, hash: &SecretHash, now: Timestamp) -> Option<Known> {
        let mut cache = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = cache.get(hash)?;
        let Some(principal) = &entry.principal else {
            return Some(Known::Revoked);
        };
        // A clock that went back makes an entry look young for ever: treat that as old.
        let fresh = now >= entry.read_at && now.since(entry.read_at) < REVOCATION_DELAY;
        fresh.then(|| Known::Live(principal.clone()))
    }

    pub(crate) fn put(&self, hash: SecretHash, principal: Principal, now: Timestamp) {
        let mut cache = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if cache.peek(&hash).is_some_and(|entry| entry.principal.is_none()) {
            return;
        }
        cache.put(
            hash,
            Entry {
                principal: Some(principal),
                read_at: now,
            },
        );
    }

    /// The key was revoked, which nothing takes back.
    pub(crate) fn revoke(&self, hash: &SecretHash, now: Timestamp) {
        let mut cache = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        cache.put(
            *hash,
            Entry {
                principal: None,
                read_at: now,
            },
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use coffer_core::caller::Operator;
    use coffer_core::id::OperatorId;
    use std::sync::Arc;
    use uuid::Uuid;

    fn at(secs: i64) -> Timestamp {
        Timestamp::from_unix_secs(1_800_000_000 + secs)
    }

    fn principal() -> Principal {
        Principal::Operator(Arc::new(Operator {
            id: OperatorId::from_uuid(Uuid::nil()),
            name: "o".into(),
            key_hash: SecretHash([7; 32]),
            key_hint: String::new(),
            created_at: at(0),
            expires_at: at(1000),
            revoked_at: None,
        }))
    }

    #[test]
    fn a_key_is_known_for_as_long_as_the_delay_and_no_longer() {
        let (cache, hash) = (KeyCache::default(), SecretHash([7; 32]));
        cache.put(hash, principal(), at(0));
        assert!(cache.get(&hash, at(4)).is_some());
        assert!(cache.get(&hash, at(5)).is_none());
        assert!(cache.get(&hash, at(-1)).is_none(), "the clock went back");
    }

    #[test]
    fn a_key_that_was_read_just_before_it_was_revoked_does_not_come_back() {
        let (cache, hash) = (KeyCache::default(), SecretHash([7; 32]));
        cache.revoke(&hash, at(0));
        cache.put(hash, principal(), at(0));
        assert!(matches!(cache.get(&hash, at(1)), Some(Known::Revoked)));
        assert!(matches!(cache.get(&hash, at(3600)), Some(Known::Revoked)));
    }
}
