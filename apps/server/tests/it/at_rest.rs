//! What lies in the database after a whole journey: no secret, and nothing about the person (THR-9, W7).

use crate::server::{Browser, CLIENT_SECRET, Server, param};
use coffer_simulator::model::Behaviour;
use coffer_testkit::postgres::Database;
use serde_json::{Value, json};
use std::fmt::Write as _;

/// How the simulator's codes, access tokens and refresh tokens begin, and our own bearer secrets.
const PREFIXES: [&str; 7] = ["simac_", "simat_", "simrt_", "cfr_", "cfs_", "cfx_", "cfb_"];

/// Connects, reads, refreshes and calls; gives every secret that was seen on the way.
async fn journey(server: &Server) -> Vec<String> {
    let tenant = server.tenant("acme").await;
    let integration = server.integration(&tenant.key, Behaviour::default()).await;
    let mut browser = Browser::default();
    let link = server.link(&tenant.key, &integration).await;
    let sent = server.browse(&mut browser, &link).await;
    let mut secrets: Vec<String> = ["state", "nonce", "code_challenge"]
        .iter()
        .filter_map(|name| param(&sent, name))
        .collect();
    secrets.extend(
        browser
            .cookie
            .as_ref()
            .map(|cookie| cookie.split_once('=').unwrap().1.to_owned()),
    );
    let callback = server.consent(&sent, "alice");
    let url = url::Url::parse(&format!("http://{}{callback}", server.at)).unwrap();
    secrets.extend(
        url.query_pairs()
            .filter(|(name, _)| name == "code")
            .map(|(_, code)| code.into_owned()),
    );
    let back = server.browse(&mut browser, &callback).await;
    let result = param(&back, "coffer_result").unwrap();
    let body = json!({"result": result});
    let redeemed = server
        .post("/v1/connect-sessions/redeem", &tenant.key, body)
        .await
        .json();
    let at = format!("/v1/connections/{}", redeemed["id"].as_str().unwrap());
    for step in ["token", "refresh", "token", "smoke-test"] {
        let answer = server
            .post(&format!("{at}/{step}"), &tenant.key, Value::Null)
            .await;
        assert_eq!(answer.status, 200, "{answer:?}");
        secrets.extend(answer.json()["access_token"].as_str().map(str::to_owned));
    }
    assert!(secrets.len() >= 7, "{}", secrets.len());
    let account = redeemed["account"]["email"].as_str().unwrap().to_owned();
    let token = link.trim_start_matches("/connect/").to_owned();
    secrets.extend([
        account,
        token,
        result,
        tenant.key,
        server.operator.clone(),
        CLIENT_SECRET.to_owned(),
    ]);
    secrets.extend(PREFIXES.map(str::to_owned));
    secrets
}

fn holds(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}

#[tokio::test(flavor = "multi_thread")]
async fn thr_9_w7_no_secret_is_in_the_sqlite_file_or_beside_it() {
    let server = Server::start().await;
    let secrets = journey(&server).await;
    let mut files = 0;
    for file in std::fs::read_dir(server.folder.path()).unwrap() {
        let path = file.unwrap().path();
        let bytes = std::fs::read(&path).unwrap();
        files += usize::from(!bytes.is_empty());
        for (number, secret) in secrets.iter().enumerate() {
            assert!(!holds(&bytes, secret), "secret {number} in {}", path.display());
        }
    }
    assert!(files >= 2, "the file and its log were looked at: {files}");
    let log = std::fs::read(server.folder.path().join("coffer.db-wal")).unwrap();
    let file = std::fs::read(server.folder.path().join("coffer.db")).unwrap();
    assert!(
        holds(&log, "acme") || holds(&file, "acme"),
        "what is no secret is found"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn thr_9_w7_no_secret_is_in_any_row_of_postgresql() {
    let database = Database::create().await;
    let server = Server::start_with(|source| crate::postgres::on(&database, source)).await;
    let secrets = journey(&server).await;
    let dump = database.dump().await.unwrap();
    assert!(
        dump.contains("acme") && dump.lines().count() > 20,
        "the rows were looked at"
    );
    for (number, secret) in secrets.iter().enumerate() {
        let hex = secret.bytes().fold(String::new(), |mut hex, byte| {
            write!(hex, "{byte:02x}").unwrap();
            hex
        });
        let found = dump
            .lines()
            .find(|row| row.contains(secret) || row.contains(&hex));
        assert_eq!(found, None, "secret {number}");
    }
}
