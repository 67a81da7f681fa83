//! What can go wrong with sealing and opening.

use crate::source::KeySourceError;
use coffer_core::id::{DataKeyId, TenantId};
use coffer_core::{ErrorKind, StoreError};
use std::sync::Arc;
use std::time::Duration;

/// Why something was not sealed or opened. It can be cloned, because everybody who waits for one unwrap gets the
/// same answer.
#[derive(Debug, Clone, thiserror::Error)]
pub enum EnvelopeError {
    /// The envelope does not open at this place. There is one error for every reason; see
    /// [`crate::KeyRing::failures`].
    #[error("the sealed value does not open")]
    Open,
    /// The plaintext is longer than [`crate::MAX_PLAINTEXT`].
    #[error("{0} bytes are too many to seal")]
    TooLong(usize),
    /// A cell of one tenant and a key of another: a programming error.
    #[error("the cell belongs to another tenant than the key")]
    ForeignCell,
    /// The data key is wrapped under a key encryption key that the key source does not have.
    #[error(
        "the data was sealed under {sealed_under}, the configured key is {configured}; configure the key that sealed the data"
    )]
    WrongKey {
        /// The key encryption keys that would do.
        sealed_under: String,
        /// The primary one of the key source.
        configured: String,
    },
    /// The key source answered that it may not use the key.
    #[error(
        "the key source refuses the use of {kek}; check that the key is enabled and that this server may use it"
    )]
    KeyDenied {
        /// The key encryption key.
        kek: String,
        /// What the key source said.
        #[source]
        cause: Arc<dyn std::error::Error + Send + Sync>,
    },
    /// The key source cannot be asked right now.
    #[error("the key source is not available")]
    KeyUnavailable {
        /// How long it asked us to wait.
        retry_after: Option<Duration>,
        /// What went wrong.
        #[source]
        cause: Arc<dyn std::error::Error + Send + Sync>,
    },
    /// The stored data key, or its wrap, is not what was stored.
    #[error(
        "the data key {0} is damaged: its wrap does not open, or its row contradicts itself; restore the row"
    )]
    KeyDamaged(DataKeyId),
    /// The store names an older active key than this process has seen before: somebody set it back. Nothing is
    /// sealed under it.
    #[error(
        "the active data key of {tenant} went back from version {seen} to {found}; find out who changed it"
    )]
    RolledBack {
        /// Whose key.
        tenant: TenantId,
        /// The highest version seen.
        seen: u32,
        /// The version that the store names.
        found: u32,
    },
    /// The store of data keys did not answer.
    #[error("the data keys cannot be read or written")]
    Store(#[source] Arc<StoreError>),
}

impl EnvelopeError {
    /// The kind.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::TooLong(_) => ErrorKind::Invalid,
            Self::WrongKey { .. } | Self::KeyDenied { .. } | Self::KeyUnavailable { .. } => {
                ErrorKind::Unavailable
            }
            Self::Open | Self::ForeignCell | Self::KeyDamaged(_) | Self::RolledBack { .. } => {
                ErrorKind::Internal
            }
            Self::Store(cause) => cause.kind(),
        }
    }

    /// The stable code, which is also the metric label.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Open => "envelope_open",
            Self::TooLong(_) => "envelope_too_long",
            Self::ForeignCell => "envelope_foreign_cell",
            Self::WrongKey { .. } => "key_wrong",
            Self::KeyDenied { .. } => "key_denied",
            Self::KeyUnavailable { .. } => "key_unavailable",
            Self::KeyDamaged(_) => "key_damaged",
            Self::RolledBack { .. } => "key_rolled_back",
            Self::Store(cause) => cause.code(),
        }
    }

    /// How long the key source asked us to wait, if it did.
    pub fn retry_after(&self) -> Option<Duration> {
        if let Self::KeyUnavailable { retry_after, .. } = self {
            *retry_after
        } else {
            None
        }
    }

    pub(crate) fn from_source(key: DataKeyId, error: KeySourceError) -> Self {
        match error {
            KeySourceError::Denied { kek, cause } => Self::KeyDenied {
                kek,
                cause: cause.into(),
            },
            KeySourceError::Unavailable { retry_after, cause } => Self::KeyUnavailable {
                retry_after,
                cause: cause.into(),
            },
            KeySourceError::WrongKey {
                sealed_under,
                configured,
            } => Self::WrongKey {
                sealed_under,
                configured,
            },
            KeySourceError::Malformed { .. } => Self::KeyDamaged(key),
        }
    }
}

impl From<StoreError> for EnvelopeError {
    fn from(error: StoreError) -> Self {
        Self::Store(Arc::new(error))
    }
}
