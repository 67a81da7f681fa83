use super::{audited, own};
use crate::Store;
use crate::tx::{Access, Spec, tx};
use async_trait::async_trait;
use coffer_core::audit::AuditEntry;
use coffer_core::caller::{Caller, KeyHolder, Operator};
use coffer_core::id::{CallerId, OperatorId, TenantId};
use coffer_core::page::{Page, PageRequest};
use coffer_core::ports::CallerStore;
use coffer_core::{OperatorScope, SecretHash, StoreError, SystemScope, TenantScope, Timestamp};

/// Operators lie in the installation's tenant.
const OPERATORS: TenantId = TenantId::INSTALLATION;

#[async_trait]
impl CallerStore for Store {
    async fn find_by_key(
        &self,
        _scope: &SystemScope,
        key_hash: &SecretHash,
    ) -> Result<Option<KeyHolder>, StoreError> {
        let key = *key_hash;
        tx!(
            self,
            Spec::system("caller.find_by_key", Access::Read),
            system::key_holder(&key)
        )
    }

    async fn create(
        &self,
        scope: &TenantScope,
        caller: &Caller,
        audit: &AuditEntry,
    ) -> Result<(), StoreError> {
        let tenant = scope.tenant();
        own(tenant, caller.tenant)?;
        let (caller, entry) = (caller.clone(), audited(tenant, audit)?);
        tx!(
            self,
            Spec::write("caller.create", tenant),
            caller::create(&caller, &entry)
        )
    }

    async fn find(&self, scope: &TenantScope, id: CallerId) -> Result<Option<Caller>, StoreError> {
        let tenant = scope.tenant();
        tx!(
            self,
            Spec::read_one("caller.find", tenant),
            caller::find(tenant.into(), id.into())
        )
    }

    async fn list(&self, scope: &TenantScope, page: PageRequest) -> Result<Page<Caller>, StoreError> {
        let tenant = scope.tenant();
        tx!(
            self,
            Spec::read_one("caller.list", tenant),
            caller::list(tenant.into(), page)
        )
    }

    async fn revoke(
        &self,
        scope: &TenantScope,
        id: CallerId,
        at: Timestamp,
        audit: &AuditEntry,
    ) -> Result<Caller, StoreError> {
        let tenant = scope.tenant();
        let entry = audited(tenant, audit)?;
        tx!(
            self,
            Spec::write("caller.revoke", tenant),
            caller::revoke(tenant.into(), id.into(), at, &entry)
        )
    }

    async fn create_operator(
        &self,
        _scope: &OperatorScope,
        operator: &Operator,
        audit: &AuditEntry,
    ) -> Result<(), StoreError> {
        let (operator, entry) = (operator.clone(), audited(OPERATORS, audit)?);
        tx!(
            self,
            Spec::write("operator.create", OPERATORS),
            operator::create(&operator, &entry)
        )
    }

    async fn list_operators(
        &self,
        _scope: &OperatorScope,
        page: PageRequest,
    ) -> Result<Page<Operator>, StoreError> {
        tx!(
            self,
            Spec::read_one("operator.list", OPERATORS),
            operator::list(OPERATORS.into(), page)
        )
    }

    async fn revoke_operator(
        &self,
        _scope: &OperatorScope,
        id: OperatorId,
        at: Timestamp,
        audit: &AuditEntry,
    ) -> Result<Operator, StoreError> {
        let entry = audited(OPERATORS, audit)?;
        tx!(
            self,
            Spec::write("operator.revoke", OPERATORS),
            operator::revoke(OPERATORS.into(), id.into(), at, &entry)
        )
    }
}
