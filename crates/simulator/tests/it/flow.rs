//! The journey over HTTP: consent, code, tokens, refresh, reuse, revoke.

use crate::raw;
use crate::setup::{Sim, authorization, param};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use coffer_simulator::model::{Behaviour, Verdict};
use ring::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};
use serde_json::Value;
use url::Url;

#[tokio::test]
async fn the_whole_journey_over_http() {
    let sim = Sim::start(Behaviour::default());
    let first = sim.exchange(&sim.code().await).await;
    assert_eq!(first.status, 200);
    assert_eq!(first.header("cache-control"), Some("no-store"));
    let first = first.json();
    let access = first["access_token"].as_str().unwrap();
    let me = sim.me(access).await;
    assert_eq!(me.json()["login"], "bob");

    let old = first["refresh_token"].as_str().unwrap();
    let second = sim.refresh(old).await.json();
    assert_eq!(sim.refresh(old).await.json()["error"], "invalid_grant");
    // R5: the reuse killed what the first refresh had issued.
    assert_eq!(sim.me(second["access_token"].as_str().unwrap()).await.status, 401);
    let gone = sim.refresh(second["refresh_token"].as_str().unwrap()).await;
    assert_eq!(gone.json()["error"], "invalid_grant");

    let totals = sim.provider.with(|provider| provider.ledger().totals().clone());
    assert_eq!(
        (
            totals.exchanges,
            totals.refreshes,
            totals.reuses,
            totals.family_revocations
        ),
        (1, 1, 1, 1)
    );
    assert_eq!((totals.overlaps, totals.undelivered), (0, 0));
    sim.stop().await;
}

#[tokio::test]
async fn the_id_token_verifies_against_the_published_key() {
    let sim = Sim::start(Behaviour::default());
    let metadata = raw::get(sim.at, "/sim/.well-known/openid-configuration")
        .await
        .json();
    assert_eq!(metadata["issuer"], format!("http://{}/sim", sim.at));
    assert_eq!(metadata["authorization_response_iss_parameter_supported"], true);
    let keys = raw::get(sim.at, "/sim/jwks.json").await.json();
    let tokens = sim.exchange(&sim.code().await).await.json();
    let id_token = tokens["id_token"].as_str().unwrap();
    let (message, signature) = id_token.rsplit_once('.').unwrap();
    let decode = |text: &str| BASE64_URL_SAFE_NO_PAD.decode(text).unwrap();
    let key = &keys["keys"][0];
    let mut point = vec![4];
    point.extend(decode(key["x"].as_str().unwrap()));
    point.extend(decode(key["y"].as_str().unwrap()));
    UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point)
        .verify(message.as_bytes(), &decode(signature))
        .unwrap();
    let claims: Value = serde_json::from_slice(&decode(message.split_once('.').unwrap().1)).unwrap();
    assert_eq!(claims["sub"], "sim-bob");
    assert_eq!(claims["aud"], "app");
    assert_eq!(claims["nonce"], "n-1");
    assert_eq!(claims["iss"], metadata["issuer"]);
    assert_eq!(claims["email"], "bob@example.com");
    sim.stop().await;
}

#[tokio::test]
async fn the_callback_carries_state_and_issuer_and_a_denial_too() {
    let sim = Sim::start(Behaviour::default());
    let target = format!("/sim/authorize?{}", authorization("openid"));
    let page = raw::get(sim.at, &target).await;
    assert_eq!(page.status, 200);
    assert!(page.body.contains("Alice Example") && !page.body.contains("<script"));
    assert!(
        page.header("content-security-policy")
            .unwrap()
            .contains("frame-ancestors 'none'")
    );
    let denied = raw::post(sim.at, &target, &[("decision", "deny")]).await;
    let callback = Url::parse(denied.header("location").unwrap()).unwrap();
    assert_eq!(param(&callback, "error").as_deref(), Some("access_denied"));
    assert_eq!(param(&callback, "state").as_deref(), Some("st&te"));
    assert_eq!(param(&callback, "iss"), Some(format!("http://{}/sim", sim.at)));
    let stranger = raw::get(sim.at, "/sim/authorize?client_id=nobody").await;
    assert_eq!((stranger.status, stranger.header("location")), (400, None));
    sim.stop().await;
}

#[tokio::test]
async fn a_revoked_grant_answers_401_at_the_api() {
    let sim = Sim::start(Behaviour::default());
    let tokens = sim.exchange(&sim.code().await).await.json();
    let (access, refresh) = (
        tokens["access_token"].as_str().unwrap(),
        tokens["refresh_token"].as_str().unwrap(),
    );
    assert_eq!(sim.me(access).await.status, 200);
    let own = [("client_id", "app"), ("client_secret", "s3cret")];
    let form = [[("token", refresh)].as_slice(), own.as_slice()].concat();
    assert_eq!(raw::post(sim.at, "/sim/revoke", &form).await.status, 200);
    assert_eq!(sim.me(access).await.status, 401);
    assert_eq!(sim.refresh(refresh).await.status, 400);
    let last = sim
        .provider
        .with(|provider| provider.ledger().entries().last().unwrap().verdict);
    assert!(matches!(last, Verdict::Refused(_)), "{last:?}");
    sim.stop().await;
}

#[tokio::test]
async fn two_hundred_flows_at_once_all_succeed() {
    let sim = Sim::start(Behaviour::default());
    let sim = std::sync::Arc::new(sim);
    let mut flows = tokio::task::JoinSet::new();
    for _ in 0..200 {
        let sim = sim.clone();
        flows.spawn(async move { sim.refresh(&sim.connected().await).await.status });
    }
    while let Some(status) = flows.join_next().await {
        assert_eq!(status.unwrap(), 200);
    }
    let totals = sim.provider.with(|provider| provider.ledger().totals().clone());
    assert_eq!(
        (
            totals.exchanges,
            totals.refreshes,
            totals.refusals,
            totals.overlaps
        ),
        (200, 200, 0, 0)
    );
}

#[actix_web::test]
async fn it_lives_inside_another_application_and_at_the_root() {
    use actix_web::{App, HttpResponse, test, web};
    let body = async |issuer: &str, target: &str| {
        let service = coffer_simulator::Service::new(crate::setup::provider(issuer, Behaviour::default()));
        let app = App::new()
            .route("/own", web::get().to(|| async { HttpResponse::Ok().body("own") }))
            .configure(|config| service.mount(config));
        let app = test::init_service(app).await;
        let request = test::TestRequest::get().uri(target).to_request();
        let bytes = test::call_and_read_body(&app, request).await;
        String::from_utf8(bytes.to_vec()).unwrap()
    };
    assert_eq!(body("http://h/a/b", "/own").await, "own");
    assert_eq!(body("http://h", "/own").await, "own");
    let metadata = "/.well-known/openid-configuration";
    assert!(
        body("http://h/a/b", &format!("/a/b{metadata}"))
            .await
            .contains("http://h/a/b/token")
    );
    assert!(body("http://h", metadata).await.contains("http://h/token"));
    assert!(body("http://h/a/b", "/a/bc").await.is_empty());
}
