//! Writing down what is known already, until the database has it.

use crate::wallet::Inner;
use coffer_core::StoreError;
use std::time::Duration;

const FIRST_PAUSE: Duration = Duration::from_millis(50);
/// Short, so that whoever holds a rotated token is there before another holder when the database comes back.
const LONGEST_PAUSE: Duration = Duration::from_millis(500);

/// How long a write is repeated while the database is away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Insist {
    /// For as long as the process lives: it holds tokens that are nowhere else.
    ForEver,
    /// Until the server stops: somebody else can find out what is not written.
    UntilDrained,
}

impl Inner {
    /// Repeats a write, which must be one that may be repeated, until the database has taken or refused it. One try has
    /// the time of a commit; the store brings a try that took longer to its end by itself.
    ///
    /// # Errors
    /// What the store says, except what `insist` does not take for an answer.
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
            let written = tokio::time::timeout(self.settings.commit, write()).await;
            let error = match written.unwrap_or_else(|_| Err(too_slow())) {
                Ok(value) => return Ok(value),
                Err(error) => error,
            };
            if !insist.repeats(&error, self.tasks.is_draining()) {
                return Err(error);
            }
            tell(what, &error);
            tokio::time::sleep(pause).await;
            pause = pause.saturating_mul(2).min(LONGEST_PAUSE);
        }
    }
}

impl Insist {
    /// Whether this is not the last word.
    fn repeats(self, error: &StoreError, is_draining: bool) -> bool {
        match error {
            StoreError::Unavailable(_) | StoreError::CommitUnknown(_) => {
                self == Self::ForEver || !is_draining
            }
            // Whatever is wrong with the database, somebody may mend it: what is held is nowhere else.
            StoreError::Corrupt(_) => self == Self::ForEver,
            StoreError::NotFound(_) | StoreError::Duplicate(_) | StoreError::Stale(_) => false,
        }
    }
}

fn too_slow() -> StoreError {
    StoreError::CommitUnknown("the database did not answer within the time of a commit".into())
}

fn tell(what: &'static str, error: &StoreError) {
    let code = error.code();
    if let StoreError::Corrupt(cause) = error {
        tracing::error!(
            what, code, cause = %cause,
            "a result cannot be stored, and is nowhere else; it is tried again until this process ends: mend the database"
        );
    } else {
        tracing::warn!(what, code, "a result waits for the database");
    }
}

/// A write that was repeated because its acknowledgement was lost meets the audit row that it has written itself.
pub(crate) fn or_done_before(written: Result<(), StoreError>) -> Result<(), StoreError> {
    match written {
        Err(StoreError::Duplicate(_)) => Ok(()),
        other => other,
    }
}
