//! The whole way of a connection, and the example of the README.

use crate::world::{PAGE, World, param};
use coffer_core::connection::{AttemptKind, AttemptOutcome, ConnectionState, Revocation};
use coffer_core::rotation::RotationClass;
use coffer_core::secret::ExposeSecret;
use coffer_simulator::model::{Behaviour, Issues};
use coffer_wallet::WalletError;
use url::Url;

#[allow(dead_code, reason = "its `main` is called below; the rest is called by it")]
#[path = "../../examples/embed.rs"]
mod embed;

#[test]
fn the_example_runs() {
    embed::main().unwrap();
}

#[tokio::test(start_paused = true)]
async fn t2_from_consent_to_token_to_refresh_to_revocation() {
    for class in RotationClass::ALL {
        let world = World::of_class(class).await;
        let connected = world.connect_as("alice", |_| {}).await.unwrap();
        assert_eq!(
            (connected.state, connected.generation),
            (ConnectionState::Fresh, 1)
        );
        assert_eq!(
            connected.account.unwrap().subject.as_deref(),
            Some("sim-alice"),
            "{class:?}"
        );
        let first = world.token(connected.id).await.unwrap();
        assert_eq!(world.refreshes(), 0, "a fresh token is served as it is");
        for generation in 2..=4 {
            world.expire();
            let token = world.token(connected.id).await.unwrap();
            assert_eq!(token.generation, generation, "{class:?}");
            assert_ne!(
                token.access_token.expose_secret(),
                first.access_token.expose_secret()
            );
            assert_eq!(world.refreshes(), generation - 1, "{class:?}: one request each");
        }
        let attempts = world.attempts(connected.id, AttemptKind::Refresh).await;
        let succeeded = attempts
            .iter()
            .filter(|attempt| attempt.outcome == Some(AttemptOutcome::Succeeded));
        assert_eq!(succeeded.count(), 3);
        let ended = world.disconnect(connected.id).await.unwrap();
        assert_eq!(
            (ended.state, ended.revocation),
            (ConnectionState::Revoked, Revocation::Done)
        );
        assert!(!world.has_live_tokens(), "{class:?}");
        let refused = world.token(connected.id).await.unwrap_err();
        assert!(
            matches!(refused, WalletError::Connection { state: "revoked", .. }),
            "{refused:?}"
        );
        assert_eq!(world.totals().reuses, 0, "{class:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn w6_the_return_link_keeps_the_state_of_the_page() {
    let world = World::with(Behaviour::default()).await;
    let departure = world.depart().await;
    let callback = world.http.consent(&departure.authorize_url, "alice").unwrap();
    let arrival = world.come_back(&callback, &departure).await.unwrap();
    let (back, page) = (
        Url::parse(arrival.return_to.expose_secret()).unwrap(),
        Url::parse(PAGE).unwrap(),
    );
    assert_eq!(
        (back.origin(), back.path(), back.fragment()),
        (page.origin(), page.path(), page.fragment())
    );
    for (name, value) in page.query_pairs() {
        assert_eq!(param(&back, &name).as_deref(), Some(&*value));
    }
    assert!(param(&back, "coffer_result").unwrap().starts_with("cfx_"));
}

#[tokio::test(start_paused = true)]
async fn w5_a_token_without_expiry_is_served_for_ever_and_one_without_refresh_token_until_it_ends() {
    let world = World::with(Behaviour {
        issues_refresh_token: Issues::Never,
        ..Behaviour::default()
    })
    .await;
    let connected = world.connect_as("alice", |_| {}).await.unwrap();
    assert!(!connected.refreshable && connected.due_at.is_none());
    world.pass(3590);
    assert_eq!(
        world.token(connected.id).await.unwrap().generation,
        1,
        "the last seconds, too"
    );
    world.pass(10);
    let refused = world.token(connected.id).await.unwrap_err();
    assert!(matches!(
        refused,
        WalletError::Connection {
            state: "consent_required",
            ..
        }
    ));
    assert_eq!(world.refreshes(), 0);
}

#[tokio::test(start_paused = true)]
async fn oa_c16_a_narrower_grant_is_visible() {
    let world = World::with(Behaviour {
        scopes: vec!["openid".into(), "email".into()],
        ..Behaviour::default()
    })
    .await;
    let connected = world.connect_as("alice", |_| {}).await.unwrap();
    assert_eq!(connected.scopes, ["openid", "email"]);
    assert_eq!(connected.scopes_missing, ["profile"]);
    assert_eq!(
        world.token(connected.id).await.unwrap().scopes,
        ["openid", "email"]
    );
}
