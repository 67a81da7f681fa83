//! The callback belongs to the browser, the integration and the moment that its flow began with (THR-33).

use crate::server::{Browser, Server, param};
use coffer_core::{Clock, SystemClock, SystemRandom};
use coffer_simulator::model::{Behaviour, Moment};
use serde_json::json;

struct Flow {
    server: Server,
    key: String,
    integration: String,
    browser: Browser,
    callback: String,
}

async fn flow() -> Flow {
    let server = Server::start().await;
    let tenant = server.tenant("acme").await;
    let integration = server.integration(&tenant.key, Behaviour::default()).await;
    let mut browser = Browser::default();
    let sent = server
        .browse(&mut browser, &server.link(&tenant.key, &integration).await)
        .await;
    let callback = server.consent(&sent, "alice");
    Flow {
        server,
        key: tenant.key,
        integration,
        browser,
        callback,
    }
}

/// The page says why, and leads nowhere.
fn told(answer: &crate::raw::Answer, code: &str) {
    assert_eq!(answer.status, 400, "{answer:?}");
    assert!(
        answer.header("content-type").unwrap().starts_with("text/html"),
        "{answer:?}"
    );
    assert!(
        answer.body.contains(code) && answer.header("location").is_none(),
        "{answer:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn thr_33_a_state_is_used_once() {
    let Flow {
        server,
        mut browser,
        callback,
        ..
    } = flow().await;
    let cookie = browser.clone();
    assert!(param(&server.browse(&mut browser, &callback).await, "coffer_result").is_some());
    told(&server.browse(&mut cookie.clone(), &callback).await, "state_used");
    let totals = server.sim.with(|sim| sim.ledger().totals().clone());
    assert_eq!(totals.exchanges, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn thr_33_another_browser_cannot_finish_a_flow() {
    let Flow {
        server,
        key,
        integration,
        callback,
        mut browser,
    } = flow().await;
    told(
        &server.browse(&mut Browser::default(), &callback).await,
        "other_browser",
    );
    let mut other = Browser::default();
    server
        .browse(&mut other, &server.link(&key, &integration).await)
        .await;
    told(&server.browse(&mut other, &callback).await, "other_browser");
    assert!(
        param(&server.browse(&mut browser, &callback).await, "coffer_result").is_some(),
        "the right one still can"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn thr_33_a_tampered_or_missing_state_is_nobodys() {
    let Flow {
        server,
        callback,
        browser,
        ..
    } = flow().await;
    let at = callback.find("state=").unwrap() + 12;
    let changed = if callback.as_bytes()[at] == b'a' { "b" } else { "a" };
    let tampered = format!("{}{changed}{}", &callback[..at], &callback[at + 1..]);
    told(
        &server.browse(&mut browser.clone(), &tampered).await,
        "state_unknown",
    );
    let (path, _) = callback.split_once('?').unwrap();
    for query in ["", "?", "?code=x", "?state=&code=x", "?state=a&state=b"] {
        let answer = server
            .browse(&mut browser.clone(), &format!("{path}{query}"))
            .await;
        assert!(
            (400..500).contains(&answer.status) && answer.header("location").is_none(),
            "{query}: {answer:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn thr_33_the_callback_of_another_integration_is_refused() {
    let Flow {
        server,
        callback,
        browser,
        integration,
        ..
    } = flow().await;
    let elsewhere = callback.replace(&integration, "01890a5d-ac96-774b-bcce-b302099a8057");
    told(
        &server.browse(&mut browser.clone(), &elsewhere).await,
        "callback_redirect_uri_mismatch",
    );
    let nowhere = server
        .browse(&mut browser.clone(), &callback.replace(&integration, "no-id"))
        .await;
    assert_eq!(nowhere.status, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn thr_33_a_flow_that_took_too_long_is_refused() {
    let server = Server::start_with(|source| source.set("COFFER_FLOW_TTL", "1ms")).await;
    let tenant = server.tenant("acme").await;
    let integration = server.integration(&tenant.key, Behaviour::default()).await;
    let mut browser = Browser::default();
    let sent = server
        .browse(&mut browser, &server.link(&tenant.key, &integration).await)
        .await;
    let callback = server.consent(&sent, "alice");
    // The cookie's own life is over too: a browser would not send it. An attacker would.
    browser.cookie = sent
        .header("set-cookie")
        .map(|set| set.split(';').next().unwrap().to_owned());
    told(&server.browse(&mut browser, &callback).await, "state_expired");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connect_link_opens_once_and_a_wrong_one_never() {
    let server = Server::start().await;
    let tenant = server.tenant("acme").await;
    let integration = server.integration(&tenant.key, Behaviour::default()).await;
    let link = server.link(&tenant.key, &integration).await;
    assert_eq!(server.browse(&mut Browser::default(), &link).await.status, 303);
    let again = server.browse(&mut Browser::default(), &link).await;
    assert_eq!(
        param(&again, "coffer_error").as_deref(),
        Some("session_used"),
        "{again:?}"
    );
    told(
        &server
            .browse(&mut Browser::default(), "/connect/cfs_nothing")
            .await,
        "session_unknown",
    );
    let head = crate::raw::send(
        server.at,
        "HEAD",
        &server.link(&tenant.key, &integration).await,
        &[],
        "",
    )
    .await;
    assert_eq!(
        head.status, 405,
        "what looks at a link without opening it does not use it up"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_who_says_no_comes_back_with_the_reason() {
    let Flow {
        server,
        key,
        integration,
        ..
    } = flow().await;
    let mut browser = Browser::default();
    let sent = server
        .browse(&mut browser, &server.link(&key, &integration).await)
        .await;
    let url = sent.header("location").unwrap().parse().unwrap();
    let at = Moment {
        now: SystemClock.now(),
        random: &SystemRandom,
    };
    let denied = crate::server::path(server.sim.deny(&url, at).unwrap().as_str());
    let back = server.browse(&mut browser, &denied).await;
    assert_eq!(
        param(&back, "coffer_error").as_deref(),
        Some("access_denied"),
        "{back:?}"
    );
    assert_eq!(param(&back, "draft").as_deref(), Some("7"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_result_is_redeemed_once_and_by_its_own_tenant_only() {
    let Flow {
        server,
        key,
        mut browser,
        callback,
        ..
    } = flow().await;
    let result = param(&server.browse(&mut browser, &callback).await, "coffer_result").unwrap();
    let other = server.tenant("other").await;
    let redeem = |key: String| {
        let (server, body) = (&server, json!({"result": result}));
        async move { server.post("/v1/connect-sessions/redeem", &key, body).await }
    };
    assert_eq!(redeem(other.key).await.code(), "result_unknown");
    assert_eq!(redeem(key.clone()).await.status, 200);
    let again = redeem(key).await;
    assert_eq!(again.status, 200, "the answer may have been lost: {again:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_tabs_of_one_browser_connect_side_by_side() {
    let server = Server::start().await;
    let tenant = server.tenant("acme").await;
    let integration = server.integration(&tenant.key, Behaviour::default()).await;
    let mut browser = Browser::default();
    let first = server
        .browse(&mut browser, &server.link(&tenant.key, &integration).await)
        .await;
    let cookie = browser.cookie.clone();
    let second = server
        .browse(&mut browser, &server.link(&tenant.key, &integration).await)
        .await;
    assert!(
        cookie.is_some() && browser.cookie == cookie,
        "one cookie for both"
    );
    for (sent, account) in [(second, "bob"), (first, "alice")] {
        let back = server.browse(&mut browser, &server.consent(&sent, account)).await;
        assert!(param(&back, "coffer_result").is_some(), "{account}: {back:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn thr_33_a_cookie_that_is_none_of_ours_binds_nothing() {
    let server = Server::start().await;
    let tenant = server.tenant("acme").await;
    let integration = server.integration(&tenant.key, Behaviour::default()).await;
    for forged in [
        "coffer-connect=cfb_forged",
        "coffer-connect=x",
        "other=cfb_forged",
    ] {
        let mut browser = Browser {
            cookie: Some(forged.to_owned()),
        };
        server
            .browse(&mut browser, &server.link(&tenant.key, &integration).await)
            .await;
        assert_ne!(browser.cookie.as_deref(), Some(forged));
    }
}
