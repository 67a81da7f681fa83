use crate::raw;
use crate::server::Server;
use coffer_simulator::model::Behaviour;
use serde_json::Value;

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_has_the_security_headers_whatever_its_status() {
    let server = Server::start().await;
    for (method, path) in [
        ("GET", "/health"),
        ("GET", "/v1/tenants"),
        ("GET", "/nowhere"),
        ("PUT", "/health"),
        ("GET", "/connect/x"),
    ] {
        let answer = raw::send(server.at, method, path, &[], "").await;
        for (name, value) in [
            ("x-content-type-options", "nosniff"),
            ("cache-control", "no-store"),
            ("referrer-policy", "no-referrer"),
            ("x-frame-options", "DENY"),
        ] {
            assert_eq!(answer.header(name), Some(value), "{path}: {answer:?}");
        }
        let policy = answer.header("content-security-policy").unwrap();
        assert!(
            policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"),
            "{path}: {policy}"
        );
        assert!(!policy.contains("unsafe"), "{path}: {policy}");
        assert_eq!(answer.header("server"), None, "{path}");
        assert_eq!(
            answer.header("strict-transport-security"),
            None,
            "not where there is no https"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn o3_a_safe_correlation_id_is_kept_and_an_unsafe_one_replaced() {
    let server = Server::start().await;
    let ask = async |id: &str| {
        let answer = raw::send(server.at, "GET", "/v1/tenants", &[("x-request-id", id)], "").await;
        assert_eq!(answer.code(), "unauthenticated");
        answer.header("x-request-id").unwrap().to_owned()
    };
    assert_eq!(ask("trace-1.a_B").await, "trace-1.a_B");
    for bad in ["a b", "<script>", &"x".repeat(65), ""] {
        let made = ask(bad).await;
        assert!(made != bad && made.len() > 16, "{made}");
    }
    assert_ne!(ask("").await, ask("").await);
}

#[tokio::test(flavor = "multi_thread")]
async fn by_https_the_cookie_is_host_bound_and_transport_is_strict() {
    let server =
        Server::start_with(|source| source.set("COFFER_PUBLIC_URL", "https://coffer.example.com")).await;
    let answer = raw::send(
        server.at,
        "GET",
        "/oauth/callback/01890a5d-ac96-774b-bcce-b302099a8057?state=x",
        &[],
        "",
    )
    .await;
    assert_eq!(
        answer.header("strict-transport-security"),
        Some("max-age=31536000")
    );
    let tenant = server.tenant("acme").await;
    let integration = server.integration(&tenant.key, Default::default()).await;
    let wanted = serde_json::json!({"integration": integration, "return_to": "https://coffer.example.com/x"});
    let made = server
        .post("/v1/connect-sessions", &tenant.key, wanted)
        .await
        .json();
    let link = made["link"].as_str().unwrap();
    assert!(
        link.starts_with("https://coffer.example.com/connect/cfs_"),
        "{link}"
    );
    let sent = raw::send(server.at, "GET", &crate::server::path(link), &[], "").await;
    let cookie = sent.header("set-cookie").unwrap();
    assert!(cookie.starts_with("__Host-coffer=cfb_"), "{cookie}");
    assert!(
        cookie.ends_with("; Path=/; Max-Age=600; HttpOnly; SameSite=Lax; Secure"),
        "{cookie}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn o4_health_names_each_part_and_metrics_are_the_operators() {
    let server = Server::start().await;
    let health = raw::send(server.at, "GET", "/health", &[], "").await;
    assert_eq!(health.status, 200, "{health:?}");
    for part in ["database", "key_source", "catalog", "clock"] {
        assert_eq!(health.json()["parts"][part]["status"], "ok", "{part}: {health:?}");
    }
    assert_eq!(raw::send(server.at, "GET", "/ready", &[], "").await.status, 204);
    let tenant = server.tenant("acme").await;
    assert_eq!(server.get("/metrics", &tenant.key).await.status, 403);
    let integration = server.integration(&tenant.key, Behaviour::default()).await;
    let connection = server.connect(&tenant.key, &integration, "alice").await;
    let refresh = format!("/v1/connections/{}/refresh", connection["id"].as_str().unwrap());
    assert_eq!(server.post(&refresh, &tenant.key, Value::Null).await.status, 200);
    let metrics = server.get("/metrics", &server.operator).await;
    assert_eq!(metrics.status, 200);
    for line in [
        "coffer_http_requests_total{method=\"POST\",route=\"/v1/tenants\",status=\"2xx\"} 1",
        "coffer_http_request_duration_seconds_count{method=\"POST\",route=\"/v1/tenants\"} 1",
        "coffer_http_requests_in_flight 1",
        "coffer_envelope_refusals_total{reason=\"authentication\"} 0",
        "coffer_store_transactions_total{name=",
        "coffer_refreshes_total{provider=\"simulator\",outcome=\"succeeded\"} 1",
        "coffer_refresh_age_seconds{provider=\"simulator\"} ",
        "# EOF",
    ] {
        assert!(metrics.body.contains(line), "{line}\n{}", metrics.body);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn o4_metrics_on_an_address_of_their_own_need_no_key() {
    let folder = tempfile::tempdir().unwrap();
    let _ = rustls::crypto::ring::default_provider().install_default();
    let (listener, at) = crate::server::port();
    drop(listener);
    let source = crate::server::settings(&folder, at).set("COFFER_METRICS_LISTEN", "127.0.0.1:0");
    let config = coffer_server::config::Config::read(&source).unwrap();
    let running = coffer_server::server::Running::start(&config).await.unwrap();
    let metrics = running.metrics_address().unwrap();
    let text = raw::send(metrics, "GET", "/metrics", &[], "").await;
    assert_eq!((text.status, text.body.ends_with("# EOF\n")), (200, true));
    assert_eq!(
        raw::send(metrics, "GET", "/v1/tenants", &[], "").await.status,
        404
    );
    assert_eq!(raw::send(at, "GET", "/metrics", &[], "").await.status, 401);
    running.stop().await;
}
