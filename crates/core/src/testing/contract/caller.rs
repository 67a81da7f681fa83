use super::world::{OPERATOR, SYSTEM, World, code, log, scope};
use crate::audit::AuditVerb;
use crate::caller::{Caller, CallerVerb, KeyHolder, Operator};
use crate::id::{CallerId, ConnectionId, OperatorId, TenantId};
use crate::page::PageRequest;
use crate::ports::Stores;
use crate::testing::fixture;

async fn made(world: &World, caller: Caller) -> Caller {
    let audit = world.audit(AuditVerb::CallerCreate);
    let callers = &world.stores.callers;
    callers.create(&world.scope, &caller, &audit).await.unwrap();
    assert!(world.logged(&audit).await);
    caller
}

async fn made_operator(stores: &Stores) -> Operator {
    let operator = fixture::operator();
    let audit = fixture::audit(TenantId::INSTALLATION, AuditVerb::OperatorCreate);
    stores
        .callers
        .create_operator(&OPERATOR, &operator, &audit)
        .await
        .unwrap();
    assert!(log(stores, &OPERATOR.installation()).await.contains(&audit));
    operator
}

pub async fn caller_is_found_by_id_and_by_the_hash_of_its_key(stores: &Stores) {
    let world = World::new(stores).await;
    let narrow = made(&world, fixture::caller(world.tenant.id)).await;
    let mut wide = fixture::caller(world.tenant.id);
    wide.name = "名".repeat(200);
    wide.verbs = CallerVerb::ALL.to_vec();
    wide.integrations = None;
    wide.connections = Some(vec![ConnectionId::from_uuid(fixture::id())]);
    let mut shut_out = fixture::caller(world.tenant.id);
    shut_out.verbs.clear();
    shut_out.integrations = Some(Vec::new());
    let (wide, shut_out) = (made(&world, wide).await, made(&world, shut_out).await);
    for caller in [narrow, wide, shut_out] {
        let found = stores.callers.find(&world.scope, caller.id).await.unwrap();
        assert_eq!(found.as_ref(), Some(&caller));
        let found = stores.callers.find_by_key(&SYSTEM, &caller.key_hash).await;
        assert_eq!(found.unwrap(), Some(KeyHolder::Caller(caller)));
    }
    let unknown = CallerId::from_uuid(fixture::id());
    assert_eq!(stores.callers.find(&world.scope, unknown).await.unwrap(), None);
    let unknown = stores.callers.find_by_key(&SYSTEM, &fixture::secret_hash()).await;
    assert_eq!(unknown.unwrap(), None);
}

pub async fn caller_name_and_key_are_taken_once(stores: &Stores) {
    let (world, other) = (World::new(stores).await, World::new(stores).await);
    let caller = made(&world, fixture::caller(world.tenant.id)).await;
    let mut same_name = fixture::caller(world.tenant.id);
    same_name.name.clone_from(&caller.name);
    let mut same_key = fixture::caller(world.tenant.id);
    same_key.key_hash = caller.key_hash;
    for refused in [same_name, same_key] {
        let audit = world.audit(AuditVerb::CallerCreate);
        let answer = stores.callers.create(&world.scope, &refused, &audit).await;
        assert_eq!(code(&answer), "duplicate");
        assert!(!world.logged(&audit).await);
        assert_eq!(stores.callers.find(&world.scope, refused.id).await.unwrap(), None);
    }
    let mut elsewhere = fixture::caller(other.tenant.id);
    elsewhere.name.clone_from(&caller.name);
    made(&other, elsewhere).await;
    let found = stores.callers.find_by_key(&SYSTEM, &caller.key_hash).await;
    assert_eq!(found.unwrap(), Some(KeyHolder::Caller(caller)));
}

pub async fn revoked_and_expired_callers_are_found(stores: &Stores) {
    let world = World::new(stores).await;
    let mut expired = fixture::caller(world.tenant.id);
    expired.expires_at = expired.created_at;
    let expired = made(&world, expired).await;
    let found = stores.callers.find_by_key(&SYSTEM, &expired.key_hash).await;
    assert_eq!(found.unwrap(), Some(KeyHolder::Caller(expired)));

    let caller = made(&world, fixture::caller(world.tenant.id)).await;
    let audit = world.audit(AuditVerb::CallerRevoke);
    let at = fixture::time(70);
    let revoked = stores
        .callers
        .revoke(&world.scope, caller.id, at, &audit)
        .await
        .unwrap();
    assert_eq!(
        revoked,
        Caller {
            revoked_at: Some(at),
            ..caller.clone()
        }
    );
    assert!(world.logged(&audit).await);
    let found = stores.callers.find_by_key(&SYSTEM, &caller.key_hash).await;
    assert_eq!(found.unwrap(), Some(KeyHolder::Caller(revoked)));
}

pub async fn caller_that_is_revoked_again_keeps_its_time(stores: &Stores) {
    let world = World::new(stores).await;
    let caller = made(&world, fixture::caller(world.tenant.id)).await;
    let callers = &stores.callers;
    let audit = world.audit(AuditVerb::CallerRevoke);
    let first = callers
        .revoke(&world.scope, caller.id, fixture::time(70), &audit)
        .await;
    let audit = world.audit(AuditVerb::CallerRevoke);
    let again = callers
        .revoke(&world.scope, caller.id, fixture::time(80), &audit)
        .await;
    assert_eq!(again.unwrap(), first.unwrap());
    assert!(!world.logged(&audit).await, "nothing was changed the second time");
    let unknown = CallerId::from_uuid(fixture::id());
    let answer = callers
        .revoke(&world.scope, unknown, fixture::time(80), &audit)
        .await;
    assert_eq!(code(&answer), "not_found");
}

pub async fn callers_are_listed_oldest_first_in_pages(stores: &Stores) {
    let world = World::new(stores).await;
    let mut all = Vec::new();
    for _ in 0..4 {
        all.push(made(&world, fixture::caller(world.tenant.id)).await);
    }
    let callers = &stores.callers;
    let first = callers
        .list(&world.scope, PageRequest::new(3, None))
        .await
        .unwrap();
    assert_eq!(first.items, all[..3]);
    let last = callers
        .list(&world.scope, PageRequest::new(3, first.next))
        .await
        .unwrap();
    assert_eq!((last.items.as_slice(), last.next), (&all[3..], None));
}

pub async fn caller_of_an_unknown_or_another_tenant_is_refused(stores: &Stores) {
    let world = World::new(stores).await;
    let unknown = TenantId::from_uuid(fixture::id());
    let stray = fixture::caller(unknown);
    let audit = fixture::audit(unknown, AuditVerb::CallerCreate);
    let answer = stores.callers.create(&scope(unknown), &stray, &audit).await;
    assert_eq!(code(&answer), "not_found");
    let audit = world.audit(AuditVerb::CallerCreate);
    let answer = stores.callers.create(&world.scope, &stray, &audit).await;
    assert_eq!(code(&answer), "not_found");
    let found = stores.callers.find_by_key(&SYSTEM, &stray.key_hash).await;
    assert_eq!(found.unwrap(), None);
}

pub async fn operator_is_found_by_key_and_revoked_once(stores: &Stores) {
    let operator = made_operator(stores).await;
    let callers = &stores.callers;
    let found = callers.find_by_key(&SYSTEM, &operator.key_hash).await.unwrap();
    assert_eq!(found, Some(KeyHolder::Operator(operator.clone())));
    let at = fixture::time(75);
    let audit = fixture::audit(TenantId::INSTALLATION, AuditVerb::OperatorRevoke);
    let revoked = callers
        .revoke_operator(&OPERATOR, operator.id, at, &audit)
        .await
        .unwrap();
    assert_eq!(
        revoked,
        Operator {
            revoked_at: Some(at),
            ..operator.clone()
        }
    );
    let again = fixture::audit(TenantId::INSTALLATION, AuditVerb::OperatorRevoke);
    let answer = callers
        .revoke_operator(&OPERATOR, operator.id, fixture::time(99), &again)
        .await;
    assert_eq!(answer.unwrap(), revoked);
    let found = callers.find_by_key(&SYSTEM, &operator.key_hash).await.unwrap();
    assert_eq!(found, Some(KeyHolder::Operator(revoked)));
    let log = log(stores, &OPERATOR.installation()).await;
    assert!(log.contains(&audit) && !log.contains(&again));
    let unknown = OperatorId::from_uuid(fixture::id());
    let answer = callers.revoke_operator(&OPERATOR, unknown, at, &again).await;
    assert_eq!(code(&answer), "not_found");
}

pub async fn operator_name_is_taken_once(stores: &Stores) {
    let operator = made_operator(stores).await;
    let mut same = fixture::operator();
    same.name.clone_from(&operator.name);
    let audit = fixture::audit(TenantId::INSTALLATION, AuditVerb::OperatorCreate);
    let answer = stores.callers.create_operator(&OPERATOR, &same, &audit).await;
    assert_eq!(code(&answer), "duplicate");
    assert!(!log(stores, &OPERATOR.installation()).await.contains(&audit));
    let found = stores.callers.find_by_key(&SYSTEM, &same.key_hash).await;
    assert_eq!(found.unwrap(), None);
}

pub async fn operators_are_listed_oldest_first_in_pages(stores: &Stores) {
    let mut all = Vec::new();
    for _ in 0..3 {
        all.push(made_operator(stores).await);
    }
    let (mut listed, mut after) = (Vec::new(), None);
    loop {
        let page = stores
            .callers
            .list_operators(&OPERATOR, PageRequest::new(2, after))
            .await
            .unwrap();
        assert!(page.items.len() <= 2);
        listed.extend(page.items);
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    listed.retain(|operator| all.contains(operator));
    assert_eq!(listed, all);
}
