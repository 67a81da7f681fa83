//! A NUL character in what is sent: PostgreSQL cannot store it, so that the API refuses it, on every database.

use crate::postgres::on;
use crate::server::Server;
use coffer_testkit::postgres::Database;
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
async fn a_nul_is_a_bad_value_and_not_the_databases_trouble() {
    refused(Server::start().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_nul_is_a_bad_value_on_postgresql_too() {
    let database = Database::create().await;
    refused(Server::start_with(|source| on(&database, source)).await).await;
}

async fn refused(server: Server) {
    let tenant = server.tenant("acme").await;
    let (operator, key) = (&server.operator, &tenant.key);
    let mut config = server.simulator_config();
    config["client_id"] = "a\0b".into();
    for (target, key, body, field) in [
        (
            "/v1/tenants",
            operator,
            json!({"external_id": "b", "name": "a\0b"}),
            "name",
        ),
        (
            "/v1/tenants",
            operator,
            json!({"external_id": "a\0b", "name": "b"}),
            "external_id",
        ),
        ("/v1/users", key, json!({"external_id": "a\0b"}), "external_id"),
        (
            "/v1/integrations",
            key,
            json!({"provider": "simulator", "name": "S", "config": config}),
            "config.client_id",
        ),
        (
            "/v1/connect-sessions/redeem",
            key,
            json!({"result": "a\0b"}),
            "result",
        ),
    ] {
        let answer = server.post(target, key, body).await;
        assert_eq!(
            (
                answer.status,
                answer.code().as_str(),
                &answer.json()["errors"][0]["field"]
            ),
            (400, "invalid_value", &field.into()),
            "{target}: {answer:?}"
        );
    }
    for (target, key, field) in [
        ("/v1/tenants/a%00b", operator, "tenant"),
        ("/v1/tenants/a%00b/callers", operator, "tenant"),
        ("/v1/connections?user=a%00b", key, "user"),
        ("/v1/connections/a%00b", key, "connection"),
    ] {
        let answer = server.get(target, key).await;
        assert_eq!(
            (
                answer.status,
                answer.code().as_str(),
                &answer.json()["errors"][0]["field"]
            ),
            (400, "invalid_value", &field.into()),
            "{target}: {answer:?}"
        );
    }
}
