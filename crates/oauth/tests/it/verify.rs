use crate::support::*;
use coffer_core::failure::FailureCode;

#[tokio::test]
async fn oa_c28_the_access_token_is_sent_in_the_header_only() {
    let world = World::always(200, r#"{"id": 1, "login": "ann"}"#);
    let found = world
        .client
        .verify(&integration(provider("github"), config([])), &text("at-canary"))
        .await
        .unwrap();
    assert_eq!((found.status, found.failure), (200, None));
    assert_eq!(found.summary.as_deref(), Some(r#"{"id": 1, "login": "ann"}"#));
    let seen = world.only();
    assert_eq!(seen.header("authorization"), Some("Bearer at-canary"));
    assert!(!seen.url.as_str().contains("canary") && !seen.body.contains("canary"));

    let world = World::always(200, "{}");
    let zoho = oauth2_with(|provider| provider.api.scheme = "Zoho-oauthtoken".into(), &[]);
    world.client.verify(&zoho, &text("at-canary")).await.unwrap();
    assert_eq!(
        world.only().header("authorization"),
        Some("Zoho-oauthtoken at-canary")
    );

    let world = World::always(200, "{}");
    let bare = oauth2_with(
        |provider| {
            provider.api.scheme = String::new();
            provider.api.header = "X-Access-Token".into();
        },
        &[],
    );
    world.client.verify(&bare, &text("at-canary")).await.unwrap();
    assert_eq!(world.only().header("x-access-token"), Some("at-canary"));
    assert_eq!(world.only().header("authorization"), None);
}

#[tokio::test]
async fn w11_a_refused_token_is_told_apart_from_missing_rights_and_trouble() {
    for (status, body, code) in [
        (401, "", FailureCode::TokenExpired),
        (401, r#"{"error":"invalid_token"}"#, FailureCode::TokenExpired),
        (
            403,
            r#"{"error":"insufficient_scope"}"#,
            FailureCode::InvalidConfig,
        ),
        (429, "", FailureCode::RateLimited),
        (500, "", FailureCode::ProviderUnavailable),
        (200, r#"{"error":"invalid_token"}"#, FailureCode::TokenExpired),
        (302, "", FailureCode::ProviderUnavailable),
    ] {
        let found = World::always(status, body)
            .client
            .verify(&oauth2(), &text("at"))
            .await
            .unwrap();
        assert_eq!(
            found.failure.map(|error| error.code),
            Some(code),
            "{status} {body}"
        );
        assert_eq!(found.status, status);
    }
}

#[tokio::test]
async fn oa_c14_the_summary_is_short_and_clean_and_has_no_token() {
    let body = format!("<b>\u{1b}[0m token at-canary \r\n{}", "x ".repeat(5_000));
    let found = World::always(200, &body)
        .client
        .verify(&oauth2(), &text("at-canary"))
        .await
        .unwrap();
    let summary = found.summary.unwrap();
    assert!(
        summary.chars().count() <= 300 && !summary.contains("canary"),
        "{summary}"
    );
    assert!(!summary.chars().any(char::is_control));
}
