//! Disconnecting: here at once, and at the provider (requirement W13, THR-30).

use crate::caller::Principal;
use crate::cells;
use crate::connection::ConnectionStatus;
use crate::error::WalletError;
use crate::persist::{Insist, or_done_before};
use crate::provider;
use crate::refresh::LOOK_AGAIN;
use crate::wallet::{Inner, Wallet};
use coffer_core::actor::Asker;
use coffer_core::audit::AuditVerb;
use coffer_core::caller::CallerVerb;
use coffer_core::connection::{
    AccessToken, Attempt, AttemptKind, DEFAULT_AUDIENCE, Reason, Revocation, Slot,
};
use coffer_core::id::{AttemptId, ConnectionId, SlotId};
use coffer_core::ports::{LeaseAnswer, RevokeEnd};
use coffer_core::secret::ExposeSecret;
use coffer_core::{SecretText, TenantScope};
use coffer_oauth::RevokeTokens;
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// The tokens of a slot, opened to be revoked.
struct OpenedTokens {
    refresh: Option<SecretText>,
    access: Option<SecretText>,
}

/// What is at hand before the provider is asked to revoke.
struct ReadyToRevoke {
    tokens: OpenedTokens,
    integration: coffer_oauth::Integration,
    attempt: AttemptId,
}

impl Wallet {
    /// Disconnects: when this returns, no token of the connection is served any more, on any server, and the provider
    /// was asked to revoke the grant. What came of that is in the answer; where it failed, ask again. Where a refresh is
    /// under way, its end is waited for, as long as a caller waits; after that, the revocation goes on by itself.
    ///
    /// # Errors
    /// [`WalletError::NotFound`]; the store's.
    pub async fn disconnect(
        &self,
        principal: &Principal,
        asker: &Asker,
        id: ConnectionId,
    ) -> Result<ConnectionStatus, WalletError> {
        let scope = principal.scope_for(CallerVerb::Disconnect)?;
        let inner = &self.inner;
        inner.reachable_connection(principal, &scope, id).await?;
        let audit = inner.audit(asker, AuditVerb::ConnectionDisconnect, id.uuid(), json!({}));
        let (task, asker, of) = (Arc::clone(inner), asker.clone(), scope);
        // In a task of its own: a caller that goes away must not leave the grant alive at the provider.
        let disconnected = inner.tasks.spawn(async move {
            let store = &task.stores.connections;
            store.disconnect(&of, id, task.now(), &audit).await?;
            let inner = Arc::clone(&task);
            Ok::<_, WalletError>(
                task.tasks
                    .spawn(async move { inner.revoke_at_provider(&asker, id).await }),
            )
        });
        let revoked = disconnected
            .await
            .map_err(|_| WalletError::Internal("the disconnection's task panicked"))??;
        match tokio::time::timeout(inner.settings.caller_wait, revoked).await {
            Ok(Ok(Ok(()))) => {}
            // It is disconnected here; that the rest has to be tried again is in the connection's revocation.
            Ok(Ok(Err(error))) => {
                tracing::warn!(connection = %id, code = error.code(), "a revocation has to be repeated");
            }
            Ok(Err(_)) => tracing::error!(connection = %id, "a revocation's task panicked"),
            Err(_) => tracing::info!(connection = %id, "a revocation waits for a refresh that is under way"),
        }
        let view = inner.reachable_connection(principal, &scope, id).await?;
        inner.status_of(view).await
    }
}

impl Inner {
    /// Revokes what a disconnected connection still has at the provider, slot by slot, under each slot's lease. A
    /// refresh that is in flight holds the lease: it is waited for, because it may bring the token that must be revoked.
    pub(crate) async fn revoke_at_provider(
        &self,
        asker: &Asker,
        id: ConnectionId,
    ) -> Result<(), WalletError> {
        let scope = Self::scope(asker);
        let view = self.stores.connections.find(&scope, id).await?;
        let view = view.ok_or(WalletError::NotFound("connection"))?;
        for slot in &view.slots {
            if let Some(leased) = self.lease_to_revoke(&scope, slot.id).await? {
                self.revoke_slot(asker, &scope, id, &leased).await?;
            }
        }
        Ok(())
    }

    /// `None`: nothing is left to revoke.
    async fn lease_to_revoke(&self, scope: &TenantScope, slot: SlotId) -> Result<Option<Slot>, WalletError> {
        let (store, ttl) = (&self.stores.connections, self.settings.lease);
        let begun = Instant::now();
        loop {
            let answer = store
                .lease_for_revoke(scope, slot, self.replica, ttl, self.now())
                .await?;
            match answer {
                LeaseAnswer::Granted { slot, .. } => return Ok(Some(*slot)),
                LeaseAnswer::Gone => return Ok(None),
                LeaseAnswer::Held { remaining } => {
                    // A dead holder's lease ends within one lease; a living one may be followed by another.
                    if begun.elapsed() > ttl.saturating_mul(2) {
                        return Err(WalletError::Later {
                            code: "refresh_in_progress",
                            message: "another server is at work on this connection".into(),
                            after: remaining.max(Duration::from_secs(1)),
                        });
                    }
                    tokio::time::sleep(remaining.clamp(Duration::from_millis(5), LOOK_AGAIN)).await;
                }
            }
        }
    }

    async fn revoke_slot(
        &self,
        asker: &Asker,
        scope: &TenantScope,
        connection: ConnectionId,
        slot: &Slot,
    ) -> Result<(), WalletError> {
        let ready = match self.ready_to_revoke(scope, connection, slot).await {
            Ok(ready) => ready,
            Err(error) => {
                self.give_back(scope, slot.id, slot.epoch).await;
                return Err(error);
            }
        };
        let tokens = RevokeTokens {
            access: ready.tokens.access.as_ref(),
            refresh: ready.tokens.refresh.as_ref(),
        };
        let ended = self.bounded(self.oauth.revoke(&ready.integration, tokens)).await;
        let (revocation, reason) = match ended {
            Ok(coffer_oauth::Revocation::Revoked | coffer_oauth::Revocation::AlreadyGone) => {
                (Revocation::Done, None)
            }
            Ok(coffer_oauth::Revocation::Unsupported(_)) => (Revocation::Unsupported, None),
            Err(error) => (Revocation::Failed, Some(provider::reason(&error, self.now()))),
        };
        self.end(asker, scope, slot, ready.attempt, revocation, reason)
            .await
    }

    /// Everything up to the intent: an error means that nothing was sent.
    async fn ready_to_revoke(
        &self,
        scope: &TenantScope,
        connection: ConnectionId,
        slot: &Slot,
    ) -> Result<ReadyToRevoke, WalletError> {
        // Read under the lease: the tokens may be newer than what was seen before.
        let view = self.stores.connections.find(scope, connection).await?;
        let view = view.ok_or(WalletError::NotFound("connection"))?;
        let access = view
            .tokens
            .iter()
            .find(|token| token.slot == slot.id && token.audience == DEFAULT_AUDIENCE);
        let tokens = self.open_tokens(scope, slot, access).await?;
        let opened = self.opened(scope, view.connection.integration).await?;
        let captured = self.captured(scope, connection, &opened).await?;
        let integration = self.oauth_integration(opened).with_captured(captured);
        let attempt = self.intend_to_revoke(scope, slot, &tokens).await?;
        Ok(ReadyToRevoke {
            tokens,
            integration,
            attempt,
        })
    }

    async fn open_tokens(
        &self,
        scope: &TenantScope,
        slot: &Slot,
        access: Option<&AccessToken>,
    ) -> Result<OpenedTokens, WalletError> {
        let cell = cells::refresh_token(slot.tenant, slot.id, slot.generation);
        Ok(OpenedTokens {
            refresh: match &slot.refresh {
                Some(sealed) => Some(self.keys.open_text(&cell, sealed).await?),
                None => None,
            },
            access: match access {
                Some(token) => Some(self.open_access(scope, token).await?),
                None => None,
            },
        })
    }

    async fn intend_to_revoke(
        &self,
        scope: &TenantScope,
        slot: &Slot,
        tokens: &OpenedTokens,
    ) -> Result<AttemptId, WalletError> {
        let presented = tokens.refresh.as_ref().or(tokens.access.as_ref());
        let presented = presented.ok_or(WalletError::Internal("there is no token to revoke"))?;
        let attempt = Attempt {
            tenant: slot.tenant,
            id: AttemptId::new(&*self.clock, &*self.random),
            kind: AttemptKind::Revoke,
            connection: Some(slot.connection),
            slot: Some(slot.id),
            generation: slot.generation,
            epoch: slot.epoch,
            fingerprint: self
                .token_fingerprint(slot.tenant, presented.expose_secret())
                .await?,
            started_at: self.now(),
            outcome: None,
            reason: None,
            finished_at: None,
        };
        if self.stores.connections.intend(scope, &attempt).await? {
            Ok(attempt.id)
        } else {
            Err(WalletError::Later {
                code: "refresh_in_progress",
                message: "another server is at work on this connection".into(),
                after: self.settings.lease,
            })
        }
    }

    async fn end(
        &self,
        asker: &Asker,
        scope: &TenantScope,
        slot: &Slot,
        attempt: AttemptId,
        revocation: Revocation,
        reason: Option<Reason>,
    ) -> Result<(), WalletError> {
        let detail = json!({ "revocation": revocation.as_str(), "attempt": attempt });
        let audit = self.audit(asker, AuditVerb::OAuthRevoke, slot.connection.uuid(), detail);
        let end = RevokeEnd {
            connection: slot.connection,
            slot: slot.id,
            epoch: slot.epoch,
            attempt: Some(attempt),
            revocation,
            reason,
            at: self.now(),
        };
        let store = &self.stores.connections;
        let written = self
            .persist("revocation", Insist::UntilDrained, || {
                store.end_revoke(scope, &end, &audit)
            })
            .await;
        Ok(or_done_before(written)?)
    }
}
