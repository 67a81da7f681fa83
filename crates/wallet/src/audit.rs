//! Reading the audit log.

use crate::error::WalletError;
use crate::wallet::Wallet;
use coffer_core::TenantScope;
use coffer_core::audit::AuditEntry;
use coffer_core::page::{Page, PageRequest};

impl Wallet {
    /// The rows of a tenant's audit log, newest first.
    ///
    /// # Errors
    /// The store's.
    pub async fn audit_log(
        &self,
        scope: &TenantScope,
        page: PageRequest,
    ) -> Result<Page<AuditEntry>, WalletError> {
        Ok(self.inner.stores.audit.list(scope, page).await?)
    }
}
