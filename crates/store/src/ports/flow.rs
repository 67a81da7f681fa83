use super::{audited, own};
use crate::Store;
use crate::tx::{Access, Spec, tx};
use async_trait::async_trait;
use coffer_core::audit::AuditEntry;
use coffer_core::connection::{Attempt, AttemptOutcome, Reason};
use coffer_core::flow::{ConnectSession, Flow};
use coffer_core::id::{AttemptId, ConnectionId, FlowId};
use coffer_core::ports::{ExchangeCommit, FlowStore, Redemption};
use coffer_core::{SecretHash, StoreError, SystemScope, TenantScope, Timestamp};

#[async_trait]
impl FlowStore for Store {
    async fn create_session(
        &self,
        scope: &TenantScope,
        session: &ConnectSession,
        audit: &AuditEntry,
    ) -> Result<(), StoreError> {
        let tenant = scope.tenant();
        own(tenant, session.tenant)?;
        let (session, entry) = (session.clone(), audited(tenant, audit)?);
        tx!(
            self,
            Spec::write("session.create", tenant),
            flow::create_session(&session, &entry)
        )
    }

    async fn find_session(
        &self,
        _scope: &SystemScope,
        token_hash: &SecretHash,
    ) -> Result<Option<ConnectSession>, StoreError> {
        let token = *token_hash;
        tx!(
            self,
            Spec::system("session.find", Access::ReadOne),
            system::session_by_token(&token)
        )
    }

    async fn begin(&self, scope: &TenantScope, flow: &Flow, audit: &AuditEntry) -> Result<(), StoreError> {
        let tenant = scope.tenant();
        own(tenant, flow.tenant)?;
        let (flow, entry) = (flow.clone(), audited(tenant, audit)?);
        tx!(
            self,
            Spec::write("flow.begin", tenant),
            flow::begin(&flow, &entry)
        )
    }

    async fn find_by_state(
        &self,
        _scope: &SystemScope,
        state_hash: &SecretHash,
    ) -> Result<Option<(Flow, ConnectSession)>, StoreError> {
        let state = *state_hash;
        tx!(
            self,
            Spec::system("flow.find_by_state", Access::ReadOne),
            system::flow_by_state(&state)
        )
    }

    async fn consume(
        &self,
        scope: &TenantScope,
        id: FlowId,
        at: Timestamp,
        attempt: Option<&Attempt>,
        audit: Option<&AuditEntry>,
    ) -> Result<(), StoreError> {
        let (tenant, attempt) = (scope.tenant(), attempt.cloned());
        let entry = audit.map(|entry| audited(tenant, entry)).transpose()?;
        if let Some(attempt) = &attempt {
            own(tenant, attempt.tenant)?;
        }
        tx!(
            self,
            Spec::write("flow.consume", tenant),
            flow::consume(tenant.into(), id.into(), at, attempt.as_ref(), entry.as_ref())
        )
    }

    async fn commit_exchange(
        &self,
        scope: &TenantScope,
        commit: &ExchangeCommit,
        audit: &AuditEntry,
    ) -> Result<(), StoreError> {
        let tenant = scope.tenant();
        let (commit, entry) = (commit.clone(), audited(tenant, audit)?);
        tx!(
            self,
            Spec::write("flow.commit_exchange", tenant),
            exchange::commit(tenant.into(), &commit, &entry)
        )
    }

    async fn fail_exchange(
        &self,
        scope: &TenantScope,
        attempt: AttemptId,
        outcome: AttemptOutcome,
        reason: &Reason,
        audit: &AuditEntry,
    ) -> Result<(), StoreError> {
        let tenant = scope.tenant();
        let (reason, entry) = (reason.clone(), audited(tenant, audit)?);
        tx!(
            self,
            Spec::write("flow.fail_exchange", tenant),
            flow::fail_exchange(tenant.into(), attempt.into(), outcome, &reason, &entry)
        )
    }

    async fn find_by_result(
        &self,
        scope: &TenantScope,
        result_hash: &SecretHash,
    ) -> Result<Option<(Flow, ConnectSession)>, StoreError> {
        let (tenant, result) = (scope.tenant(), *result_hash);
        tx!(
            self,
            Spec::read_one("flow.find_by_result", tenant),
            flow::find_by_result(tenant.into(), &result)
        )
    }

    async fn redeem(
        &self,
        scope: &TenantScope,
        flow: FlowId,
        at: Timestamp,
        how: &Redemption,
        audit: &AuditEntry,
    ) -> Result<ConnectionId, StoreError> {
        let tenant = scope.tenant();
        let (how, entry) = (how.clone(), audited(tenant, audit)?);
        tx!(
            self,
            Spec::write("flow.redeem", tenant),
            redeem::redeem(tenant.into(), flow.into(), at, &how, &entry)
        )
    }
}
