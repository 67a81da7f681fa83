//! An integration ready for use: its provider, and its configuration with the secrets opened.

use crate::cells;
use crate::error::WalletError;
use crate::integration::Values;
use crate::wallet::Inner;
use coffer_catalog::{Config, FieldValue, InputValue, Provider};
use coffer_core::integration::{Integration, IntegrationRef};
use coffer_core::secret::{ExposeSecret, secret_bytes, secret_text};
use coffer_core::{SecretText, TenantScope};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;
use zeroize::Zeroize;

/// An integration with its provider and its opened configuration. It lives as long as one request to the provider.
#[derive(Debug)]
pub(crate) struct Opened {
    pub(crate) integration: Integration,
    pub(crate) provider: Arc<Provider>,
    pub(crate) config: Config,
    pub(crate) secret_origin: Option<String>,
}

/// What is sealed with an integration.
#[derive(Debug, Default)]
pub(crate) struct Secrets {
    /// The secret fields.
    pub(crate) fields: BTreeMap<String, SecretText>,
    /// The only origin to which the client secret may go, as it was when the integration was enabled (THR-44).
    pub(crate) origin: Option<String>,
}

/// The sealed form of [`Secrets`].
#[derive(Serialize, Deserialize)]
struct Plain {
    fields: BTreeMap<String, String>,
    origin: Option<String>,
}

impl Drop for Plain {
    fn drop(&mut self) {
        self.fields.values_mut().for_each(Zeroize::zeroize);
    }
}

impl Inner {
    /// Opens the integration that a connection of this scope uses.
    pub(crate) async fn opened(
        &self,
        scope: &TenantScope,
        reference: IntegrationRef,
    ) -> Result<Opened, WalletError> {
        let found = self.stores.integrations.find(scope, reference.id).await?;
        let integration = found
            .filter(|found| found.reference() == reference)
            .ok_or(WalletError::NotFound("integration"))?;
        self.opened_from(integration).await
    }

    /// Opens an integration that was read already.
    pub(crate) async fn opened_from(&self, integration: Integration) -> Result<Opened, WalletError> {
        let provider = self.provider(&integration.provider)?;
        let secrets = self.open_secrets(&integration).await?;
        let config = Config::from_parts(public_values(&integration)?, secrets.fields);
        Ok(Opened {
            integration,
            provider,
            config,
            secret_origin: secrets.origin,
        })
    }

    /// The secrets of an integration.
    pub(crate) async fn open_secrets(&self, integration: &Integration) -> Result<Secrets, WalletError> {
        let Some(sealed) = &integration.secrets else {
            return Ok(Secrets::default());
        };
        let cell = cells::integration_secrets(integration.owner, integration.id, integration.version);
        let opened = self.keys.open(&cell, sealed).await?;
        let mut plain: Plain = serde_json::from_slice(opened.expose_secret())
            .map_err(|_| WalletError::Internal("the sealed configuration is not what was sealed"))?;
        let fields = std::mem::take(&mut plain.fields);
        Ok(Secrets {
            fields: fields
                .into_iter()
                .map(|(field, value)| (field, secret_text(value)))
                .collect(),
            origin: plain.origin.take(),
        })
    }

    /// Seals the secrets for the row's version.
    pub(crate) async fn seal_secrets(
        &self,
        integration: &mut Integration,
        secrets: &Secrets,
    ) -> Result<(), WalletError> {
        if secrets.fields.is_empty() && secrets.origin.is_none() {
            integration.secrets = None;
            return Ok(());
        }
        let plain = Plain {
            fields: secrets
                .fields
                .iter()
                .map(|(field, value)| (field.clone(), value.expose_secret().to_owned()))
                .collect(),
            origin: secrets.origin.clone(),
        };
        let json = serde_json::to_vec(&plain).map_err(|_| WalletError::Internal("secrets are not JSON"))?;
        let cell = cells::integration_secrets(integration.owner, integration.id, integration.version);
        integration.secrets = Some(self.keys.seal(&cell, &secret_bytes(json)).await?);
        Ok(())
    }
}

/// The fields that are not secret.
pub(crate) fn public_values(integration: &Integration) -> Result<BTreeMap<String, FieldValue>, WalletError> {
    integration
        .config
        .iter()
        .map(|(field, value)| serde_json::from_value(value.clone()).map(|value| (field.clone(), value)))
        .collect::<Result<_, _>>()
        .map_err(|_| WalletError::Internal("a stored configuration value has a form that no field has"))
}

/// The fields that are not secret, as if somebody filled them in again.
pub(crate) fn as_input(integration: &Integration) -> Result<Values, WalletError> {
    Ok(public_values(integration)?
        .into_iter()
        .map(|(field, value)| {
            let value = match value {
                FieldValue::Flag(flag) => InputValue::Flag(flag),
                FieldValue::Text(text) => InputValue::text(text),
                FieldValue::List(list) => InputValue::list(list),
            };
            (field, value)
        })
        .collect())
}
