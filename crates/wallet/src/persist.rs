//! Writing down what is known already, until the database has it.

use crate::wallet::Inner;
use coffer_core::StoreError;
use std::time::Duration;

const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// How long a write is repeated while the database is away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Insist {
    /// For as long as the process lives: it holds tokens that are nowhere else.
    ForEver,
    /// Until the server stops: somebody else can find out what is not written.
    UntilDrained,
}

impl Inner {
    /// Repeats a write, which must be one that may be repeated, until the database has taken or refused it.
    ///
    /// # Errors
    /// What the store says, except that it is away.
    pub(crate) async fn persist<T, F>(
        &self,
        what: &'static str,
        insist: Insist,
        write: impl Fn() -> F,
    ) -> Result<T, StoreError>
    where
        F: Future<Output = Result<T, StoreError>>,
    {
        let mut pause = FIRST_PAUSE;
        loop {
            match write().await {
                Err(error @ (StoreError::Unavailable(_) | StoreError::CommitUnknown(_)))
                    if insist == Insist::ForEver || !self.tasks.is_draining() =>
                {
                    tracing::warn!(what, code = error.code(), "a result waits for the database");
                }
                other => return other,
            }
            tokio::time::sleep(pause).await;
            pause = pause.saturating_mul(2).min(LONGEST_PAUSE);
        }
    }
}

/// A write that was repeated because its acknowledgement was lost meets the audit row that it has written itself.
pub(crate) fn or_done_before(written: Result<(), StoreError>) -> Result<(), StoreError> {
    match written {
        Err(StoreError::Duplicate(_)) => Ok(()),
        other => other,
    }
}
