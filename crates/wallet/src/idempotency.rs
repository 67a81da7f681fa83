//! Idempotent creations: the same request with the same `Idempotency-Key` is done once and answered alike, keys that
//! are shown once included. Answers are kept sealed.

use crate::cells;
use crate::error::WalletError;
use crate::wallet::{Inner, Wallet};
use coffer_core::actor::Asker;
use coffer_core::id::row;
use coffer_core::idempotency::{IdempotencyCheck, IdempotencyKey, KeptAnswer};
use coffer_core::{SecretBytes, SecretHash};
use std::time::Duration;
use uuid::Uuid;

/// How long an answer is kept.
pub const KEPT_FOR: Duration = Duration::from_secs(24 * 3600);

/// After this, a request that was never answered may be repeated: its server died.
const STALE_AFTER: Duration = Duration::from_secs(60);

/// What to do with a request that has an idempotency key.
#[derive(Debug)]
pub enum Idempotent {
    /// Do it, then [`Wallet::keep_answer`], or [`Wallet::give_back`] where it made nothing.
    Do(Ticket),
    /// It was done before: this is its answer.
    Done {
        /// The HTTP status.
        status: u16,
        /// The body.
        body: SecretBytes,
    },
}

/// The right to do an idempotent request.
#[derive(Debug)]
pub struct Ticket {
    key: SecretHash,
    row: Uuid,
}

impl Wallet {
    /// Takes an idempotency key: 1 to 255 printable ASCII characters, for this asker and this route. `request` is
    /// what makes two requests the same: the body as it came.
    ///
    /// # Errors
    /// [`WalletError::Invalid`] for the key; [`WalletError::Precondition`] `idempotency_mismatch` where the key was
    /// used for another request; [`WalletError::Later`] `idempotency_in_progress`.
    pub async fn take_idempotency_key(
        &self,
        asker: &Asker,
        route: &str,
        key: &str,
        request: &[u8],
    ) -> Result<Idempotent, WalletError> {
        let inner = &self.inner;
        if key.is_empty() || key.len() > 255 || !key.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(WalletError::invalid(
                "Idempotency-Key",
                "give 1 to 255 printable characters without blanks",
            ));
        }
        let lookup = inner.keys.lookup_key(asker.tenant).await?;
        let now = inner.now();
        let named = format!("{}\n{route}\n{key}", asker.actor);
        let taken = IdempotencyKey {
            id: row(&*inner.clock, &*inner.random),
            key: lookup.hash("idempotency-key", named.as_bytes()),
            request: lookup.fingerprint("idempotent-request", request),
            created_at: now,
            expires_at: now.plus(KEPT_FOR),
        };
        let scope = Inner::scope(asker);
        match inner
            .stores
            .idempotency
            .take(&scope, &taken, now.minus(STALE_AFTER))
            .await?
        {
            IdempotencyCheck::New => Ok(Idempotent::Do(Ticket {
                key: taken.key,
                row: taken.id,
            })),
            IdempotencyCheck::Answered(answer) => {
                let cell = cells::idempotent_answer(asker.tenant, answer.id);
                let body = inner.keys.open(&cell, &answer.body).await?;
                Ok(Idempotent::Done {
                    status: answer.status,
                    body,
                })
            }
            IdempotencyCheck::InProgress => Err(WalletError::Later {
                code: "idempotency_in_progress",
                message: "the same request is being worked on".into(),
                after: Duration::from_secs(1),
            }),
            IdempotencyCheck::Mismatch => Err(WalletError::precondition(
                "idempotency_mismatch",
                "this Idempotency-Key was used for another request; choose a new one",
            )),
        }
    }

    /// Keeps the answer to a request that was done.
    ///
    /// # Errors
    /// The store's, and those of the key ring. The request was done all the same.
    pub async fn keep_answer(
        &self,
        asker: &Asker,
        ticket: Ticket,
        status: u16,
        body: &SecretBytes,
    ) -> Result<(), WalletError> {
        let inner = &self.inner;
        let sealed = inner
            .keys
            .seal(&cells::idempotent_answer(asker.tenant, ticket.row), body)
            .await?;
        let answer = KeptAnswer {
            id: ticket.row,
            status,
            body: sealed,
        };
        Ok(inner
            .stores
            .idempotency
            .keep(&Inner::scope(asker), &ticket.key, &answer)
            .await?)
    }

    /// Gives the key back after a request that made nothing.
    ///
    /// # Errors
    /// The store's.
    pub async fn give_back(&self, asker: &Asker, ticket: Ticket) -> Result<(), WalletError> {
        Ok(self
            .inner
            .stores
            .idempotency
            .give_back(&Inner::scope(asker), &ticket.key)
            .await?)
    }
}
