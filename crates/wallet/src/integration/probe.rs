//! Connectivity tests of an integration, stored or not yet (requirement P3).

use crate::error::WalletError;
use crate::integration::{Opened, Secrets, Values};
use crate::wallet::{Inner, Wallet};
use coffer_catalog::{Config, Form};
use coffer_core::TenantScope;
use coffer_core::actor::Asker;
use coffer_core::audit::AuditVerb;
use coffer_core::id::IntegrationId;
use coffer_core::integration::{Integration, IntegrationState, TestCheck, TestReport};
use coffer_oauth::Error;
use serde_json::json;
use std::collections::BTreeMap;
use std::sync::Arc;

impl Wallet {
    /// Tests a configuration before it is stored: its fields, the provider's metadata, the authorization request.
    ///
    /// # Errors
    /// [`WalletError::Fields`] where a field is wrong. That the provider cannot be reached is in the report.
    pub async fn test_configuration(
        &self,
        provider: &str,
        values: Values,
    ) -> Result<TestReport, WalletError> {
        let inner = &self.inner;
        let provider = inner.provider(provider)?;
        let config = Form::new(&provider)
            .validate(values)
            .map_err(WalletError::Fields)?;
        let now = inner.now();
        let integration = Integration {
            owner: coffer_core::id::TenantId::INSTALLATION,
            id: IntegrationId::new(&*inner.clock, &*inner.random),
            provider: provider.id.to_string(),
            name: String::new(),
            state: IntegrationState::Draft,
            reason: None,
            config: BTreeMap::new(),
            secrets: None,
            secret_hints: BTreeMap::new(),
            secrets_set_at: None,
            version: 1,
            last_test: None,
            created_at: now,
            updated_at: now,
        };
        Ok(inner
            .probe(Opened {
                integration,
                provider: Arc::clone(&provider),
                config,
                secret_origin: None,
            })
            .await)
    }

    /// Tests a stored integration, and keeps the report with it.
    ///
    /// # Errors
    /// [`WalletError::NotFound`]; a change by somebody else meanwhile.
    pub async fn test_integration(
        &self,
        scope: &TenantScope,
        asker: &Asker,
        id: IntegrationId,
    ) -> Result<Integration, WalletError> {
        let inner = &self.inner;
        let mut integration = inner.own_integration(scope, id).await?;
        let secrets: Secrets = inner.open_secrets(&integration).await?;
        let report = inner.probe(inner.opened_from(integration.clone()).await?).await;
        integration.last_test = Some(report);
        inner.advance(&mut integration);
        inner.seal_secrets(&mut integration, &secrets).await?;
        let read = integration.state;
        self.store_change(scope, asker, integration, read, AuditVerb::IntegrationTest)
            .await
    }
}

impl Inner {
    /// Asks the provider everything that can be asked without a person.
    async fn probe(&self, opened: Opened) -> TestReport {
        let integration = self.oauth_integration(opened);
        let mut checks = Vec::new();
        match self.oauth.metadata(&integration).await {
            Ok(Some(_)) => checks.push(passed(
                "discovery",
                "the provider's metadata names the configured issuer",
            )),
            Ok(None) => {}
            Err(error) => checks.push(failed("discovery", &error, integration.config())),
        }
        match self.oauth.secret_origin(&integration).await {
            Ok(origin) => {
                checks.push(passed(
                    "token_endpoint",
                    &format!("the client secret goes to {origin} and nowhere else"),
                ));
            }
            Err(error) => checks.push(failed("token_endpoint", &error, integration.config())),
        }
        match self.oauth.check_client(&integration).await {
            Ok(()) => checks.push(passed(
                "client",
                "the token endpoint answers and does not refuse the client",
            )),
            Err(error) => checks.push(failed("client", &error, integration.config())),
        }
        let ok = checks.iter().all(|check| check.ok);
        tracing::debug!(ok, checks = %json!(checks), "an integration was tested");
        TestReport {
            at: self.now(),
            ok,
            checks,
        }
    }
}

fn passed(name: &str, message: &str) -> TestCheck {
    TestCheck {
        name: name.into(),
        ok: true,
        field: None,
        message: message.into(),
    }
}

fn failed(name: &str, error: &Error, config: &Config) -> TestCheck {
    let has = |field: &str| config.get(field).is_some();
    let field = match error {
        Error::Provider(error) if error.provider_code.as_deref() == Some("invalid_client") => {
            Some("client_secret")
        }
        Error::Discovery(_) if has("issuer") => Some("issuer"),
        Error::Discovery(_) | Error::Provider(_) if has("base_url") => Some("base_url"),
        Error::Provider(_)
        | Error::Discovery(_)
        | Error::Config(_)
        | Error::Callback(_)
        | Error::IdToken(_)
        | Error::SubjectMismatch
        | Error::NoSubject => None,
    };
    TestCheck {
        name: name.into(),
        ok: false,
        field: field.map(Into::into),
        message: error.to_string(),
    }
}
