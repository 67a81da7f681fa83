//! Keyed hashes by which rows are found without opening anything (docs/adr/0003).

use crate::error::WalletError;
use crate::wallet::Inner;
use coffer_core::bearer::BearerKind;
use coffer_core::id::TenantId;
use coffer_core::{Fingerprint, SecretHash};

impl Inner {
    /// The hash of one of our bearer secrets, under the installation's pepper: its tenant is not known yet.
    pub(crate) async fn bearer_hash(
        &self,
        kind: BearerKind,
        secret: &str,
    ) -> Result<SecretHash, WalletError> {
        let key = self.keys.lookup_key(TenantId::INSTALLATION).await?;
        Ok(key.hash(kind.prefix(), secret.as_bytes()))
    }

    /// The blind index of an account: (issuer, subject), under the tenant's own key (OA-C24, THR-12).
    pub(crate) async fn subject_index(
        &self,
        tenant: TenantId,
        issuer: &str,
        subject: &str,
    ) -> Result<Fingerprint, WalletError> {
        let key = self.keys.lookup_key(tenant).await?;
        let mut value = Vec::with_capacity(issuer.len() + subject.len() + 1);
        value.extend_from_slice(issuer.as_bytes());
        value.push(0);
        value.extend_from_slice(subject.as_bytes());
        Ok(key.fingerprint("subject", &value))
    }

    /// Tells which token an attempt presents, without giving it away.
    pub(crate) async fn token_fingerprint(
        &self,
        tenant: TenantId,
        token: &str,
    ) -> Result<Fingerprint, WalletError> {
        Ok(self
            .keys
            .lookup_key(tenant)
            .await?
            .fingerprint("presented-token", token.as_bytes()))
    }
}
