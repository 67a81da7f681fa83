use super::world::{OPERATOR, World, code, log, scope};
use crate::actor::Actor;
use crate::audit::AuditVerb;
use crate::id::{OperatorId, TenantId};
use crate::page::PageRequest;
use crate::ports::Stores;
use crate::testing::fixture;
use serde_json::json;

pub async fn audit_row_of_every_verb_and_actor_comes_back_as_it_was(stores: &Stores) {
    let world = World::new(stores).await;
    let actors = [
        Actor::Operator(OperatorId::from_uuid(fixture::id())),
        Actor::Browser,
        Actor::System,
        Actor::CommandLine,
    ];
    for (verb, actor) in AuditVerb::ALL.iter().zip(actors.into_iter().cycle()) {
        let mut entry = world.audit(*verb);
        entry.actor = actor;
        entry.detail = json!({"count": 3, "empty": {}, "list": [null, "日本"], "verb": verb.as_str()});
        stores.audit.append(&world.scope, &entry).await.unwrap();
        assert!(world.logged(&entry).await, "{verb:?}");
    }
}

pub async fn audit_log_is_listed_newest_first_in_pages(stores: &Stores) {
    let world = World::new(stores).await;
    let mut all = world.log().await;
    for _ in 0..5 {
        let entry = world.audit(AuditVerb::ConnectionSmokeTest);
        stores.audit.append(&world.scope, &entry).await.unwrap();
        all.insert(0, entry);
    }
    let (mut listed, mut after) = (Vec::new(), None);
    loop {
        let page = stores
            .audit
            .list(&world.scope, PageRequest::new(2, after))
            .await
            .unwrap();
        assert!(page.items.len() <= 2);
        listed.extend(page.items);
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(listed, all);
}

pub async fn audit_row_for_another_or_an_unknown_tenant_is_refused(stores: &Stores) {
    let (world, other) = (World::new(stores).await, World::new(stores).await);
    for tenant in [other.tenant.id, TenantId::INSTALLATION] {
        let entry = fixture::audit(tenant, AuditVerb::ConnectionSmokeTest);
        let answer = stores.audit.append(&world.scope, &entry).await;
        assert_eq!(code(&answer), "not_found");
        assert!(!log(stores, &scope(tenant)).await.contains(&entry));
        assert!(!world.logged(&entry).await);
    }
    let unknown = TenantId::from_uuid(fixture::id());
    let entry = fixture::audit(unknown, AuditVerb::ConnectionSmokeTest);
    let answer = stores.audit.append(&scope(unknown), &entry).await;
    assert_eq!(code(&answer), "not_found");
}

pub async fn installation_has_a_log_of_its_own(stores: &Stores) {
    let world = World::new(stores).await;
    let installation = OPERATOR.installation();
    let entry = fixture::audit(TenantId::INSTALLATION, AuditVerb::IntegrationTest);
    stores.audit.append(&installation, &entry).await.unwrap();
    assert!(log(stores, &installation).await.contains(&entry));
    assert!(!world.logged(&entry).await);
}
