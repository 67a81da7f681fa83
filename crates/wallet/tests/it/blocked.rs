//! A provider that refuses the integration's client: all its connections stop, and go on once it is mended (INV9).

use crate::world::{PAGE, SECRET, World, new_integration, values};
use async_trait::async_trait;
use coffer_core::connection::{Attempt, AttemptKind, AttemptOutcome, ConnectionState};
use coffer_core::http::{HttpClient, HttpError, HttpRequest, HttpResponse};
use coffer_core::id::IntegrationId;
use coffer_core::integration::IntegrationState;
use coffer_core::rotation::RotationClass;
use coffer_core::secret::secret_bytes;
use coffer_core::testing::{Fault, Method};
use coffer_simulator::InProcess;
use coffer_simulator::model::{Effect, Endpoint};
use coffer_wallet::{NewConnectSession, WalletError};
use std::sync::Arc;
use std::time::Duration;

#[tokio::test(start_paused = true)]
async fn inv9_a_refused_client_blocks_the_integration_and_burns_no_grant() {
    let world = World::of_class(RotationClass::SingleUseFamily).await;
    let alice = world.connect().await;
    let bob = world.connect_as("bob", |_| {}).await.unwrap().id;
    let other = new_integration(&world.wallet, &world.scope, "Other", RotationClass::Static).await;
    break_client(&world, RotationClass::SingleUseFamily).await;
    world.expire();
    for id in [alice, bob, alice] {
        let WalletError::Connection {
            state: "integration_blocked",
            reason: Some(reason),
        } = world.token(id).await.unwrap_err()
        else {
            panic!("{id}")
        };
        assert_eq!(
            reason.provider_code.as_deref(),
            Some("invalid_client"),
            "{reason:?}"
        );
        assert_eq!(world.status(id).await.state, ConnectionState::IntegrationBlocked);
    }
    assert_eq!(world.refreshes(), 1, "the second connection was not even tried");
    let attempts = world.attempts(alice, AttemptKind::Refresh).await;
    assert_eq!(attempts[0].outcome, Some(AttemptOutcome::Refused));
    assert_eq!(
        state_of(&world, world.integration).await,
        IntegrationState::Blocked
    );
    assert_eq!(state_of(&world, other).await, IntegrationState::Enabled);
    mend(&world).await;
    for id in [alice, bob] {
        assert_eq!(
            world.token(id).await.unwrap().generation,
            2,
            "no grant was burned, and nothing is waited for"
        );
    }
    assert_eq!(world.totals().reuses, 0);
}

async fn state_of(world: &World, id: IntegrationId) -> IntegrationState {
    let found = world.wallet.integration(&world.scope, id).await;
    found.unwrap().state
}

/// Somebody enters a wrong client secret.
async fn break_client(world: &World, class: RotationClass) {
    let wrong = values(class, "not the client's secret at all");
    change(world, wrong).await;
}

async fn change(world: &World, values: coffer_wallet::Values) {
    let by = world.asker();
    let update = world
        .wallet
        .update_integration(&world.scope, &by, world.integration, None, Some(values));
    update.await.unwrap();
}

async fn mend(world: &World) {
    let by = world.asker();
    change(world, values(RotationClass::SingleUseFamily, SECRET)).await;
    world
        .wallet
        .enable_integration(&world.scope, &by, world.integration)
        .await
        .unwrap();
}

#[tokio::test(start_paused = true)]
async fn inv9_a_refused_client_is_not_a_lost_answer_although_the_database_goes_away() {
    let world = World::of_class(RotationClass::SingleUseFamily).await;
    let id = world.connect().await;
    break_client(&world, RotationClass::SingleUseFamily).await;
    world.expire();
    world
        .store
        .fail_next(Method::BlockIntegration, Fault::Unavailable, 4);
    world.store.fail_next(Method::Fail, Fault::Unavailable, 4);
    assert!(world.token(id).await.is_err());
    let attempts = world.attempts(id, AttemptKind::Refresh).await;
    assert_eq!(
        (attempts.len(), attempts[0].outcome),
        (1, Some(AttemptOutcome::Refused))
    );
    assert_eq!(world.status(id).await.state, ConnectionState::IntegrationBlocked);
}

#[tokio::test(start_paused = true)]
async fn a_disabled_integration_whose_client_is_refused_is_not_asked_without_a_pause() {
    let world = World::of_class(RotationClass::Static).await;
    let id = world.connect().await;
    let by = world.asker();
    break_client(&world, RotationClass::Static).await;
    world
        .wallet
        .disable_integration(&world.scope, &by, world.integration)
        .await
        .unwrap();
    world.expire();
    for _ in 0..10 {
        assert!(world.token(id).await.is_err());
    }
    assert_eq!(world.refreshes(), 1);
}

/// Somebody comes back with a code, and what he is told.
async fn refused_exchange(world: &World) -> &'static str {
    let departure = world.depart().await;
    let callback = world.http.consent(&departure.authorize_url, "carol").unwrap();
    let refused = world.come_back(&callback, &departure).await.unwrap_err();
    refused.code()
}

#[tokio::test(start_paused = true)]
async fn inv9_a_client_that_is_refused_with_a_code_blocks_the_integration_as_with_a_refresh() {
    let world = World::of_class(RotationClass::SingleUseFamily).await;
    let alice = world.connect().await;
    break_client(&world, RotationClass::SingleUseFamily).await;
    assert_eq!(refused_exchange(&world).await, "invalid_config");
    let state = state_of(&world, world.integration).await;
    assert_eq!(state, IntegrationState::Blocked);
    let verbs = world.audit_verbs().await;
    assert!(verbs.contains(&"OAuthAuthorizeFailed") && verbs.contains(&"IntegrationBlock"));
    world.expire();
    assert_eq!(
        world.token(alice).await.unwrap_err().code(),
        "integration_blocked"
    );
    assert_eq!(world.refreshes(), 0, "what is known is not asked again");

    let new = NewConnectSession {
        integration: world.integration,
        user: None,
        connection: None,
        scopes: vec![],
        return_to: PAGE.into(),
    };
    let refused = world.wallet.create_connect_session(&world.asker(), new).await;
    let WalletError::Precondition {
        code: "integration_blocked",
        reason: Some(reason),
        ..
    } = refused.unwrap_err()
    else {
        panic!("a session for an integration that is blocked")
    };
    assert_eq!(reason.provider_code.as_deref(), Some("invalid_client"));

    mend(&world).await;
    let mended = world.wallet.integration(&world.scope, world.integration).await;
    assert_eq!(mended.unwrap().reason, None);
    let bob = world.connect_as("bob", |_| {}).await.unwrap();
    assert_eq!(world.token(bob.id).await.unwrap().generation, 1);
    assert_eq!(world.token(alice).await.unwrap().generation, 2);
}

#[tokio::test(start_paused = true)]
async fn a_code_that_is_refused_for_itself_leaves_the_integration_as_it_is() {
    let world = World::of_class(RotationClass::SingleUse).await;
    let (departure, other) = (world.depart().await, world.depart().await);
    let callback = world.http.consent(&departure.authorize_url, "alice").unwrap();
    let others = world.http.consent(&other.authorize_url, "bob").unwrap();
    let mut injected = callback.clone();
    let code = |name: &str, url| (name.to_owned(), crate::world::param(url, name).unwrap());
    injected.query_pairs_mut().clear().extend_pairs([
        code("code", &others),
        code("state", &callback),
        code("iss", &callback),
    ]);
    assert!(world.come_back(&injected, &departure).await.is_err());
    assert_eq!(world.totals().requests[&Endpoint::Code], 1);
    let state = state_of(&world, world.integration).await;
    assert_eq!(state, IntegrationState::Enabled);
}

/// The network to a provider whose identity endpoint says of itself what only a token endpoint can say of a client.
#[derive(Debug)]
struct Confused(InProcess);

#[async_trait]
impl HttpClient for Confused {
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let confused = request.url.path() == "/userinfo";
        let reply = self.0.send(request).await?;
        if !confused {
            return Ok(reply);
        }
        let body = secret_bytes(br#"{"error":"invalid_client"}"#.to_vec());
        Ok(HttpResponse {
            status: 401,
            body,
            ..reply
        })
    }
}

#[tokio::test(start_paused = true)]
async fn inv9_what_an_identity_endpoint_says_of_the_client_does_not_block_the_integration() {
    let mut world = World::of_class(RotationClass::SingleUse).await;
    world.wallet = world.through(Arc::new(Confused(world.http.clone())));
    let made = world.session(|new| new.scopes = vec!["profile".into()]).await;
    let departure = world.open(&made).await.unwrap();
    let callback = world.http.consent(&departure.authorize_url, "alice").unwrap();
    world.come_back(&callback, &departure).await.unwrap();
    assert_eq!(world.totals().requests[&Endpoint::Userinfo], 1, "it was asked");
    let state = state_of(&world, world.integration).await;
    assert_eq!(state, IntegrationState::Enabled);
}

#[tokio::test(start_paused = true)]
async fn inv9_a_refusal_of_what_was_mended_meanwhile_does_not_block() {
    let world = Arc::new(World::of_class(RotationClass::SingleUseFamily).await);
    let id = world.connect().await;
    break_client(&world, RotationClass::SingleUseFamily).await;
    world.expire();
    let late = Effect::Late { ms: 5_000 };
    world.strike(Endpoint::Refresh, false, late, 1);
    let asked = tokio::spawn({
        let world = Arc::clone(&world);
        async move { world.token(id).await.map(|token| token.generation) }
    });
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(
        world.attempts(id, AttemptKind::Refresh).await.len(),
        1,
        "it is under way"
    );
    mend(&world).await;
    assert_eq!(
        asked.await.unwrap().unwrap(),
        2,
        "it was sent again, with the right secret"
    );
    let attempts = world.attempts(id, AttemptKind::Refresh).await;
    let refused = |attempt: &&Attempt| attempt.outcome == Some(AttemptOutcome::Refused);
    assert_eq!((attempts.len(), attempts.iter().filter(refused).count()), (2, 1));
    let state = state_of(&world, world.integration).await;
    assert_eq!(state, IntegrationState::Enabled);
    assert!(!world.audit_verbs().await.contains(&"IntegrationBlock"));
}

#[tokio::test(start_paused = true)]
async fn inv9_a_blocked_integration_is_told_as_such_although_its_reason_cannot_be_read() {
    let world = World::of_class(RotationClass::SingleUseFamily).await;
    let alice = world.connect().await;
    break_client(&world, RotationClass::SingleUseFamily).await;
    assert_eq!(refused_exchange(&world).await, "invalid_config");
    world.expire();
    world
        .store
        .fail_next(Method::FindIntegration, Fault::Unavailable, 1);
    let refused = world.token(alice).await.unwrap_err();
    let WalletError::Connection { state, reason } = refused else {
        panic!("{refused:?}")
    };
    assert_eq!((state, reason), ("integration_blocked", None));
    world.store.mend();
    let WalletError::Connection { reason, .. } = world.token(alice).await.unwrap_err() else {
        panic!("it is still blocked")
    };
    assert!(reason.is_some());
}
