//! Supervised tasks: what must be finished once it is begun, whoever goes away meanwhile.

use coffer_core::waits;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::sync::Notify;
use tokio::task::JoinHandle;

/// Runs tasks on one runtime, counts them, and can wait until all are done. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Tasks {
    shared: Arc<Shared>,
    runtime: Handle,
}

#[derive(Debug, Default)]
struct Shared {
    running: AtomicUsize,
    draining: AtomicBool,
    idle: Notify,
}

/// Counts one task for as long as it lives, a panic included.
struct Running(Arc<Shared>);

impl Drop for Running {
    fn drop(&mut self) {
        if self.0.running.fetch_sub(1, Ordering::SeqCst) == 1 {
            self.0.idle.notify_waiters();
        }
    }
}

impl Tasks {
    /// Tasks on this runtime, which must be multi-threaded in a server whose handlers have runtimes of their own.
    pub fn on(runtime: Handle) -> Self {
        Self {
            shared: Arc::default(),
            runtime,
        }
    }

    /// Starts a task. Dropping the handle does not end it.
    pub fn spawn<F>(&self, work: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        self.shared.running.fetch_add(1, Ordering::SeqCst);
        let guard = Running(Arc::clone(&self.shared));
        // Boxed at once: it has tens of thousands of bytes, and each layer would hold it twice.
        let work = Box::pin(work);
        self.runtime.spawn(waits::carry(async move {
            let _guard = guard;
            work.await
        }))
    }

    /// Whether no new work should begin.
    pub fn is_draining(&self) -> bool {
        self.shared.draining.load(Ordering::SeqCst)
    }

    /// How many tasks run.
    pub fn running(&self) -> usize {
        self.shared.running.load(Ordering::SeqCst)
    }

    /// Lets no new work begin, and waits until all that runs is done, or the time is over. Answers whether all is done.
    pub async fn drain(&self, at_most: Duration) -> bool {
        self.shared.draining.store(true, Ordering::SeqCst);
        let all_done = async {
            loop {
                let idle = self.shared.idle.notified();
                tokio::pin!(idle);
                idle.as_mut().enable();
                if self.running() == 0 {
                    return;
                }
                idle.await;
            }
        };
        tokio::time::timeout(at_most, all_done).await.is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::sync::oneshot;

    #[tokio::test]
    async fn f5_drain_waits_for_what_runs_although_its_handle_was_dropped() {
        let tasks = Tasks::on(Handle::current());
        let (finish, finished) = oneshot::channel::<()>();
        let (tell, told) = oneshot::channel();
        drop(tasks.spawn(async move {
            finished.await.unwrap();
            tell.send(42).unwrap();
        }));
        let draining = tokio::spawn({
            let tasks = tasks.clone();
            async move { tasks.drain(Duration::from_secs(60)).await }
        });
        finish.send(()).unwrap();
        assert_eq!(told.await, Ok(42));
        assert!(draining.await.unwrap() && tasks.is_draining());
    }

    #[tokio::test]
    async fn a_panic_counts_as_done() {
        let tasks = Tasks::on(Handle::current());
        assert!(
            tasks
                .spawn(async { panic!("as the test wants it") })
                .await
                .is_err()
        );
        assert!(tasks.drain(Duration::from_secs(60)).await);
    }

    #[tokio::test(start_paused = true)]
    async fn drain_gives_up_when_its_time_is_over() {
        let tasks = Tasks::on(Handle::current());
        let stuck = tasks.spawn(std::future::pending::<()>());
        assert!(!tasks.drain(Duration::from_secs(5)).await);
        stuck.abort();
    }
}
