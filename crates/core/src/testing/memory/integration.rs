use super::state::{State, TenantRows, ascending, own};
use super::{MemoryStore, Method};
use crate::audit::AuditEntry;
use crate::connection::{ConnectionState, Reason};
use crate::id::{IntegrationId, TenantId};
use crate::integration::{Integration, IntegrationRef, IntegrationState};
use crate::page::{Page, PageRequest};
use crate::ports::IntegrationStore;
use crate::{StoreError, SystemScope, TenantScope};
use async_trait::async_trait;

#[async_trait]
impl IntegrationStore for MemoryStore {
    async fn create(
        &self,
        scope: &TenantScope,
        integration: &Integration,
        audit: &AuditEntry,
    ) -> Result<(), StoreError> {
        self.run(Method::CreateIntegration, |state, _| {
            own(scope.tenant(), integration.owner)?;
            let rows = state.audited(scope.tenant(), audit)?;
            if rows.integrations.contains_key(&integration.id) {
                return Err(StoreError::Duplicate("integration of this id"));
            }
            free_name(rows, integration)?;
            rows.integrations.insert(integration.id, integration.clone());
            rows.write(audit);
            Ok(())
        })
        .await
    }

    async fn update(
        &self,
        scope: &TenantScope,
        integration: &Integration,
        read: IntegrationState,
        audit: &AuditEntry,
    ) -> Result<(), StoreError> {
        self.run(Method::UpdateIntegration, |state, _| {
            own(scope.tenant(), integration.owner)?;
            let rows = state.audited(scope.tenant(), audit)?;
            let there = rows
                .integrations
                .get(&integration.id)
                .ok_or(StoreError::NotFound("integration"))?;
            if there.version.checked_add(1) != Some(integration.version) || there.state != read {
                return Err(StoreError::Stale("integration"));
            }
            free_name(rows, integration)?;
            rows.integrations.insert(integration.id, integration.clone());
            rows.write(audit);
            Ok(())
        })
        .await
    }

    async fn find(&self, scope: &TenantScope, id: IntegrationId) -> Result<Option<Integration>, StoreError> {
        self.run(Method::FindIntegration, |state, _| {
            let found = visible_to(scope.tenant())
                .into_iter()
                .find_map(|owner| state.integration(scope.tenant(), IntegrationRef { owner, id }));
            Ok(found.cloned())
        })
        .await
    }

    async fn list(&self, scope: &TenantScope, page: PageRequest) -> Result<Page<Integration>, StoreError> {
        self.run(Method::ListIntegrations, |state, _| {
            let owners = visible_to(scope.tenant());
            let mut found: Vec<&Integration> = owners
                .iter()
                .filter_map(|owner| state.rows(*owner))
                .flat_map(|rows| rows.integrations.values())
                .collect();
            found.sort_by_key(|integration| integration.id);
            Ok(ascending(found.into_iter(), page, |integration| {
                integration.id.uuid()
            }))
        })
        .await
    }

    async fn delete(
        &self,
        scope: &TenantScope,
        id: IntegrationId,
        audit: &AuditEntry,
    ) -> Result<(), StoreError> {
        self.run(Method::DeleteIntegration, |state, _| {
            let rows = state.audited(scope.tenant(), audit)?;
            if !rows.integrations.contains_key(&id) {
                return Err(StoreError::NotFound("integration"));
            }
            let reference = IntegrationRef {
                owner: scope.tenant(),
                id,
            };
            if is_in_use(state, scope.tenant(), reference) {
                return Err(StoreError::Duplicate("connection of this integration"));
            }
            for rows in state.tenants.values_mut() {
                rows.sessions
                    .retain(|_, session| session.integration != reference);
                rows.flows.retain(|_, flow| flow.integration != reference);
                rows.connections
                    .retain(|_, row| row.connection.integration != reference);
            }
            let rows = state.rows_mut(scope.tenant())?;
            rows.integrations.remove(&id);
            rows.write(audit);
            Ok(())
        })
        .await
    }

    async fn block(
        &self,
        _scope: &SystemScope,
        integration: IntegrationRef,
        version: u64,
        reason: &Reason,
        audit: &AuditEntry,
    ) -> Result<bool, StoreError> {
        self.run(Method::BlockIntegration, |state, _| {
            let Ok(rows) = state.rows_mut(integration.owner) else {
                return Ok(false);
            };
            let there = rows.integrations.get(&integration.id);
            let refused = there.filter(|there| there.version == version);
            if refused.is_none_or(|there| there.state != IntegrationState::Enabled) {
                return Ok(false);
            }
            let rows = state.audited(integration.owner, audit)?;
            if let Some(there) = rows.integrations.get_mut(&integration.id) {
                there.state = IntegrationState::Blocked;
                there.reason = Some(reason.clone());
                there.updated_at = audit.at;
            }
            rows.write(audit);
            Ok(true)
        })
        .await
    }
}

fn visible_to(tenant: TenantId) -> Vec<TenantId> {
    if tenant.is_installation() {
        vec![tenant]
    } else {
        vec![tenant, TenantId::INSTALLATION]
    }
}

fn free_name(rows: &TenantRows, integration: &Integration) -> Result<(), StoreError> {
    let mut others = rows.integrations.values();
    if others.any(|other| other.id != integration.id && other.name == integration.name) {
        return Err(StoreError::Duplicate("integration of this name"));
    }
    Ok(())
}

fn is_in_use(state: &State, tenant: TenantId, integration: IntegrationRef) -> bool {
    let all = state.tenants.values().flat_map(|rows| rows.connections.values());
    all.map(|row| &row.connection)
        .filter(|connection| connection.integration == integration)
        .any(|connection| connection.tenant != tenant || connection.state != ConnectionState::Revoked)
}
