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
    /// The database's single writer (SQLite), or a free connection to it.
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
        let micros = u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX);
        account.of(on).fetch_add(micros, Ordering::Relaxed);
        answer
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
    async fn without_an_account_nothing_is_booked_and_the_work_is_done() {
        assert_eq!(carry(Waits::book(WaitFor::Store, async { 7 })).await, 7);
    }
}
