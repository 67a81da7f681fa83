use crate::data_key::OpenDataKey;
use crate::policy::CachePolicy;
use coffer_core::Timestamp;
use coffer_core::data_key::{DataKey, DataKeyPurpose, DataKeyState};
use coffer_core::id::{DataKeyId, TenantId};
use lru::LruCache;
use std::collections::HashMap;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Unwrapped data keys, which of them is active, and the highest version seen. The lock is held for a look-up or an
/// insert, never across work.
#[derive(Debug)]
pub(super) struct Cache {
    policy: CachePolicy,
    state: Mutex<State>,
}

/// Which data key seals, as the store said at a time.
#[derive(Debug, Clone, Copy)]
struct Active {
    id: DataKeyId,
    version: u32,
    read_at: Timestamp,
}

#[derive(Debug)]
struct State {
    keys: LruCache<(TenantId, DataKeyId), Arc<OpenDataKey>>,
    active: LruCache<(TenantId, DataKeyPurpose), Active>,
    /// Only versions above 1 are kept: below that nothing can go back. So a tenant whose key was never rotated costs
    /// nothing here, and none is ever dropped.
    marks: HashMap<(TenantId, DataKeyPurpose), u32>,
    swept_at: Timestamp,
}

impl Cache {
    pub(super) fn new(policy: CachePolicy, now: Timestamp) -> Self {
        let size = NonZeroUsize::new(policy.max_keys).unwrap_or(NonZeroUsize::MIN);
        let state = State {
            keys: LruCache::new(size),
            active: LruCache::new(size),
            marks: HashMap::new(),
            swept_at: now,
        };
        Self {
            policy,
            state: Mutex::new(state),
        }
    }

    pub(super) fn policy(&self) -> CachePolicy {
        self.policy
    }

    /// The data key with this id, if it is here and its time is not over.
    pub(super) fn key(&self, tenant: TenantId, id: DataKeyId, now: Timestamp) -> Option<Arc<OpenDataKey>> {
        self.lock().key((tenant, id), now, self.policy.hard)
    }

    /// The data key that is active, if it is here and the store said so not long ago.
    pub(super) fn active(
        &self,
        tenant: TenantId,
        purpose: DataKeyPurpose,
        now: Timestamp,
    ) -> Option<Arc<OpenDataKey>> {
        let mut state = self.lock();
        let active = *state.active.get(&(tenant, purpose))?;
        let is_current = active.version >= state.mark(tenant, purpose);
        if !is_current || !is_fresh(active.read_at, now, self.policy.soft) {
            return None;
        }
        state.key((tenant, active.id), now, self.policy.hard)
    }

    /// Keeps an unwrapped key, and now and then forgets those whose time is over.
    pub(super) fn insert(&self, key: Arc<OpenDataKey>, now: Timestamp) {
        let mut state = self.lock();
        if !is_fresh(state.swept_at, now, self.policy.soft) {
            state.sweep(now, self.policy.hard);
        }
        state.keys.put((key.tenant, key.id), key);
    }

    /// Remembers what the store said about the active key.
    pub(super) fn note_active(&self, key: &DataKey, now: Timestamp) {
        let active = Active {
            id: key.id,
            version: key.version,
            read_at: now,
        };
        self.lock().active.put((key.tenant, key.purpose), active);
    }

    /// Raises the high-water mark to the version of a key that is or was active, and answers with the mark.
    pub(super) fn raise_mark(&self, key: &DataKey) -> u32 {
        let mut state = self.lock();
        let mark = state.mark(key.tenant, key.purpose);
        let was_active = match key.state {
            DataKeyState::Active | DataKeyState::DecryptOnly => true,
            DataKeyState::Pending | DataKeyState::Destroyed => false,
        };
        if !was_active || key.version <= mark {
            return mark;
        }
        state.marks.insert((key.tenant, key.purpose), key.version);
        key.version
    }

    pub(super) fn evict_expired(&self, now: Timestamp) {
        self.lock().sweep(now, self.policy.hard);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn mark(&self, tenant: TenantId, purpose: DataKeyPurpose) -> u32 {
        self.marks.get(&(tenant, purpose)).copied().unwrap_or(1)
    }

    fn key(&mut self, at: (TenantId, DataKeyId), now: Timestamp, hard: Duration) -> Option<Arc<OpenDataKey>> {
        let key = self.keys.get(&at)?;
        if is_fresh(key.opened_at, now, hard) {
            return Some(Arc::clone(key));
        }
        self.keys.pop(&at);
        None
    }

    fn sweep(&mut self, now: Timestamp, hard: Duration) {
        let is_over = |(at, key): (&(TenantId, DataKeyId), &Arc<OpenDataKey>)| {
            (!is_fresh(key.opened_at, now, hard)).then_some(*at)
        };
        let over: Vec<_> = self.keys.iter().filter_map(is_over).collect();
        for at in over {
            self.keys.pop(&at);
        }
        self.swept_at = now;
    }
}

/// A time in the future is not fresh: the clock was set back, and nobody knows how old the entry is.
fn is_fresh(since: Timestamp, now: Timestamp, for_at_most: Duration) -> bool {
    since <= now && now.since(since) < for_at_most
}
