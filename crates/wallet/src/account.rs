//! Who the account at the provider is, and what belongs to it: sealed with the connection.

use crate::cells;
use crate::error::WalletError;
use crate::wallet::Inner;
use coffer_core::Sealed;
use coffer_core::connection::Connection;
use coffer_core::id::{ConnectionId, TenantId};
use coffer_core::secret::{ExposeSecret, secret_bytes};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The account, as far as the provider tells. It is personal data: shown to who may see the connection, never logged.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// Who vouches for `subject`: the OpenID issuer, or the provider's name.
    pub issuer: Option<String>,
    /// The provider's own unchanging id of the account.
    pub subject: Option<String>,
    /// The e-mail address, where told.
    pub email: Option<String>,
    /// Whether the provider says that it has verified the address.
    pub email_verified: Option<bool>,
    /// The name for people, where told.
    pub name: Option<String>,
    /// What templates need later: hosts, account ids.
    #[serde(default)]
    pub captured: BTreeMap<String, String>,
}

impl std::fmt::Debug for Account {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Account(..)")
    }
}

impl Account {
    /// What to call the account: name, e-mail, or its id.
    pub fn label(&self) -> Option<&str> {
        self.email
            .as_deref()
            .or(self.name.as_deref())
            .or(self.subject.as_deref())
    }
}

impl Inner {
    pub(crate) async fn seal_account(
        &self,
        tenant: TenantId,
        connection: ConnectionId,
        account: &Account,
    ) -> Result<Sealed, WalletError> {
        let json =
            serde_json::to_vec(account).map_err(|_| WalletError::Internal("an account is not JSON"))?;
        Ok(self
            .keys
            .seal(&cells::identity(tenant, connection), &secret_bytes(json))
            .await?)
    }

    pub(crate) async fn open_account(&self, connection: &Connection) -> Result<Option<Account>, WalletError> {
        let Some(sealed) = &connection.identity else {
            return Ok(None);
        };
        let opened = self
            .keys
            .open(&cells::identity(connection.tenant, connection.id), sealed)
            .await?;
        let account = serde_json::from_slice(opened.expose_secret())
            .map_err(|_| WalletError::Internal("a sealed account is not what was sealed"))?;
        Ok(Some(account))
    }
}
