use super::world::{OPERATOR, World, code, log, new_tenant, race, scope};
use crate::audit::AuditVerb;
use crate::id::{TenantId, UserId};
use crate::page::PageRequest;
use crate::ports::Stores;
use crate::testing::fixture;

pub async fn tenant_is_found_by_id_and_external_id(stores: &Stores) {
    let tenant = new_tenant(stores).await;
    let tenants = &stores.tenants;
    let found = tenants.find(&OPERATOR, tenant.id).await.unwrap();
    assert_eq!(found.as_ref(), Some(&tenant));
    let found = tenants.find_by_external_id(&OPERATOR, &tenant.external_id);
    assert_eq!(found.await.unwrap(), Some(tenant));
    let unknown = TenantId::from_uuid(fixture::id());
    assert_eq!(tenants.find(&OPERATOR, unknown).await.unwrap(), None);
    let unknown = tenants.find_by_external_id(&OPERATOR, "no such org").await;
    assert_eq!(unknown.unwrap(), None);
}

pub async fn long_and_foreign_names_come_back_as_they_were(stores: &Stores) {
    let mut tenant = fixture::tenant();
    tenant.name = "字".repeat(200);
    tenant.external_id = format!("{}{}", "é".repeat(160), fixture::name(""))
        .chars()
        .take(200)
        .collect();
    let audit = fixture::audit(TenantId::INSTALLATION, AuditVerb::TenantCreate);
    stores.tenants.create(&OPERATOR, &tenant, &audit).await.unwrap();
    let found = stores.tenants.find_by_external_id(&OPERATOR, &tenant.external_id);
    assert_eq!(found.await.unwrap(), Some(tenant));
}

pub async fn tenant_and_its_audit_row_are_made_together(stores: &Stores) {
    let tenant = fixture::tenant();
    let installation = OPERATOR.installation();
    let audit = fixture::audit(TenantId::INSTALLATION, AuditVerb::TenantCreate);
    stores.tenants.create(&OPERATOR, &tenant, &audit).await.unwrap();
    assert!(log(stores, &installation).await.contains(&audit));

    let mut second = fixture::tenant();
    second.external_id.clone_from(&tenant.external_id);
    let refused = fixture::audit(TenantId::INSTALLATION, AuditVerb::TenantCreate);
    let answer = stores.tenants.create(&OPERATOR, &second, &refused).await;
    assert_eq!(code(&answer), "duplicate");
    assert!(!log(stores, &installation).await.contains(&refused));
    assert_eq!(stores.tenants.find(&OPERATOR, second.id).await.unwrap(), None);
}

pub async fn of_many_that_make_the_same_tenant_one_does(stores: &Stores) {
    let external_id = fixture::name("org");
    let answers = race(12, |_| {
        let (tenants, external_id) = (stores.tenants.clone(), external_id.clone());
        async move {
            let mut tenant = fixture::tenant();
            tenant.external_id = external_id;
            let audit = fixture::audit(TenantId::INSTALLATION, AuditVerb::TenantCreate);
            code(&tenants.create(&OPERATOR, &tenant, &audit).await)
        }
    })
    .await;
    assert_eq!(
        answers.iter().filter(|code| **code == "ok").count(),
        1,
        "{answers:?}"
    );
    assert_eq!(
        answers.iter().filter(|code| **code == "duplicate").count(),
        11,
        "{answers:?}"
    );
}

pub async fn tenants_are_listed_oldest_first_in_pages_without_the_installation(stores: &Stores) {
    let mut made = Vec::new();
    for _ in 0..5 {
        made.push(new_tenant(stores).await);
    }
    let mut listed = Vec::new();
    let mut page = PageRequest::new(2, None);
    loop {
        let answer = stores.tenants.list(&OPERATOR, page).await.unwrap();
        assert!(answer.items.len() <= 2);
        listed.extend(answer.items);
        let Some(next) = answer.next else { break };
        page.after = Some(next);
    }
    assert!(listed.is_sorted_by_key(|tenant| tenant.id));
    assert!(listed.iter().all(|tenant| !tenant.id.is_installation()));
    listed.retain(|tenant| made.contains(tenant));
    assert_eq!(listed, made);
}

pub async fn installation_is_not_found_as_a_tenant_but_acts_as_one(stores: &Stores) {
    let found = stores.tenants.find(&OPERATOR, TenantId::INSTALLATION).await;
    assert_eq!(found.unwrap(), None);
    let user = fixture::user(TenantId::INSTALLATION);
    let audit = fixture::audit(TenantId::INSTALLATION, AuditVerb::UserCreate);
    let installation = OPERATOR.installation();
    let there = stores.tenants.ensure_user(&installation, &user, &audit).await;
    assert_eq!(there.unwrap(), user);
}

pub async fn user_is_made_once_and_found_again(stores: &Stores) {
    let world = World::new(stores).await;
    let user = fixture::user(world.tenant.id);
    let first = world.audit(AuditVerb::UserCreate);
    let tenants = &stores.tenants;
    assert_eq!(
        tenants.ensure_user(&world.scope, &user, &first).await.unwrap(),
        user
    );

    let mut again = fixture::user(world.tenant.id);
    again.external_id.clone_from(&user.external_id);
    let second = world.audit(AuditVerb::UserCreate);
    assert_eq!(
        tenants.ensure_user(&world.scope, &again, &second).await.unwrap(),
        user
    );
    assert!(world.logged(&first).await);
    assert!(!world.logged(&second).await, "nothing was made the second time");

    assert_eq!(
        tenants.find_user(&world.scope, user.id).await.unwrap(),
        Some(user.clone())
    );
    assert_eq!(tenants.find_user(&world.scope, again.id).await.unwrap(), None);
    let found = tenants.find_user_by_external_id(&world.scope, &user.external_id);
    assert_eq!(found.await.unwrap(), Some(user));
    let unknown = tenants.find_user_by_external_id(&world.scope, "nobody").await;
    assert_eq!(unknown.unwrap(), None);
}

pub async fn of_many_that_ensure_the_same_user_all_get_the_same(stores: &Stores) {
    let world = World::new(stores).await;
    let external_id = fixture::name("user");
    let ids: Vec<UserId> = race(12, |_| {
        let (tenants, scope, external_id) = (stores.tenants.clone(), world.scope, external_id.clone());
        async move {
            let mut user = fixture::user(scope.tenant());
            user.external_id = external_id;
            let audit = fixture::audit(scope.tenant(), AuditVerb::UserCreate);
            tenants.ensure_user(&scope, &user, &audit).await.unwrap().id
        }
    })
    .await;
    assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
    let users = stores.tenants.list_users(&world.scope, PageRequest::default());
    assert_eq!(users.await.unwrap().items.len(), 1);
    let log = world.log().await;
    let made = log.iter().filter(|entry| entry.verb == AuditVerb::UserCreate);
    assert_eq!(made.count(), 1);
}

pub async fn two_tenants_may_use_the_same_external_id_for_a_user(stores: &Stores) {
    let (one, two) = (World::new(stores).await, World::new(stores).await);
    let user = fixture::user(one.tenant.id);
    let mut other = fixture::user(two.tenant.id);
    other.external_id.clone_from(&user.external_id);
    let tenants = &stores.tenants;
    tenants
        .ensure_user(&one.scope, &user, &one.audit(AuditVerb::UserCreate))
        .await
        .unwrap();
    tenants
        .ensure_user(&two.scope, &other, &two.audit(AuditVerb::UserCreate))
        .await
        .unwrap();
    let found = tenants.find_user_by_external_id(&one.scope, &user.external_id);
    assert_eq!(found.await.unwrap(), Some(user.clone()));
    let found = tenants.find_user_by_external_id(&two.scope, &user.external_id);
    assert_eq!(found.await.unwrap(), Some(other));
}

pub async fn users_are_listed_oldest_first_in_pages(stores: &Stores) {
    let world = World::new(stores).await;
    let mut made = Vec::new();
    for _ in 0..5 {
        made.push(world.user().await);
    }
    let tenants = &stores.tenants;
    let first = tenants
        .list_users(&world.scope, PageRequest::new(3, None))
        .await
        .unwrap();
    let ids: Vec<UserId> = first.items.iter().map(|user| user.id).collect();
    assert_eq!(ids, made[..3]);
    let rest = tenants
        .list_users(&world.scope, PageRequest::new(2, first.next))
        .await
        .unwrap();
    let ids: Vec<UserId> = rest.items.iter().map(|user| user.id).collect();
    assert_eq!(ids, made[3..]);
    assert_eq!(rest.next, None, "a full last page is the last one");
}

pub async fn user_of_an_unknown_tenant_is_refused(stores: &Stores) {
    let unknown = TenantId::from_uuid(fixture::id());
    let user = fixture::user(unknown);
    let audit = fixture::audit(unknown, AuditVerb::UserCreate);
    let answer = stores.tenants.ensure_user(&scope(unknown), &user, &audit).await;
    assert_eq!(code(&answer), "not_found");
}
