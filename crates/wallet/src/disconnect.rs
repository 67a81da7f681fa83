//! Disconnecting: here at once, and at the provider (requirement W13, THR-30).

use crate::caller::Principal;
use crate::cells;
use crate::connection::ConnectionStatus;
use crate::error::WalletError;
use crate::provider;
use crate::wallet::{Inner, Wallet};
use coffer_core::actor::Asker;
use coffer_core::audit::AuditVerb;
use coffer_core::caller::CallerVerb;
use coffer_core::connection::{
    AccessToken, Attempt, AttemptKind, ConnectionView, DEFAULT_AUDIENCE, Reason, Revocation, Slot,
};
use coffer_core::id::{AttemptId, ConnectionId};
use coffer_core::ports::{LeaseAnswer, RevokeEnd};
use coffer_core::secret::ExposeSecret;
use coffer_core::{SecretText, TenantScope};
use coffer_oauth::RevokeTokens;
use serde_json::json;
use std::sync::Arc;

/// The tokens of a slot, opened to be revoked.
struct OpenedTokens {
    refresh: Option<SecretText>,
    access: Option<SecretText>,
}

impl Wallet {
    /// Disconnects: when this returns, no token of the connection is served any more, on any server, and the provider
    /// was asked to revoke the grant. What came of that is in the answer; where it failed, ask again.
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
        inner
            .stores
            .connections
            .disconnect(&scope, id, inner.now(), &audit)
            .await?;
        let (task, asker) = (Arc::clone(inner), asker.clone());
        let revoked = inner
            .tasks
            .spawn(async move { task.revoke_at_provider(&asker, id).await });
        match revoked.await {
            Ok(Ok(())) => {}
            // It is disconnected here; that the rest has to be tried again is in the connection's revocation.
            Ok(Err(error)) => {
                tracing::warn!(connection = %id, code = error.code(), "a revocation has to be repeated")
            }
            Err(_) => tracing::error!(connection = %id, "a revocation's task panicked"),
        }
        let view = inner.reachable_connection(principal, &scope, id).await?;
        inner.status_of(view).await
    }
}

impl Inner {
    /// Revokes what a disconnected connection still has at the provider, slot by slot, under each slot's lease. A
    /// refresh that is in flight holds the lease: it revokes what it brings itself.
    pub(crate) async fn revoke_at_provider(
        &self,
        asker: &Asker,
        id: ConnectionId,
    ) -> Result<(), WalletError> {
        let scope = Self::scope(asker);
        let view = self.stores.connections.find(&scope, id).await?;
        let view = view.ok_or(WalletError::NotFound("connection"))?;
        for slot in &view.slots {
            let mut leased = self
                .stores
                .connections
                .lease_for_revoke(&scope, slot.id, self.replica, self.settings.lease, self.now())
                .await?;
            if let LeaseAnswer::Granted { slot, .. } = &mut leased {
                self.revoke_slot(asker, &scope, &view, slot).await?;
            }
        }
        Ok(())
    }

    async fn revoke_slot(
        &self,
        asker: &Asker,
        scope: &TenantScope,
        seen: &ConnectionView,
        slot: &Slot,
    ) -> Result<(), WalletError> {
        // Read again under the lease: the tokens may be newer than what was seen before.
        let view = self.stores.connections.find(scope, seen.connection.id).await?;
        let view = view.ok_or(WalletError::NotFound("connection"))?;
        let access = view
            .tokens
            .iter()
            .find(|token| token.slot == slot.id && token.audience == DEFAULT_AUDIENCE);
        let tokens = self.open_tokens(scope, slot, access).await?;
        let (attempt, ended) = self.ask_to_revoke(scope, &view, slot, &tokens).await?;
        let (revocation, reason) = match ended {
            Ok(coffer_oauth::Revocation::Revoked | coffer_oauth::Revocation::AlreadyGone) => {
                (Revocation::Done, None)
            }
            Ok(coffer_oauth::Revocation::Unsupported(_)) => (Revocation::Unsupported, None),
            Err(error) => (Revocation::Failed, Some(provider::reason(&error, self.now()))),
        };
        self.end(asker, scope, slot, attempt, revocation, reason).await
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

    async fn ask_to_revoke(
        &self,
        scope: &TenantScope,
        view: &ConnectionView,
        slot: &Slot,
        tokens: &OpenedTokens,
    ) -> Result<(AttemptId, Result<coffer_oauth::Revocation, coffer_oauth::Error>), WalletError> {
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
        let opened = self.opened(scope, view.connection.integration).await?;
        let captured = self.captured(scope, view.connection.id, &opened).await?;
        let integration = self.oauth_integration(opened).with_captured(captured);
        if !self.stores.connections.intend(scope, &attempt).await? {
            return Err(WalletError::Later {
                code: "refresh_in_progress",
                message: "another server is at work on this connection".into(),
                after: self.settings.lease,
            });
        }
        let tokens = RevokeTokens {
            access: tokens.access.as_ref(),
            refresh: tokens.refresh.as_ref(),
        };
        Ok((attempt.id, self.oauth.revoke(&integration, tokens).await))
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
        Ok(self.stores.connections.end_revoke(scope, &end, &audit).await?)
    }
}
