use crate::support::*;
use coffer_core::ErrorKind;
use coffer_core::http::{HttpErrorKind, Method, Sent};
use coffer_oauth::{AuthorizationRequest, DiscoveryError, Error, Integration};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};
use std::time::Duration;

async fn discover(world: &World, integration: &Integration) -> Result<(), Error> {
    world
        .client
        .authorize(integration, &AuthorizationRequest::default())
        .await
        .map(drop)
}

fn with(change: impl FnOnce(&mut Value)) -> World {
    let mut document = metadata();
    change(&mut document);
    World::new(move |_| json(document.clone()))
}

#[tokio::test]
async fn oa_c09_metadata_of_another_issuer_is_refused() {
    for other in [
        "https://id.example/",
        "https://ID.example",
        "https://id.example:443",
        "https://evil.example",
        "",
    ] {
        let world = with(|document| document["issuer"] = other.into());
        assert_eq!(
            discover(&world, &oidc()).await,
            Err(DiscoveryError::Issuer.into()),
            "{other}"
        );
    }
    for change in [
        |document: &mut Value| document["issuer"] = Value::Null,
        |document: &mut Value| {
            document["issuer"] = json!(["https://id.example"]);
        },
    ] {
        assert_eq!(
            discover(&with(change), &oidc()).await,
            Err(DiscoveryError::Issuer.into())
        );
    }
}

#[tokio::test]
async fn oa_c09_issuers_with_a_path_or_a_slash_are_compared_as_they_are_written() {
    for (issuer, url) in [
        (
            "https://id.example/tenant",
            "https://id.example/tenant/.well-known/openid-configuration",
        ),
        (
            "https://id.example/tenant/",
            "https://id.example/tenant/.well-known/openid-configuration",
        ),
        (
            "https://id.example/",
            "https://id.example/.well-known/openid-configuration",
        ),
        (
            "https://id.example",
            "https://id.example/.well-known/openid-configuration",
        ),
    ] {
        let world = with(|document| document["issuer"] = issuer.into());
        let flow = world
            .client
            .authorize(&oidc_at(issuer), &AuthorizationRequest::default())
            .await
            .unwrap();
        assert_eq!(flow.issuer.as_deref(), Some(issuer));
        assert_eq!(world.only().url.as_str(), url);
    }
}

#[tokio::test]
async fn oa_c10_endpoints_of_the_metadata_are_https() {
    for name in [
        "authorization_endpoint",
        "token_endpoint",
        "jwks_uri",
        "userinfo_endpoint",
        "revocation_endpoint",
    ] {
        for bad in [
            "http://id.example/x",
            "ftp://id.example/x",
            "javascript:alert(1)",
            "data:text/html,x",
            "https://user@id.example/x",
            "https://user:pw@id.example/x",
            "https://id.example/x#f",
            "//id.example/x",
            "/x",
            "",
        ] {
            let world = with(|document| document[name] = bad.into());
            assert_eq!(
                discover(&world, &oidc()).await,
                Err(DiscoveryError::Endpoint.into()),
                "{name} {bad}"
            );
        }
        let world = with(|document| document[name] = json!(7));
        assert_eq!(
            discover(&world, &oidc()).await,
            Err(DiscoveryError::Endpoint.into()),
            "{name}"
        );
    }
}

#[tokio::test]
async fn oa_c10_an_issuer_on_loopback_may_have_its_own_endpoints_without_tls_and_no_others() {
    let local = "http://127.0.0.1:4000";
    let document = |token: &str| {
        json!({"issuer": local, "authorization_endpoint": "http://127.0.0.1:4000/a", "token_endpoint": token,
            "jwks_uri": "http://127.0.0.1:4000/k"})
    };
    for (token, is_fine) in [
        ("http://127.0.0.1:4000/t", true),
        ("https://id.example/t", true),
        ("http://127.0.0.1:4001/t", false),
        ("http://id.example/t", false),
    ] {
        let document = document(token);
        let world = World::new(move |_| json(document.clone()));
        assert_eq!(
            discover(&world, &oidc_at(local)).await.is_ok(),
            is_fine,
            "{token}"
        );
    }
}

#[tokio::test]
async fn thr_39_hostile_metadata_is_an_error_that_says_so() {
    for body in [
        "",
        "<html>",
        "[]",
        "null",
        "\"x\"",
        "garbage",
        "{\"issuer\":",
        &"[".repeat(100_000),
    ] {
        let refused = discover(&World::always(200, body), &oidc()).await;
        assert!(
            matches!(refused, Err(Error::Discovery(DiscoveryError::Malformed(_)))),
            "{refused:?}"
        );
    }
    let twice = r#"{"issuer":"https://id.example","token_endpoint":"https://a.example/","token_endpoint":"https://b.example/"}"#;
    let refused = discover(&World::always(200, twice), &oidc()).await;
    assert!(
        matches!(refused, Err(Error::Discovery(DiscoveryError::Malformed(_)))),
        "{refused:?}"
    );
    for (status, kind) in [
        (301, ErrorKind::Upstream),
        (404, ErrorKind::Upstream),
        (429, ErrorKind::Unavailable),
        (503, ErrorKind::Unavailable),
    ] {
        let error = discover(&World::always(status, "{}"), &oidc()).await.unwrap_err();
        assert_eq!(
            (error.clone(), error.kind()),
            (DiscoveryError::Status(status).into(), kind)
        );
    }
    for kind in [
        HttpErrorKind::Blocked,
        HttpErrorKind::BodyTooLarge,
        HttpErrorKind::Timeout,
    ] {
        let world = World::new(move |_| no_answer(kind, Sent::Maybe));
        let error = discover(&world, &oidc()).await.unwrap_err();
        assert_eq!(error.code(), "discovery_unreachable");
    }
}

#[tokio::test]
async fn thr_39_metadata_is_fetched_once_in_a_quarter_of_an_hour_and_an_old_copy_outlives_an_outage() {
    let is_down = Arc::new(Mutex::new(false));
    let down = Arc::clone(&is_down);
    let world = World::new(move |_| {
        if *down.lock().unwrap() {
            reply(503, "")
        } else {
            json(metadata())
        }
    });
    for _ in 0..10 {
        discover(&world, &oidc()).await.unwrap();
    }
    assert_eq!(world.seen().len(), 1);
    world.clock.advance(Duration::from_secs(15 * 60));
    *is_down.lock().unwrap() = true;
    for _ in 0..10 {
        discover(&world, &oidc()).await.unwrap();
    }
    assert_eq!(world.seen().len(), 2);
    world.clock.advance(Duration::from_secs(60));
    discover(&world, &oidc()).await.unwrap();
    assert_eq!(world.seen().len(), 3);
    world.clock.advance(Duration::from_secs(24 * 3600));
    assert!(discover(&world, &oidc()).await.is_err());
}

#[tokio::test]
async fn metadata_that_could_not_be_had_is_asked_for_again_after_five_seconds() {
    let world = World::always(503, "");
    for _ in 0..10 {
        assert!(discover(&world, &oidc()).await.is_err());
    }
    assert_eq!(world.seen().len(), 1);
    world.clock.advance(Duration::from_secs(5));
    assert!(discover(&world, &oidc()).await.is_err());
    assert_eq!(world.seen().len(), 2);
}

#[tokio::test]
async fn thr_44_a_changed_document_cannot_move_the_client_secret() {
    let host = Arc::new(Mutex::new("id.example"));
    let current = Arc::clone(&host);
    let make = move |current: Arc<Mutex<&'static str>>| {
        World::new(move |seen| {
            let mut document = metadata();
            document["token_endpoint"] = format!("https://{}/token", current.lock().unwrap()).into();
            if seen.url.path() == "/token" {
                reply(200, r#"{"access_token":"at"}"#)
            } else {
                json(document)
            }
        })
    };
    let world = make(Arc::clone(&current));
    let bound = world.client.secret_origin(&oidc()).await.unwrap();
    assert_eq!(bound, "https://id.example");
    world.client.refresh(&oidc(), &text("rt")).await.unwrap();

    // The same process: the origin seen first binds, and the old copy goes on being used.
    *host.lock().unwrap() = "evil.example";
    world.clock.advance(Duration::from_secs(3600));
    world.client.refresh(&oidc(), &text("rt")).await.unwrap();
    assert!(
        world
            .seen()
            .iter()
            .all(|seen| seen.url.host_str() == Some("id.example"))
    );

    // Saved again by an administrator, it is bound anew.
    world.clock.advance(Duration::from_secs(60));
    let rebound = world.client.secret_origin(&oidc()).await.unwrap();
    assert_eq!(rebound, "https://evil.example");

    // Another process: what was kept with the integration binds.
    let world = make(current);
    let bound = oidc().with_secret_origin(Some(bound));
    let refused = world.client.refresh(&bound, &text("rt")).await;
    assert_eq!(refused.unwrap_err(), DiscoveryError::SecretOrigin.into());
    assert!(world.seen().iter().all(|seen| seen.url.path() != "/token"));
}

#[tokio::test]
async fn thr_44_another_integration_s_view_of_the_metadata_does_not_loosen_a_binding() {
    let world = with(|document| document["token_endpoint"] = "https://evil.example/token".into());
    discover(&world, &oidc()).await.unwrap();
    let bound = oidc().with_secret_origin(Some("https://id.example".into()));
    let refused = world.client.refresh(&bound, &text("rt")).await;
    assert_eq!(refused.unwrap_err(), DiscoveryError::SecretOrigin.into());
    assert_eq!(world.seen().len(), 1);
}

#[tokio::test]
async fn thr_36_thr_44_a_revocation_endpoint_elsewhere_never_sees_the_secret_nor_the_issuer_those_of_another()
{
    for (name, url) in [
        ("revocation_endpoint", "https://evil.example/revoke"),
        ("token_endpoint", "https://honest.example/token"),
    ] {
        let world = with(|document| document[name] = url.into());
        let access = text("at");
        let tokens = coffer_oauth::RevokeTokens {
            access: Some(&access),
            refresh: None,
        };
        let outcome = world.client.revoke(&oidc(), tokens).await.unwrap();
        assert_eq!(outcome, coffer_oauth::Revocation::Unsupported(None), "{name}");
        let asked = world.seen();
        assert!(asked.iter().all(|seen| seen.method == Method::Get), "{name}");
    }
}
