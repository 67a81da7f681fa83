use super::world::{OPERATOR, SYSTEM, World, code, passing, race, scope};
use crate::audit::AuditVerb;
use crate::id::{IntegrationId, TenantId};
use crate::integration::{Integration, IntegrationState};
use crate::page::PageRequest;
use crate::ports::Stores;
use crate::testing::fixture;
use crate::{Sealed, StoreError};

async fn shared(stores: &Stores) -> Integration {
    let shared = fixture::integration(TenantId::INSTALLATION);
    let audit = fixture::audit(TenantId::INSTALLATION, AuditVerb::IntegrationCreate);
    let integrations = &stores.integrations;
    integrations
        .create(&OPERATOR.installation(), &shared, &audit)
        .await
        .unwrap();
    shared
}

pub(super) async fn update(world: &World, to: &Integration) -> Result<(), StoreError> {
    let audit = world.audit(AuditVerb::IntegrationUpdate);
    let (integrations, read) = (&world.stores.integrations, IntegrationState::Enabled);
    integrations.update(&world.scope, to, read, &audit).await
}

pub(super) async fn find(world: &World, id: IntegrationId) -> Option<Integration> {
    world.stores.integrations.find(&world.scope, id).await.unwrap()
}

pub async fn integration_comes_back_as_it_was_with_nested_configuration(stores: &Stores) {
    let world = World::new(stores).await;
    assert_eq!(
        find(&world, world.integration.id).await,
        Some(world.integration.clone())
    );

    let mut bare = fixture::integration(world.tenant.id);
    bare.name = "ñ".repeat(200);
    bare.config.clear();
    bare.secret_hints.clear();
    (bare.state, bare.reason) = (IntegrationState::Blocked, Some(passing()));
    (bare.secrets, bare.secrets_set_at, bare.last_test) = (None, None, None);
    let audit = world.audit(AuditVerb::IntegrationCreate);
    stores
        .integrations
        .create(&world.scope, &bare, &audit)
        .await
        .unwrap();
    assert_eq!(find(&world, bare.id).await, Some(bare));
    assert!(world.logged(&audit).await);
    assert_eq!(find(&world, IntegrationId::from_uuid(fixture::id())).await, None);
}

pub async fn large_sealed_bytes_come_back_as_they_were(stores: &Stores) {
    let world = World::new(stores).await;
    let mut large = fixture::integration(world.tenant.id);
    let bytes = (0..=u8::MAX).cycle().take(64 * 1024).collect();
    large.secrets = Some(Sealed::from_envelope(bytes));
    let audit = world.audit(AuditVerb::IntegrationCreate);
    stores
        .integrations
        .create(&world.scope, &large, &audit)
        .await
        .unwrap();
    assert_eq!(find(&world, large.id).await, Some(large));
}

pub async fn integration_name_is_taken_once_per_owner(stores: &Stores) {
    let (world, other) = (World::new(stores).await, World::new(stores).await);
    let mut same = fixture::integration(world.tenant.id);
    same.name.clone_from(&world.integration.name);
    let audit = world.audit(AuditVerb::IntegrationCreate);
    let answer = stores.integrations.create(&world.scope, &same, &audit).await;
    assert_eq!(code(&answer), "duplicate");
    assert!(!world.logged(&audit).await);
    assert_eq!(find(&world, same.id).await, None);

    same.owner = other.tenant.id;
    let audit = other.audit(AuditVerb::IntegrationCreate);
    stores
        .integrations
        .create(&other.scope, &same, &audit)
        .await
        .unwrap();
}

pub async fn integration_of_an_unknown_or_another_tenant_is_refused(stores: &Stores) {
    let world = World::new(stores).await;
    let unknown = TenantId::from_uuid(fixture::id());
    let stray = fixture::integration(unknown);
    let audit = fixture::audit(unknown, AuditVerb::IntegrationCreate);
    let answer = stores.integrations.create(&scope(unknown), &stray, &audit).await;
    assert_eq!(code(&answer), "not_found");
    let audit = world.audit(AuditVerb::IntegrationCreate);
    let answer = stores.integrations.create(&world.scope, &stray, &audit).await;
    assert_eq!(code(&answer), "not_found");
    assert!(!world.logged(&audit).await);
}

pub async fn integration_is_replaced_where_the_version_is_the_next(stores: &Stores) {
    let world = World::new(stores).await;
    let mut next = fixture::integration(world.tenant.id);
    next.id = world.integration.id;
    next.version = 2;
    next.state = IntegrationState::Disabled;
    let audit = world.audit(AuditVerb::IntegrationUpdate);
    stores
        .integrations
        .update(&world.scope, &next, IntegrationState::Enabled, &audit)
        .await
        .unwrap();
    assert!(world.logged(&audit).await);
    assert_eq!(find(&world, next.id).await, Some(next.clone()));

    let stale = world.audit(AuditVerb::IntegrationUpdate);
    for version in [1, 2, 4] {
        let late = Integration {
            version,
            ..world.integration.clone()
        };
        let integrations = &stores.integrations;
        let answer = integrations
            .update(&world.scope, &late, IntegrationState::Disabled, &stale)
            .await;
        assert_eq!(code(&answer), "stale", "version {version}");
    }
    assert!(!world.logged(&stale).await);
    assert_eq!(find(&world, next.id).await, Some(next.clone()));
    next.id = IntegrationId::from_uuid(fixture::id());
    assert_eq!(code(&update(&world, &next).await), "not_found");
}

pub async fn of_many_updates_of_one_version_one_is_done(stores: &Stores) {
    let world = World::new(stores).await;
    let answers = race(12, |turn| {
        let (integrations, scope) = (stores.integrations.clone(), world.scope);
        let mut next = world.integration.clone();
        next.version = 2;
        next.provider = format!("provider-{turn}");
        let audit = world.audit(AuditVerb::IntegrationUpdate);
        let read = IntegrationState::Enabled;
        async move { code(&integrations.update(&scope, &next, read, &audit).await) }
    })
    .await;
    assert_eq!(
        answers.iter().filter(|code| **code == "ok").count(),
        1,
        "{answers:?}"
    );
    assert_eq!(
        answers.iter().filter(|code| **code == "stale").count(),
        11,
        "{answers:?}"
    );
}

pub async fn renaming_to_a_taken_name_is_refused(stores: &Stores) {
    let world = World::new(stores).await;
    let second = fixture::integration(world.tenant.id);
    let audit = world.audit(AuditVerb::IntegrationCreate);
    stores
        .integrations
        .create(&world.scope, &second, &audit)
        .await
        .unwrap();
    let mut renamed = second.clone();
    renamed.version = 2;
    renamed.name.clone_from(&world.integration.name);
    assert_eq!(code(&update(&world, &renamed).await), "duplicate");
    assert_eq!(find(&world, second.id).await, Some(second));
}

pub async fn installations_integrations_are_read_by_all_and_written_by_none(stores: &Stores) {
    let world = World::new(stores).await;
    let shared = shared(stores).await;
    assert_eq!(find(&world, shared.id).await.as_ref(), Some(&shared));
    let page = PageRequest::new(PageRequest::MAX, None);
    let listed = stores.integrations.list(&world.scope, page).await.unwrap().items;
    assert!(listed.contains(&shared) && listed.contains(&world.integration));

    let mut mine = Integration {
        version: 2,
        ..shared.clone()
    };
    assert_eq!(code(&update(&world, &mine).await), "not_found");
    mine.owner = world.tenant.id;
    assert_eq!(code(&update(&world, &mine).await), "not_found");
    let audit = world.audit(AuditVerb::IntegrationDelete);
    let answer = stores.integrations.delete(&world.scope, shared.id, &audit).await;
    assert_eq!(code(&answer), "not_found");
    assert_eq!(find(&world, shared.id).await, Some(shared.clone()));

    let installation = OPERATOR.installation();
    let own = stores.integrations.list(&installation, page).await.unwrap().items;
    assert!(own.contains(&shared) && !own.contains(&world.integration));
}

pub async fn integrations_are_listed_oldest_first_in_pages(stores: &Stores) {
    let world = World::new(stores).await;
    let mut made = vec![world.integration.clone(), shared(stores).await];
    let last = fixture::integration(world.tenant.id);
    let audit = world.audit(AuditVerb::IntegrationCreate);
    stores
        .integrations
        .create(&world.scope, &last, &audit)
        .await
        .unwrap();
    made.push(last);
    let (mut listed, mut after) = (Vec::new(), None);
    loop {
        let page = stores
            .integrations
            .list(&world.scope, PageRequest::new(1, after))
            .await
            .unwrap();
        assert!(page.items.len() <= 1);
        listed.extend(page.items);
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    listed.retain(|integration| made.contains(integration));
    assert_eq!(listed, made);
}

pub async fn integration_in_use_is_not_deleted(stores: &Stores) {
    let world = World::new(stores).await;
    let (live, revoked) = (world.connected().await, world.connected().await);
    world.disconnect(revoked.id).await;
    let audit = world.audit(AuditVerb::IntegrationDelete);
    let integrations = &stores.integrations;
    let answer = integrations
        .delete(&world.scope, world.integration.id, &audit)
        .await;
    assert_eq!(code(&answer), "duplicate");
    assert!(!world.logged(&audit).await);
    assert!(find(&world, world.integration.id).await.is_some());
    for id in [live.id, revoked.id] {
        let there = stores.connections.find(&world.scope, id).await.unwrap();
        assert!(there.is_some(), "nothing of it was deleted");
    }
}

pub async fn integration_is_deleted_with_its_revoked_connections(stores: &Stores) {
    let world = World::new(stores).await;
    let connection = world.connected().await;
    world.intending(&connection).await;
    world.disconnect(connection.id).await;
    let before = world.log().await;
    let audit = world.audit(AuditVerb::IntegrationDelete);
    stores
        .integrations
        .delete(&world.scope, world.integration.id, &audit)
        .await
        .unwrap();
    assert_eq!(find(&world, world.integration.id).await, None);
    let there = stores.connections.find(&world.scope, connection.id).await;
    assert_eq!(there.unwrap(), None);
    let attempts = stores
        .connections
        .attempts(&world.scope, connection.id, PageRequest::default())
        .await
        .unwrap();
    assert!(attempts.items.is_empty());
    let log = world.log().await;
    assert!(before.iter().all(|entry| log.contains(entry)), "the log stays");
}

pub async fn shared_integration_in_use_by_a_tenant_is_not_deleted(stores: &Stores) {
    let mut world = World::new(stores).await;
    world.integration = shared(stores).await;
    world.connected().await;
    let audit = fixture::audit(TenantId::INSTALLATION, AuditVerb::IntegrationDelete);
    let installation = OPERATOR.installation();
    let answer = stores
        .integrations
        .delete(&installation, world.integration.id, &audit)
        .await;
    assert_eq!(code(&answer), "duplicate");
    assert!(find(&world, world.integration.id).await.is_some());
}

pub async fn unused_integration_is_deleted_with_its_sessions_and_flows(stores: &Stores) {
    let world = World::new(stores).await;
    let (flow, session) = world.flow().await;
    let audit = world.audit(AuditVerb::IntegrationDelete);
    let integrations = &stores.integrations;
    integrations
        .delete(&world.scope, world.integration.id, &audit)
        .await
        .unwrap();
    assert!(world.logged(&audit).await);
    assert_eq!(find(&world, world.integration.id).await, None);
    let found = stores.flows.find_session(&SYSTEM, &session.token_hash).await;
    assert_eq!(found.unwrap(), None);
    let found = stores.flows.find_by_state(&SYSTEM, &flow.state_hash).await;
    assert_eq!(found.unwrap(), None);
    let again = world.audit(AuditVerb::IntegrationDelete);
    let answer = integrations
        .delete(&world.scope, world.integration.id, &again)
        .await;
    assert_eq!(code(&answer), "not_found");
}
