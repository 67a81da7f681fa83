//! A creation that is sent twice is done once.

use crate::world::{World, asker, operator};
use coffer_core::id::TenantId;
use coffer_core::rotation::RotationClass;
use coffer_core::secret::{ExposeSecret, secret_bytes};
use coffer_wallet::{Idempotent, Ticket, WalletError};

async fn take(world: &World, key: &str, request: &[u8]) -> Result<Idempotent, WalletError> {
    let by = world.asker();
    world
        .wallet
        .take_idempotency_key(&by, "POST /v1/callers", key, request)
        .await
}

async fn ticket(world: &World, key: &str) -> Ticket {
    match take(world, key, b"{}").await.unwrap() {
        Idempotent::Do(ticket) => ticket,
        Idempotent::Done { .. } => panic!("it was done before"),
    }
}

#[tokio::test(start_paused = true)]
async fn the_same_request_is_answered_alike_and_another_is_refused() {
    let world = World::of_class(RotationClass::Static).await;
    let first = ticket(&world, "k-1").await;
    let meanwhile = take(&world, "k-1", b"{}").await.unwrap_err();
    assert_eq!(meanwhile.code(), "idempotency_in_progress");
    let body = secret_bytes(br#"{"key":"shown once"}"#.to_vec());
    world
        .wallet
        .keep_answer(&world.asker(), first, 201, &body)
        .await
        .unwrap();
    let Idempotent::Done { status, body } = take(&world, "k-1", b"{}").await.unwrap() else {
        panic!("it is done again")
    };
    assert_eq!(
        (status, body.expose_secret()),
        (201, &br#"{"key":"shown once"}"#[..])
    );
    let other = take(&world, "k-1", b"{\"a\":1}").await.unwrap_err();
    assert_eq!(other.code(), "idempotency_mismatch");
    world.pass(24 * 3600);
    ticket(&world, "k-1").await;
}

#[tokio::test(start_paused = true)]
async fn a_request_that_made_nothing_or_whose_server_died_may_be_repeated() {
    let world = World::of_class(RotationClass::Static).await;
    let first = ticket(&world, "k-1").await;
    world.wallet.give_back(&world.asker(), first).await.unwrap();
    ticket(&world, "k-1").await;
    world.pass(59);
    assert!(take(&world, "k-1", b"{}").await.is_err());
    world.pass(2);
    ticket(&world, "k-1").await;
}

#[tokio::test(start_paused = true)]
async fn a_key_is_one_askers_own() {
    let world = World::of_class(RotationClass::Static).await;
    ticket(&world, "k-1").await;
    let other = world
        .wallet
        .create_tenant(&operator(), &asker(TenantId::INSTALLATION), "other", "Other")
        .await
        .unwrap();
    let taken = world
        .wallet
        .take_idempotency_key(&asker(other.id), "POST /v1/callers", "k-1", b"{}")
        .await;
    assert!(matches!(taken, Ok(Idempotent::Do(_))));
    for wrong in ["", "a b", "é", "a\n", &"k".repeat(256)] {
        let refused = take(&world, wrong, b"{}").await.unwrap_err();
        assert_eq!(refused.code(), "invalid_value", "{wrong:?}");
    }
}
