mod audit;
mod caller;
mod connection;
mod data_key;
mod fault;
mod flow;
mod health;
mod idempotency;
mod integration;
mod redeem;
mod refresh;
mod state;
mod tenant;

use crate::{Clock, StoreError, Timestamp};
pub use fault::{Fault, Method};
use fault::{Faults, injected};
use state::State;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A store in memory, with the semantics of the ports to the letter: one mutex around plain maps. It serves tests, and
/// whoever embeds the wallet without a database; nothing of it survives the process.
///
/// Each call yields to the runtime once before it does its work, as a database would, and then does it without a
/// pause: a dropped future has done all or nothing. The audit log keeps a tenant's newest 100,000 rows, the journal of
/// attempts a connection's newest 1,000.
///
/// ```
/// use coffer_core::testing::{FakeClock, Fault, MemoryStore, Method};
/// use coffer_core::ports::StoreHealth as _;
/// use std::sync::Arc;
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// let store = MemoryStore::new(Arc::new(FakeClock::default()));
/// store.fail_next(Method::Ping, Fault::Unavailable, 1);
/// assert!(store.ping().await.is_err());
/// assert!(store.ping().await.is_ok());
/// assert_eq!(store.calls(Method::Ping), 2);
/// # }
/// ```
pub struct MemoryStore {
    clock: Arc<dyn Clock>,
    inner: Mutex<Inner>,
}

struct Inner {
    state: State,
    faults: Faults,
}

impl MemoryStore {
    /// An empty store, with nothing but the installation in it. The clock is the store's own: leases run by it.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self {
            clock,
            inner: Mutex::new(Inner {
                state: State::new(),
                faults: Faults::default(),
            }),
        }
    }

    /// Makes the next `times` calls of one method fail. Faults of the same method are met in the order in which they
    /// were asked for, and before those of [`MemoryStore::fail_any`].
    pub fn fail_next(&self, method: Method, fault: Fault, times: usize) {
        self.lock().faults.plan(Some(method), fault, times);
    }

    /// Makes the next `times` calls fail, of whatever method.
    pub fn fail_any(&self, fault: Fault, times: usize) {
        self.lock().faults.plan(None, fault, times);
    }

    /// Takes back every fault that has not yet been met.
    pub fn mend(&self) {
        self.lock().faults.clear();
    }

    /// How often a method was called, failed calls too.
    pub fn calls(&self, method: Method) -> u64 {
        self.lock().faults.calls(method)
    }

    /// How often any method was called, failed calls too.
    pub fn total_calls(&self) -> u64 {
        Method::ALL.iter().map(|method| self.calls(*method)).sum()
    }

    /// Runs the work of one method, in one piece, with the store's own time.
    async fn run<T>(
        &self,
        method: Method,
        work: impl FnOnce(&mut State, Timestamp) -> Result<T, StoreError> + Send,
    ) -> Result<T, StoreError> {
        tokio::task::yield_now().await;
        let fault = self.lock().faults.next(method);
        if fault == Some(Fault::Hang) {
            std::future::pending::<()>().await;
        }
        let now = self.clock.now();
        let mut inner = self.lock();
        let inner = &mut *inner;
        match fault {
            Some(Fault::Unavailable | Fault::Hang) => Err(StoreError::Unavailable(injected())),
            Some(Fault::Corrupt) => Err(StoreError::Corrupt(injected())),
            Some(Fault::CommitUnknown) => {
                work(&mut inner.state, now).and_then(|_| Err(StoreError::CommitUnknown(injected())))
            }
            None => work(&mut inner.state, now),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MemoryStore({} tenants)", self.lock().state.count_tenants())
    }
}
