//! How long a request waited for others: what is left of its time is our own (requirement N1).
//!
//! Whoever handles a request opens an account with [`Waits::during`]; whoever waits for somebody else books it with
//! [`Waits::book`]; whoever goes on in another task takes the account along with [`carry`]. Without an account nothing
//! is booked.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::time::Instant;

tokio::task_local! {
    static ACCOUNT: Arc<Waits>;
}

/// For whom one may wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WaitFor {
    /// The database: its single writer (SQLite), a free connection to it, or a free thread of the store, where a
    /// transaction of SQLite runs.
    Store,
    /// A provider's answer.
    Provider,
}

/// The account of one request, in microseconds.
#[derive(Debug, Default)]
pub struct Waits {
    store: AtomicU64,
    provider: AtomicU64,
}

impl Waits {
    /// Runs `work` with a new account, and gives the account back with what it answered.
    pub async fn during<F: Future>(work: F) -> (F::Output, Arc<Self>) {
        let account = Arc::new(Self::default());
        (ACCOUNT.scope(Arc::clone(&account), work).await, account)
    }

    /// Runs `work`, and books its time.
    pub async fn book<F: Future>(on: WaitFor, work: F) -> F::Output {
        let Ok(account) = ACCOUNT.try_with(Arc::clone) else {
            return work.await;
        };
        let began = Instant::now();
        let answer = work.await;
        account.put(on, began.elapsed());
        answer
    }

    /// Books time that has passed already.
    pub fn add(on: WaitFor, waited: Duration) {
        ACCOUNT.try_with(|account| account.put(on, waited)).ok();
    }

    fn put(&self, on: WaitFor, waited: Duration) {
        let micros = u64::try_from(waited.as_micros()).unwrap_or(u64::MAX);
        self.of(on).fetch_add(micros, Ordering::Relaxed);
    }

    /// Runs `work`, for which several may wait, with an account of its own: each of them books what it
    /// [`Spent`] there.
    pub async fn apart<F: Future>(work: F) -> (F::Output, Spent) {
        let began = Instant::now();
        let (answer, account) = Self::during(work).await;
        let whole = began.elapsed();
        (answer, Spent { whole, account })
    }

    /// What was booked so far.
    pub fn on(&self, whom: WaitFor) -> Duration {
        Duration::from_micros(self.of(whom).load(Ordering::Relaxed))
    }

    fn of(&self, whom: WaitFor) -> &AtomicU64 {
        match whom {
            WaitFor::Store => &self.store,
            WaitFor::Provider => &self.provider,
        }
    }
}

/// What a piece of work took that is done once for several requests.
#[derive(Debug, Clone)]
pub struct Spent {
    whole: Duration,
    account: Arc<Waits>,
}

impl Spent {
    /// Books the waiting of a request that waited this long for the work. The work's own part stays the request's own,
    /// in full, whenever it joined.
    pub fn book(&self, waited: Duration) {
        let (store, provider) = (
            self.account.on(WaitFor::Store),
            self.account.on(WaitFor::Provider),
        );
        let own = self.whole.saturating_sub(store).saturating_sub(provider);
        let others = waited.saturating_sub(own);
        let of_provider = provider.min(others);
        Waits::add(WaitFor::Provider, of_provider);
        Waits::add(WaitFor::Store, others.saturating_sub(of_provider));
    }
}

/// `work`, with the account of whoever calls this: to be given to another task.
pub fn carry<F: Future>(work: F) -> impl Future<Output = F::Output> {
    let account = ACCOUNT.try_with(Arc::clone).ok();
    async move {
        match account {
            Some(account) => ACCOUNT.scope(account, work).await,
            None => work.await,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[tokio::test(start_paused = true)]
    async fn n1_what_is_waited_for_is_booked_in_other_tasks_too() {
        let (answer, waits) = Waits::during(async {
            Waits::book(WaitFor::Provider, tokio::time::sleep(SECOND)).await;
            let task = tokio::spawn(carry(Waits::book(WaitFor::Store, tokio::time::sleep(2 * SECOND))));
            task.await.unwrap();
            7
        })
        .await;
        assert_eq!(
            (answer, waits.on(WaitFor::Provider), waits.on(WaitFor::Store)),
            (7, SECOND, 2 * SECOND)
        );
    }

    #[tokio::test(start_paused = true)]
    async fn n1_whoever_waits_for_work_done_once_books_its_waits_and_not_its_own_part() {
        let work = async {
            Waits::book(WaitFor::Store, tokio::time::sleep(5 * SECOND)).await;
            Waits::book(WaitFor::Provider, tokio::time::sleep(2 * SECOND)).await;
            tokio::time::sleep(SECOND).await;
        };
        let ((), spent) = Waits::apart(work).await;
        let booked = async |waited| {
            let ((), waits) = Waits::during(async { spent.book(waited) }).await;
            (waits.on(WaitFor::Store), waits.on(WaitFor::Provider))
        };
        assert_eq!(booked(8 * SECOND).await, (5 * SECOND, 2 * SECOND));
        assert_eq!(booked(4 * SECOND).await, (SECOND, 2 * SECOND));
        assert_eq!(booked(SECOND).await, (Duration::ZERO, Duration::ZERO));
    }

    #[tokio::test(start_paused = true)]
    async fn without_an_account_nothing_is_booked_and_the_work_is_done() {
        assert_eq!(carry(Waits::book(WaitFor::Store, async { 7 })).await, 7);
    }
}
