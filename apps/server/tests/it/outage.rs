//! A database that goes away and comes back, seen through the API.

use crate::raw;
use crate::server::Server;
use coffer_core::secret::ExposeSecret;
use coffer_simulator::model::Behaviour;
use coffer_testkit::postgres::Database;
use serde_json::Value;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use url::Url;

/// A line to PostgreSQL that can be cut.
struct Line {
    at: SocketAddr,
    up: watch::Sender<bool>,
}

impl Line {
    async fn to(server: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let at = listener.local_addr().unwrap();
        let (up, told) = watch::channel(true);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(carry(client, server, told.clone()));
            }
        });
        Self { at, up }
    }

    /// The same address by way of this line.
    fn through(&self, url: &str) -> String {
        let mut url = Url::parse(url).unwrap();
        url.set_port(Some(self.at.port())).unwrap();
        url.into()
    }
}

async fn carry(mut client: TcpStream, server: SocketAddr, mut up: watch::Receiver<bool>) {
    if !*up.borrow() {
        return;
    }
    let mut server = TcpStream::connect(server).await.unwrap();
    tokio::select! {
        _ = tokio::io::copy_bidirectional(&mut client, &mut server) => {}
        _ = up.wait_for(|up| !up) => {}
    }
}

async fn status(server: &Server, path: &str) -> u16 {
    raw::send(server.at, "GET", path, &[], "").await.status
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_is_down_is_told_and_its_return_is_noticed() {
    let database = Database::create().await;
    let home = Url::parse(database.app().url.expose_secret()).unwrap();
    let postgres = SocketAddr::new("127.0.0.1".parse().unwrap(), home.port().unwrap());
    let line = Line::to(postgres).await;
    let server = Server::start_with(|source| {
        source
            .set(
                "COFFER_DATABASE_URL",
                line.through(database.app().url.expose_secret()),
            )
            .set(
                "COFFER_DATABASE_SYSTEM_URL",
                line.through(database.system().url.expose_secret()),
            )
            .set("COFFER_DATABASE_OWNER_URL", database.owner().url.expose_secret())
    })
    .await;
    let tenant = server.tenant("acme").await;
    let integration = server.integration(&tenant.key, Behaviour::default()).await;
    let connection = server.connect(&tenant.key, &integration, "alice").await;
    let token = format!("/v1/connections/{}/token", connection["id"].as_str().unwrap());
    assert_eq!(status(&server, "/ready").await, 204);

    line.up.send_replace(false);
    for _ in 0..2 {
        let answer = server.post(&token, &tenant.key, Value::Null).await;
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (503, "store_unavailable"),
            "{answer:?}"
        );
        assert!(answer.header("retry-after").is_some(), "{answer:?}");
    }
    let told = async |wanted: u16| {
        let back = async {
            while status(&server, "/ready").await != wanted {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(15), back).await.unwrap();
    };
    told(503).await;
    let health = raw::send(server.at, "GET", "/health", &[], "").await;
    assert_eq!(health.status, 503);
    assert_eq!(
        health.json()["parts"]["database"]["status"],
        "failing",
        "{health:?}"
    );

    line.up.send_replace(true);
    told(204).await;
    let answer = server.post(&token, &tenant.key, Value::Null).await;
    assert_eq!(answer.status, 200, "{answer:?}");
}
