//! A database that can be read and cannot be written: tokens that live are served, whatever has to be written is refused
//! with when to come back, nothing is sent to a provider that could not be noted, and nothing is lost.

use crate::postgres::on;
use crate::server::Server;
use coffer_simulator::model::{Behaviour, Endpoint};
use coffer_testkit::postgres::Database;
use serde_json::{Value, json};

/// As a standby is after a failover, or a primary whose operator stopped writes.
#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_is_read_only_serves_tokens_and_asks_to_come_back_with_the_rest() {
    let database = Database::create().await;
    let (app, system) = (&database.app().name, &database.system().name);
    let reconnect = format!(
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE usename IN ('{app}', '{system}')"
    );
    let breaks = format!(
        "ALTER ROLE {app} SET default_transaction_read_only = on; \
         ALTER ROLE {system} SET default_transaction_read_only = on; {reconnect}"
    );
    let mends = format!(
        "ALTER ROLE {app} RESET default_transaction_read_only; \
         ALTER ROLE {system} RESET default_transaction_read_only; {reconnect}"
    );
    reads_go_on(&database, &breaks, &mends).await;
}

/// The disk is not really full: a trigger raises the error that PostgreSQL raises then (SQLSTATE 53100), wherever a row
/// would be added that matters here. A file system of its own cannot be mounted on every machine.
#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_says_its_disk_is_full_serves_tokens_and_asks_to_come_back_with_the_rest() {
    let database = Database::create().await;
    let tables = ["attempts", "audit", "connect_sessions", "users"];
    let each = |statement: &str| -> String {
        let of = tables.map(|table| statement.replace("TABLE", table));
        of.join(" ")
    };
    let breaks = format!(
        "CREATE FUNCTION disk_full() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
         RAISE EXCEPTION 'could not extend file \"base/1/2\": No space left on device' USING ERRCODE = '53100'; \
         END $$; {}",
        each("CREATE TRIGGER disk_full BEFORE INSERT ON TABLE FOR EACH ROW EXECUTE FUNCTION disk_full();")
    );
    let mends = each("DROP TRIGGER disk_full ON TABLE;");
    reads_go_on(&database, &breaks, &mends).await;
}

async fn reads_go_on(database: &Database, breaks: &str, mends: &str) {
    let server = Server::start_with(|source| on(database, source)).await;
    let key = server.tenant("acme").await.key;
    let integration = server.integration(&key, Behaviour::default()).await;
    let connection = server.connect(&key, &integration, "alice").await;
    let connection = format!("/v1/connections/{}", connection["id"].as_str().unwrap());
    let (token, refresh) = (format!("{connection}/token"), format!("{connection}/refresh"));
    let session = json!({"integration": integration, "user": "user-1", "return_to": server.return_to()});
    let writes = [
        ("/v1/users", json!({"external_id": "bob"})),
        ("/v1/connect-sessions", session),
        (&*refresh, Value::Null),
    ];
    let served = async || {
        let answer = server.post(&token, &key, Value::Null).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        let listed = server.get("/v1/connections", &key).await;
        assert_eq!(listed.status, 200, "{listed:?}");
        answer.json()["generation"].clone()
    };
    let refreshes = || {
        let totals = server.sim.with(|sim| sim.ledger().totals().clone());
        (totals.requests.get(&Endpoint::Refresh).copied(), totals.reuses)
    };
    assert_eq!(served().await, 1);

    database.as_superuser(breaks).await.unwrap();
    for _ in 0..2 {
        assert_eq!(served().await, 1);
        for (target, body) in &writes {
            let answer = server.post(target, &key, body.clone()).await;
            assert_eq!(
                (answer.status, answer.code().as_str()),
                (503, "store_unavailable"),
                "{target}: {answer:?}"
            );
            assert!(answer.header("retry-after").is_some(), "{target}: {answer:?}");
            let hint = &answer.json()["hint"];
            assert!(hint.as_str().is_some_and(|hint| !hint.is_empty()), "{answer:?}");
        }
    }
    assert_eq!(refreshes(), (None, 0), "what cannot be noted is not sent");
    assert_eq!(served().await, 1);

    database.as_superuser(mends).await.unwrap();
    for (target, body) in &writes {
        let answer = server.post(target, &key, body.clone()).await;
        assert!((200..300).contains(&answer.status), "{target}: {answer:?}");
    }
    assert_eq!((served().await, refreshes()), (2.into(), (Some(1), 0)));
}
