//! The kinds of errors, and the error that every store gives.

use serde::Serialize;

/// What sort of thing went wrong: a small closed set from which an HTTP status, a retry and a log level follow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorKind {
    /// The request is wrong as it stands; sending it again changes nothing.
    Invalid,
    /// Who asks is not known, or no longer.
    Unauthenticated,
    /// Who asks is known and may not.
    Forbidden,
    /// There is no such thing for whoever asks. A thing of another tenant is this, too.
    NotFound,
    /// It contradicts what is there: a duplicate, or a change based on an older version.
    Conflict,
    /// It cannot be done in the state that the thing is in; a person has to act first.
    Precondition,
    /// Not now: try again later.
    Unavailable,
    /// The other side (a provider) gave an answer that cannot be used.
    Upstream,
    /// Our own fault.
    Internal,
}

/// What a store answers when it cannot do what was asked. A thing that is not there is `None` or
/// [`StoreError::NotFound`], never another tenant's thing.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// There is no such row in this tenant.
    #[error("no such {0}")]
    NotFound(&'static str),
    /// A unique value is taken; the text says which.
    #[error("already there: {0}")]
    Duplicate(&'static str),
    /// The row changed since it was read.
    #[error("the {0} was changed in the meantime; read it again")]
    Stale(&'static str),
    /// The database cannot be reached, is read-only, full, or too slow. Nothing was changed, unless
    /// [`StoreError::CommitUnknown`] says otherwise.
    #[error("the database is not available")]
    Unavailable(#[source] BoxError),
    /// The connection broke after COMMIT was sent: it may or may not have been done. Look before trying again.
    #[error("the connection to the database broke during a commit")]
    CommitUnknown(#[source] BoxError),
    /// A row holds something that it cannot hold, or a statement is wrong.
    #[error("the database gave an answer that makes no sense")]
    Corrupt(#[source] BoxError),
}

/// The cause of an error, whatever it is.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

impl StoreError {
    /// The kind.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::NotFound(_) => ErrorKind::NotFound,
            Self::Duplicate(_) | Self::Stale(_) => ErrorKind::Conflict,
            Self::Unavailable(_) | Self::CommitUnknown(_) => ErrorKind::Unavailable,
            Self::Corrupt(_) => ErrorKind::Internal,
        }
    }

    /// The stable code, which is also the metric label.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotFound(_) => "not_found",
            Self::Duplicate(_) => "duplicate",
            Self::Stale(_) => "stale",
            Self::Unavailable(_) => "store_unavailable",
            Self::CommitUnknown(_) => "store_commit_unknown",
            Self::Corrupt(_) => "store_corrupt",
        }
    }
}
