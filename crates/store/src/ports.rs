//! The domain's ports on the store. Each method names its transaction, refuses records of another tenant, and hands
//! the rest to one query function.

mod audit;
mod caller;
mod connection;
mod data_key;
mod flow;
mod health;
mod idempotency;
mod integration;
mod tenant;

use coffer_core::StoreError;
use coffer_core::audit::AuditEntry;
use coffer_core::id::TenantId;

/// Refuses a record of another tenant than the scope's.
fn own(scope: TenantId, record: TenantId) -> Result<(), StoreError> {
    if scope == record {
        Ok(())
    } else {
        Err(StoreError::NotFound("tenant"))
    }
}

/// Refuses an audit row that would lie in another tenant's log.
fn audited(scope: TenantId, entry: &AuditEntry) -> Result<AuditEntry, StoreError> {
    own(scope, entry.tenant)?;
    Ok(entry.clone())
}
