//! What a caller with a limited reach may do, and what a tenant sees of what it shares with others.

use crate::server::{ALL, Server};
use coffer_server::routes::{Access, ROUTES};
use coffer_simulator::model::Behaviour;
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_with_a_limited_reach_changes_no_integration_and_lists_nothing_of_all() {
    let server = Server::start().await;
    let tenant = server.tenant("acme").await;
    let integration = server.integration(&tenant.key, Behaviour::default()).await;
    let connection = server.connect(&tenant.key, &integration, "alice").await["id"].clone();
    let at = format!("/v1/integrations/{integration}");
    for limited in [
        json!({"name": "one", "verbs": ALL, "connections": [connection]}),
        json!({"name": "two", "verbs": ALL, "integrations": [integration]}),
    ] {
        let key = server.caller(&tenant.id, limited).await;
        for (method, path, body) in [
            ("PATCH", at.clone(), json!({"name": "stolen"})),
            ("DELETE", at.clone(), Value::Null),
            ("POST", format!("{at}/test"), Value::Null),
            ("POST", format!("{at}/disable"), Value::Null),
            ("POST", format!("{at}/enable"), Value::Null),
            ("GET", "/v1/users".into(), Value::Null),
            ("GET", "/v1/audit".into(), Value::Null),
            ("GET", "/v1/callers".into(), Value::Null),
        ] {
            let answer = server.send(method, &path, &key, &body).await;
            assert_eq!(
                (answer.status, answer.code().as_str()),
                (403, "forbidden"),
                "{method} {path}: {answer:?}"
            );
            assert!(answer.body.contains("beyond its reach"), "{answer:?}");
        }
        assert_eq!(server.get(&at, &key).await.status, 200, "it sees what it uses");
    }
    let there = server.get(&at, &tenant.key).await.json();
    assert_eq!(
        (&there["name"], &there["state"]),
        (&json!("Simulator"), &json!("enabled"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_sees_of_a_shared_integration_only_what_it_needs_and_asks_for_no_more() {
    let server = Server::start().await;
    let tenant = server.tenant("acme").await;
    let integration = server.integration(&server.operator, Behaviour::default()).await;
    let at = format!("/v1/integrations/{integration}");
    let tested = server
        .post(&format!("{at}/test"), &server.operator, Value::Null)
        .await;
    assert!(tested.json()["last_test"].is_object(), "{tested:?}");
    let list = server.get("/v1/integrations", &tenant.key).await.json();
    for seen in [
        server.get(&at, &tenant.key).await.json(),
        list["items"][0].clone(),
    ] {
        assert_eq!(
            (&seen["config"], &seen["secrets"]),
            (&json!({}), &json!({})),
            "{seen}"
        );
        assert!(
            seen["last_test"].is_null() && seen["secrets_set_at"].is_null(),
            "{seen}"
        );
        assert_eq!(
            (&seen["provider"], &seen["state"], &seen["shared"]),
            (&json!("simulator"), &json!("enabled"), &json!(true))
        );
        assert!(seen["redirect_uri"].is_string());
    }
    let own = server.get(&at, &server.operator).await.json();
    assert_eq!(own["config"]["client_id"], "app", "the operator sees all of it");

    let session = |scopes: Value| {
        let (server, key) = (&server, &tenant.key);
        let wanted = json!({"integration": integration, "return_to": server.return_to(), "scopes": scopes});
        async move { server.post("/v1/connect-sessions", key, wanted).await }
    };
    assert_eq!(session(json!([])).await.status, 201);
    let refused = session(json!(["admin.everything"])).await;
    assert_eq!(
        (refused.status, refused.code().as_str()),
        (400, "invalid_value"),
        "{refused:?}"
    );
    server.connect(&tenant.key, &integration, "alice").await;
}

/// OA-C33: nobody but an authenticated caller with the right makes a session, and nothing else begins a flow.
#[test]
fn oa_c33_connect_sessions_are_made_by_callers_with_the_right_alone() {
    let begins = |path: &str| path.starts_with("/v1/connect-sessions");
    let routes: Vec<_> = ROUTES.iter().filter(|route| begins(route.path)).collect();
    assert_eq!(routes.len(), 2);
    for route in routes {
        let Access::Caller(verbs) = route.access else {
            panic!("{} is open to others", route.path);
        };
        let verbs: Vec<_> = verbs.iter().map(|verb| verb.as_str()).collect();
        assert_eq!(verbs, ["connect"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn oa_c33_without_a_key_or_the_right_there_is_no_session() {
    let server = Server::start().await;
    let tenant = server.tenant("acme").await;
    let integration = server.integration(&tenant.key, Behaviour::default()).await;
    let reader = server
        .caller(&tenant.id, json!({"name": "reader", "verbs": ["read", "token"]}))
        .await;
    for (key, status) in [("", 401), (reader.as_str(), 403), (server.operator.as_str(), 403)] {
        let wanted = json!({"integration": integration, "return_to": server.return_to()});
        let answer = server.post("/v1/connect-sessions", key, wanted).await;
        assert_eq!(answer.status, status, "{answer:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn thr_40_a_test_of_a_configuration_reaches_no_private_address() {
    let server = Server::start().await;
    let tenant = server.tenant("acme").await;
    let (inside, at) = crate::server::port();
    for issuer in [
        "https://10.0.0.5".to_owned(),
        "https://169.254.169.254".to_owned(),
        format!("https://{at}"),
    ] {
        let config = json!({"client_id": "app", "client_secret": "canary-of-a-test", "issuer": issuer});
        let wanted = json!({"provider": "generic-oidc", "config": config});
        let tested = server.post("/v1/integrations/test", &tenant.key, wanted).await;
        assert_eq!(tested.status, 200, "{tested:?}");
        let tested = tested.json();
        let discovery = &tested["checks"][0];
        assert_eq!(
            (&tested["ok"], &discovery["name"]),
            (&json!(false), &json!("discovery")),
            "{tested}"
        );
        assert_eq!(discovery["field"], "issuer", "{tested}");
        let message = discovery["message"].as_str().unwrap();
        assert!(
            message.contains("COFFER_HTTP_ALLOW") || message.contains("never connected to"),
            "{message}"
        );
    }
    assert!(inside.accept().is_err(), "nobody came");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_parameter_is_told_without_the_words_of_a_library() {
    let server = Server::start().await;
    let tenant = server.tenant("acme").await;
    for query in ["limit=many", "colour=red"] {
        let answer = server.get(&format!("/v1/users?{query}"), &tenant.key).await;
        assert_eq!((answer.status, answer.code().as_str()), (400, "invalid_query"));
        assert!(!answer.body.contains("deserialize"), "{answer:?}");
    }
}
