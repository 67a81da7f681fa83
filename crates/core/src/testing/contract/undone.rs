use super::estate::Estate;
use super::world::{OPERATOR, SYSTEM, World, code, failed, passing, refreshed};
use crate::audit::{AuditEntry, AuditVerb};
use crate::caller::Operator;
use crate::connection::{AttemptOutcome, Revocation};
use crate::id::TenantId;
use crate::integration::Integration;
use crate::ports::{Redemption, RevokeEnd, Stores};
use crate::tenant::Tenant;
use crate::testing::{Method, fixture};

/// What is made above tenants.
struct Above {
    tenant: Tenant,
    operator: Operator,
    known: Operator,
}

/// Makes every change that is audited, each once; says how each ended. The rows are for `tenant` and `installation`.
async fn change_all(
    of: &Estate,
    above: &Above,
    tenant: impl Fn() -> AuditEntry,
    installation: impl Fn() -> AuditEntry,
) -> Vec<(Method, &'static str)> {
    let (stores, scope) = (&of.world.stores, &of.world.scope);
    let own = of.world.tenant.id;
    let at = fixture::time(80);
    let mut ends = Vec::new();
    macro_rules! end {
        ($method:ident: $call:expr) => {
            ends.push((Method::$method, code(&$call.await)));
        };
    }
    end!(CreateTenant: stores.tenants.create(&OPERATOR, &above.tenant, &installation()));
    end!(CreateOperator: stores.callers.create_operator(&OPERATOR, &above.operator, &installation()));
    end!(RevokeOperator: stores.callers.revoke_operator(&OPERATOR, above.known.id, at, &installation()));
    end!(EnsureUser: stores.tenants.ensure_user(scope, &fixture::user(own), &tenant()));
    end!(CreateIntegration: stores.integrations.create(scope, &fixture::integration(own), &tenant()));
    let next = Integration {
        version: 2,
        ..of.spare.clone()
    };
    end!(UpdateIntegration: stores.integrations.update(scope, &next, of.spare.state, &tenant()));
    let there = stores.integrations.find(scope, next.id).await.unwrap().unwrap();
    let version = there.version;
    end!(BlockIntegration: stores.integrations.block(&SYSTEM, next.reference(), version, &passing(), &tenant()));
    end!(DeleteIntegration: stores.integrations.delete(scope, next.id, &tenant()));
    end!(CreateCaller: stores.callers.create(scope, &fixture::caller(own), &tenant()));
    end!(RevokeCaller: stores.callers.revoke(scope, of.caller.id, at, &tenant()));
    end!(AppendAudit: stores.audit.append(scope, &tenant()));

    let session = fixture::session(own, of.world.reference());
    end!(CreateSession: stores.flows.create_session(scope, &session, &tenant()));
    let flow = fixture::flow(&of.session);
    end!(BeginFlow: stores.flows.begin(scope, &flow, &tenant()));
    let [(exchanging, attempt), (_, failing)] = &of.exchanging;
    let commit = of.world.exchange(exchanging, attempt);
    end!(CommitExchange: stores.flows.commit_exchange(scope, &commit, &tenant()));
    let outcome = AttemptOutcome::Failed;
    end!(FailExchange: stores.flows.fail_exchange(scope, failing.id, outcome, &passing(), &tenant()));
    let flow = of.pending.flow;
    end!(Redeem: stores.flows.redeem(scope, flow, at, &Redemption::Confirm, &tenant()));
    let [(_, slot, attempt), (_, other, failing)] = &of.refreshing;
    let commit = refreshed(slot, attempt);
    end!(CommitRefresh: stores.connections.commit_refresh(scope, &commit, &tenant()));
    let failure = failed(other, Some(failing));
    end!(Fail: stores.connections.fail(scope, &failure, &tenant()));
    end!(Disconnect: stores.connections.disconnect(scope, of.connected.id, at, &tenant()));
    let (_, slot) = &of.revoking;
    let end = RevokeEnd {
        connection: slot.connection,
        slot: slot.id,
        epoch: slot.epoch,
        attempt: None,
        revocation: Revocation::Done,
        reason: None,
        at,
    };
    end!(EndRevoke: stores.connections.end_revoke(scope, &end, &tenant()));
    ends
}

async fn above(stores: &Stores) -> Above {
    let known = fixture::operator();
    let audit = fixture::audit(TenantId::INSTALLATION, AuditVerb::OperatorCreate);
    stores
        .callers
        .create_operator(&OPERATOR, &known, &audit)
        .await
        .unwrap();
    Above {
        tenant: fixture::tenant(),
        operator: fixture::operator(),
        known,
    }
}

/// Nothing above tenants has been done, either.
async fn assert_untouched(stores: &Stores, above: &Above) {
    let tenant = stores.tenants.find(&OPERATOR, above.tenant.id).await;
    assert_eq!(tenant.unwrap(), None);
    let operator = stores
        .callers
        .find_by_key(&SYSTEM, &above.operator.key_hash)
        .await;
    assert_eq!(operator.unwrap(), None);
    let known = stores
        .callers
        .find_by_key(&SYSTEM, &above.known.key_hash)
        .await
        .unwrap();
    assert_eq!(
        known,
        Some(crate::caller::KeyHolder::Operator(above.known.clone()))
    );
}

pub async fn change_is_undone_when_its_audit_row_cannot_be_written(stores: &Stores) {
    let of = Estate::new(stores).await;
    let above = above(stores).await;
    let before = of.snapshot().await;
    let taken = of.world.audit(AuditVerb::ConnectionSmokeTest);
    stores.audit.append(&of.world.scope, &taken).await.unwrap();
    let taken_above = fixture::audit(TenantId::INSTALLATION, AuditVerb::IntegrationTest);
    stores
        .audit
        .append(&OPERATOR.installation(), &taken_above)
        .await
        .unwrap();
    let mut expected = of.snapshot().await;
    assert_ne!(expected, before);

    let ends = change_all(&of, &above, || taken.clone(), || taken_above.clone()).await;
    for (method, end) in &ends {
        assert_ne!(
            *end,
            "ok",
            "{} went through without its audit row",
            method.as_str()
        );
    }
    assert_eq!(of.snapshot().await, expected);
    assert_untouched(stores, &above).await;

    let good = || of.world.audit(AuditVerb::ConnectionSmokeTest);
    let installation = || fixture::audit(TenantId::INSTALLATION, AuditVerb::IntegrationTest);
    for (method, end) in change_all(&of, &above, good, installation).await {
        assert_eq!(end, "ok", "{} had nothing else in its way", method.as_str());
    }
    expected = of.snapshot().await;
    assert_ne!(expected, before);
}

pub async fn thr_2_change_is_undone_when_its_audit_row_is_for_another_tenant(stores: &Stores) {
    let of = Estate::new(stores).await;
    let other = World::new(stores).await;
    let above = above(stores).await;
    let (before, log) = (of.snapshot().await, other.log().await);
    let foreign = || other.audit(AuditVerb::ConnectionSmokeTest);
    for (method, end) in change_all(&of, &above, foreign, foreign).await {
        assert_eq!(end, "not_found", "{}", method.as_str());
    }
    assert_eq!(of.snapshot().await, before);
    assert_eq!(other.log().await, log);
    assert_untouched(stores, &above).await;
}
