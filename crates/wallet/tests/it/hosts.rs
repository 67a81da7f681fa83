//! Where an integration's secrets may go when somebody changes its addresses (THR-44).

use crate::world::{SECRET, World, operator, values};
use coffer_catalog::InputValue;
use coffer_core::id::{IntegrationId, TenantId};
use coffer_core::integration::Integration;
use coffer_core::rotation::RotationClass;
use coffer_simulator::model::Endpoint;
use coffer_wallet::{Values, WalletError};

const CLASS: RotationClass = RotationClass::SingleUse;

/// The configuration at another host, with the secret or without.
fn elsewhere(secret: Option<&str>) -> Values {
    let mut values = values(CLASS, secret.unwrap_or_default());
    values.insert("base_url".into(), InputValue::text("https://evil.example"));
    if secret.is_none() {
        values.remove("client_secret");
    }
    values
}

async fn update(world: &World, id: IntegrationId, to: Values) -> Result<Integration, WalletError> {
    let by = world.asker();
    world
        .wallet
        .update_integration(&world.scope, &by, id, None, Some(to))
        .await
}

#[tokio::test(start_paused = true)]
async fn thr_44_a_stored_secret_is_not_carried_to_another_host() {
    let world = World::of_class(CLASS).await;
    let draft = world
        .wallet
        .create_integration(
            &world.scope,
            &world.asker(),
            "simulator",
            "Draft",
            values(CLASS, SECRET),
        )
        .await
        .unwrap();
    for id in [draft.id, world.integration] {
        let Err(WalletError::Fields(errors)) = update(&world, id, elsewhere(None)).await else {
            panic!("the secret went along");
        };
        let found: Vec<_> = errors
            .iter()
            .map(|error| (error.field.as_str(), error.code))
            .collect();
        assert_eq!(found, [("client_secret", "enter_again")]);
        let there = world.wallet.integration(&world.scope, id).await.unwrap();
        assert_eq!(
            there.config["base_url"],
            crate::world::ISSUER,
            "nothing was changed"
        );
    }
    let moved = update(&world, draft.id, elsewhere(Some("another-secret-0123456789")))
        .await
        .unwrap();
    assert_eq!(moved.config["base_url"], "https://evil.example");
    assert_eq!(moved.secret_hints["client_secret"], "6789");
    // At the same host a secret that is left out stays, as before.
    let mut same = values(CLASS, SECRET);
    same.remove("client_secret");
    let kept = update(&world, world.integration, same).await.unwrap();
    assert!(kept.secrets.is_some());
    world.connect().await;
}

#[tokio::test(start_paused = true)]
async fn thr_44_an_integration_in_use_is_not_led_to_another_host() {
    let world = World::of_class(CLASS).await;
    let id = world.connect().await;
    let secret = Some("another-secret-0123456789");
    let refused = update(&world, world.integration, elsewhere(secret))
        .await
        .unwrap_err();
    assert_eq!(refused.code(), "integration_in_use");
    world.expire();
    world.token(id).await.unwrap();
    assert_eq!(
        world.totals().requests[&Endpoint::Refresh],
        1,
        "it goes on where it was"
    );
    world.disconnect(id).await.unwrap();
    let moved = update(&world, world.integration, elsewhere(secret))
        .await
        .unwrap();
    assert_eq!(moved.config["base_url"], "https://evil.example");
}

#[tokio::test(start_paused = true)]
async fn thr_44_a_shared_integration_that_was_in_use_is_not_led_to_another_host() {
    let world = World::of_class(CLASS).await;
    let (scope, by) = (
        operator().installation(),
        crate::world::asker(TenantId::INSTALLATION),
    );
    let shared = crate::world::new_integration(&world.wallet, &scope, "Shared", CLASS).await;
    let to = elsewhere(Some("another-secret-0123456789"));
    let refused = world
        .wallet
        .update_integration(&scope, &by, shared, None, Some(to))
        .await;
    assert_eq!(refused.unwrap_err().code(), "integration_in_use");
    // Who runs the installation may say that it is the same provider at another address, with its secret.
    let moves = async |to: Values| world.wallet.move_integration(&operator(), &by, shared, to).await;
    let without = moves(elsewhere(None)).await.unwrap_err();
    assert_eq!(without.code(), "invalid_fields");
    let moved = moves(elsewhere(Some("another-secret-0123456789"))).await.unwrap();
    assert_eq!(moved.config["base_url"], "https://evil.example");
    let own = world
        .wallet
        .move_integration(&operator(), &by, world.integration, elsewhere(Some(SECRET)))
        .await;
    assert_eq!(
        own.unwrap_err().code(),
        "not_found",
        "a tenant's own is not the operator's to move"
    );
}

#[tokio::test(start_paused = true)]
async fn an_integration_is_deleted_once_its_accounts_are_disconnected() {
    let world = World::of_class(CLASS).await;
    let id = world.connect().await;
    let delete = async || {
        world
            .wallet
            .delete_integration(&world.scope, &world.asker(), world.integration)
            .await
    };
    assert_eq!(delete().await.unwrap_err().code(), "integration_in_use");
    world.disconnect(id).await.unwrap();
    delete().await.unwrap();
    let gone = world.wallet.connection(&world.caller, id).await.unwrap_err();
    assert_eq!(gone.code(), "not_found");
}
