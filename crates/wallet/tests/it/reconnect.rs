//! The same account again, another account, and results that are redeemed once (requirement W12).

use crate::world::{Setup, World, asker, everything, new_caller, operator};
use coffer_core::TenantScope;
use coffer_core::connection::{ConnectionState, Revocation};
use coffer_core::id::TenantId;
use coffer_core::rotation::RotationClass;
use coffer_core::secret::ExposeSecret;
use coffer_core::testing::{Fault, Method};
use coffer_simulator::model::{Behaviour, Effect, Endpoint};
use coffer_wallet::WalletError;

#[tokio::test(start_paused = true)]
async fn the_same_account_keeps_its_connection_and_its_generations_grow() {
    let world = World::of_class(RotationClass::SingleUse).await;
    let id = world.connect().await;
    let first = world.token(id).await.unwrap();
    let again = world.connect_as("alice", |_| {}).await.unwrap();
    assert_eq!((again.id, again.generation), (id, 2));
    let second = world.token(id).await.unwrap();
    assert_ne!(
        first.access_token.expose_secret(),
        second.access_token.expose_secret()
    );
    world.expire();
    assert_eq!(world.token(id).await.unwrap().generation, 3);
    assert_eq!(world.totals().reuses, 0);
}

#[tokio::test(start_paused = true)]
async fn an_account_that_was_disconnected_comes_back_under_its_id() {
    let world = World::of_class(RotationClass::SingleUse).await;
    let id = world.connect().await;
    world.disconnect(id).await.unwrap();
    let again = world.connect_as("alice", |_| {}).await.unwrap();
    assert_eq!(
        (again.id, again.state, again.revocation),
        (id, ConnectionState::Fresh, Revocation::None)
    );
    assert_eq!(world.token(id).await.unwrap().generation, again.generation);
}

#[tokio::test(start_paused = true)]
async fn another_account_and_another_person_get_connections_of_their_own() {
    let world = World::of_class(RotationClass::SingleUse).await;
    let alice = world.connect().await;
    let bob = world.connect_as("bob", |_| {}).await.unwrap().id;
    let shared = world
        .connect_as("alice", |new| new.user = Some("carol@acme".into()))
        .await
        .unwrap()
        .id;
    let nobody = world.connect_as("alice", |new| new.user = None).await.unwrap().id;
    let mut ids = vec![alice, bob, shared, nobody];
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 4);
    for id in ids {
        assert_eq!(world.token(id).await.unwrap().generation, 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_named_connection_takes_its_own_account_and_refuses_another() {
    let world = World::of_class(RotationClass::SingleUse).await;
    let id = world.connect().await;
    let kept = world.token(id).await.unwrap();
    let refused = world.connect_as("bob", |new| new.connection = Some(id)).await;
    assert_eq!(refused.unwrap_err().code(), "account_mismatch");
    let status = world.status(id).await;
    assert_eq!((status.state, status.generation), (ConnectionState::Fresh, 1));
    assert_eq!(
        world.token(id).await.unwrap().access_token.expose_secret(),
        kept.access_token.expose_secret()
    );
    let again = world
        .connect_as("alice", |new| new.connection = Some(id))
        .await
        .unwrap();
    assert_eq!((again.id, again.generation), (id, 2));
}

#[tokio::test(start_paused = true)]
async fn a_reconnect_supersedes_a_refresh_in_flight() {
    let world = std::sync::Arc::new(World::of_class(RotationClass::SingleUse).await);
    let id = world.connect().await;
    world.expire();
    world.strike(Endpoint::Refresh, true, Effect::Late { ms: 4000 }, 1);
    let asked = tokio::spawn({
        let world = std::sync::Arc::clone(&world);
        async move { world.token(id).await.map(|token| token.generation) }
    });
    tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    let again = world.connect_as("alice", |_| {}).await.unwrap();
    assert_eq!((again.id, again.generation), (id, 2));
    assert_eq!(
        asked.await.unwrap().unwrap(),
        2,
        "the reconnected token, not the late one"
    );
    assert_eq!(world.status(id).await.generation, 2, "inv3");
    world.expire();
    assert_eq!(
        world.token(id).await.unwrap().generation,
        3,
        "inv4: of the new grant"
    );
    assert_eq!(world.totals().reuses, 0);
}

#[tokio::test(start_paused = true)]
async fn w12_a_result_is_redeemed_once_in_time_and_by_its_own_tenant() {
    let world = World::new(Setup::default()).await;
    let result = world.result("alice", |_| {}).await;
    let other = world
        .wallet
        .create_tenant(&operator(), &asker(TenantId::INSTALLATION), "other", "Other")
        .await
        .unwrap();
    let foreign = world.wallet.redeem(&asker(other.id), &result).await.unwrap_err();
    assert_eq!(foreign.code(), "result_unknown");
    for wrong in ["", "cfx_", "cfx_nonsense", &result[..result.len() - 1]] {
        let refused = world.wallet.redeem(&world.asker(), wrong).await.unwrap_err();
        assert_eq!(refused.code(), "result_unknown", "{wrong}");
    }
    world.pass(299);
    let connected = world.wallet.redeem(&world.asker(), &result).await.unwrap();
    let rows = world.audit_verbs().await.len();
    let again = world.wallet.redeem(&world.asker(), &result).await.unwrap();
    assert_eq!((again.id, again.generation), (connected.id, connected.generation));
    assert_eq!(world.audit_verbs().await.len(), rows, "a repetition does nothing");
    let foreign = world.wallet.redeem(&asker(other.id), &result).await.unwrap_err();
    assert_eq!(foreign.code(), "result_unknown");
    world.pass(1);
    let over = world.wallet.redeem(&world.asker(), &result).await.unwrap_err();
    assert_eq!(over.code(), "result_used");
    let late = world.result("bob", |_| {}).await;
    world.pass(300);
    let expired = world.wallet.redeem(&world.asker(), &late).await.unwrap_err();
    assert_eq!(expired.code(), "result_expired");
    assert_eq!(world.token(connected.id).await.unwrap().generation, 1);
}

#[tokio::test(start_paused = true)]
async fn w12_two_who_redeem_at_once_get_one_connection() {
    let world = World::of_class(RotationClass::SingleUse).await;
    let result = world.result("alice", |_| {}).await;
    let by = world.asker();
    let (one, two) = tokio::join!(
        world.wallet.redeem(&by, &result),
        world.wallet.redeem(&by, &result)
    );
    assert_eq!(one.unwrap().id, two.unwrap().id);
    let page = coffer_core::page::PageRequest::new(10, None);
    let all = world
        .wallet
        .connections(&world.caller, &Default::default(), page)
        .await
        .unwrap();
    assert_eq!(all.items.len(), 1);
    let confirmed = world.audit_verbs().await;
    let confirmed = confirmed.iter().filter(|verb| **verb == "ConnectionConfirm");
    assert_eq!(confirmed.count(), 1, "the effect is single");
}

#[tokio::test(start_paused = true)]
async fn w12_a_redemption_whose_answer_was_lost_is_told_again() {
    let world = World::of_class(RotationClass::SingleUse).await;
    let id = world.connect().await;
    let result = world.result("alice", |_| {}).await;
    world.store.fail_next(Method::Redeem, Fault::CommitUnknown, 1);
    assert!(world.wallet.redeem(&world.asker(), &result).await.is_err());
    let told = world.wallet.redeem(&world.asker(), &result).await.unwrap();
    assert_eq!((told.id, told.generation), (id, 2), "the connection that stays");
}

#[tokio::test(start_paused = true)]
async fn a_named_connection_learns_its_account_and_wants_to_know_it_from_then_on() {
    // Without an ID token userinfo says who it is.
    let world = World::with(Behaviour {
        scopes: vec!["email".into()],
        ..Behaviour::of_class(RotationClass::SingleUse)
    })
    .await;
    let hide = || world.strike(Endpoint::Userinfo, false, Effect::Drop, 1);
    let reconnect = async |account, id| world.connect_as(account, |new| new.connection = Some(id)).await;
    hide();
    let id = world.connect().await;
    hide();
    let again = reconnect("alice", id).await.unwrap();
    assert_eq!((again.id, again.generation), (id, 2), "nobody knows who it is");
    assert_eq!(reconnect("alice", id).await.unwrap().generation, 3);
    let other = reconnect("bob", id).await.unwrap_err();
    assert_eq!(other.code(), "account_mismatch", "it has learnt its account");
    hide();
    let unknown = reconnect("alice", id).await.unwrap_err();
    assert_eq!(unknown.code(), "account_unknown");
    assert_eq!(world.connect().await, id, "and is found by it");

    let bobs = world.connect_as("bob", |_| {}).await.unwrap().id;
    hide();
    let nobodys = world.connect_as("carol", |_| {}).await.unwrap().id;
    assert_ne!(nobodys, bobs);
    let taken = reconnect("bob", nobodys).await.unwrap_err();
    assert_eq!(
        taken.code(),
        "account_mismatch",
        "another connection has that account"
    );
}

#[tokio::test(start_paused = true)]
async fn inv5_nothing_of_a_pending_connection_is_served() {
    let world = World::of_class(RotationClass::SingleUse).await;
    world.result("alice", |_| {}).await;
    let page = coffer_core::page::PageRequest::new(10, None);
    let all = world
        .wallet
        .connections(&world.caller, &Default::default(), page)
        .await
        .unwrap();
    let pending = all.items[0].id;
    for answer in [world.token(pending).await, world.refresh(pending).await] {
        assert!(matches!(
            answer,
            Err(WalletError::Connection { state: "pending", .. })
        ));
    }
    world.expire();
    assert!(world.token(pending).await.is_err());
    let smoke = world
        .wallet
        .smoke_test(&world.caller, &world.asker(), pending)
        .await;
    assert!(smoke.is_err());
    assert_eq!(world.refreshes(), 0);
}

#[tokio::test(start_paused = true)]
async fn thr_1_a_foreign_connection_is_not_there() {
    let world = World::of_class(RotationClass::SingleUse).await;
    let id = world.connect().await;
    let other = world
        .wallet
        .create_tenant(&operator(), &asker(TenantId::INSTALLATION), "other", "Other")
        .await
        .unwrap();
    let scope = TenantScope::assume(other.id, "a test");
    let (stranger, _) = new_caller(&world.wallet, &scope, everything()).await;
    let by = asker(other.id);
    let wallet = &world.wallet;
    let answers = [
        wallet.connection(&stranger, id).await.map(drop),
        wallet
            .token(&stranger, &by, id, Default::default())
            .await
            .map(drop),
        wallet.refresh(&stranger, &by, id).await.map(drop),
        wallet.smoke_test(&stranger, &by, id).await.map(drop),
        wallet.disconnect(&stranger, &by, id).await.map(drop),
        wallet
            .attempts(&stranger, id, coffer_core::page::PageRequest::new(1, None))
            .await
            .map(drop),
    ];
    for answer in answers {
        assert!(
            matches!(answer, Err(WalletError::NotFound("connection"))),
            "{answer:?}"
        );
    }
    assert_eq!(world.token(id).await.unwrap().generation, 1);
}
