use super::state::descending;
use super::{MemoryStore, Method};
use crate::audit::AuditEntry;
use crate::page::{Page, PageRequest};
use crate::ports::AuditStore;
use crate::{StoreError, TenantScope};
use async_trait::async_trait;

#[async_trait]
impl AuditStore for MemoryStore {
    async fn append(&self, scope: &TenantScope, entry: &AuditEntry) -> Result<(), StoreError> {
        self.run(Method::AppendAudit, |state, _| {
            state.audited(scope.tenant(), entry)?.write(entry);
            Ok(())
        })
        .await
    }

    async fn list(&self, scope: &TenantScope, page: PageRequest) -> Result<Page<AuditEntry>, StoreError> {
        self.run(Method::ListAudit, |state, _| {
            let rows = state.rows(scope.tenant());
            let entries = rows.into_iter().flat_map(|rows| rows.audit.values().rev());
            Ok(descending(entries, page, |entry| entry.id.uuid()))
        })
        .await
    }
}
