//! Idempotent creations: the answer to a request is kept for its `Idempotency-Key`.

use crate::{Fingerprint, Sealed, SecretHash, Timestamp};
use uuid::Uuid;

/// A key under which a creation is done at most once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdempotencyKey {
    /// The id of the row that keeps the answer.
    pub id: Uuid,
    /// The keyed hash of (who asks, route, key).
    pub key: SecretHash,
    /// Tells whether the request is the same one as before.
    pub request: Fingerprint,
    /// When it was first seen.
    pub created_at: Timestamp,
    /// When it is forgotten.
    pub expires_at: Timestamp,
}

/// An answer that is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptAnswer {
    /// The row that keeps it, which its envelope is bound to.
    pub id: Uuid,
    /// The HTTP status.
    pub status: u16,
    /// The body, sealed: it may hold a key that is shown once.
    pub body: Sealed,
}

/// What a store says of an idempotency key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IdempotencyCheck {
    /// It is new, and now taken: do the work.
    New,
    /// The same request was answered before: answer the same again.
    Answered(KeptAnswer),
    /// The same request is being worked on.
    InProgress,
    /// The key was used for another request.
    Mismatch,
}
