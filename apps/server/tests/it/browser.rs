//! What a provider that posts its answer, and a person's browser, meet.

use crate::raw;
use crate::server::{Browser, Server, param};
use coffer_simulator::model::Behaviour;

#[tokio::test(flavor = "multi_thread")]
async fn thr_54_a_posted_callback_is_sent_on_by_303_and_works() {
    let server = Server::start().await;
    let tenant = server.tenant("acme").await;
    let integration = server.integration(&tenant.key, Behaviour::default()).await;
    let mut browser = Browser::default();
    let sent = server
        .browse(&mut browser, &server.link(&tenant.key, &integration).await)
        .await;
    let callback = server.consent(&sent, "alice");
    let (path, query) = callback.split_once('?').unwrap();
    let form = [
        ("content-type", "application/x-www-form-urlencoded"),
        ("origin", "https://provider.example"),
    ];
    let posted = raw::send(server.at, "POST", path, &form, query).await;
    assert_eq!(
        (posted.status, posted.header("set-cookie")),
        (303, None),
        "{posted:?}"
    );
    let back = server
        .browse(&mut browser, posted.header("location").unwrap())
        .await;
    assert!(param(&back, "coffer_result").is_some(), "{back:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn thr_37_a_posted_callback_leads_nowhere_else() {
    let server = Server::start().await;
    let path = "/oauth/callback/01890a5d-ac96-774b-bcce-b302099a8057";
    let form = [("content-type", "application/x-www-form-urlencoded")];
    for hostile in [
        "//evil.example",
        "x=1\r\nlocation: https://evil.example",
        "=https://evil.example/",
        "a#b?c/../d",
    ] {
        let posted = raw::send(server.at, "POST", path, &form, hostile).await;
        let location = posted.header("location").unwrap();
        assert!(
            location.starts_with(&format!("{path}?")) && !location.contains('#'),
            "{location}"
        );
        assert!(!location.contains("//"), "{location}");
    }
    let large = format!("a={}", "x".repeat(20_000));
    assert_eq!(
        raw::send(server.at, "POST", path, &form, &large).await.status,
        413
    );
    assert_eq!(
        raw::send(server.at, "POST", path, &[("content-type", "text/plain")], "a=b")
            .await
            .status,
        400
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn thr_37_return_targets_are_registered_origins_only() {
    let server =
        Server::start_with(|source| source.set("COFFER_RETURN_ORIGINS", "https://app.example.com")).await;
    let tenant = server.tenant("acme").await;
    let integration = server.integration(&tenant.key, Behaviour::default()).await;
    let ask = |to: &str| serde_json::json!({"integration": integration, "return_to": to});
    let good = server
        .post(
            "/v1/connect-sessions",
            &tenant.key,
            ask("https://app.example.com/x?y=z"),
        )
        .await;
    assert_eq!(good.status, 201, "{good:?}");
    for bad in [
        "https://evil.example/",
        "https://app.example.com.evil.example/",
        "https://app.example.com@evil.example/",
        "https://app.example.com:444/",
        "http://app.example.com/",
        "//app.example.com/",
        "https:app.example.com",
        "https://app.example.com\\@evil.example/",
        "javascript:alert(1)",
        "/settings",
        "",
    ] {
        let refused = server.post("/v1/connect-sessions", &tenant.key, ask(bad)).await;
        assert_eq!(
            (refused.status, refused.code().as_str()),
            (400, "invalid_value"),
            "{bad}"
        );
    }
}
