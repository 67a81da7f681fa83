//! The model behind the port, without a socket; time is tokio's paused timer.

use crate::setup::{CALLBACK, VERIFIER, authorization, param, provider};
use coffer_core::http::{HttpClient, HttpErrorKind, HttpRequest, Method, Sent};
use coffer_core::secret::{ExposeSecret, SecretText, secret_bytes};
use coffer_core::testing::{FakeClock, FakeRandom};
use coffer_simulator::InProcess;
use coffer_simulator::model::{Behaviour, Effect, Endpoint, Fault, FaultRule, Latency, Verdict, When};
use serde_json::Value;
use std::sync::Arc;
use url::Url;

const ISSUER: &str = "https://provider.example/sim";

fn client(behaviour: Behaviour) -> InProcess {
    let shared = provider(ISSUER, behaviour);
    InProcess::new(
        shared,
        Arc::new(FakeClock::default()),
        Arc::new(FakeRandom::default()),
    )
}

fn token_request(form: &[(&str, &str)]) -> HttpRequest {
    let own = [("client_id", "app"), ("client_secret", "s3cret")];
    let body = url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs(form.iter().chain(&own))
        .finish();
    HttpRequest::new(Method::Post, Url::parse(&format!("{ISSUER}/token")).unwrap()).body(
        "application/x-www-form-urlencoded",
        secret_bytes(body.into_bytes()),
    )
}

async fn connected(client: &InProcess) -> Value {
    let url = Url::parse(&format!("{ISSUER}/authorize?{}", authorization("openid"))).unwrap();
    let code = param(&client.consent(&url, "carol").unwrap(), "code").unwrap();
    let form = [
        ("grant_type", "authorization_code"),
        ("code", code.as_str()),
        ("redirect_uri", CALLBACK),
        ("code_verifier", VERIFIER),
    ];
    let answer = client.send(token_request(&form)).await.unwrap();
    assert_eq!(answer.status, 200);
    serde_json::from_slice(answer.body.expose_secret()).unwrap()
}

fn strike(client: &InProcess, commits: bool, effect: Effect) {
    client.provider().with(|provider| {
        provider.add_fault(FaultRule {
            client_id: Some("app".into()),
            endpoint: Some(Endpoint::Refresh),
            grant: None,
            when: When::Next { count: 1, skip: 0 },
            fault: Fault { commits, effect },
        })
    });
}

async fn refreshed(client: &InProcess, token: &Value) -> Result<u16, (HttpErrorKind, Sent)> {
    let form = [
        ("grant_type", "refresh_token"),
        ("refresh_token", token["refresh_token"].as_str().unwrap()),
    ];
    let answer = client.send(token_request(&form)).await;
    answer
        .map(|answer| answer.status)
        .map_err(|error| (error.kind, error.sent))
}

fn last_verdict(client: &InProcess) -> (Verdict, Option<bool>) {
    client.provider().with(|provider| {
        let entry = provider.ledger().entries().last().unwrap();
        (entry.verdict, entry.delivered)
    })
}

#[test]
fn a_flow_without_latency_needs_no_runtime() {
    let client = client(Behaviour::default());
    let mut flow = std::pin::pin!(connected(&client));
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    let ready = flow.as_mut().poll(&mut context);
    assert!(matches!(ready, std::task::Poll::Ready(tokens) if tokens["id_token"].is_string()));
}

#[tokio::test(start_paused = true)]
async fn userinfo_is_asked_with_the_header() {
    let client = client(Behaviour::default());
    let tokens = connected(&client).await;
    let bearer = format!("Bearer {}", tokens["access_token"].as_str().unwrap());
    let request = HttpRequest::new(Method::Get, Url::parse(&format!("{ISSUER}/userinfo")).unwrap())
        .header("authorization", SecretText::from(bearer));
    let answer = client.send(request).await.unwrap();
    assert_eq!(answer.body.expose_secret(), br#"{"sub":"sim-carol"}"#);
    assert_eq!(answer.header("content-type"), Some("application/json"));
}

#[tokio::test(start_paused = true)]
async fn nothing_but_the_provider_is_reachable() {
    let client = client(Behaviour::default());
    for url in [
        "https://elsewhere.example/sim/token",
        "https://provider.example/other",
        "https://provider.example/simx",
    ] {
        let error = client
            .send(HttpRequest::new(Method::Get, Url::parse(url).unwrap()))
            .await
            .unwrap_err();
        assert_eq!(
            (error.kind, error.sent),
            (HttpErrorKind::Resolve, Sent::DefinitelyNot)
        );
    }
}

#[tokio::test(start_paused = true)]
async fn lost_replies_are_errors_that_say_maybe() {
    let client = client(Behaviour::default());
    let tokens = connected(&client).await;
    for effect in [Effect::Drop, Effect::Truncate] {
        strike(&client, false, effect);
        let error = refreshed(&client, &tokens).await.unwrap_err();
        assert_eq!(error, (HttpErrorKind::Broken, Sent::Maybe));
        assert_eq!(last_verdict(&client), (Verdict::NotProcessed, Some(false)));
    }
    strike(&client, false, Effect::HugeBody { bytes: 1 << 30 });
    let error = refreshed(&client, &tokens).await.unwrap_err();
    assert_eq!(error.0, HttpErrorKind::BodyTooLarge);
    strike(&client, true, Effect::Drop);
    assert!(refreshed(&client, &tokens).await.is_err());
    assert_eq!(last_verdict(&client), (Verdict::Issued, Some(false)));
    assert_eq!(refreshed(&client, &tokens).await, Ok(400));
    assert_eq!(
        last_verdict(&client),
        (Verdict::Reused { family_revoked: true }, Some(true))
    );
}

#[tokio::test(start_paused = true)]
async fn a_provider_goes_on_after_the_client_gave_up() {
    let client = client(Behaviour::default());
    let tokens = connected(&client).await;
    strike(&client, false, Effect::Late { ms: 10_000 });
    let error = refreshed(&client, &tokens).await.unwrap_err();
    assert_eq!(error, (HttpErrorKind::Timeout, Sent::Maybe));
    assert_eq!(
        last_verdict(&client),
        (Verdict::Pending, None),
        "still working on it"
    );
    tokio::time::advance(std::time::Duration::from_secs(3)).await;
    while client.provider().with(|provider| provider.ledger().in_flight()) > 0 {
        tokio::task::yield_now().await;
    }
    assert_eq!(last_verdict(&client), (Verdict::Issued, Some(false)));
}

#[tokio::test(start_paused = true)]
async fn latency_and_slow_bodies_take_their_time_and_no_more() {
    let client = client(Behaviour {
        latency: Latency {
            before_ms: 1000,
            after_ms: 500,
            jitter_ms: 0,
        },
        ..Behaviour::default()
    });
    let start = tokio::time::Instant::now();
    let tokens = connected(&client).await;
    assert_eq!(start.elapsed().as_millis(), 1500);
    strike(
        &client,
        true,
        Effect::SlowBody {
            chunk: 1,
            every_ms: 1000,
        },
    );
    let error = refreshed(&client, &tokens).await.unwrap_err();
    assert_eq!(error.0, HttpErrorKind::Timeout);
    assert_eq!(start.elapsed().as_millis(), 1500 + 8000);
}
