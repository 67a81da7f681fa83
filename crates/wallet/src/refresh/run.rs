//! The protocol: prepare, lease, check, intend, send, commit.

use crate::account::Account;
use crate::cells;
use crate::error::WalletError;
use crate::refresh::decide::{self, Leased};
use crate::refresh::{Errand, Landing, fail};
use crate::wallet::Inner;
use coffer_core::audit::AuditVerb;
use coffer_core::connection::{AccessToken, Attempt, AttemptKind, DEFAULT_AUDIENCE, Slot};
use coffer_core::id::{AttemptId, row};
use coffer_core::ports::{CommitAnswer, LeaseAnswer, RefreshCommit};
use coffer_core::secret::ExposeSecret;
use coffer_core::{SecretText, StoreError, TenantScope, Timestamp};
use coffer_envelope::SealingKey;
use coffer_oauth::{Integration, TokenSet};
use serde_json::json;
use std::time::Duration;
use tokio::time::Instant;

/// How often somebody else's lease is looked at again.
const LOOK_AGAIN: Duration = Duration::from_millis(100);

/// What is at hand before anything is sent (step 2), so that the result can be stored.
pub(super) struct Prepared {
    pub(super) sealing: SealingKey,
    pub(super) integration: Integration,
    pub(super) reference: coffer_core::integration::IntegrationRef,
    pub(super) grace: Duration,
}

/// A lease of ours.
pub(super) struct Held {
    pub(super) slot: Slot,
    pub(super) unresolved: Option<Attempt>,
    since: Instant,
}

/// Whether one more round is needed.
pub(super) enum Next {
    Land(Landing),
    Again,
}

/// Refreshes a slot. It ends when something was stored, when there was nothing to do, or when nothing can be done now.
pub(super) async fn fly(inner: &Inner, errand: &Errand) -> Landing {
    let begun = Instant::now();
    // Two rounds: a lost answer may be repeated at once where the class allows it, and then somebody else may try.
    for _ in 0..2 {
        match round(inner, errand, begun).await {
            Ok(Next::Land(landing)) => return landing,
            Ok(Next::Again) => {}
            Err(error) => return landing_of(&error),
        }
    }
    Landing::Done
}

async fn round(inner: &Inner, errand: &Errand, begun: Instant) -> Result<Next, WalletError> {
    inner.check_draining()?;
    let scope = Inner::scope(&errand.asker);
    let prepared = prepare(inner, errand, &scope).await?;
    let held = match lease(inner, errand, &scope, begun).await? {
        Ok(held) => held,
        Err(landing) => return Ok(Next::Land(landing)),
    };
    match check(inner, errand, &scope, &prepared, &held).await? {
        Some(landing) => Ok(Next::Land(landing)),
        None => present(inner, errand, &scope, &prepared, held).await,
    }
}

/// Step 2.
async fn prepare(inner: &Inner, errand: &Errand, scope: &TenantScope) -> Result<Prepared, WalletError> {
    let sealing = inner.keys.prepare(scope.tenant()).await?;
    let reference = errand.seen.integration;
    let opened = inner.opened(scope, reference).await?;
    let grace = opened.provider.rotation.grace();
    let captured = inner.captured(scope, errand.connection, &opened).await?;
    let integration = inner.oauth_integration(opened).with_captured(captured);
    // Discovery, where there is any, takes none of the exchange's time: it is done before there is a lease.
    inner
        .oauth
        .secret_origin(&integration)
        .await
        .map_err(Inner::oauth_error)?;
    Ok(Prepared {
        sealing,
        integration,
        reference,
        grace,
    })
}

/// Step 3. Somebody else's lease is waited for, as long as a caller would wait.
async fn lease(
    inner: &Inner,
    errand: &Errand,
    scope: &TenantScope,
    begun: Instant,
) -> Result<Result<Held, Landing>, WalletError> {
    let (store, ttl) = (&inner.stores.connections, inner.settings.lease);
    loop {
        let since = Instant::now();
        match store
            .lease(scope, errand.seen.slot, inner.replica, ttl, inner.now())
            .await?
        {
            LeaseAnswer::Granted { slot, unresolved } => {
                return Ok(Ok(Held {
                    slot: *slot,
                    unresolved: unresolved.map(|attempt| *attempt),
                    since,
                }));
            }
            LeaseAnswer::Gone => return Ok(Err(Landing::Done)),
            LeaseAnswer::Held { remaining } => {
                if begun.elapsed() >= inner.settings.caller_wait.saturating_add(inner.settings.lease) {
                    return Ok(Err(Landing::Later {
                        code: "refresh_in_progress",
                        message: "another server is refreshing this connection".into(),
                        after: remaining.max(Duration::from_secs(1)),
                    }));
                }
                tokio::time::sleep(remaining.clamp(Duration::from_millis(5), LOOK_AGAIN)).await;
                let now_seen = store
                    .token_view(scope, errand.connection, DEFAULT_AUDIENCE)
                    .await?;
                if now_seen.is_none_or(|view| view.generation > errand.seen.generation) {
                    return Ok(Err(Landing::Done));
                }
            }
        }
    }
}

/// Step 4, and what an earlier attempt of unknown outcome forbids. `Some`: nothing is sent.
async fn check(
    inner: &Inner,
    errand: &Errand,
    scope: &TenantScope,
    prepared: &Prepared,
    held: &Held,
) -> Result<Option<Landing>, WalletError> {
    let slot = &held.slot;
    let give_back = || inner.stores.connections.release(scope, slot.id, slot.epoch);
    let moved = slot.generation > errand.seen.generation;
    if moved || slot.refresh.is_none() {
        give_back().await?;
        return Ok(Some(Landing::Done));
    }
    let now = inner.now();
    let wait = match decide::leased(
        slot,
        held.unresolved.as_ref(),
        prepared.grace,
        now,
        &inner.settings,
    ) {
        Leased::Quarantine => {
            fail::quarantine(inner, errand, scope, slot).await?;
            return Ok(Some(Landing::Done));
        }
        Leased::Wait(until) => Some(until),
        Leased::Send => slot.not_before.filter(|time| now < *time),
    };
    let Some(until) = wait else { return Ok(None) };
    give_back().await?;
    Ok(Some(Landing::Later {
        code: "provider_unavailable",
        message: "the last refresh did not succeed; it is not tried again yet".into(),
        after: until.since(now).max(Duration::from_secs(1)),
    }))
}

/// Steps 5 to 9.
async fn present(
    inner: &Inner,
    errand: &Errand,
    scope: &TenantScope,
    prepared: &Prepared,
    held: Held,
) -> Result<Next, WalletError> {
    let slot = &held.slot;
    let cell = cells::refresh_token(slot.tenant, slot.id, slot.generation);
    let token = match &slot.refresh {
        Some(sealed) => match inner.keys.open_text(&cell, sealed).await {
            Ok(token) => token,
            Err(error) => {
                inner
                    .stores
                    .connections
                    .release(scope, slot.id, slot.epoch)
                    .await?;
                return Err(error.into());
            }
        },
        None => return Ok(Next::Land(Landing::Done)),
    };
    let attempt = Attempt {
        tenant: slot.tenant,
        id: AttemptId::new(&*inner.clock, &*inner.random),
        kind: AttemptKind::Refresh,
        connection: Some(slot.connection),
        slot: Some(slot.id),
        generation: slot.generation,
        epoch: slot.epoch,
        fingerprint: inner
            .token_fingerprint(slot.tenant, token.expose_secret())
            .await?,
        started_at: inner.now(),
        outcome: None,
        reason: None,
        finished_at: None,
    };
    if !inner.stores.connections.intend(scope, &attempt).await? {
        return Ok(Next::Again);
    }
    // A request must end, and its result be stored, while the lease lives (THR-17).
    let needed = inner.settings.exchange.saturating_add(inner.settings.commit);
    if held.since.elapsed().saturating_add(needed) > inner.settings.lease {
        fail::not_sent(inner, errand, scope, slot, &attempt).await?;
        return Ok(Next::Again);
    }
    match inner.oauth.refresh(&prepared.integration, &token).await {
        Ok(tokens) => {
            let commit = sealed_commit(inner, prepared, slot, &attempt, &token, tokens)?;
            store(inner, errand, scope, commit).await.map(Next::Land)
        }
        Err(error) => fail::refused(inner, errand, scope, prepared, slot, &attempt, &error).await,
    }
}

/// Seals what came for the next generation. The old refresh token stays where no new one came (OA-C17).
fn sealed_commit(
    inner: &Inner,
    prepared: &Prepared,
    slot: &Slot,
    attempt: &Attempt,
    presented: &SecretText,
    tokens: TokenSet,
) -> Result<RefreshCommit, WalletError> {
    let generation = slot.generation.saturating_add(1);
    let cell = cells::refresh_token(slot.tenant, slot.id, generation);
    let refresh = prepared
        .sealing
        .seal_text(&cell, tokens.refresh.as_ref().unwrap_or(presented))?;
    let now = inner.now();
    let refresh_expires_at = match (tokens.refresh_expires_in, tokens.refresh.is_some()) {
        (Some(life), _) => Some(now.plus(life)),
        (None, true) => refresh_end(&prepared.integration, now),
        (None, false) => slot.refresh_expires_at,
    };
    let access = access_token_row(
        inner,
        &prepared.sealing,
        &prepared.integration,
        slot,
        generation,
        &tokens,
    )?;
    Ok(RefreshCommit {
        connection: slot.connection,
        slot: slot.id,
        epoch: slot.epoch,
        attempt: attempt.id,
        expected_generation: slot.generation,
        refresh: Some(refresh),
        refresh_expires_at,
        due_at: due_at(&prepared.integration, slot, &access),
        access,
        scopes: tokens.scopes,
        at: now,
    })
}

/// When a refresh token that was issued now dies, as far as the catalogue knows.
pub(crate) fn refresh_end(integration: &Integration, now: Timestamp) -> Option<Timestamp> {
    let lifetime = &integration.provider().lifetime;
    let ends = [lifetime.refresh_idle_seconds, lifetime.refresh_absolute_seconds];
    ends.into_iter()
        .flatten()
        .min()
        .map(|secs| now.plus(Duration::from_secs(secs.into())))
}

/// When the token is due for a refresh.
pub(crate) fn due_at(integration: &Integration, slot: &Slot, access: &AccessToken) -> Option<Timestamp> {
    slot.refresh.as_ref()?;
    let margin = Duration::from_secs(integration.provider().lifetime.refresh_margin_seconds.into());
    decide::due_at(access.issued_at, access.expires_at, Some(margin))
}

/// The sealed row of an access token that came just now.
pub(crate) fn access_token_row(
    inner: &Inner,
    sealing: &SealingKey,
    integration: &Integration,
    slot: &Slot,
    generation: u64,
    tokens: &TokenSet,
) -> Result<AccessToken, WalletError> {
    let id = row(&*inner.clock, &*inner.random);
    let now = inner.now();
    let usual = integration
        .provider()
        .lifetime
        .access_token_seconds
        .map(|secs| Duration::from_secs(secs.into()));
    let life = match tokens.expires_in {
        Some(life) => Some(life),
        None if integration.provider().lifetime.no_expiry => None,
        None => usual.or(Some(DEFAULT_LIFETIME)),
    };
    Ok(AccessToken {
        id,
        slot: slot.id,
        audience: DEFAULT_AUDIENCE.to_owned(),
        token: sealing.seal_text(&cells::access_token(slot.tenant, id, generation), &tokens.access)?,
        generation,
        token_type: tokens.token_type.clone().unwrap_or_else(|| "Bearer".to_owned()),
        issued_at: now,
        expires_at: life.map(|life| now.plus(life)),
    })
}

/// How long a token is taken to live where neither the provider nor the catalogue says.
const DEFAULT_LIFETIME: Duration = Duration::from_secs(3600);

/// Step 8, repeated until the database has it: the result is in memory and must not be lost.
async fn store(
    inner: &Inner,
    errand: &Errand,
    scope: &TenantScope,
    commit: RefreshCommit,
) -> Result<Landing, WalletError> {
    let detail =
        json!({ "generation": commit.expected_generation.saturating_add(1), "attempt": commit.attempt });
    let audit = inner.audit(
        &errand.asker,
        AuditVerb::OAuthTokenRefresh,
        commit.connection.uuid(),
        detail,
    );
    let mut pause = Duration::from_millis(50);
    let answer = loop {
        match inner
            .stores
            .connections
            .commit_refresh(scope, &commit, &audit)
            .await
        {
            Ok(answer) => break answer,
            Err(error @ (StoreError::Unavailable(_) | StoreError::CommitUnknown(_))) => {
                tracing::warn!(connection = %commit.connection, code = error.code(), "a refresh result waits for the database");
                tokio::time::sleep(pause).await;
                pause = pause.saturating_mul(2).min(Duration::from_secs(1));
            }
            Err(error) => return Err(error.into()),
        }
    };
    match answer {
        CommitAnswer::Committed => {}
        CommitAnswer::Revoked => inner.revoke_at_provider(&errand.asker, commit.connection).await?,
        CommitAnswer::Fenced => {
            tracing::warn!(connection = %commit.connection, "a refresh result came too late: another holder had committed");
        }
    }
    Ok(Landing::Done)
}

fn landing_of(error: &WalletError) -> Landing {
    tracing::warn!(code = error.code(), error = %error, "a refresh could not be made");
    Landing::Later {
        code: error.code(),
        message: error.to_string(),
        after: error.retry_after().unwrap_or(Duration::from_secs(5)),
    }
}

impl Inner {
    /// What was captured for a connection, where its provider captures anything.
    pub(crate) async fn captured(
        &self,
        scope: &TenantScope,
        connection: coffer_core::id::ConnectionId,
        opened: &crate::integration::Opened,
    ) -> Result<std::collections::BTreeMap<String, String>, WalletError> {
        if opened.provider.captures.is_empty() {
            return Ok(std::collections::BTreeMap::new());
        }
        let view = self.stores.connections.find(scope, connection).await?;
        let view = view.ok_or(WalletError::NotFound("connection"))?;
        let account: Option<Account> = self.open_account(&view.connection).await?;
        Ok(account.map(|account| account.captured).unwrap_or_default())
    }
}
