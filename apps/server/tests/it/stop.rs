use crate::raw;
use crate::server::{Server, port, settings};
use coffer_server::config::Config;
use coffer_server::server::Running;
use coffer_simulator::model::{Behaviour, Effect, Endpoint, Fault, FaultRule, When};
use serde_json::Value;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

#[tokio::test(flavor = "multi_thread")]
async fn f5_a_refresh_in_flight_is_finished_before_the_server_stops() {
    let server = Server::start().await;
    let tenant = server.tenant("acme").await;
    let integration = server.integration(&tenant.key, Behaviour::default()).await;
    let connection = server.connect(&tenant.key, &integration, "alice").await;
    let late = Fault {
        commits: true,
        effect: Effect::Late { ms: 800 },
    };
    server.sim.with(|sim| {
        sim.add_fault(FaultRule {
            client_id: None,
            endpoint: Some(Endpoint::Refresh),
            grant: None,
            when: When::Always,
            fault: late,
        })
    });
    let target = format!("/v1/connections/{}/refresh", connection["id"].as_str().unwrap());
    let bearer = format!("Bearer {}", tenant.key);
    let at = server.at;
    let asking =
        tokio::spawn(async move { raw::send(at, "POST", &target, &[("authorization", &bearer)], "").await });
    while server.sim.with(|sim| sim.ledger().in_flight()) == 0 {
        tokio::task::yield_now().await;
    }
    assert!(server.running.stop().await);
    let answer = asking.await.unwrap();
    assert_eq!(
        (answer.status, &answer.json()["generation"]),
        (200, &2.into()),
        "{answer:?}"
    );
    assert!(TcpStream::connect(at).await.is_err(), "nobody listens any more");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_idle_connection_does_not_keep_a_server_from_stopping() {
    let server = Server::start().await;
    let mut idle = TcpStream::connect(server.at).await.unwrap();
    idle.write_all(b"GET /ready HTTP/1.1\r\nhost: x\r\n\r\n")
        .await
        .unwrap();
    let mut first = [0_u8; 12];
    idle.read_exact(&mut first).await.unwrap();
    assert_eq!(&first, b"HTTP/1.1 204");
    let began = tokio::time::Instant::now();
    assert!(server.running.stop().await);
    assert!(began.elapsed() < Duration::from_secs(6), "{:?}", began.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_stored_is_there_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let _ = rustls::crypto::ring::default_provider().install_default();
    let (listener, at) = port();
    drop(listener);
    let config = Config::read(&settings(&folder, at)).unwrap();
    let running = Running::start(&config).await.unwrap();
    let health = raw::send(at, "GET", "/health", &[], "").await.json();
    assert!(running.stop().await);
    let running = Running::start(&config).await.unwrap();
    let again = raw::send(at, "GET", "/health", &[], "").await.json();
    assert_eq!(health["parts"]["key_source"], again["parts"]["key_source"]);
    assert_ne!(again["parts"]["key_source"], Value::Null);
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f5_requests_and_refreshes_have_one_deadline_together() {
    let server = Server::start_with(|source| source.set("COFFER_SHUTDOWN_TIMEOUT", "2s")).await;
    let tenant = server.tenant("acme").await;
    let integration = server.integration(&tenant.key, Behaviour::default()).await;
    let connection = server.connect(&tenant.key, &integration, "alice").await;
    let late = Fault {
        commits: true,
        effect: Effect::Late { ms: 7000 },
    };
    server.sim.with(|sim| {
        sim.add_fault(FaultRule {
            client_id: None,
            endpoint: Some(Endpoint::Refresh),
            grant: None,
            when: When::Always,
            fault: late,
        })
    });
    let target = format!("/v1/connections/{}/refresh", connection["id"].as_str().unwrap());
    let (bearer, at) = (format!("Bearer {}", tenant.key), server.at);
    let asking =
        tokio::spawn(async move { raw::send(at, "POST", &target, &[("authorization", &bearer)], "").await });
    while server.sim.with(|sim| sim.ledger().in_flight()) == 0 {
        tokio::task::yield_now().await;
    }
    let began = tokio::time::Instant::now();
    assert!(
        !server.running.stop().await,
        "it says that something was not finished"
    );
    let took = began.elapsed();
    assert!(took < Duration::from_millis(3500), "{took:?}, not twice the time");
    asking.abort();
}
