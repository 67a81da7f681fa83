use crate::audit::AuditEntry;
use crate::connection::{AccessToken, Attempt, AttemptOutcome, Connection, Reason, Slot};
use crate::flow::{ConnectSession, Flow, FlowResult};
use crate::id::{AttemptId, ConnectionId, FlowId};
use crate::rotation::RotationClass;
use crate::{Fingerprint, Sealed, SecretHash, StoreError, SystemScope, TenantScope, Timestamp};
use async_trait::async_trait;

/// What the commit of a code exchange stores, in one transaction.
#[derive(Debug, Clone)]
pub struct ExchangeCommit {
    /// The flow that it ends.
    pub flow: FlowId,
    /// The attempt that it ends, as [`AttemptOutcome::Succeeded`].
    pub attempt: AttemptId,
    /// The new connection, in state `pending`.
    pub connection: Connection,
    /// Its slots.
    pub slots: Vec<Slot>,
    /// Its access tokens.
    pub tokens: Vec<AccessToken>,
    /// The one-time result.
    pub result: FlowResult,
    /// When it ended.
    pub at: Timestamp,
}

/// What the redemption of a one-time result does to the connections.
#[derive(Debug, Clone)]
pub enum Redemption {
    /// The pending connection becomes `fresh`.
    Confirm,
    /// The account was connected before: that connection keeps its id and takes the new tokens, sealed for its own
    /// slot; the pending one is deleted.
    Replace(Box<Replacement>),
}

/// New tokens for a connection that exists.
#[derive(Debug, Clone)]
pub struct Replacement {
    /// The connection that stays. Its state becomes `fresh`, reason and revocation are cleared, the slot's failures,
    /// back-off, ambiguous attempts and lease too; its epoch grows, so that a refresh that is under way is fenced off.
    pub connection: ConnectionId,
    /// The slot that takes the tokens.
    pub slot: crate::id::SlotId,
    /// The class of the new tokens.
    pub class: RotationClass,
    /// The slot's generation as it was read; the new one is one more.
    pub expected_generation: u64,
    /// The new refresh token, sealed for the slot at the new generation.
    pub refresh: Option<Sealed>,
    /// When it dies, where known.
    pub refresh_expires_at: Option<Timestamp>,
    /// When a refresh is due.
    pub due_at: Option<Timestamp>,
    /// The new access token of the slot; all older ones of the slot are deleted.
    pub access: AccessToken,
    /// Which account it is; `None` leaves what is known.
    pub subject: Option<Fingerprint>,
    /// Who the account is, sealed for the connection that stays.
    pub identity: Option<Sealed>,
    /// The scopes that were granted.
    pub scopes: Vec<String>,
    /// The scopes that were asked for and not granted.
    pub scopes_missing: Vec<String>,
}

/// Connect sessions and flows. Each is found by the hash of a 256-bit secret before the tenant is known; the row says
/// which tenant it is.
#[async_trait]
pub trait FlowStore: Send + Sync {
    /// Stores a connect session. Sessions of the tenant that expired longer ago than
    /// [`SESSIONS_KEPT`](crate::ports::SESSIONS_KEPT) before `session.created_at` are deleted on the way, with their
    /// flows, [`PURGE`](crate::ports::PURGE) at most.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] where the tenant, user, connection or integration is not there for this tenant.
    async fn create_session(
        &self,
        scope: &TenantScope,
        session: &ConnectSession,
        audit: &AuditEntry,
    ) -> Result<(), StoreError>;

    /// The connect session whose token has this hash, opened and expired ones too.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    async fn find_session(
        &self,
        scope: &SystemScope,
        token_hash: &SecretHash,
    ) -> Result<Option<ConnectSession>, StoreError>;

    /// Opens the session, as of `flow.created_at`, and stores its flow, in one transaction.
    ///
    /// # Errors
    /// [`StoreError::Stale`] where the session was opened before; [`StoreError::NotFound`].
    async fn begin(&self, scope: &TenantScope, flow: &Flow, audit: &AuditEntry) -> Result<(), StoreError>;

    /// The flow whose `state` has this hash, with its session, consumed and expired ones too.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    async fn find_by_state(
        &self,
        scope: &SystemScope,
        state_hash: &SecretHash,
    ) -> Result<Option<(Flow, ConnectSession)>, StoreError>;

    /// Marks the flow as consumed and, where a code came with the callback, stores the intent to exchange it, or, where
    /// none did, the audit row of how it ended: one transaction, before a byte is sent.
    ///
    /// # Errors
    /// [`StoreError::Stale`] where it was consumed before: a code is never sent twice. [`StoreError::NotFound`].
    async fn consume(
        &self,
        scope: &TenantScope,
        id: FlowId,
        at: Timestamp,
        attempt: Option<&Attempt>,
        audit: Option<&AuditEntry>,
    ) -> Result<(), StoreError>;

    /// Stores what a code exchange brought. The same commit repeated is done once.
    ///
    /// # Errors
    /// [`StoreError::Stale`] where the flow ended otherwise before; [`StoreError::NotFound`],
    /// [`StoreError::Unavailable`], [`StoreError::CommitUnknown`]: repeat it.
    async fn commit_exchange(
        &self,
        scope: &TenantScope,
        commit: &ExchangeCommit,
        audit: &AuditEntry,
    ) -> Result<(), StoreError>;

    /// Stores how an exchange failed, as of `reason.at`. An attempt that has an outcome keeps it, without an audit row.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    async fn fail_exchange(
        &self,
        scope: &TenantScope,
        attempt: AttemptId,
        outcome: AttemptOutcome,
        reason: &Reason,
        audit: &AuditEntry,
    ) -> Result<(), StoreError>;

    /// The flow of this tenant whose one-time result has this hash, with its session, redeemed and expired ones too.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    async fn find_by_result(
        &self,
        scope: &TenantScope,
        result_hash: &SecretHash,
    ) -> Result<Option<(Flow, ConnectSession)>, StoreError>;

    /// Redeems a one-time result, once, and binds the connection: one transaction. Answers with the id of the
    /// connection that is in use now, which the flow's result names from then on.
    ///
    /// # Errors
    /// [`StoreError::Stale`] where it was redeemed before, the connection of the result is no longer `pending` (it was
    /// disconnected: that stands), the slot's generation moved since it was read, or [`Redemption::Confirm`] would be a
    /// second connection of the same person's account at the same integration; [`StoreError::NotFound`].
    async fn redeem(
        &self,
        scope: &TenantScope,
        flow: FlowId,
        at: Timestamp,
        how: &Redemption,
        audit: &AuditEntry,
    ) -> Result<ConnectionId, StoreError>;
}
