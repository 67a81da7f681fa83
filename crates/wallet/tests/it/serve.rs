//! Which token is served, and how long it lives; the smoke test; stopping (requirements W5, W11, F5, THR-32).

use crate::world::{SECRET, Setup, World, values};
use coffer_catalog::Catalog;
use coffer_core::connection::{AttemptKind, AttemptOutcome};
use coffer_core::id::ConnectionId;
use coffer_core::ports::ConnectionStore as _;
use coffer_core::rotation::RotationClass;
use coffer_core::secret::ExposeSecret;
use coffer_core::testing::{Fault, Method};
use coffer_simulator::model::{Behaviour, ClientSetup, Effect, Endpoint, ExpiresIn, Latency, ResponseShape};
use coffer_wallet::{TokenGrant, TokenRequest};
use std::sync::Arc;
use std::time::Duration;

pub const SIMULATOR: &str = include_str!("../../../catalog/providers/simulator.toml");

async fn with_life(world: &World, id: ConnectionId, secs: u64) -> TokenGrant {
    let request = TokenRequest {
        min_ttl: Some(Duration::from_secs(secs)),
    };
    world
        .wallet
        .token(&world.caller, &world.asker(), id, request)
        .await
        .unwrap()
}

#[tokio::test(start_paused = true)]
async fn w5_asking_for_more_life_than_tokens_have_is_cut_and_said_so() {
    let world = World::of_class(RotationClass::SingleUse).await;
    let id = world.connect().await;
    let token = with_life(&world, id, 7200).await;
    assert_eq!(
        (token.min_ttl, token.min_ttl_capped),
        (Duration::from_secs(2880), true)
    );
    let token = with_life(&world, id, 600).await;
    assert_eq!(
        (token.min_ttl, token.min_ttl_capped),
        (Duration::from_secs(600), false)
    );
    assert_eq!(world.refreshes(), 0);
    world.pass(2999);
    assert_eq!(with_life(&world, id, 600).await.generation, 1);
    world.pass(1);
    let token = with_life(&world, id, 600).await;
    assert_eq!(token.generation, 2);
    let left = token
        .expires_at
        .unwrap()
        .since(coffer_core::Clock::now(&*world.clock));
    assert!(left >= Duration::from_secs(600));
}

#[tokio::test(start_paused = true)]
async fn w5_a_token_that_lives_is_served_when_it_cannot_be_refreshed_and_a_dead_one_never() {
    let world = World::of_class(RotationClass::SingleUse).await;
    let id = world.connect().await;
    world.pass(3570);
    world.strike(Endpoint::Refresh, false, Effect::Html { status: 400 }, 100);
    let token = world.token(id).await.unwrap();
    assert_eq!((token.generation, world.refreshes()), (1, 1));
    assert!(
        world.refresh(id).await.is_err(),
        "whoever wants another one is told that there is none"
    );
    world.pass(30);
    assert!(world.token(id).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn a_token_younger_than_the_provider_likes_is_not_replaced() {
    let changed = SIMULATOR.replace("[lifetime]\n", "[lifetime]\nminimum_age_seconds = 300\n");
    let catalog = Catalog::with_overrides([("simulator.toml", changed)]).unwrap();
    let world = World::new(Setup {
        catalog,
        ..Setup::default()
    })
    .await;
    let id = world.connect().await;
    world.pass(299);
    assert_eq!(world.refresh(id).await.unwrap().generation, 1);
    assert_eq!(world.refreshes(), 0);
    world.pass(1);
    assert_eq!(world.refresh(id).await.unwrap().generation, 2);
}

#[tokio::test(start_paused = true)]
async fn a_token_that_lives_is_served_although_its_provider_file_is_gone() {
    let own = SIMULATOR.replace("id = \"simulator\"", "id = \"own\"");
    let mut world = World::new(Setup {
        catalog: Catalog::with_overrides([("own.toml", own)]).unwrap(),
        ..Setup::default()
    })
    .await;
    let (wallet, scope, by) = (world.wallet.clone(), world.scope, world.asker());
    let values = values(RotationClass::SingleUseFamily, SECRET);
    let made = wallet
        .create_integration(&scope, &by, "own", "Own", values)
        .await
        .unwrap();
    wallet.enable_integration(&scope, &by, made.id).await.unwrap();
    world.integration = made.id;
    let client = ClientSetup::new("app", SECRET.into(), wallet.redirect_uri(made.id).as_str());
    world.provider.with(|provider| provider.set_client(client));
    let id = world.connect().await;

    let without = Catalog::builtin().unwrap();
    let other = world.other(&world.clock, |setup| setup.catalog = without);
    assert_eq!(world.token_of(&other, id).await.unwrap().generation, 1);
    assert!(other.refresh(&world.caller, &world.asker(), id).await.is_err());
    assert_eq!(world.refreshes(), 0);
}

#[tokio::test(start_paused = true)]
async fn oa_c17_a_new_refresh_token_takes_the_place_of_the_old_only_once_it_is_stored() {
    for class in RotationClass::ALL {
        let world = World::of_class(class).await;
        let id = world.connect().await;
        let stored = async || {
            let view = world.store.find(&world.scope, id).await.unwrap().unwrap();
            (view.slots[0].generation, view.slots[0].refresh.clone())
        };
        let before = stored().await;
        world.expire();
        world
            .store
            .fail_next(Method::CommitRefresh, Fault::Unavailable, 1_000);
        assert!(world.token(id).await.is_err());
        assert_eq!(world.refreshes(), 1, "{class:?}: the provider has answered");
        assert_eq!(stored().await, before, "{class:?}");
        world.store.mend();
        assert_eq!(world.token(id).await.unwrap().generation, 2, "{class:?}");
        let after = stored().await;
        assert_eq!(after.0, 2);
        assert_ne!(after.1, before.1, "{class:?}");
        assert_eq!(world.refreshes(), 1, "{class:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_refresh_that_is_asked_for_replaces_a_fresh_token() {
    let world = World::of_class(RotationClass::SingleUse).await;
    let id = world.connect().await;
    assert_eq!(world.refresh(id).await.unwrap().generation, 2);
    assert_eq!(world.token(id).await.unwrap().generation, 2);
}

/// Tokens that end after a minute, which the provider does not say.
async fn silent() -> World {
    World::with(Behaviour {
        access_token_secs: 60,
        response: ResponseShape {
            expires_in: ExpiresIn::Absent,
            ..ResponseShape::default()
        },
        ..Behaviour::default()
    })
    .await
}

#[tokio::test(start_paused = true)]
async fn w11_a_smoke_test_refreshes_once_on_401_and_repeats() {
    let world = silent().await;
    let id = world.connect().await;
    let smoke = || async {
        world
            .wallet
            .smoke_test(&world.caller, &world.asker(), id)
            .await
            .unwrap()
    };
    let first = smoke().await;
    assert_eq!(
        (first.ok, first.status, first.refreshed, first.generation),
        (true, 200, false, 1)
    );
    world.pass(100);
    let second = smoke().await;
    assert_eq!((second.ok, second.refreshed, second.generation), (true, true, 2));
    assert_eq!(world.refreshes(), 1);
    let unauthorized = Effect::Status {
        status: 401,
        retry_after: None,
    };
    for endpoint in [Endpoint::Api, Endpoint::Userinfo] {
        world.strike(endpoint, false, unauthorized, 2);
    }
    let third = smoke().await;
    assert!(!third.ok && third.refreshed && third.reason.is_some());
    assert_eq!(world.refreshes(), 2, "once, not for ever");
    let verbs = world.audit_verbs().await;
    assert_eq!(
        verbs
            .iter()
            .filter(|verb| **verb == "ConnectionSmokeTest")
            .count(),
        3
    );
}

#[tokio::test(start_paused = true)]
async fn f5_thr_32_a_server_that_stops_finishes_what_it_began_and_begins_nothing() {
    let latency = Latency {
        before_ms: 2000,
        after_ms: 2000,
        jitter_ms: 0,
    };
    let world = Arc::new(
        World::with(Behaviour {
            latency,
            ..Behaviour::default()
        })
        .await,
    );
    let alice = world.connect().await;
    let bob = world.connect_as("bob", |_| {}).await.unwrap().id;
    let (made, departure) = (world.session(|_| {}).await, world.depart().await);
    let callback = world.http.consent(&departure.authorize_url, "carol").unwrap();
    world.pass(3570);
    let asked = tokio::spawn({
        let world = Arc::clone(&world);
        async move { world.refresh(alice).await.map(|token| token.generation) }
    });
    tokio::time::sleep(Duration::from_secs(1)).await;
    let draining = tokio::spawn({
        let world = Arc::clone(&world);
        async move { world.wallet.drain(Duration::from_secs(11)).await }
    });
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(world.refresh(bob).await.unwrap_err().code(), "draining");
    assert_eq!(world.open(&made).await.unwrap_err().code(), "draining");
    let refused = world.come_back(&callback, &departure).await.unwrap_err();
    assert_eq!(refused.code(), "draining");
    assert_eq!(
        world.token(bob).await.unwrap().generation,
        1,
        "what lives is served to the end"
    );
    assert!(draining.await.unwrap());
    assert_eq!(asked.await.unwrap().unwrap(), 2);
    assert_eq!((world.refreshes(), world.wallet.running()), (1, 0));
    let attempts = world.attempts(alice, AttemptKind::Refresh).await;
    assert_eq!(attempts[0].outcome, Some(AttemptOutcome::Succeeded));
    let successor = world.replica();
    let token = world.token_of(&successor, alice).await.unwrap();
    assert!(!token.access_token.expose_secret().is_empty());
}
