//! What is stored when a refresh brings no tokens.

use crate::error::WalletError;
use crate::persist::{Insist, or_done_before};
use crate::provider::as_provider_error;
use crate::refresh::outcome::{Consequence, Facts, consequence, quarantine_reason};
use crate::refresh::run::{Held, Next, Prepared};
use crate::refresh::{Errand, Landing};
use crate::wallet::Inner;
use coffer_core::audit::AuditVerb;
use coffer_core::connection::{Attempt, AttemptOutcome, ConnectionState, Reason, Slot};
use coffer_core::failure::FailureCode;
use coffer_core::integration::IntegrationState;
use coffer_core::ports::AttemptFailure;
use coffer_core::{TenantScope, Timestamp};
use coffer_oauth::{Error, Verdict};
use serde_json::json;

/// Why nothing was sent.
pub(super) const TOO_SLOW: &str =
    "Nothing was sent: this server was too slow to finish within its lease. It is tried again.";
pub(super) const NO_INTENT: &str =
    "Nothing was sent: the database did not confirm that the attempt was noted. It is tried again.";

/// What the provider answered, to which attempt.
pub(super) struct Refusal<'a> {
    pub(super) held: &'a Held,
    pub(super) attempt: &'a Attempt,
    /// When this token was first presented.
    pub(super) first: Timestamp,
    pub(super) error: &'a Error,
}

/// The provider refused, or its answer was lost.
pub(super) async fn refused(
    inner: &Inner,
    errand: &Errand,
    scope: &TenantScope,
    prepared: &Prepared,
    refusal: Refusal<'_>,
) -> Result<Next, WalletError> {
    let Refusal {
        held,
        attempt,
        first,
        error,
    } = refusal;
    let slot = &held.slot;
    let facts = Facts {
        first_sent_at: first,
        sent_at: attempt.started_at,
        now: held.now(inner),
        grace: prepared.grace,
        draw: inner.draw(),
        blockable: errand.seen.integration_state != IntegrationState::Disabled,
    };
    let answer = as_provider_error(error);
    if answer.verdict == Verdict::Moved {
        tracing::error!(
            integration = %prepared.reference.id,
            "the provider's token endpoint redirects, which is never followed; correct its address"
        );
    }
    let follows = consequence(&answer, slot, &facts, &inner.settings);
    let (again, blocks, reason) = (follows.repeat, follows.block_integration, follows.reason.clone());
    // The attempt first: its outcome is known, and must not be taken for a lost answer because of what comes after.
    store_failure(inner, errand, scope, slot, Some(attempt), follows).await?;
    if blocks {
        let (reference, version) = (prepared.reference, prepared.version);
        inner.block(&errand.asker, reference, version, &reason).await?;
    }
    Ok(if again {
        Next::Again
    } else {
        Next::Land(Landing::Done)
    })
}

/// Nothing was sent, though the intent may be stored.
pub(super) async fn not_sent(
    inner: &Inner,
    errand: &Errand,
    scope: &TenantScope,
    slot: &Slot,
    attempt: &Attempt,
    why: &str,
) -> Result<(), WalletError> {
    let follows = Consequence {
        outcome: AttemptOutcome::Failed,
        state: None,
        not_before: None,
        counts: false,
        reason: own_reason(inner, why),
        block_integration: false,
        repeat: false,
    };
    store_failure(inner, errand, scope, slot, Some(attempt), follows).await
}

/// Tokens came, and could not be sealed: they are lost, as an answer is that never came.
pub(super) async fn unsealed(
    inner: &Inner,
    errand: &Errand,
    scope: &TenantScope,
    slot: &Slot,
    attempt: &Attempt,
) -> Result<(), WalletError> {
    tracing::error!(connection = %slot.connection, "a refresh result could not be sealed; it is not kept");
    let follows = Consequence {
        outcome: AttemptOutcome::Ambiguous,
        state: Some(ConnectionState::BackingOff),
        not_before: Some(inner.now().plus(inner.settings.backoff_cap)),
        counts: true,
        reason: own_reason(
            inner,
            "The provider's answer could not be sealed, and was not kept.",
        ),
        block_integration: false,
        repeat: false,
    };
    store_failure(inner, errand, scope, slot, Some(attempt), follows).await
}

fn own_reason(inner: &Inner, message: &str) -> Reason {
    Reason {
        code: FailureCode::ProviderUnavailable,
        provider_code: None,
        message: message.to_owned(),
        at: inner.now(),
    }
}

/// The one retry is spent: nothing more is sent.
pub(super) async fn quarantine(
    inner: &Inner,
    errand: &Errand,
    scope: &TenantScope,
    slot: &Slot,
) -> Result<(), WalletError> {
    let follows = Consequence {
        outcome: AttemptOutcome::Ambiguous,
        state: Some(ConnectionState::Quarantined),
        not_before: None,
        counts: false,
        reason: quarantine_reason(inner.now()),
        block_integration: false,
        repeat: false,
    };
    store_failure(inner, errand, scope, slot, None, follows).await
}

async fn store_failure(
    inner: &Inner,
    errand: &Errand,
    scope: &TenantScope,
    slot: &Slot,
    attempt: Option<&Attempt>,
    follows: Consequence,
) -> Result<(), WalletError> {
    let audit = inner.audit(
        &errand.asker,
        AuditVerb::OAuthTokenRefreshFailed,
        slot.connection.uuid(),
        detail(&follows.reason),
    );
    let failure = AttemptFailure {
        connection: slot.connection,
        slot: slot.id,
        epoch: slot.epoch,
        attempt: attempt.map(|attempt| attempt.id),
        outcome: follows.outcome,
        reason: follows.reason,
        state: follows.state,
        not_before: follows.not_before,
        counts: follows.counts,
        at: inner.now(),
    };
    if attempt.is_some() {
        inner
            .refreshes
            .note(&errand.seen.provider, failure.outcome, failure.at);
    }
    let store = &inner.stores.connections;
    // An outcome that is known must not become an ambiguous one because the database was away for a while.
    let written = inner
        .persist("failure", Insist::UntilDrained, || {
            store.fail(scope, &failure, &audit)
        })
        .await;
    Ok(or_done_before(written)?)
}

fn detail(reason: &Reason) -> serde_json::Value {
    json!({ "code": reason.code, "provider_code": reason.provider_code, "message": reason.message })
}

impl Inner {
    /// A number from 0 to 1 for jitter.
    pub(crate) fn draw(&self) -> f64 {
        let mut bytes = [0_u8; 4];
        self.random.fill(&mut bytes);
        f64::from(u32::from_le_bytes(bytes)) / f64::from(u32::MAX)
    }
}
