//! Writing a configuration into an integration's row.

use crate::caller::hint;
use crate::error::WalletError;
use crate::integration::Secrets;
use crate::wallet::Inner;
use coffer_catalog::Config;
use coffer_core::integration::Integration;
use coffer_core::secret::ExposeSecret;

impl Inner {
    /// Writes a validated configuration into the row: what may be shown, and the rest sealed.
    pub(super) async fn write_config(
        &self,
        integration: &mut Integration,
        config: Config,
        origin: Option<String>,
    ) -> Result<(), WalletError> {
        let (public, secret) = config.into_parts();
        integration.config = public
            .into_iter()
            .map(|(field, value)| serde_json::to_value(value).map(|value| (field, value)))
            .collect::<Result<_, _>>()
            .map_err(|_| WalletError::Internal("a configuration value is not JSON"))?;
        integration.secret_hints = secret
            .iter()
            .map(|(field, value)| (field.clone(), hint(value.expose_secret())))
            .collect();
        integration.secrets_set_at = if secret.is_empty() { None } else { Some(self.now()) };
        self.seal_secrets(
            integration,
            &Secrets {
                fields: secret,
                origin,
            },
        )
        .await
    }

    /// Finds out where the client secret may go, and binds it to that origin from now on (THR-44).
    pub(super) async fn bind_secret(&self, integration: &mut Integration) -> Result<(), WalletError> {
        let mut secrets = self.open_secrets(integration).await?;
        let mut opened = self.opened_from(integration.clone()).await?;
        opened.secret_origin = None;
        let origin = self
            .oauth
            .secret_origin(&self.oauth_integration(opened))
            .await
            .map_err(Self::oauth_error)?;
        secrets.origin = Some(origin);
        self.seal_secrets(integration, &secrets).await
    }
}
