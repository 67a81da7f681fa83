use super::integration::{find, update};
use super::world::{SYSTEM, World, code, passing, race};
use crate::audit::AuditVerb;
use crate::failure::FailureCode;
use crate::id::IntegrationId;
use crate::integration::{IntegrationRef, IntegrationState};
use crate::ports::Stores;
use crate::testing::fixture;

/// The version stays when an integration is blocked, so that the state has to say that something changed.
pub async fn change_that_did_not_know_of_a_block_does_not_undo_it(stores: &Stores) {
    let world = World::new(stores).await;
    let mut late = world.integration.clone();
    late.version = 2;
    let audit = world.audit(AuditVerb::IntegrationBlock);
    let integrations = &stores.integrations;
    let blocked = integrations
        .block(
            &SYSTEM,
            world.reference(),
            world.integration.version,
            &passing(),
            &audit,
        )
        .await;
    assert!(blocked.unwrap());
    assert_eq!(code(&update(&world, &late).await), "stale");
    let there = find(&world, late.id).await.unwrap();
    assert_eq!(
        (there.state, there.reason),
        (IntegrationState::Blocked, Some(passing()))
    );
    let audit = world.audit(AuditVerb::IntegrationEnable);
    integrations
        .update(&world.scope, &late, IntegrationState::Blocked, &audit)
        .await
        .unwrap();
    assert_eq!(
        find(&world, late.id).await,
        Some(late),
        "the reason goes with the block"
    );
}

pub async fn integration_is_blocked_once_and_keeps_its_version(stores: &Stores) {
    let world = World::new(stores).await;
    let reason = fixture::reason(FailureCode::InvalidConfig);
    let answers = race(8, |_| {
        let (integrations, integration) = (stores.integrations.clone(), world.reference());
        let version = world.integration.version;
        let (audit, reason) = (world.audit(AuditVerb::IntegrationBlock), reason.clone());
        async move {
            let blocked = integrations
                .block(&SYSTEM, integration, version, &reason, &audit)
                .await;
            blocked.unwrap()
        }
    })
    .await;
    assert_eq!(
        answers.iter().filter(|blocked| **blocked).count(),
        1,
        "{answers:?}"
    );
    let blocked = find(&world, world.integration.id).await.unwrap();
    assert_eq!(
        (blocked.state, blocked.reason),
        (IntegrationState::Blocked, Some(reason))
    );
    assert_eq!(blocked.version, world.integration.version);
    assert_eq!(blocked.secrets, world.integration.secrets);
    let log = world.log().await;
    let alarms = log
        .iter()
        .filter(|entry| entry.verb == AuditVerb::IntegrationBlock);
    assert_eq!(alarms.count(), 1);
}

pub async fn only_an_enabled_integration_is_blocked(stores: &Stores) {
    let world = World::new(stores).await;
    let mut draft = world.integration.clone();
    draft.version = 2;
    draft.state = IntegrationState::Draft;
    update(&world, &draft).await.unwrap();
    let audit = world.audit(AuditVerb::IntegrationBlock);
    let integrations = &stores.integrations;
    assert!(
        !integrations
            .block(&SYSTEM, world.reference(), draft.version, &passing(), &audit)
            .await
            .unwrap()
    );
    assert_eq!(find(&world, draft.id).await, Some(draft.clone()));
    let unknown = IntegrationRef {
        owner: world.tenant.id,
        id: IntegrationId::from_uuid(fixture::id()),
    };
    assert!(
        !integrations
            .block(&SYSTEM, unknown, draft.version, &passing(), &audit)
            .await
            .unwrap()
    );
    assert!(!world.logged(&audit).await);
}

/// A late answer to what was sent with secrets that were replaced meanwhile.
pub async fn refusal_of_an_older_version_does_not_block(stores: &Stores) {
    let world = World::new(stores).await;
    let refused = world.integration.version;
    let mut mended = world.integration.clone();
    mended.version = refused + 1;
    update(&world, &mended).await.unwrap();
    let integrations = &stores.integrations;
    for other in [refused, mended.version + 1, u64::MAX] {
        let audit = world.audit(AuditVerb::IntegrationBlock);
        let blocked = integrations
            .block(&SYSTEM, world.reference(), other, &passing(), &audit)
            .await;
        assert!(!blocked.unwrap(), "version {other}");
        assert!(!world.logged(&audit).await);
    }
    assert_eq!(find(&world, mended.id).await, Some(mended.clone()));
    let audit = world.audit(AuditVerb::IntegrationBlock);
    let blocked = integrations
        .block(&SYSTEM, world.reference(), mended.version, &passing(), &audit)
        .await;
    assert!(blocked.unwrap());
}
