//! The page: what it shows, what its buttons do, whom it refuses.

use super::browser::{Browser, send, value_of};
use super::{Started, token};
use coffer_core::id::ConnectionId;

fn generation(page: &str, id: ConnectionId) -> u64 {
    let card = page
        .split("<article")
        .find(|card| card.contains(&format!("id=\"c-{id}\"")))
        .unwrap();
    card.split("<dt>Generation</dt><dd>")
        .nth(1)
        .unwrap()
        .split('<')
        .next()
        .unwrap()
        .parse()
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn u1_the_page_shows_the_sample_connection_and_a_command_line() {
    let started = Started::new().await;
    let id = started.connection();
    let page = Browser::new(started.port).home().await;
    for part in [
        "alice@example.com",
        ">fresh<",
        "role=\"timer\"",
        "Refresh now",
        "Smoke test",
        "Disconnect",
        "curl -s -X POST",
    ] {
        assert!(page.contains(part), "{part}");
    }
    assert!(page.contains(&format!("/v1/connections/{id}/token")));
    assert!(page.contains("ConnectionConfirm"), "the audit log has rows");
    started.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn thr_53_no_page_runs_or_frames_anything_foreign() {
    let started = Started::new().await;
    let mut browser = Browser::new(started.port);
    browser.home().await;
    for path in [
        "/".to_owned(),
        format!("/demo/connections/{}/disconnect", started.connection()),
        "/demo/nowhere".into(),
    ] {
        let answer = browser.get(&path).await;
        let policy = answer.header("content-security-policy").unwrap();
        assert!(
            policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"),
            "{path}: {policy}"
        );
        assert!(
            !policy.contains("unsafe") && !policy.contains('*'),
            "{path}: {policy}"
        );
        assert_eq!(answer.header("x-frame-options"), Some("DENY"), "{path}");
        assert_eq!(answer.header("cache-control"), Some("no-store"), "{path}");
        for inline in [" style=\"", " onclick", " onload", "javascript:", "<script>"] {
            assert!(!answer.body.contains(inline), "{path}: {inline}");
        }
    }
    let script = browser.get("/demo/page.js").await;
    assert_eq!(
        script.header("content-type"),
        Some("text/javascript; charset=utf-8")
    );
    started.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn u5_no_secret_is_in_a_page() {
    let started = Started::new().await;
    let (id, caller_key) = (started.connection(), started.read("caller.key"));
    let (key, access) = (
        started.read("coffer.key"),
        token(started.port, &caller_key, id).await.1,
    );
    let mut browser = Browser::new(started.port);
    browser
        .press(&format!("/demo/connections/{id}/smoke-test"), &[])
        .await
        .location();
    let mut pages = browser.home().await;
    pages.push_str(
        &browser
            .get(&format!("/demo/connections/{id}/disconnect"))
            .await
            .body,
    );
    for secret in [
        caller_key.as_str(),
        key.as_str(),
        access.as_str(),
        "cfr_",
        "cfs_",
        "cfx_",
    ] {
        assert!(secret.len() >= 4 && !pages.contains(secret));
    }
    started.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn thr_54_a_foreign_host_or_origin_is_refused_and_nothing_is_done() {
    let started = Started::new().await;
    let (port, id) = (started.port, started.connection());
    let own = format!("127.0.0.1:{port}");
    for path in ["/", "/demo/page.js", "/demo/return"] {
        assert_eq!(
            send(port, "GET", path, &[("Host", "evil.example")], "")
                .await
                .status,
            403,
            "{path}"
        );
    }
    let by_name = send(
        port,
        "GET",
        "/?a=b",
        &[("Host", &format!("localhost:{port}"))],
        "",
    )
    .await;
    assert_eq!(by_name.location(), format!("http://{own}/?a=b"));

    let mut browser = Browser::new(port);
    let before = browser.home().await;
    let form = format!("token={}", value_of(&before, "token"));
    let kind = ("Content-Type", "application/x-www-form-urlencoded");
    for action in ["refresh", "smoke-test", "reconnect", "disconnect"] {
        let path = format!("/demo/connections/{id}/{action}");
        for origin in ["http://evil.example", "null"] {
            let headers = [("Host", own.as_str()), ("Origin", origin), kind];
            assert_eq!(
                send(port, "POST", &path, &headers, &form).await.status,
                403,
                "{path} {origin}"
            );
        }
        assert_eq!(
            send(port, "POST", &path, &[("Host", own.as_str()), kind], &form)
                .await
                .status,
            403,
            "{path}"
        );
        // The right origin, but not the browser that the form was made for: sent back, nothing done.
        assert_eq!(
            Browser::new(port).post(&path, &[("token", "x")]).await.location(),
            "/",
            "{path}"
        );
        assert_eq!(
            browser.post(&path, &[("token", "x")]).await.location(),
            "/",
            "{path}"
        );
    }
    let after = browser.home().await;
    assert_eq!(generation(&after, id), generation(&before, id));
    assert!(after.contains(">fresh<") && after.contains("Please try again"));
    started.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_connects_refreshes_tests_and_disconnects() {
    let started = Started::new().await;
    let (id, mut browser) = (started.connection(), Browser::new(started.port));
    let integration = value_of(&browser.home().await, "integration");
    let link = browser
        .press("/demo/connect", &[("integration", &integration)])
        .await
        .location();
    let back = browser
        .consent(&link, &[("account", "bob"), ("decision", "allow")])
        .await;
    assert_eq!(browser.get(&back).await.location(), "/");
    let page = browser.home().await;
    assert!(page.contains("bob@example.com is connected"), "{page}");
    assert!(
        !browser.home().await.contains("is connected"),
        "a message is shown once"
    );

    let before = generation(&page, id);
    assert_eq!(
        browser
            .press(&format!("/demo/connections/{id}/refresh"), &[])
            .await
            .location(),
        "/"
    );
    let page = browser.home().await;
    assert_eq!(generation(&page, id), before + 1);
    assert!(
        page.contains("Refreshed") && page.contains("<td>refresh</td>") && page.contains(">succeeded<"),
        "{page}"
    );
    browser
        .press(&format!("/demo/connections/{id}/smoke-test"), &[])
        .await
        .location();
    let page = browser.home().await;
    assert!(page.contains("the provider answered 200"), "{page}");

    let asked = browser.get(&format!("/demo/connections/{id}/disconnect")).await;
    assert!(asked.body.contains("Disconnect alice@example.com?"));
    browser
        .press(&format!("/demo/connections/{id}/disconnect"), &[])
        .await
        .location();
    let page = browser.home().await;
    assert!(
        page.contains("alice@example.com is disconnected") && page.contains(">revoked<"),
        "{page}"
    );
    let key = started.read("caller.key");
    assert_eq!(token(started.port, &key, id).await.0, 409);
    assert!(
        !page.contains(&format!("/v1/connections/{id}/token")),
        "the command line is about a live connection"
    );

    let link = browser
        .press(&format!("/demo/connections/{id}/reconnect"), &[])
        .await
        .location();
    let back = browser
        .consent(&link, &[("account", "alice"), ("decision", "allow")])
        .await;
    browser.get(&back).await.location();
    assert_eq!(token(started.port, &key, id).await.0, 200, "it keeps its id");
    started.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn w6_a_refusal_at_the_provider_comes_back_to_the_page_in_words() {
    let started = Started::new().await;
    let mut browser = Browser::new(started.port);
    let integration = value_of(&browser.home().await, "integration");
    let link = browser
        .press("/demo/connect", &[("integration", &integration)])
        .await
        .location();
    let back = browser.consent(&link, &[("decision", "deny")]).await;
    assert!(back.contains("coffer_error=access_denied"), "{back}");
    browser.get(&back).await.location();
    assert!(
        browser
            .home()
            .await
            .contains("Consent was not given at the provider")
    );
    let used = browser.get(&link).await;
    assert!(used.status == 303 || used.status >= 400, "a link opens once");
    started.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_way_back_that_somebody_else_brings_binds_nothing() {
    let started = Started::new().await;
    let (mut one, mut other) = (Browser::new(started.port), Browser::new(started.port));
    let integration = value_of(&one.home().await, "integration");
    let link = one
        .press("/demo/connect", &[("integration", &integration)])
        .await
        .location();
    // The other one was sent the link, consents with an account of its own, and brings the result back.
    other.home().await;
    let back = other
        .consent(&link, &[("account", "carol"), ("decision", "allow")])
        .await;
    other.get(&back).await.location();
    let page = other.home().await;
    assert!(
        page.contains("belongs to another browser") && page.contains(">pending<"),
        "{page}"
    );
    started.stop().await;
}
