use crate::server::{Browser, Server, param};
use coffer_simulator::model::Behaviour;
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread")]
async fn t2_the_whole_journey_from_a_tenant_to_a_disconnected_account() {
    whole(Server::start().await).await;
}

/// From a tenant to a disconnected account.
pub async fn whole(server: Server) {
    let tenant = server.tenant("acme").await;
    let integration = server.integration(&tenant.key, Behaviour::default()).await;

    let mut browser = Browser::default();
    let sent = server
        .browse(&mut browser, &server.link(&tenant.key, &integration).await)
        .await;
    assert_eq!(sent.status, 303);
    let cookie = sent.header("set-cookie").unwrap();
    assert!(
        cookie.starts_with("coffer-connect=cfb_") && cookie.contains("HttpOnly; SameSite=Lax"),
        "{cookie}"
    );
    let back = server.browse(&mut browser, &server.consent(&sent, "alice")).await;
    assert_eq!(
        (back.status, param(&back, "draft").as_deref()),
        (303, Some("7")),
        "w6: {back:?}"
    );
    assert!(
        back.header("set-cookie").is_none(),
        "another tab may need the cookie"
    );

    let pending = server.get("/v1/connections", &tenant.key).await.json();
    assert_eq!(pending["items"][0]["state"], "pending");
    let id = pending["items"][0]["id"].as_str().unwrap();
    let at = |what: &str| format!("/v1/connections/{id}{what}");
    let early = server.post(&at("/token"), &tenant.key, Value::Null).await;
    assert_eq!((early.status, early.code().as_str()), (409, "pending"));

    let result = param(&back, "coffer_result").unwrap();
    let redeemed = server
        .post(
            "/v1/connect-sessions/redeem",
            &tenant.key,
            json!({"result": result}),
        )
        .await;
    assert_eq!(
        (redeemed.status, &redeemed.json()["state"]),
        (200, &"fresh".into()),
        "{redeemed:?}"
    );
    assert_eq!(redeemed.json()["account"]["email"], "alice@example.com");

    let token = server
        .post(&at("/token"), &tenant.key, json!({"min_ttl": 30}))
        .await;
    assert_eq!(token.status, 200, "{token:?}");
    let token = token.json();
    assert_eq!(
        (&token["generation"], &token["token_type"]),
        (&1.into(), &"Bearer".into())
    );
    let again = server.post(&at("/token"), &tenant.key, Value::Null).await.json();
    assert_eq!(again["access_token"], token["access_token"]);

    let refreshed = server.post(&at("/refresh"), &tenant.key, Value::Null).await;
    assert_eq!(
        (refreshed.status, &refreshed.json()["generation"]),
        (200, &2.into()),
        "{refreshed:?}"
    );
    assert_ne!(refreshed.json()["access_token"], token["access_token"]);

    let tested = server.post(&at("/smoke-test"), &tenant.key, Value::Null).await;
    assert_eq!(
        (tested.status, &tested.json()["ok"]),
        (200, &true.into()),
        "{tested:?}"
    );

    let attempts = server.get(&at("/attempts"), &tenant.key).await.json();
    assert_eq!(attempts["items"][0]["outcome"], "succeeded", "{attempts}");

    let ended = server.post(&at("/disconnect"), &tenant.key, Value::Null).await;
    assert_eq!(
        (&ended.json()["state"], &ended.json()["revocation"]),
        (&"revoked".into(), &"done".into()),
        "{ended:?}"
    );
    let late = server.post(&at("/token"), &tenant.key, Value::Null).await;
    assert_eq!((late.status, late.code().as_str()), (409, "revoked"));

    let audit = server.get("/v1/audit", &tenant.key).await.json();
    let verbs: Vec<&str> = audit["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["verb"].as_str().unwrap())
        .collect();
    for verb in [
        "ConnectionDisconnect",
        "OAuthRevoke",
        "ConnectionConfirm",
        "OAuthTokenRefresh",
        "ConnectSessionCreate",
    ] {
        assert!(verbs.contains(&verb), "{verb}: {verbs:?}");
    }
    server.running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_account_connected_again_keeps_its_connection() {
    let server = Server::start().await;
    let tenant = server.tenant("acme").await;
    let integration = server.integration(&tenant.key, Behaviour::default()).await;
    let first = server.connect(&tenant.key, &integration, "alice").await;
    let second = server.connect(&tenant.key, &integration, "alice").await;
    let other = server.connect(&tenant.key, &integration, "bob").await;
    assert_eq!(first["id"], second["id"]);
    assert_ne!(first["id"], other["id"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shared_integration_serves_every_tenant() {
    let server = Server::start().await;
    let (one, two) = (server.tenant("one").await, server.tenant("two").await);
    let integration = server.integration(&server.operator, Behaviour::default()).await;
    for tenant in [&one, &two] {
        let connection = server.connect(&tenant.key, &integration, "alice").await;
        assert_eq!(connection["integration"], integration.as_str());
    }
    let shown = server
        .get(&format!("/v1/integrations/{integration}"), &one.key)
        .await
        .json();
    assert_eq!(
        (&shown["shared"], &shown["secrets"]["client_secret"]),
        (&true.into(), &serde_json::Value::Null)
    );
    let refused = server
        .post(
            &format!("/v1/integrations/{integration}/disable"),
            &one.key,
            Value::Null,
        )
        .await;
    assert_eq!((refused.status, refused.code().as_str()), (404, "not_found"));
}

#[tokio::test(flavor = "multi_thread")]
async fn p3_a_configuration_is_checked_and_tested_before_it_is_stored() {
    let server = Server::start().await;
    let tenant = server.tenant("acme").await;
    let wrong = json!({"provider": "simulator", "config": {"client_id": "app", "colour": "purple"}});
    let checked = server.post("/v1/integrations/validate", &tenant.key, wrong).await;
    assert_eq!((checked.status, checked.code().as_str()), (400, "invalid_fields"));
    let fields: Vec<String> = checked.json()["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|error| error["field"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(fields, ["client_secret", "base_url", "colour"]);
    let right = json!({"provider": "simulator", "config": server.simulator_config()});
    assert_eq!(
        server
            .post("/v1/integrations/validate", &tenant.key, right.clone())
            .await
            .status,
        204
    );
    let tested = server.post("/v1/integrations/test", &tenant.key, right).await;
    assert_eq!(
        (tested.status, &tested.json()["checks"][0]["name"]),
        (200, &"discovery".into()),
        "{tested:?}"
    );
    assert_eq!(
        server.get("/v1/integrations", &tenant.key).await.json()["items"],
        json!([])
    );
}
