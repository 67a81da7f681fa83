//! Integrations: a provider configured with a client id and secret, for one tenant or for all.

mod block;
mod hosts;
mod open;
mod probe;
mod write;

pub use block::told_reason;
use hosts::Move;
pub(crate) use open::{Opened, Secrets, public_values};

use crate::error::WalletError;
use crate::tenant::checked_name;
use crate::wallet::{Inner, Wallet};
use coffer_catalog::{Config, Form, InputValue, Provider};
use coffer_core::actor::Asker;
use coffer_core::audit::AuditVerb;
use coffer_core::id::IntegrationId;
use coffer_core::integration::{Integration, IntegrationState};
use coffer_core::page::{Page, PageRequest};
use coffer_core::{OperatorScope, TenantScope};
use serde_json::json;
use std::collections::BTreeMap;
use std::sync::Arc;
use url::Url;

/// What a person fills in: the values of the provider's fields, by name. Secrets are write-only.
pub type Values = BTreeMap<String, InputValue>;

impl Wallet {
    /// Checks a configuration without storing it (requirement P3).
    ///
    /// # Errors
    /// [`WalletError::Fields`] with an error for each wrong field; [`WalletError::NotFound`] for the provider.
    pub fn validate_integration(&self, provider: &str, values: Values) -> Result<(), WalletError> {
        let provider = self.inner.provider(provider)?;
        Form::new(&provider)
            .validate(values)
            .map(drop)
            .map_err(WalletError::Fields)
    }

    /// Stores a new integration as a draft. In the installation's scope it is shared by all tenants.
    ///
    /// # Errors
    /// As [`Wallet::validate_integration`]; a duplicate name.
    pub async fn create_integration(
        &self,
        scope: &TenantScope,
        asker: &Asker,
        provider: &str,
        name: &str,
        values: Values,
    ) -> Result<Integration, WalletError> {
        let inner = &self.inner;
        let provider = inner.provider(provider)?;
        let config = Form::new(&provider)
            .validate(values)
            .map_err(WalletError::Fields)?;
        let now = inner.now();
        let mut integration = Integration {
            owner: scope.tenant(),
            id: IntegrationId::new(&*inner.clock, &*inner.random),
            provider: provider.id.to_string(),
            name: checked_name("name", name)?,
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
        inner.write_config(&mut integration, config, None).await?;
        let asker = Asker {
            tenant: scope.tenant(),
            ..asker.clone()
        };
        // The public configuration is part of the record: that PKCE was turned off has to be seen (OA-C02).
        let detail = json!({
            "provider": integration.provider,
            "name": integration.name,
            "config": integration.config,
        });
        let audit = inner.audit(
            &asker,
            AuditVerb::IntegrationCreate,
            integration.id.uuid(),
            detail,
        );
        inner
            .stores
            .integrations
            .create(scope, &integration, &audit)
            .await?;
        Ok(integration)
    }

    /// Changes the configuration of one of the scope's own. Secrets that are left out stay as they are, unless the
    /// addresses lead to another host: then they have to be entered again, and no connection may use the integration,
    /// because its tokens would go there, too (THR-44). What is in use stays in use.
    ///
    /// # Errors
    /// As [`Wallet::create_integration`]; [`WalletError::Precondition`] (`integration_in_use`) for another host; a
    /// change by somebody else meanwhile.
    pub async fn update_integration(
        &self,
        scope: &TenantScope,
        asker: &Asker,
        id: IntegrationId,
        name: Option<&str>,
        values: Option<Values>,
    ) -> Result<Integration, WalletError> {
        self.change(scope, asker, id, name, values, Move::Unused).await
    }

    /// Tells that the provider of a shared integration has moved: the same one, at another address. Its connections go
    /// on and their tokens go to the new address, so only who runs the installation can say so. All secrets have to be
    /// entered again.
    ///
    /// # Errors
    /// As [`Wallet::create_integration`]; a change by somebody else meanwhile.
    pub async fn move_integration(
        &self,
        operator: &OperatorScope,
        asker: &Asker,
        id: IntegrationId,
        values: Values,
    ) -> Result<Integration, WalletError> {
        let scope = operator.installation();
        self.change(&scope, asker, id, None, Some(values), Move::SameProvider)
            .await
    }

    async fn change(
        &self,
        scope: &TenantScope,
        asker: &Asker,
        id: IntegrationId,
        name: Option<&str>,
        values: Option<Values>,
        allowed: Move,
    ) -> Result<Integration, WalletError> {
        let inner = &self.inner;
        let mut integration = inner.own_integration(scope, id).await?;
        let read = integration.state;
        let provider = inner.provider(&integration.provider)?;
        let stored = inner.open_secrets(&integration).await?.fields;
        if let Some(name) = name {
            integration.name = checked_name("name", name)?;
        }
        let config = match values {
            Some(values) => {
                let form = Form::new(&provider).with_stored_secrets(stored.keys().cloned());
                let (public, mut secret) = form.validate(values).map_err(WalletError::Fields)?.into_parts();
                if hosts::moved(&provider, &open::public_values(&integration)?, &public) {
                    inner
                        .check_move(scope, &integration, &stored, &secret, allowed)
                        .await?;
                }
                for (field, value) in stored {
                    secret.entry(field).or_insert(value);
                }
                Config::from_parts(public, secret)
            }
            None => Config::from_parts(open::public_values(&integration)?, stored),
        };
        inner.advance(&mut integration);
        inner.write_config(&mut integration, config, None).await?;
        if integration.state != IntegrationState::Draft {
            inner.bind_secret(&mut integration).await?;
        }
        self.store_change(scope, asker, integration, read, AuditVerb::IntegrationUpdate)
            .await
    }

    /// Puts an integration into use. It must be complete; a blocked one is freed.
    ///
    /// # Errors
    /// [`WalletError::Fields`] where something is missing.
    pub async fn enable_integration(
        &self,
        scope: &TenantScope,
        asker: &Asker,
        id: IntegrationId,
    ) -> Result<Integration, WalletError> {
        let inner = &self.inner;
        let integration = inner.own_integration(scope, id).await?;
        let provider = inner.provider(&integration.provider)?;
        let stored = inner.open_secrets(&integration).await?.fields;
        let values = open::as_input(&integration)?;
        Form::new(&provider)
            .with_stored_secrets(stored.into_keys())
            .validate(values)
            .map_err(WalletError::Fields)?;
        self.change_state(
            scope,
            asker,
            integration,
            IntegrationState::Enabled,
            AuditVerb::IntegrationEnable,
        )
        .await
    }

    /// Takes an integration out of use: no new connections; existing ones go on.
    ///
    /// # Errors
    /// [`WalletError::NotFound`].
    pub async fn disable_integration(
        &self,
        scope: &TenantScope,
        asker: &Asker,
        id: IntegrationId,
    ) -> Result<Integration, WalletError> {
        let integration = self.inner.own_integration(scope, id).await?;
        self.change_state(
            scope,
            asker,
            integration,
            IntegrationState::Disabled,
            AuditVerb::IntegrationDisable,
        )
        .await
    }

    /// Deletes an integration that no connection uses. Its disconnected connections go with it; the audit log stays.
    ///
    /// # Errors
    /// [`WalletError::Precondition`] (`integration_in_use`) where one does, and for a shared one where a tenant ever
    /// connected an account with it.
    pub async fn delete_integration(
        &self,
        scope: &TenantScope,
        asker: &Asker,
        id: IntegrationId,
    ) -> Result<(), WalletError> {
        let inner = &self.inner;
        inner.own_integration(scope, id).await?;
        let asker = Asker {
            tenant: scope.tenant(),
            ..asker.clone()
        };
        let audit = inner.audit(&asker, AuditVerb::IntegrationDelete, id.uuid(), json!({}));
        match inner.stores.integrations.delete(scope, id, &audit).await {
            Err(coffer_core::StoreError::Duplicate(_)) => Err(WalletError::precondition(
                "integration_in_use",
                if scope.tenant().is_installation() {
                    "tenants have connections with this integration, in use or disconnected; disable it instead"
                } else {
                    "connections use this integration; disconnect them first, or disable it"
                },
            )),
            other => Ok(other?),
        }
    }

    /// An integration that the scope may see: its own, or a shared one.
    ///
    /// # Errors
    /// [`WalletError::NotFound`].
    pub async fn integration(
        &self,
        scope: &TenantScope,
        id: IntegrationId,
    ) -> Result<Integration, WalletError> {
        self.inner
            .stores
            .integrations
            .find(scope, id)
            .await?
            .ok_or(WalletError::NotFound("integration"))
    }

    /// The scope's own integrations and the shared ones, oldest first.
    ///
    /// # Errors
    /// The store's.
    pub async fn integrations(
        &self,
        scope: &TenantScope,
        page: PageRequest,
    ) -> Result<Page<Integration>, WalletError> {
        Ok(self.inner.stores.integrations.list(scope, page).await?)
    }

    /// The redirect URI to register at the provider. Each integration has one of its own, so that a provider that
    /// does not send `iss` cannot be mixed up with another (OA-C07, RFC 9700 section 4.4.2.2).
    pub fn redirect_uri(&self, id: IntegrationId) -> Url {
        self.inner.redirect_uri(id)
    }

    async fn change_state(
        &self,
        scope: &TenantScope,
        asker: &Asker,
        mut integration: Integration,
        state: IntegrationState,
        verb: AuditVerb,
    ) -> Result<Integration, WalletError> {
        let read = integration.state;
        if read == state {
            return Ok(integration);
        }
        let inner = &self.inner;
        let secrets = inner.open_secrets(&integration).await?;
        (integration.state, integration.reason) = (state, None);
        inner.advance(&mut integration);
        inner.seal_secrets(&mut integration, &secrets).await?;
        if state == IntegrationState::Enabled {
            inner.bind_secret(&mut integration).await?;
        }
        self.store_change(scope, asker, integration, read, verb).await
    }

    pub(super) async fn store_change(
        &self,
        scope: &TenantScope,
        asker: &Asker,
        integration: Integration,
        read: IntegrationState,
        verb: AuditVerb,
    ) -> Result<Integration, WalletError> {
        let asker = Asker {
            tenant: scope.tenant(),
            ..asker.clone()
        };
        let audit = self.inner.audit(
            &asker,
            verb,
            integration.id.uuid(),
            json!({ "version": integration.version, "config": integration.config }),
        );
        self.inner
            .stores
            .integrations
            .update(scope, &integration, read, &audit)
            .await?;
        Ok(integration)
    }
}

impl Inner {
    pub(crate) fn provider(&self, id: &str) -> Result<Arc<Provider>, WalletError> {
        self.providers
            .get(id)
            .cloned()
            .ok_or(WalletError::NotFound("provider"))
    }

    pub(crate) fn redirect_uri(&self, id: IntegrationId) -> Url {
        let mut url = self.public_url.clone();
        url.set_query(None);
        url.set_fragment(None);
        url.set_path(&format!("/oauth/callback/{id}"));
        url
    }

    /// One of the scope's own, to change it. A shared one is not a tenant's to change.
    pub(super) async fn own_integration(
        &self,
        scope: &TenantScope,
        id: IntegrationId,
    ) -> Result<Integration, WalletError> {
        let found = self.stores.integrations.find(scope, id).await?;
        found
            .filter(|integration| integration.owner == scope.tenant())
            .ok_or(WalletError::NotFound("integration"))
    }

    pub(super) fn advance(&self, integration: &mut Integration) {
        integration.version = integration.version.saturating_add(1);
        integration.updated_at = self.now();
    }
}
