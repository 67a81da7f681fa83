//! The exchange of a code and what comes of it, under the same care as a refresh: intent, send once, one commit.

use super::{Arrival, Landed};
use crate::account::Account;
use crate::error::WalletError;
use crate::persist::Insist;
use crate::provider;
use crate::refresh::{Issue, access_token_row};
use crate::wallet::Inner;
use coffer_core::audit::AuditVerb;
use coffer_core::bearer::BearerKind;
use coffer_core::connection::{
    Attempt, AttemptOutcome, Connection, ConnectionState, Reason, Revocation, Slot,
};
use coffer_core::failure::FailureCode;
use coffer_core::flow::FlowResult;
use coffer_core::http::HttpResponse;
use coffer_core::id::{ConnectionId, SlotId};
use coffer_core::ports::ExchangeCommit;
use coffer_core::secret::{ExposeSecret, secret_text};
use coffer_core::{SecretText, Timestamp};
use coffer_envelope::SealingKey;
use coffer_oauth::{CodeGrant, Identity, TokenSet};
use serde_json::json;
use std::collections::BTreeMap;
use url::Url;

/// What the provider gave for the code.
struct Exchanged {
    reply: HttpResponse,
    tokens: TokenSet,
    identity: Option<Identity>,
}

/// Why there is no connection although the code was about to be sent.
enum Failed {
    /// The code got no usable answer, or was not sent at all.
    Code(coffer_oauth::Error),
    /// The token endpoint answered, and gave no tokens that can be used.
    Answer(coffer_oauth::Error, HttpResponse),
    /// It gave tokens, and what they lead to is not what it has to be.
    Tokens(coffer_oauth::Error, HttpResponse),
}

impl Inner {
    pub(super) async fn exchange(&self, landed: Landed, code: &SecretText) -> Result<Arrival, WalletError> {
        // Everything that is needed to finish is at hand before anything is sent (docs/refresh.md, step 2).
        let sealing = self.keys.prepare(landed.flow.tenant).await?;
        let ready = self.oauth.prepare_exchange(&landed.integration).await;
        ready.map_err(Self::oauth_error)?;
        let attempt = self.intent_to_exchange(&landed, code).await?;
        self.consume(&landed, Some(&attempt), None).await?;
        let verifier = landed.secrets.verifier.clone().map(secret_text);
        let nonce = landed.secrets.nonce.clone().map(secret_text);
        let grant = CodeGrant {
            code,
            redirect_uri: &landed.redirect_uri,
            verifier: verifier.as_ref(),
            nonce: nonce.as_ref(),
            issuer: landed.flow.issuer.as_deref(),
        };
        match self.ask_provider(&landed, &grant).await {
            Ok(exchanged) => {
                let Exchanged {
                    reply,
                    tokens,
                    identity,
                } = exchanged;
                let kept = self.keep(&landed, &sealing, &attempt, (tokens, identity)).await;
                if let Err(error) = &kept {
                    self.disown(&landed, &grant, &reply).await;
                    let reason = not_kept(error, self.now());
                    self.keep_failure(&landed, &attempt, AttemptOutcome::Ambiguous, &reason)
                        .await?;
                }
                kept
            }
            Err(failed) => self.end_failed(&landed, &attempt, &grant, failed).await,
        }
    }

    /// Keeps what the provider said. Where its token endpoint does not know the client, nothing else of the integration
    /// works either; what another endpoint says after the client was accepted is not about the client.
    async fn end_failed(
        &self,
        landed: &Landed,
        attempt: &Attempt,
        grant: &CodeGrant<'_>,
        failed: Failed,
    ) -> Result<Arrival, WalletError> {
        let (outcome, blocks, error) = match failed {
            Failed::Code(error) => (outcome_unanswered(&error), false, error),
            Failed::Answer(error, reply) => {
                self.disown(landed, grant, &reply).await;
                (outcome_answered(&error), provider::refuses_client(&error), error)
            }
            Failed::Tokens(error, reply) => {
                self.disown(landed, grant, &reply).await;
                (outcome_answered(&error), false, error)
            }
        };
        let reason = provider::reason(&error, self.now());
        self.keep_failure(landed, attempt, outcome, &reason).await?;
        if blocks {
            let (reference, version) = (landed.flow.integration, landed.version);
            self.block(&landed.asker, reference, version, &reason).await?;
        }
        Err(Self::oauth_error(error))
    }

    async fn ask_provider(&self, landed: &Landed, grant: &CodeGrant<'_>) -> Result<Exchanged, Failed> {
        let integration = &landed.integration;
        let sent = self.bounded(self.oauth.send_code(integration, grant)).await;
        let reply = sent.map_err(Failed::Code)?;
        let tokens = match self.oauth.read_tokens(integration, grant, &reply).await {
            Ok(tokens) => tokens,
            Err(error) => return Err(Failed::Answer(error, reply)),
        };
        let identity = match self.oauth.identity(integration, &tokens).await {
            Ok(identity) => Some(identity),
            // Somebody else's profile must not be taken for this account's (OA-C27); a profile that cannot be had
            // is no reason to throw the grant away.
            Err(error @ coffer_oauth::Error::SubjectMismatch) => return Err(Failed::Tokens(error, reply)),
            Err(error) => {
                tracing::warn!(
                    code = error.code(),
                    "the provider did not tell whose account it is"
                );
                None
            }
        };
        match integration.check_captured(&captured_of(&tokens, landed)) {
            Ok(()) => Ok(Exchanged {
                reply,
                tokens,
                identity,
            }),
            Err(error) => Err(Failed::Tokens(error, reply)),
        }
    }

    /// Revokes tokens that are in hand and are not kept: nobody else knows of them. As far as it goes: what is not
    /// revoked ends by itself, or where the user looks through the account's applications.
    async fn disown(&self, landed: &Landed, grant: &CodeGrant<'_>, reply: &HttpResponse) {
        let disowned = self.oauth.disown(&landed.integration, grant, reply);
        match self.bounded(disowned).await {
            Ok(None | Some(coffer_oauth::Revocation::Revoked | coffer_oauth::Revocation::AlreadyGone)) => {}
            Ok(Some(coffer_oauth::Revocation::Unsupported(_))) => {
                tracing::warn!(flow = %landed.flow.id, "tokens that are not kept cannot be revoked at this provider");
            }
            Err(error) => {
                tracing::warn!(flow = %landed.flow.id, code = error.code(), "tokens that are not kept were not revoked");
            }
        }
    }

    async fn keep(
        &self,
        landed: &Landed,
        sealing: &SealingKey,
        attempt: &Attempt,
        exchanged: (TokenSet, Option<Identity>),
    ) -> Result<Arrival, WalletError> {
        let result = BearerKind::ConnectResult.generate(&*self.random);
        let mut return_to = Url::parse(&landed.session.return_to)
            .map_err(|_| WalletError::Internal("a stored return target is not a URL"))?;
        return_to
            .query_pairs_mut()
            .append_pair("coffer_result", result.expose_secret());
        let commit = self
            .commit_of(landed, sealing, attempt, exchanged, &result)
            .await?;
        let detail = json!({ "integration": landed.flow.integration.id, "scopes": commit.connection.scopes });
        let audit = self.audit(
            &landed.asker,
            AuditVerb::ConnectionAuthorize,
            commit.connection.id.uuid(),
            detail,
        );
        let flows = &self.stores.flows;
        self.persist("exchange", Insist::ForEver, || {
            flows.commit_exchange(&landed.scope, &commit, &audit)
        })
        .await?;
        Ok(Arrival {
            return_to: secret_text(return_to.into()),
        })
    }

    async fn commit_of(
        &self,
        landed: &Landed,
        sealing: &SealingKey,
        attempt: &Attempt,
        (tokens, identity): (TokenSet, Option<Identity>),
        result: &SecretText,
    ) -> Result<ExchangeCommit, WalletError> {
        let now = self.now();
        let connection = ConnectionId::new(&*self.clock, &*self.random);
        let slot = self.slot_of(landed, sealing, connection, &tokens)?;
        let access = access_token_row(
            self,
            sealing,
            &landed.integration,
            &slot,
            Issue {
                generation: slot.generation,
                asked_at: attempt.started_at,
            },
            &tokens,
        )?;
        let slot = Slot {
            due_at: crate::refresh::due_at(&landed.integration, &slot, &access),
            ..slot
        };
        let account = account_of(identity, &tokens, landed);
        let subject = match (&account.issuer, &account.subject) {
            (Some(issuer), Some(subject)) => {
                Some(self.subject_index(landed.flow.tenant, issuer, subject).await?)
            }
            _ => None,
        };
        let connection = Connection {
            tenant: landed.flow.tenant,
            id: connection,
            user: landed.session.user,
            integration: landed.flow.integration,
            provider: landed.integration.provider().id.to_string(),
            state: ConnectionState::Pending,
            reason: None,
            revocation: Revocation::None,
            subject,
            identity: Some(
                self.seal_account(landed.flow.tenant, connection, &account)
                    .await?,
            ),
            scopes_missing: tokens.missing_scopes(&landed.flow.scopes),
            scopes: tokens.scopes.unwrap_or_else(|| landed.flow.scopes.clone()),
            created_at: now,
            updated_at: now,
        };
        let result = FlowResult {
            connection: connection.id,
            result_hash: self
                .bearer_hash(BearerKind::ConnectResult, result.expose_secret())
                .await?,
            expires_at: now.plus(self.settings.result),
            redeemed_at: None,
        };
        Ok(ExchangeCommit {
            flow: landed.flow.id,
            attempt: attempt.id,
            connection,
            slots: vec![slot],
            tokens: vec![access],
            result,
            at: now,
        })
    }

    fn slot_of(
        &self,
        landed: &Landed,
        sealing: &SealingKey,
        connection: ConnectionId,
        tokens: &TokenSet,
    ) -> Result<Slot, WalletError> {
        let (id, now) = (SlotId::new(&*self.clock, &*self.random), self.now());
        let cell = crate::cells::refresh_token(landed.flow.tenant, id, 1);
        let refresh = tokens
            .refresh
            .as_ref()
            .map(|token| sealing.seal_text(&cell, token))
            .transpose()?;
        let told = tokens.refresh_expires_in.map(|life| now.plus(life));
        Ok(Slot {
            tenant: landed.flow.tenant,
            id,
            connection,
            name: "default".into(),
            class: landed
                .integration
                .provider()
                .rotation
                .class
                .resolve(landed.integration.config()),
            refresh_expires_at: if refresh.is_none() {
                None
            } else {
                told.or_else(|| crate::refresh::refresh_end(&landed.integration, now))
            },
            refresh,
            generation: 1,
            refreshed_at: now,
            due_at: None,
            failures: 0,
            not_before: None,
            epoch: 0,
            lease: None,
            ambiguous: 0,
        })
    }

    async fn keep_failure(
        &self,
        landed: &Landed,
        attempt: &Attempt,
        outcome: AttemptOutcome,
        reason: &Reason,
    ) -> Result<(), WalletError> {
        let detail = json!({ "code": reason.code, "provider_code": reason.provider_code });
        let audit = self.audit(
            &landed.asker,
            AuditVerb::OAuthAuthorizeFailed,
            landed.flow.id.uuid(),
            detail,
        );
        let flows = &self.stores.flows;
        Ok(self
            .persist("failed exchange", Insist::UntilDrained, || {
                flows.fail_exchange(&landed.scope, attempt.id, outcome, reason, &audit)
            })
            .await?)
    }
}

/// How an exchange ended that brought nothing.
fn outcome_unanswered(error: &coffer_oauth::Error) -> AttemptOutcome {
    match error {
        coffer_oauth::Error::Provider(error) => outcome_of(error.verdict),
        coffer_oauth::Error::Config(_) | coffer_oauth::Error::Discovery(_) => AttemptOutcome::Failed,
        coffer_oauth::Error::Callback(_)
        | coffer_oauth::Error::IdToken(_)
        | coffer_oauth::Error::SubjectMismatch
        | coffer_oauth::Error::NoSubject => AttemptOutcome::Refused,
    }
}

/// How an exchange ended that was answered: whatever is wrong, the code is spent, and a grant may live.
fn outcome_answered(error: &coffer_oauth::Error) -> AttemptOutcome {
    match error {
        coffer_oauth::Error::Provider(error) => outcome_of(error.verdict),
        coffer_oauth::Error::Discovery(_) => AttemptOutcome::Ambiguous,
        coffer_oauth::Error::Config(_)
        | coffer_oauth::Error::Callback(_)
        | coffer_oauth::Error::IdToken(_)
        | coffer_oauth::Error::SubjectMismatch
        | coffer_oauth::Error::NoSubject => AttemptOutcome::Refused,
    }
}

/// Tokens came and could not be stored.
fn not_kept(error: &WalletError, at: Timestamp) -> Reason {
    Reason {
        code: FailureCode::ProviderUnavailable,
        provider_code: None,
        message: format!(
            "The provider's answer could not be stored, and was not kept: {error}. Connect again."
        ),
        at,
    }
}

fn outcome_of(verdict: coffer_oauth::Verdict) -> AttemptOutcome {
    use coffer_oauth::Verdict;
    match verdict {
        Verdict::Dead | Verdict::Config | Verdict::Refused => AttemptOutcome::Refused,
        Verdict::Transient | Verdict::RateLimited { .. } | Verdict::Moved | Verdict::NotSent => {
            AttemptOutcome::Failed
        }
        Verdict::Ambiguous | Verdict::Unusable => AttemptOutcome::Ambiguous,
    }
}

/// What callback and token response say that the connection needs.
fn captured_of(tokens: &TokenSet, landed: &Landed) -> BTreeMap<String, String> {
    let mut captured = landed.callback.captured(&landed.integration);
    captured.extend(tokens.captured.clone());
    captured
}

fn account_of(identity: Option<Identity>, tokens: &TokenSet, landed: &Landed) -> Account {
    let captured = captured_of(tokens, landed);
    match identity {
        Some(identity) => Account {
            issuer: Some(identity.issuer),
            subject: Some(identity.subject),
            email: identity.email,
            email_verified: identity.email_verified,
            name: identity.name,
            captured,
        },
        None => Account {
            captured,
            ..Account::default()
        },
    }
}
