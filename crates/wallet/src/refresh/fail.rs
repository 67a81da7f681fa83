//! What is stored when a refresh brings no tokens.

use crate::error::WalletError;
use crate::provider::as_provider_error;
use crate::refresh::outcome::{Consequence, Facts, consequence, quarantine_reason};
use crate::refresh::run::{Next, Prepared};
use crate::refresh::{Errand, Landing};
use crate::wallet::Inner;
use coffer_core::audit::AuditVerb;
use coffer_core::connection::{Attempt, AttemptOutcome, ConnectionState, Reason, Slot};
use coffer_core::failure::FailureCode;
use coffer_core::id::TenantId;
use coffer_core::ports::AttemptFailure;
use coffer_core::{StoreError, SystemScope, TenantScope};
use coffer_oauth::Error;
use serde_json::json;
use std::time::Duration;

/// The provider refused, or its answer was lost.
pub(super) async fn refused(
    inner: &Inner,
    errand: &Errand,
    scope: &TenantScope,
    prepared: &Prepared,
    slot: &Slot,
    attempt: &Attempt,
    error: &Error,
) -> Result<Next, WalletError> {
    let facts = Facts {
        sent_at: attempt.started_at,
        now: inner.now(),
        grace: prepared.grace,
        draw: inner.draw(),
    };
    let follows = consequence(&as_provider_error(error), slot, &facts, &inner.settings);
    if follows.block_integration {
        let audit = coffer_core::audit::AuditEntry {
            tenant: prepared.reference.owner,
            ..inner.audit(
                &errand.asker,
                AuditVerb::IntegrationBlock,
                prepared.reference.id.uuid(),
                detail(&follows.reason),
            )
        };
        let system =
            SystemScope::assume("a shared integration is the installation's, and its client was refused");
        if inner
            .stores
            .integrations
            .block(&system, prepared.reference, &audit)
            .await?
        {
            tracing::error!(
                integration = %prepared.reference.id,
                shared = prepared.reference.owner == TenantId::INSTALLATION,
                provider_code = follows.reason.provider_code.as_deref(),
                "the provider refuses this integration's client; its connections are not refreshed until it is mended"
            );
        }
    }
    let again = follows.repeat;
    store_failure(inner, errand, scope, slot, Some(attempt), follows).await?;
    Ok(if again {
        Next::Again
    } else {
        Next::Land(Landing::Done)
    })
}

/// The lease ran short before anything was sent.
pub(super) async fn not_sent(
    inner: &Inner,
    errand: &Errand,
    scope: &TenantScope,
    slot: &Slot,
    attempt: &Attempt,
) -> Result<(), WalletError> {
    let reason = Reason {
        code: FailureCode::ProviderUnavailable,
        provider_code: None,
        message: "Nothing was sent: this server was too slow to finish within its lease.".into(),
        at: inner.now(),
    };
    let follows = Consequence {
        outcome: AttemptOutcome::Failed,
        state: None,
        not_before: None,
        counts: false,
        reason,
        block_integration: false,
        repeat: true,
    };
    store_failure(inner, errand, scope, slot, Some(attempt), follows).await
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
    let mut pause = Duration::from_millis(50);
    loop {
        match inner.stores.connections.fail(scope, &failure, &audit).await {
            // An outcome that is known must not become an ambiguous one because the database was away for a while.
            Err(StoreError::Unavailable(_) | StoreError::CommitUnknown(_)) if !inner.tasks.is_draining() => {
                tokio::time::sleep(pause).await;
                pause = pause.saturating_mul(2).min(Duration::from_secs(1));
            }
            other => return Ok(other?),
        }
    }
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
