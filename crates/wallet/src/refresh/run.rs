//! The protocol: prepare, lease, check, intend, send.

use crate::account::Account;
use crate::cells;
use crate::error::WalletError;
use crate::refresh::decide::{self, Leased};
use crate::refresh::{Errand, Landing, fail, keep};
use crate::wallet::Inner;
use coffer_core::connection::{Attempt, AttemptKind, AttemptOutcome, DEFAULT_AUDIENCE, Slot};
use coffer_core::id::AttemptId;
use coffer_core::page::PageRequest;
use coffer_core::ports::LeaseAnswer;
use coffer_core::rotation::RotationClass;
use coffer_core::secret::ExposeSecret;
use coffer_core::{SecretText, StoreError, TenantScope, Timestamp};
use coffer_envelope::SealingKey;
use coffer_oauth::Integration;
use std::time::Duration;
use tokio::time::Instant;

/// How often somebody else's lease is looked at again.
pub(crate) const LOOK_AGAIN: Duration = Duration::from_millis(100);

/// What is at hand before anything is sent (step 2), so that the result can be stored.
pub(super) struct Prepared {
    pub(super) sealing: SealingKey,
    pub(super) integration: Integration,
    pub(super) reference: coffer_core::integration::IntegrationRef,
    /// Of the integration as it was read, with whose secrets the provider is asked.
    pub(super) version: u64,
    pub(super) grace: Duration,
    pub(super) class: RotationClass,
}

/// A lease of ours.
pub(super) struct Held {
    pub(super) slot: Slot,
    pub(super) unresolved: Option<Attempt>,
    since: Instant,
    /// Our time before the lease was asked for, and the database's when it was granted.
    clocks: (Timestamp, Timestamp),
}

impl Held {
    /// The time by the database's clock, by which attempts are dated: replicas' own clocks may differ by hours.
    pub(super) fn now(&self, inner: &Inner) -> Timestamp {
        let (ours, databases) = self.clocks;
        inner
            .now()
            .plus(databases.since(ours))
            .minus(ours.since(databases))
    }
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
    let mut held = match lease(inner, errand, &scope, begun).await? {
        Ok(held) => held,
        Err(landing) => return Ok(Next::Land(landing)),
    };
    // What is known of the provider may have been corrected since the tokens were issued.
    held.slot.class = held.slot.class.stricter(prepared.class);
    let slot = &held.slot;
    // Until the intent is stored nothing is sent: whatever comes between, the lease is given back.
    match ready(inner, errand, &scope, &prepared, &held).await {
        Ok(Ready::Present(presented)) => present(inner, errand, &scope, &prepared, &held, presented).await,
        Ok(Ready::Quarantine) => {
            fail::quarantine(inner, errand, &scope, slot).await?;
            Ok(Next::Land(Landing::Done))
        }
        Ok(Ready::Land(landing)) => {
            inner.give_back(&scope, slot.id, slot.epoch).await;
            Ok(Next::Land(landing))
        }
        Err(error) => {
            inner.give_back(&scope, slot.id, slot.epoch).await;
            Err(error)
        }
    }
}

/// Step 2.
async fn prepare(inner: &Inner, errand: &Errand, scope: &TenantScope) -> Result<Prepared, WalletError> {
    let sealing = inner.keys.prepare(scope.tenant()).await?;
    let reference = errand.seen.integration;
    let opened = inner.opened(scope, reference).await?;
    let grace = opened.provider.rotation.grace();
    let class = opened.provider.rotation.class.resolve(&opened.config);
    let captured = inner.captured(scope, errand.connection, &opened).await?;
    let version = opened.integration.version;
    let integration = inner.oauth_integration(opened).with_captured(captured);
    // Discovery, where there is any, takes none of the exchange's time: it is done before there is a lease.
    inner
        .oauth
        .prepare_refresh(&integration)
        .await
        .map_err(Inner::oauth_error)?;
    Ok(Prepared {
        sealing,
        integration,
        reference,
        version,
        grace,
        class,
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
        let (since, ours) = (Instant::now(), inner.now());
        match store
            .lease(scope, errand.seen.slot, inner.replica, ttl, ours)
            .await?
        {
            LeaseAnswer::Granted {
                slot,
                unresolved,
                now,
            } => {
                return Ok(Ok(Held {
                    slot: *slot,
                    unresolved: unresolved.map(|attempt| *attempt),
                    since,
                    clocks: (ours, now),
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

/// What there is to do under the lease.
enum Ready {
    Present(Presented),
    Quarantine,
    Land(Landing),
}

/// A token that is about to be presented, and the intent to do so.
struct Presented {
    token: SecretText,
    attempt: Attempt,
    /// When it was first presented, by an earlier attempt whose outcome is not known, or by this one.
    first: Timestamp,
}

/// Step 4, and what an earlier attempt of unknown outcome forbids.
async fn ready(
    inner: &Inner,
    errand: &Errand,
    scope: &TenantScope,
    prepared: &Prepared,
    held: &Held,
) -> Result<Ready, WalletError> {
    let slot = &held.slot;
    let store = &inner.stores.connections;
    // Whoever held the lease before may have refreshed, or have learnt that there is nothing left to refresh.
    let view = store
        .token_view(scope, errand.connection, DEFAULT_AUDIENCE)
        .await?;
    let allowed = view.is_some_and(|view| decide::may_present(&view));
    let Some(sealed) = slot.refresh.as_ref().filter(|_| allowed) else {
        return Ok(Ready::Land(Landing::Done));
    };
    if slot.generation > errand.seen.generation {
        return Ok(Ready::Land(Landing::Done));
    }
    let unresolved = first_unresolved(inner, scope, held).await?;
    let now = held.now(inner);
    let wait = match decide::leased(slot, unresolved.as_ref(), prepared.grace, now, &inner.settings) {
        Leased::Quarantine => return Ok(Ready::Quarantine),
        Leased::Wait(until) => Some(until),
        Leased::Send => slot.not_before.filter(|time| now < *time),
    };
    if let Some(until) = wait {
        return Ok(Ready::Land(Landing::Later {
            code: "provider_unavailable",
            message: "the last refresh did not succeed; it is not tried again yet".into(),
            after: until.since(now).max(Duration::from_secs(1)),
        }));
    }
    let cell = cells::refresh_token(slot.tenant, slot.id, slot.generation);
    let token = inner.keys.open_text(&cell, sealed).await?;
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
        started_at: now,
        outcome: None,
        reason: None,
        finished_at: None,
    };
    let first = unresolved.map_or(attempt.started_at, |earlier| earlier.started_at);
    Ok(Ready::Present(Presented {
        token,
        attempt,
        first,
    }))
}

/// The attempt from which the class's rule counts: a grace (R2) runs from the first use of a token, so of several
/// unresolved attempts the first; everywhere else the last.
async fn first_unresolved(
    inner: &Inner,
    scope: &TenantScope,
    held: &Held,
) -> Result<Option<Attempt>, WalletError> {
    let slot = &held.slot;
    if slot.class != RotationClass::Grace || slot.ambiguous < 2 {
        return Ok(held.unresolved.clone());
    }
    let page = PageRequest::new(PageRequest::MAX, None);
    let attempts = inner
        .stores
        .connections
        .attempts(scope, slot.connection, page)
        .await?;
    let first = attempts.items.into_iter().filter(|attempt| {
        attempt.slot == Some(slot.id)
            && attempt.generation == slot.generation
            && attempt.kind == AttemptKind::Refresh
            && attempt.outcome == Some(AttemptOutcome::Ambiguous)
    });
    Ok(first
        .min_by_key(|attempt| attempt.started_at)
        .or_else(|| held.unresolved.clone()))
}

/// Steps 5 to 9.
async fn present(
    inner: &Inner,
    errand: &Errand,
    scope: &TenantScope,
    prepared: &Prepared,
    held: &Held,
    presented: Presented,
) -> Result<Next, WalletError> {
    let slot = &held.slot;
    let Presented {
        token,
        attempt,
        first,
    } = presented;
    match inner.stores.connections.intend(scope, &attempt).await {
        Ok(true) => {}
        Ok(false) => {
            inner.give_back(scope, slot.id, slot.epoch).await;
            return Ok(Next::Again);
        }
        Err(error) => {
            // Whether the intent is stored is not known; that nothing was sent is. Left open, it would count as a
            // lost answer.
            match fail::not_sent(inner, errand, scope, slot, &attempt, fail::NO_INTENT).await {
                Err(WalletError::Store(StoreError::NotFound(_))) => {
                    inner.give_back(scope, slot.id, slot.epoch).await;
                }
                other => other?,
            }
            return Err(error.into());
        }
    }
    // A request must end, and its result be stored, while the lease lives (THR-17).
    let needed = inner.settings.exchange.saturating_add(inner.settings.commit);
    if held.since.elapsed().saturating_add(needed) > inner.settings.lease {
        fail::not_sent(inner, errand, scope, slot, &attempt, fail::TOO_SLOW).await?;
        return Ok(Next::Again);
    }
    let answer = inner
        .bounded(inner.oauth.refresh(&prepared.integration, &token))
        .await;
    let sealed = match answer {
        Ok(tokens) => keep::sealed_commit(inner, prepared, slot, &attempt, &token, tokens),
        Err(error) => {
            let refusal = fail::Refusal {
                held,
                attempt: &attempt,
                first,
                error: &error,
            };
            return fail::refused(inner, errand, scope, prepared, refusal).await;
        }
    };
    match sealed {
        Ok(commit) => keep::store(inner, errand, scope, commit).await.map(Next::Land),
        Err(error) => {
            fail::unsealed(inner, errand, scope, slot, &attempt).await?;
            Err(error)
        }
    }
}

pub(crate) fn landing_of(error: &WalletError) -> Landing {
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
