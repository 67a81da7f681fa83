use super::state::{ascending, own};
use super::{MemoryStore, Method};
use crate::audit::AuditEntry;
use crate::caller::{Caller, KeyHolder, Operator};
use crate::id::{CallerId, OperatorId, TenantId};
use crate::page::{Page, PageRequest};
use crate::ports::CallerStore;
use crate::{OperatorScope, SecretHash, StoreError, SystemScope, TenantScope, Timestamp};
use async_trait::async_trait;

#[async_trait]
impl CallerStore for MemoryStore {
    async fn find_by_key(
        &self,
        _scope: &SystemScope,
        key_hash: &SecretHash,
    ) -> Result<Option<KeyHolder>, StoreError> {
        self.run(Method::FindByKey, |state, _| {
            let mut callers = state.tenants.values().flat_map(|rows| rows.callers.values());
            let caller = callers.find(|caller| caller.key_hash == *key_hash);
            if let Some(caller) = caller {
                return Ok(Some(KeyHolder::Caller(caller.clone())));
            }
            let mut operators = state.operators.values();
            let operator = operators.find(|operator| operator.key_hash == *key_hash);
            Ok(operator.cloned().map(KeyHolder::Operator))
        })
        .await
    }

    async fn create(
        &self,
        scope: &TenantScope,
        caller: &Caller,
        audit: &AuditEntry,
    ) -> Result<(), StoreError> {
        self.run(Method::CreateCaller, |state, _| {
            own(scope.tenant(), caller.tenant)?;
            let mut everybody = state.tenants.values().flat_map(|rows| rows.callers.values());
            let known_key = everybody.any(|other| other.key_hash == caller.key_hash);
            let rows = state.audited(scope.tenant(), audit)?;
            if known_key || rows.callers.contains_key(&caller.id) {
                return Err(StoreError::Duplicate("caller of this key"));
            }
            if rows.callers.values().any(|other| other.name == caller.name) {
                return Err(StoreError::Duplicate("caller of this name"));
            }
            rows.callers.insert(caller.id, caller.clone());
            rows.write(audit);
            Ok(())
        })
        .await
    }

    async fn find(&self, scope: &TenantScope, id: CallerId) -> Result<Option<Caller>, StoreError> {
        self.run(Method::FindCaller, |state, _| {
            let rows = state.rows(scope.tenant());
            Ok(rows.and_then(|rows| rows.callers.get(&id)).cloned())
        })
        .await
    }

    async fn list(&self, scope: &TenantScope, page: PageRequest) -> Result<Page<Caller>, StoreError> {
        self.run(Method::ListCallers, |state, _| {
            let rows = state.rows(scope.tenant());
            let callers = rows.into_iter().flat_map(|rows| rows.callers.values());
            Ok(ascending(callers, page, |caller| caller.id.uuid()))
        })
        .await
    }

    async fn revoke(
        &self,
        scope: &TenantScope,
        id: CallerId,
        at: Timestamp,
        audit: &AuditEntry,
    ) -> Result<Caller, StoreError> {
        self.run(Method::RevokeCaller, |state, _| {
            let rows = state.audited(scope.tenant(), audit)?;
            let caller = rows.callers.get_mut(&id).ok_or(StoreError::NotFound("caller"))?;
            let changed = caller.revoked_at.is_none();
            caller.revoked_at.get_or_insert(at);
            let caller = caller.clone();
            if changed {
                rows.write(audit);
            }
            Ok(caller)
        })
        .await
    }

    async fn create_operator(
        &self,
        _scope: &OperatorScope,
        operator: &Operator,
        audit: &AuditEntry,
    ) -> Result<(), StoreError> {
        self.run(Method::CreateOperator, |state, _| {
            state.audited(TenantId::INSTALLATION, audit)?;
            for other in state.operators.values() {
                if other.name == operator.name {
                    return Err(StoreError::Duplicate("operator of this name"));
                }
                if other.key_hash == operator.key_hash || other.id == operator.id {
                    return Err(StoreError::Duplicate("operator of this key"));
                }
            }
            state.operators.insert(operator.id, operator.clone());
            state.rows_mut(TenantId::INSTALLATION)?.write(audit);
            Ok(())
        })
        .await
    }

    async fn list_operators(
        &self,
        _scope: &OperatorScope,
        page: PageRequest,
    ) -> Result<Page<Operator>, StoreError> {
        self.run(Method::ListOperators, |state, _| {
            Ok(ascending(state.operators.values(), page, |operator| {
                operator.id.uuid()
            }))
        })
        .await
    }

    async fn revoke_operator(
        &self,
        _scope: &OperatorScope,
        id: OperatorId,
        at: Timestamp,
        audit: &AuditEntry,
    ) -> Result<Operator, StoreError> {
        self.run(Method::RevokeOperator, |state, _| {
            state.audited(TenantId::INSTALLATION, audit)?;
            let operator = state
                .operators
                .get_mut(&id)
                .ok_or(StoreError::NotFound("operator"))?;
            let changed = operator.revoked_at.is_none();
            operator.revoked_at.get_or_insert(at);
            let operator = operator.clone();
            if changed {
                state.rows_mut(TenantId::INSTALLATION)?.write(audit);
            }
            Ok(operator)
        })
        .await
    }
}
