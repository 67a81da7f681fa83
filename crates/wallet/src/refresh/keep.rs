//! Sealing what a refresh brought, and storing it (docs/refresh.md).

use crate::cells;
use crate::error::WalletError;
use crate::persist::Insist;
use crate::refresh::run::Prepared;
use crate::refresh::{Errand, Landing, decide};
use crate::wallet::Inner;
use coffer_core::audit::AuditVerb;
use coffer_core::connection::{AccessToken, Attempt, AttemptOutcome, DEFAULT_AUDIENCE, Slot};
use coffer_core::id::row;
use coffer_core::ports::{CommitAnswer, RefreshCommit};
use coffer_core::{SecretText, TenantScope, Timestamp};
use coffer_envelope::SealingKey;
use coffer_oauth::{Integration, TokenSet};
use serde_json::json;
use std::time::Duration;

/// How long a token is taken to live where neither the provider nor the catalogue says.
const DEFAULT_LIFETIME: Duration = Duration::from_secs(3600);

/// Seals what came for the next generation. The old refresh token stays where no new one came (OA-C17).
pub(super) fn sealed_commit(
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
        Issue {
            generation,
            asked_at: attempt.started_at,
        },
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

/// Of which generation an access token is, and when it was asked for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Issue {
    pub(crate) generation: u64,
    /// Its life is counted from here: an answer that was long under way must not make a token look younger than the
    /// provider thinks it is.
    pub(crate) asked_at: Timestamp,
}

/// The sealed row of an access token that came just now.
pub(crate) fn access_token_row(
    inner: &Inner,
    sealing: &SealingKey,
    integration: &Integration,
    slot: &Slot,
    issue: Issue,
    tokens: &TokenSet,
) -> Result<AccessToken, WalletError> {
    let id = row(&*inner.clock, &*inner.random);
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
    let cell = cells::access_token(slot.tenant, id, issue.generation);
    Ok(AccessToken {
        id,
        slot: slot.id,
        audience: DEFAULT_AUDIENCE.to_owned(),
        token: sealing.seal_text(&cell, &tokens.access)?,
        generation: issue.generation,
        token_type: tokens.token_type.clone().unwrap_or_else(|| "Bearer".to_owned()),
        issued_at: issue.asked_at,
        expires_at: life.map(|life| issue.asked_at.plus(life)),
    })
}

/// Step 8, repeated until the database has it: the result is in memory and must not be lost.
pub(super) async fn store(
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
    let store = &inner.stores.connections;
    let writing = inner.persist("refresh", Insist::ForEver, || {
        store.commit_refresh(scope, &commit, &audit)
    });
    let answer = inner.holding(scope, commit.slot, commit.epoch, writing).await?;
    let outcome = match answer {
        CommitAnswer::Committed | CommitAnswer::Revoked => AttemptOutcome::Succeeded,
        CommitAnswer::Fenced => AttemptOutcome::Fenced,
    };
    inner.refreshes.note(&errand.seen.provider, outcome, inner.now());
    match answer {
        CommitAnswer::Committed => {}
        CommitAnswer::Revoked => {
            // The commit keeps the lease; whoever gets it next revokes the newest token, here or where the
            // connection was disconnected.
            inner.give_back(scope, commit.slot, commit.epoch).await;
            inner.revoke_at_provider(&errand.asker, commit.connection).await?;
        }
        CommitAnswer::Fenced => {
            tracing::error!(
                connection = %commit.connection,
                "a refresh result came too late and is not kept: another server has presented the same token"
            );
        }
    }
    Ok(Landing::Done)
}
