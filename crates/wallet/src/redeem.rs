//! Redeeming a one-time result: only then does the connection leave `pending`. A link that was sent to somebody else
//! binds nothing, because that one's browser brings the result to the wrong back end, or to none.

use crate::cells;
use crate::connection::ConnectionStatus;
use crate::error::WalletError;
use crate::wallet::{Inner, Wallet};
use coffer_core::actor::Asker;
use coffer_core::audit::AuditVerb;
use coffer_core::bearer::BearerKind;
use coffer_core::connection::{
    AccessToken, Connection, ConnectionState, ConnectionView, DEFAULT_AUDIENCE, Slot,
};
use coffer_core::flow::{ConnectSession, Flow, FlowResult};
use coffer_core::id::{ConnectionId, row};
use coffer_core::ports::{Redemption, Replacement};
use coffer_core::{StoreError, TenantScope};
use serde_json::json;

impl Wallet {
    /// Redeems the one-time result that came back with the user's browser (`coffer_result`), once. The same account
    /// connected before keeps the id of its connection. As long as the result lives, the same tenant may ask again, as
    /// it must where the answer was lost: it is told the same connection, and nothing is done.
    ///
    /// # Errors
    /// [`WalletError::Flow`]: `result_unknown`, `result_used`, `result_expired`, `result_revoked`,
    /// `account_mismatch`, `account_unknown`.
    pub async fn redeem(&self, asker: &Asker, result: &str) -> Result<ConnectionStatus, WalletError> {
        let inner = &self.inner;
        let scope = Inner::scope(asker);
        // Two tries: a refresh of the connection that stays may come in between.
        for last in [false, true] {
            match inner.redeem_once(asker, &scope, result).await {
                Err(WalletError::Store(StoreError::Stale(_))) if !last => {}
                Ok(id) => {
                    let view = inner.stores.connections.find(&scope, id).await?;
                    return inner
                        .status_of(view.ok_or(WalletError::NotFound("connection"))?)
                        .await;
                }
                Err(error) => return Err(error),
            }
        }
        Err(WalletError::Internal("a redemption ended without an answer"))
    }
}

impl Inner {
    async fn redeem_once(
        &self,
        asker: &Asker,
        scope: &TenantScope,
        result: &str,
    ) -> Result<ConnectionId, WalletError> {
        let (flow, session, ended) = self.find_result(scope, result).await?;
        if ended.redeemed_at.is_some() {
            return Ok(ended.connection);
        }
        let pending = self.stores.connections.find(scope, ended.connection).await?;
        let pending = pending
            .ok_or_else(|| WalletError::flow("result_unknown", "the connection is no longer there"))?;
        if pending.connection.state == ConnectionState::Revoked {
            return Err(WalletError::flow(
                "result_revoked",
                "the connection was disconnected before its result was redeemed",
            ));
        }
        let how = match self.existing(scope, &session, &pending.connection).await? {
            Some(existing) => {
                Redemption::Replace(Box::new(self.replacement(scope, &pending, existing).await?))
            }
            None => Redemption::Confirm,
        };
        let id = match &how {
            Redemption::Replace(replacement) => replacement.connection,
            Redemption::Confirm => pending.connection.id,
        };
        let again = matches!(how, Redemption::Replace(_));
        let audit = self.audit(
            asker,
            AuditVerb::ConnectionConfirm,
            id.uuid(),
            json!({ "session": session.id, "again": again }),
        );
        Ok(self
            .stores
            .flows
            .redeem(scope, flow.id, self.now(), &how, &audit)
            .await?)
    }

    async fn find_result(
        &self,
        scope: &TenantScope,
        result: &str,
    ) -> Result<(Flow, ConnectSession, FlowResult), WalletError> {
        let unknown = || WalletError::flow("result_unknown", "this result is not one of this tenant's");
        if !BearerKind::ConnectResult.matches(result) {
            return Err(unknown());
        }
        let hash = self.bearer_hash(BearerKind::ConnectResult, result).await?;
        let (flow, session) = self
            .stores
            .flows
            .find_by_result(scope, &hash)
            .await?
            .ok_or_else(unknown)?;
        let ended = flow.result.clone().ok_or_else(unknown)?;
        let is_over = self.now() >= ended.expires_at;
        if is_over && ended.redeemed_at.is_some() {
            return Err(WalletError::flow(
                "result_used",
                "this result was redeemed before; each works once",
            ));
        }
        if is_over {
            return Err(WalletError::flow(
                "result_expired",
                "this result was not redeemed in time",
            ));
        }
        Ok((flow, session, ended))
    }

    /// The connection that this account already has: the one that the session was made for, or the one with the same
    /// subject.
    async fn existing(
        &self,
        scope: &TenantScope,
        session: &ConnectSession,
        pending: &Connection,
    ) -> Result<Option<ConnectionView>, WalletError> {
        let store = &self.stores.connections;
        let by_subject = match pending.subject {
            Some(subject) => {
                store
                    .find_by_subject(scope, pending.integration, pending.user, subject)
                    .await?
            }
            None => None,
        };
        let Some(named) = session.connection else {
            return match by_subject {
                Some(id) => Ok(store.find(scope, id).await?),
                None => Ok(None),
            };
        };
        let view = store
            .find(scope, named)
            .await?
            .ok_or(WalletError::NotFound("connection"))?;
        let elsewhere = by_subject.is_some_and(|id| id != named);
        match (view.connection.subject, pending.subject) {
            (Some(_), None) => Err(WalletError::flow(
                "account_unknown",
                "the provider did not tell which account was chosen, so it may be another than this connection has; \
                 try again, or make a connect session without a connection",
            )),
            // Another account than before would silently change whose data the caller sees.
            (Some(known), Some(chosen)) if known != chosen => Err(another_account()),
            (None, Some(_)) if elsewhere => Err(another_account()),
            (Some(_), Some(_)) | (None, Some(_) | None) => Ok(Some(view)),
        }
    }

    /// Seals the pending connection's tokens for the slot of the connection that stays.
    async fn replacement(
        &self,
        scope: &TenantScope,
        pending: &ConnectionView,
        stays: ConnectionView,
    ) -> Result<Replacement, WalletError> {
        let (old, new) = (default_slot(&stays)?, default_slot(pending)?);
        let token = pending
            .tokens
            .iter()
            .find(|token| token.slot == new.id && token.audience == DEFAULT_AUDIENCE);
        let token = token.ok_or(WalletError::Internal("a pending connection has no token"))?;
        let generation = old.generation.saturating_add(1);
        let sealing = self.keys.prepare(scope.tenant()).await?;
        let refresh = match &new.refresh {
            Some(sealed) => {
                let opened = self
                    .keys
                    .open_text(&cells::refresh_token(new.tenant, new.id, new.generation), sealed)
                    .await?;
                Some(sealing.seal_text(&cells::refresh_token(old.tenant, old.id, generation), &opened)?)
            }
            None => None,
        };
        let id = row(&*self.clock, &*self.random);
        let opened = self.open_access(scope, token).await?;
        let access = AccessToken {
            id,
            slot: old.id,
            token: sealing.seal_text(&cells::access_token(old.tenant, id, generation), &opened)?,
            generation,
            ..token.clone()
        };
        let identity = match self.open_account(&pending.connection).await? {
            Some(account) => Some(
                self.seal_account(scope.tenant(), stays.connection.id, &account)
                    .await?,
            ),
            None => None,
        };
        Ok(Replacement {
            connection: stays.connection.id,
            slot: old.id,
            class: new.class,
            expected_generation: old.generation,
            refresh,
            refresh_expires_at: new.refresh_expires_at,
            due_at: new.due_at,
            access,
            subject: pending.connection.subject,
            identity,
            scopes: pending.connection.scopes.clone(),
            scopes_missing: pending.connection.scopes_missing.clone(),
        })
    }
}

fn another_account() -> WalletError {
    WalletError::flow(
        "account_mismatch",
        "another account was chosen at the provider than this connection has; choose the same, or make a connect \
         session without a connection",
    )
}

fn default_slot(view: &ConnectionView) -> Result<&Slot, WalletError> {
    let slot = view
        .slots
        .iter()
        .find(|slot| slot.name == "default")
        .or(view.slots.first());
    slot.ok_or(WalletError::Internal("a connection has no slot"))
}
