use crate::audit::AuditEntry;
use crate::connection::{
    AccessToken, Attempt, AttemptOutcome, ConnectionState, ConnectionView, Reason, Revocation, Slot,
    TokenView,
};
use crate::id::{AttemptId, ConnectionId, IntegrationId, ReplicaId, SlotId, UserId};
use crate::integration::IntegrationRef;
use crate::page::{Page, PageRequest};
use crate::{Fingerprint, Sealed, StoreError, TenantScope, Timestamp};
use async_trait::async_trait;
use std::time::Duration;

/// Which connections are wanted; every member that is set narrows the list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ConnectionFilter {
    /// Of this person.
    pub user: Option<UserId>,
    /// Of this integration.
    pub integration: Option<IntegrationId>,
    /// In this stored state.
    pub state: Option<ConnectionState>,
}

/// What asking for a lease gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LeaseAnswer {
    /// The lease is ours: the slot as it is now, with its new epoch. Attempts of earlier holders that had no outcome
    /// are marked [`AttemptOutcome::Ambiguous`] and, where they are of this generation, counted in `slot.ambiguous`.
    Granted {
        /// The slot.
        slot: Box<Slot>,
        /// The newest attempt at this generation whose outcome is not known: marked ambiguous now or before.
        unresolved: Option<Box<Attempt>>,
        /// The time of the database's clock, by which the lease runs. Attempts are dated by it, too: replicas whose own
        /// clocks differ agree on how long ago a token was presented.
        now: Timestamp,
    },
    /// It is held, by another replica or another task of the same one.
    Held {
        /// How long its lease still runs, by the database's clock.
        remaining: Duration,
    },
    /// The connection is revoked, or not there: there is nothing to lease.
    Gone,
}

/// What a refresh brought.
#[derive(Debug, Clone)]
pub struct RefreshCommit {
    /// The connection.
    pub connection: ConnectionId,
    /// The slot.
    pub slot: SlotId,
    /// The epoch of our lease.
    pub epoch: u64,
    /// The attempt that it ends.
    pub attempt: AttemptId,
    /// The generation that was presented; the new one is one more.
    pub expected_generation: u64,
    /// The refresh token to keep, sealed at the new generation: the new one, or the old one where none came.
    pub refresh: Option<Sealed>,
    /// When it dies, where known.
    pub refresh_expires_at: Option<Timestamp>,
    /// When the next refresh is due.
    pub due_at: Option<Timestamp>,
    /// The new access token; it takes the place of the one for the same audience.
    pub access: AccessToken,
    /// The scopes that the provider says are granted now; `None` leaves them.
    pub scopes: Option<Vec<String>>,
    /// When it ended.
    pub at: Timestamp,
}

/// What became of a commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CommitAnswer {
    /// It is stored: generation + 1, failures, back-off and ambiguous attempts cleared, state `fresh` without a reason
    /// (a pending connection stays pending), lease given back. A repeated commit of an attempt that has succeeded is
    /// this, too, and stores nothing. A lease that has run out is no hindrance; nor is one that somebody took over who
    /// has not presented the token: that one's lease stays, and its intent is refused, because the generation moved.
    Committed,
    /// It is stored, so that the newest token can be revoked; but the connection was disconnected in the meantime,
    /// and nothing may be served. The lease is kept for revoking. A repeated commit answers this, too, where the
    /// connection is disconnected by now.
    Revoked,
    /// Somebody else was faster: the generation moved, or the epoch did and the later holder has presented the token,
    /// too (an intent of a later epoch that has not ended as [`AttemptOutcome::Failed`]). Nothing is stored but the
    /// outcome [`AttemptOutcome::Fenced`]; there is no audit row.
    Fenced,
}

/// How a refresh or revocation failed.
#[derive(Debug, Clone)]
pub struct AttemptFailure {
    /// The connection.
    pub connection: ConnectionId,
    /// The slot.
    pub slot: SlotId,
    /// The epoch of our lease.
    pub epoch: u64,
    /// The attempt that it ends, where an intent was stored.
    pub attempt: Option<AttemptId>,
    /// How it ended. [`AttemptOutcome::Ambiguous`] is counted in the slot's `ambiguous`.
    pub outcome: AttemptOutcome,
    /// Why: kept with the attempt, and with the connection where its state is set.
    pub reason: Reason,
    /// The connection's state from now on; `None` leaves it. A revoked connection stays revoked, and a pending one
    /// pending, with the reason that it has.
    pub state: Option<ConnectionState>,
    /// No refresh before this time; takes the place of the earlier one.
    pub not_before: Option<Timestamp>,
    /// Whether it counts as a failure in a row.
    pub counts: bool,
    /// When it ended.
    pub at: Timestamp,
}

/// How a revocation at the provider ended.
#[derive(Debug, Clone)]
pub struct RevokeEnd {
    /// The connection.
    pub connection: ConnectionId,
    /// The slot.
    pub slot: SlotId,
    /// The epoch of our lease.
    pub epoch: u64,
    /// The attempt that it ends, where one was sent.
    pub attempt: Option<AttemptId>,
    /// [`Revocation::Done`], [`Revocation::Unsupported`] or [`Revocation::Failed`]: the attempt has succeeded, was
    /// refused, or failed. Except for `Failed`, the slot's sealed tokens are deleted; while another slot of the
    /// connection still has some, the connection's revocation stays as it is.
    pub revocation: Revocation,
    /// Why it failed; it becomes the connection's reason.
    pub reason: Option<Reason>,
    /// When it ended.
    pub at: Timestamp,
}

/// Connections, their slots, tokens and attempts. A foreign id is not there.
#[async_trait]
pub trait ConnectionStore: Send + Sync {
    /// What a token read needs, in one round trip: the default slot's view, with the access token for `audience`. A
    /// pending or revoked connection is shown without the token, which may not be served.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    async fn token_view(
        &self,
        scope: &TenantScope,
        id: ConnectionId,
        audience: &str,
    ) -> Result<Option<TokenView>, StoreError>;

    /// The connection with everything about it.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    async fn find(&self, scope: &TenantScope, id: ConnectionId)
    -> Result<Option<ConnectionView>, StoreError>;

    /// The tenant's connections, oldest first.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    async fn list(
        &self,
        scope: &TenantScope,
        filter: &ConnectionFilter,
        page: PageRequest,
    ) -> Result<Page<ConnectionView>, StoreError>;

    /// The connection that already has this account: same integration, same person (or none), same subject, and not
    /// pending. A revoked one counts: connecting again brings it back under its old id. Of several, the oldest.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    async fn find_by_subject(
        &self,
        scope: &TenantScope,
        integration: IntegrationRef,
        user: Option<UserId>,
        subject: Fingerprint,
    ) -> Result<Option<ConnectionId>, StoreError>;

    /// Asks for the lease of a slot, for `ttl` by the database's clock. A lease that has run out is taken over.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    async fn lease(
        &self,
        scope: &TenantScope,
        slot: SlotId,
        owner: ReplicaId,
        ttl: Duration,
        at: Timestamp,
    ) -> Result<LeaseAnswer, StoreError>;

    /// Lets a lease run for `ttl` from now, by the database's clock, whether or not it has run out meanwhile. Answers
    /// `false`, and changes nothing, where it was given back or somebody else has taken it.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    async fn renew(
        &self,
        scope: &TenantScope,
        slot: SlotId,
        epoch: u64,
        ttl: Duration,
    ) -> Result<bool, StoreError>;

    /// Gives a lease back without having sent anything. A lease that is no longer ours is left alone.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    async fn release(&self, scope: &TenantScope, slot: SlotId, epoch: u64) -> Result<(), StoreError>;

    /// Stores the intent to present a token, before a byte is sent. Answers `false`, and stores nothing, where epoch
    /// or generation moved, the lease has run out, or the connection was disconnected (unless it is a revocation).
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    async fn intend(&self, scope: &TenantScope, attempt: &Attempt) -> Result<bool, StoreError>;

    /// Stores what a refresh brought, in one transaction with the attempt's outcome and the audit row. The same
    /// commit may be repeated after [`StoreError::CommitUnknown`]: it is done once.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], [`StoreError::Unavailable`], [`StoreError::CommitUnknown`].
    async fn commit_refresh(
        &self,
        scope: &TenantScope,
        commit: &RefreshCommit,
        audit: &AuditEntry,
    ) -> Result<CommitAnswer, StoreError>;

    /// Stores how an attempt failed, and gives the lease back, in one transaction with the audit row. Where the epoch
    /// moved, only the attempt's outcome is stored, over none or [`AttemptOutcome::Ambiguous`]. An attempt that has
    /// ended otherwise keeps its outcome, and a repeated call stores nothing.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], [`StoreError::Unavailable`], [`StoreError::CommitUnknown`].
    async fn fail(
        &self,
        scope: &TenantScope,
        failure: &AttemptFailure,
        audit: &AuditEntry,
    ) -> Result<(), StoreError>;

    /// Disconnects: from the moment this returns, no token of the connection is served, on any replica. The sealed
    /// tokens and a lease stay until they are revoked at the provider: the state is `revoked` without a reason, the
    /// revocation [`Revocation::Requested`]. Answers `false`, and changes nothing, where it was disconnected before.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    async fn disconnect(
        &self,
        scope: &TenantScope,
        id: ConnectionId,
        at: Timestamp,
        audit: &AuditEntry,
    ) -> Result<bool, StoreError>;

    /// Asks for the lease of a slot of a disconnected connection, to revoke its tokens at the provider. Answers as
    /// [`ConnectionStore::lease`] does; `Gone` where the connection is not disconnected, or nothing is left to revoke:
    /// the slot has neither a refresh token nor an access token.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    async fn lease_for_revoke(
        &self,
        scope: &TenantScope,
        slot: SlotId,
        owner: ReplicaId,
        ttl: Duration,
        at: Timestamp,
    ) -> Result<LeaseAnswer, StoreError>;

    /// Stores how the revocation of a slot ended, and gives its lease back, with the audit row.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], [`StoreError::Stale`] where the epoch moved or the connection is not disconnected,
    /// [`StoreError::Unavailable`].
    async fn end_revoke(
        &self,
        scope: &TenantScope,
        end: &RevokeEnd,
        audit: &AuditEntry,
    ) -> Result<(), StoreError>;

    /// The connection's attempts, newest first.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    async fn attempts(
        &self,
        scope: &TenantScope,
        id: ConnectionId,
        page: PageRequest,
    ) -> Result<Page<Attempt>, StoreError>;
}
