//! A client that the provider refuses: seen, told with its reason, and over as soon as it is mended (INV9).

use crate::postgres::on;
use crate::server::{Browser, CLIENT_SECRET, Server, param};
use coffer_simulator::model::Behaviour;
use coffer_testkit::postgres::Database;
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread")]
async fn inv9_a_refused_client_is_told_with_its_reason_and_what_is_mended_goes_on_at_once() {
    whole(Server::start().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn inv9_the_same_on_postgresql() {
    let database = Database::create().await;
    whole(Server::start_with(|source| on(&database, source)).await).await;
}

async fn whole(server: Server) {
    let key = server.tenant("acme").await.key;
    let integration = server.integration(&key, Behaviour::default()).await;
    let connection = server.connect(&key, &integration, "alice").await;
    let refresh = format!("/v1/connections/{}/refresh", connection["id"].as_str().unwrap());

    // Noticed with the code of a new connection.
    enter(&server, &key, &integration, "not the secret at all").await;
    let mut browser = Browser::default();
    let link = server.link(&key, &integration).await;
    let sent = server.browse(&mut browser, &link).await;
    let back = server.browse(&mut browser, &server.consent(&sent, "bob")).await;
    assert_eq!(param(&back, "coffer_error").as_deref(), Some("invalid_config"));
    blocked(&server, &key, &integration, &refresh).await;
    enable(&server, &key, &integration).await;
    let answer = server.post(&refresh, &key, Value::Null).await;
    assert_eq!(answer.status, 200, "{answer:?}");

    // Noticed with a refresh.
    enter(&server, &key, &integration, "not the secret at all").await;
    assert_eq!(server.post(&refresh, &key, Value::Null).await.status, 409);
    blocked(&server, &key, &integration, &refresh).await;
    enable(&server, &key, &integration).await;
    let answer = server.post(&refresh, &key, Value::Null).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    server.connect(&key, &integration, "bob").await;
}

async fn enter(server: &Server, key: &str, integration: &str, secret: &str) {
    let mut config = server.simulator_config();
    config["client_secret"] = secret.into();
    let target = format!("/v1/integrations/{integration}");
    let answer = server
        .send("PATCH", &target, key, &json!({ "config": config }))
        .await;
    assert_eq!(answer.status, 200, "{answer:?}");
}

/// The integration is blocked, and whoever is turned away for it is told why.
async fn blocked(server: &Server, key: &str, integration: &str, refresh: &str) {
    let seen = server
        .get(&format!("/v1/integrations/{integration}"), key)
        .await
        .json();
    assert_eq!(
        (&seen["state"], &seen["reason"]["provider_code"]),
        (&"blocked".into(), &"invalid_client".into())
    );
    let session = json!({"integration": integration, "user": "user-1", "return_to": server.return_to()});
    for answer in [
        server.post(refresh, key, Value::Null).await,
        server.post("/v1/connect-sessions", key, session).await,
    ] {
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (409, "integration_blocked"),
            "{answer:?}"
        );
        let reason = &answer.json()["reason"];
        assert_eq!(
            (&reason["code"], &reason["provider_code"]),
            (&"invalid_config".into(), &"invalid_client".into()),
            "{answer:?}"
        );
        assert!(!answer.body.contains(CLIENT_SECRET), "{answer:?}");
    }
}

/// Somebody enters the right secret and frees the integration.
async fn enable(server: &Server, key: &str, integration: &str) {
    enter(server, key, integration, CLIENT_SECRET).await;
    let target = format!("/v1/integrations/{integration}/enable");
    let answer = server.post(&target, key, Value::Null).await;
    assert_eq!(
        (&answer.json()["state"], &answer.json()["reason"]),
        (&"enabled".into(), &Value::Null),
        "{answer:?}"
    );
}

/// The provider's words were the answer to another tenant's request.
#[tokio::test(flavor = "multi_thread")]
async fn f3_why_a_shared_integration_is_blocked_is_told_tenants_in_codes_and_words_of_ours() {
    let server = Server::start().await;
    let (one, two) = (server.tenant("one").await, server.tenant("two").await);
    let integration = server.integration(&server.operator, Behaviour::default()).await;
    let connection = server.connect(&two.key, &integration, "bob").await;
    let refresh = format!("/v1/connections/{}/refresh", connection["id"].as_str().unwrap());
    enter(&server, &server.operator, &integration, "not the secret at all").await;
    let mut browser = Browser::default();
    let sent = server
        .browse(&mut browser, &server.link(&one.key, &integration).await)
        .await;
    server.browse(&mut browser, &server.consent(&sent, "alice")).await;

    let at = format!("/v1/integrations/{integration}");
    let whole = server.get(&at, &server.operator).await.json()["reason"].clone();
    assert_eq!(whole["provider_code"], "invalid_client", "{whole}");
    let session = json!({"integration": integration, "user": "user-1", "return_to": server.return_to()});
    for told in [
        server.get(&at, &two.key).await.json(),
        server.get("/v1/integrations", &two.key).await.json()["items"][0].clone(),
        server.post(&refresh, &two.key, Value::Null).await.json(),
        server
            .post("/v1/connect-sessions", &two.key, session)
            .await
            .json(),
    ] {
        let reason = &told["reason"];
        assert_eq!(
            (&reason["code"], &reason["provider_code"]),
            (&whole["code"], &whole["provider_code"]),
            "{told}"
        );
        let message = reason["message"].as_str().unwrap();
        assert!(message.contains("shared integration"), "{told}");
        assert_ne!(whole["message"], message);
    }
}
