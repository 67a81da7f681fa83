//! The threads on which transactions run.
//!
//! A web worker's future may be dropped at any await: the browser went away, a deadline passed. A transaction must not
//! be dropped with it, so it runs in a task of its own, which the caller only waits for.

use crate::Error;
use coffer_core::{StoreError, waits};
use std::future::Future;
use tokio::runtime::{Handle, Runtime};

#[derive(Debug)]
pub(crate) struct DbRuntime {
    handle: Handle,
    owned: Option<Runtime>,
}

impl DbRuntime {
    /// The given runtime, or a small one.
    pub(crate) fn new(given: Option<Handle>) -> Result<Self, Error> {
        if let Some(handle) = given {
            return Ok(Self { handle, owned: None });
        }
        let threads = std::thread::available_parallelism().map_or(2, |n| n.get().clamp(2, 8));
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(threads)
            .thread_name("coffer-store")
            .enable_all()
            .build()
            .map_err(Error::Runtime)?;
        Ok(Self {
            handle: runtime.handle().clone(),
            owned: Some(runtime),
        })
    }

    /// Runs work to its end, even if whoever waits for it goes away.
    pub(crate) async fn run<R: Send + 'static>(
        &self,
        work: impl Future<Output = Result<R, StoreError>> + Send + 'static,
    ) -> Result<R, StoreError> {
        match self.handle.spawn(waits::carry(work)).await {
            Ok(result) => result,
            // The panic's own text stays out: it may show values.
            Err(error) if error.is_panic() => Err(StoreError::Corrupt(
                "the task with the transaction panicked".into(),
            )),
            Err(_) => Err(StoreError::Unavailable("the store was closed".into())),
        }
    }
}

impl Drop for DbRuntime {
    fn drop(&mut self) {
        // A runtime may not be dropped inside another one; this way it may.
        if let Some(runtime) = self.owned.take() {
            runtime.shutdown_background();
        }
    }
}
