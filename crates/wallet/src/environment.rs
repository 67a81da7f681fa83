//! Provider clients that the operator gives at start, from the environment or a file (requirement P24).

use crate::error::WalletError;
use crate::integration::Values;
use crate::wallet::Wallet;
use coffer_core::OperatorScope;
use coffer_core::actor::Asker;
use coffer_core::integration::Integration;
use coffer_core::page::PageRequest;

/// A provider client from the environment.
#[derive(Debug)]
pub struct EnvironmentClient {
    /// The catalogue entry: `google`, `github`.
    pub provider: String,
    /// What was given, by the provider's field names.
    pub values: Values,
}

impl Wallet {
    /// Makes an integration for all tenants of a client that the environment gives, and enables it. Where there is a
    /// shared integration of that provider already, it stays as it is: what the database says wins.
    ///
    /// # Errors
    /// As [`Wallet::create_integration`]. Where the provider cannot be reached, the integration stays a draft.
    pub async fn ensure_environment_client(
        &self,
        operator: &OperatorScope,
        asker: &Asker,
        client: EnvironmentClient,
    ) -> Result<Integration, WalletError> {
        let scope = operator.installation();
        let mut after = None;
        loop {
            let page = self
                .integrations(&scope, PageRequest::new(PageRequest::MAX, after))
                .await?;
            if let Some(found) = page
                .items
                .into_iter()
                .find(|found| found.provider == client.provider)
            {
                return Ok(found);
            }
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        let name = format!("{} (environment)", client.provider);
        let made = self
            .create_integration(&scope, asker, &client.provider, &name, client.values)
            .await?;
        match self.enable_integration(&scope, asker, made.id).await {
            Ok(enabled) => Ok(enabled),
            Err(error) => {
                tracing::warn!(provider = made.provider, code = error.code(), error = %error, "an integration from the environment stays a draft");
                Ok(made)
            }
        }
    }
}
