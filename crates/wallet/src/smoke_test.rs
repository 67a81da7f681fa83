//! The smoke test: a cheap call at the provider with the connection's token (requirement W11).

use crate::caller::Principal;
use crate::error::WalletError;
use crate::token::{TokenGrant, TokenRequest};
use crate::wallet::{Inner, Wallet};
use coffer_core::actor::Asker;
use coffer_core::audit::AuditVerb;
use coffer_core::caller::CallerVerb;
use coffer_core::connection::Reason;
use coffer_core::failure::FailureCode;
use coffer_core::id::ConnectionId;
use coffer_oauth::Verification;
use serde_json::json;

/// What a smoke test found.
#[derive(Debug, Clone)]
pub struct SmokeTest {
    /// Whether the provider accepted the token.
    pub ok: bool,
    /// The HTTP status of the provider's answer.
    pub status: u16,
    /// The beginning of the answer, cleaned: one line. Still to be escaped where it is shown.
    pub summary: Option<String>,
    /// Whether the connection was refreshed and the call repeated, because the first answer was 401.
    pub refreshed: bool,
    /// Why it failed, where it did.
    pub reason: Option<Reason>,
    /// The generation of the token that was used last.
    pub generation: u64,
}

impl Wallet {
    /// Calls the provider with the connection's token; on 401 the connection is refreshed once and the call repeated.
    ///
    /// # Errors
    /// As [`Wallet::token`]; [`WalletError::Precondition`] where the provider has no such call.
    pub async fn smoke_test(
        &self,
        principal: &Principal,
        asker: &Asker,
        id: ConnectionId,
    ) -> Result<SmokeTest, WalletError> {
        let inner = &self.inner;
        let scope = principal.scope_for(CallerVerb::Refresh)?;
        let view = inner.reachable_view(principal, &scope, id).await?;
        let opened = inner.opened(&scope, view.integration).await?;
        let captured = inner.captured(&scope, id, &opened).await?;
        let integration = inner.oauth_integration(opened).with_captured(captured);
        let first = self
            .serve(
                principal,
                asker,
                id,
                TokenRequest::default(),
                CallerVerb::Refresh,
                false,
            )
            .await?;
        let answer = inner
            .oauth
            .verify(&integration, &first.access_token)
            .await
            .map_err(Inner::oauth_error)?;
        let (grant, answer, refreshed) = if is_expired(&answer) && view.refreshable {
            let second = self
                .serve(
                    principal,
                    asker,
                    id,
                    TokenRequest::default(),
                    CallerVerb::Refresh,
                    true,
                )
                .await?;
            let answer = inner
                .oauth
                .verify(&integration, &second.access_token)
                .await
                .map_err(Inner::oauth_error)?;
            (second, answer, true)
        } else {
            (first, answer, false)
        };
        let found = inner.smoke_test_of(&grant, answer, refreshed);
        let detail = json!({ "status": found.status, "ok": found.ok, "refreshed": refreshed });
        let audit = inner.audit(asker, AuditVerb::ConnectionSmokeTest, id.uuid(), detail);
        inner.stores.audit.append(&scope, &audit).await?;
        Ok(found)
    }
}

impl Inner {
    fn smoke_test_of(&self, grant: &TokenGrant, answer: Verification, refreshed: bool) -> SmokeTest {
        SmokeTest {
            ok: answer.failure.is_none(),
            status: answer.status,
            summary: answer.summary,
            refreshed,
            reason: answer
                .failure
                .map(|error| crate::refresh::outcome::reason_of(&error, self.now())),
            generation: grant.generation,
        }
    }
}

/// Whether a new token may help: the provider answers 401, or says with another status that the token has ended.
fn is_expired(answer: &Verification) -> bool {
    let said = answer
        .failure
        .as_ref()
        .is_some_and(|failure| failure.code == FailureCode::TokenExpired);
    said || answer.status == 401
}
