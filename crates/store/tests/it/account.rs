//! A tenant with a connected account, made through the ports.

use coffer_core::audit::AuditVerb;
use coffer_core::connection::{AccessToken, Attempt, AttemptKind, Slot};
use coffer_core::id::{ConnectionId, TenantId};
use coffer_core::ports::{ExchangeCommit, LeaseAnswer, Redemption, RefreshCommit, Stores};
use coffer_core::testing::fixture;
use coffer_core::{OperatorScope, Sealed, TenantScope};
use std::time::Duration;

pub const OPERATOR: OperatorScope = OperatorScope::assume("tests set up tenants");

pub struct Account {
    pub scope: TenantScope,
    pub id: ConnectionId,
    pub slot: Slot,
    pub token: AccessToken,
}

pub fn scope(tenant: TenantId) -> TenantScope {
    TenantScope::assume(tenant, "tests act for their tenants")
}

pub async fn new_tenant(stores: &Stores) -> TenantId {
    let tenant = fixture::tenant();
    let audit = fixture::audit(TenantId::INSTALLATION, AuditVerb::TenantCreate);
    stores.tenants.create(&OPERATOR, &tenant, &audit).await.unwrap();
    tenant.id
}

impl Account {
    pub async fn new(stores: &Stores) -> Self {
        Self::holding(stores, fixture::sealed()).await
    }

    /// An account with this sealed refresh token.
    pub async fn holding(stores: &Stores, refresh: Sealed) -> Self {
        let tenant = new_tenant(stores).await;
        let scope = scope(tenant);
        let integration = fixture::integration(tenant);
        let audit = |verb| fixture::audit(tenant, verb);
        let entry = audit(AuditVerb::IntegrationCreate);
        let made = stores.integrations.create(&scope, &integration, &entry).await;
        made.unwrap();
        let session = fixture::session(tenant, integration.reference());
        let entry = audit(AuditVerb::ConnectSessionCreate);
        stores
            .flows
            .create_session(&scope, &session, &entry)
            .await
            .unwrap();
        let flow = fixture::flow(&session);
        let entry = audit(AuditVerb::OAuthAuthorize);
        stores.flows.begin(&scope, &flow, &entry).await.unwrap();
        let attempt = fixture::exchange_attempt(tenant);
        let consumed = stores
            .flows
            .consume(&scope, flow.id, fixture::time(1), Some(&attempt), None);
        consumed.await.unwrap();
        let connection = fixture::connection(tenant, integration.reference());
        let mut slot = fixture::slot(&connection);
        slot.refresh = Some(refresh);
        let token = fixture::access_token(&slot);
        let commit = ExchangeCommit {
            flow: flow.id,
            attempt: attempt.id,
            result: fixture::flow_result(connection.id),
            tokens: vec![token.clone()],
            slots: vec![slot.clone()],
            connection,
            at: fixture::time(2),
        };
        let entry = audit(AuditVerb::ConnectionAuthorize);
        stores
            .flows
            .commit_exchange(&scope, &commit, &entry)
            .await
            .unwrap();
        let entry = audit(AuditVerb::ConnectionConfirm);
        let confirm = Redemption::Confirm;
        let redeemed = stores
            .flows
            .redeem(&scope, flow.id, fixture::time(3), &confirm, &entry);
        Self {
            scope,
            id: redeemed.await.unwrap(),
            slot,
            token,
        }
    }

    /// A refresh that has brought tokens, and waits for its commit.
    pub async fn refreshed(&self, stores: &Stores) -> RefreshCommit {
        let ttl = Duration::from_secs(60);
        let lease = stores.connections.lease(
            &self.scope,
            self.slot.id,
            fixture::replica(),
            ttl,
            fixture::time(4),
        );
        let LeaseAnswer::Granted { slot, .. } = lease.await.unwrap() else {
            panic!("no lease");
        };
        let attempt: Attempt = fixture::attempt(&slot, AttemptKind::Refresh);
        assert!(stores.connections.intend(&self.scope, &attempt).await.unwrap());
        let mut access = fixture::access_token(&slot);
        access.generation = slot.generation + 1;
        RefreshCommit {
            connection: self.id,
            slot: slot.id,
            epoch: slot.epoch,
            attempt: attempt.id,
            expected_generation: slot.generation,
            refresh: Some(fixture::sealed()),
            refresh_expires_at: None,
            due_at: None,
            access,
            scopes: None,
            at: fixture::time(5),
        }
    }
}
