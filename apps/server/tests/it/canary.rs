//! No secret in any line of the log, whatever happens (THR-63).

use crate::raw;
use crate::server::{Browser, CLIENT_SECRET, Server, param};
use coffer_server::config::{LogConfig, LogFormat};
use coffer_simulator::model::Behaviour;
use serde_json::{Value, json};
use std::io;
use std::sync::{Arc, Mutex};

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The log of this process can be taken once, and all threads write into it, so this is one test.
#[tokio::test(flavor = "multi_thread")]
async fn thr_63_no_secret_is_in_the_log_at_trace() {
    let lines = Lines::default();
    let writer = lines.clone();
    let config = LogConfig {
        filter: "trace".into(),
        format: LogFormat::Json,
    };
    // Another test may have come first; then its lines are not ours to look at, but this process logs to nowhere else.
    let ours = tracing::subscriber::set_global_default(coffer_server::log::subscriber(&config, move || {
        writer.clone()
    }));
    assert!(ours.is_ok(), "no other test of this binary takes the log");
    let server = Server::start().await;
    let tenant = server.tenant("acme").await;
    let integration = server.integration(&tenant.key, Behaviour::default()).await;
    let mut browser = Browser::default();
    let link = server.link(&tenant.key, &integration).await;
    let sent = server.browse(&mut browser, &link).await;
    let cookie = browser.cookie.clone().unwrap();
    let callback = server.consent(&sent, "alice");
    let back = server.browse(&mut browser, &callback).await;
    let result = param(&back, "coffer_result").unwrap();
    let redeemed = server
        .post(
            "/v1/connect-sessions/redeem",
            &tenant.key,
            json!({"result": result}),
        )
        .await
        .json();
    let id = redeemed["id"].as_str().unwrap();
    let token = server
        .post(&format!("/v1/connections/{id}/token"), &tenant.key, Value::Null)
        .await
        .json();
    let second = server
        .post(&format!("/v1/connections/{id}/refresh"), &tenant.key, Value::Null)
        .await
        .json();
    server
        .post(
            &format!("/v1/connections/{id}/smoke-test"),
            &tenant.key,
            Value::Null,
        )
        .await;
    server
        .post(
            &format!("/v1/connections/{id}/disconnect"),
            &tenant.key,
            Value::Null,
        )
        .await;
    // Wrong places and broken requests.
    server.browse(&mut Browser::default(), &link).await;
    server
        .browse(
            &mut Browser {
                cookie: Some(cookie.clone()),
            },
            &callback,
        )
        .await;
    server
        .post(
            "/v1/tenants",
            &tenant.key,
            json!({"external_id": CLIENT_SECRET, "name": [CLIENT_SECRET]}),
        )
        .await;
    server
        .post(
            "/v1/integrations",
            &tenant.key,
            json!({"provider": "simulator", "name": 1, "config": {"client_secret": CLIENT_SECRET}}),
        )
        .await;
    server
        .get(&format!("/v1/users?cursor={CLIENT_SECRET}"), &tenant.key)
        .await;
    raw::send(
        server.at,
        "GET",
        &format!("/{CLIENT_SECRET}"),
        &[("authorization", CLIENT_SECRET), ("x-request-id", "bad id")],
        "",
    )
    .await;
    let at = server.at;
    server.running.stop().await;

    let query = |text: &str, name: &str| {
        let url = url::Url::parse(&format!("http://{at}{text}")).unwrap();
        url.query_pairs()
            .find(|(key, _)| key == name)
            .unwrap()
            .1
            .into_owned()
    };
    let secrets = [
        CLIENT_SECRET.to_owned(),
        tenant.key.clone(),
        server.operator.clone(),
        link.trim_start_matches("/connect/").to_owned(),
        cookie.split_once('=').unwrap().1.to_owned(),
        query(&callback, "state"),
        query(&callback, "code"),
        result,
        token["access_token"].as_str().unwrap().to_owned(),
        second["access_token"].as_str().unwrap().to_owned(),
    ];
    let text = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
    // The log was really taken: each route that was walked stands in it.
    for route in [
        "/oauth/callback/",
        "/connect-sessions/redeem",
        "/refresh",
        "/smoke-test",
    ] {
        assert!(
            text.lines().any(|line| line.contains(route)),
            "{route} is not in the log"
        );
    }
    for (number, secret) in secrets.iter().enumerate() {
        let found = text.lines().find(|line| line.contains(secret));
        assert_eq!(found, None, "secret {number}");
    }
    for line in text.lines() {
        let event: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        assert!(
            event["at"].is_string() && event["level"].is_string() && event["message"].is_string(),
            "{line}"
        );
    }
    assert!(
        text.contains("/connect/{token}"),
        "the pattern stands for the path"
    );
    let served = text
        .lines()
        .filter(|line| line.contains("/v1/connect-sessions/redeem") && line.contains("request_id"));
    assert!(served.count() >= 1, "o3: a request's line has its correlation id");
}
