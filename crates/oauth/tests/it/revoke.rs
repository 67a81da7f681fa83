use crate::support::*;
use coffer_catalog::provider::revoke::{RevokeStyle, RevokedToken};
use coffer_catalog::{ErrorRule, Meaning, Step};
use coffer_core::http::{HttpErrorKind, Method, Sent};
use coffer_oauth::{Revocation, RevokeTokens, Verdict};

async fn revoke(
    world: &World,
    integration: &coffer_oauth::Integration,
) -> Result<Revocation, coffer_oauth::Error> {
    let (access, refresh) = (text("at-canary"), text("rt-canary"));
    let tokens = RevokeTokens {
        access: Some(&access),
        refresh: Some(&refresh),
    };
    world.client.revoke(integration, tokens).await
}

#[tokio::test]
async fn oa_c34_the_refresh_token_is_revoked_by_rfc_7009() {
    for status in [200, 204] {
        let world = World::always(status, "");
        assert_eq!(revoke(&world, &oauth2()).await, Ok(Revocation::Revoked));
        let seen = world.only();
        assert_eq!(
            (seen.method, seen.url.as_str()),
            (Method::Post, "https://id.example/revoke")
        );
        assert_eq!(seen.form()["token"], "rt-canary");
        assert!(seen.header("authorization").unwrap().starts_with("Basic "));
    }
}

#[tokio::test]
async fn the_entry_says_which_token_and_whether_with_a_hint() {
    let world = World::always(200, "{}");
    let integration = oauth2_with(
        |provider| {
            provider.revoke.token = RevokedToken::AccessToken;
            provider.revoke.token_type_hint = true;
        },
        &[],
    );
    assert_eq!(revoke(&world, &integration).await, Ok(Revocation::Revoked));
    let form = world.only().form();
    assert_eq!(
        (form["token"].as_str(), form["token_type_hint"].as_str()),
        ("at-canary", "access_token")
    );
}

#[tokio::test]
async fn oa_c34_a_failure_that_may_pass_is_an_error_to_be_tried_again() {
    for (status, body, verdict) in [
        (503, "", Verdict::Ambiguous),
        (500, r#"{"error":"invalid_token"}"#, Verdict::Ambiguous),
        (302, "", Verdict::Moved),
        (400, "", Verdict::Transient),
        (400, "<html>", Verdict::Transient),
        (401, r#"{"error":"invalid_client"}"#, Verdict::Config),
    ] {
        let error = refused(revoke(&World::always(status, body), &oauth2()).await);
        assert_eq!(error.verdict, verdict, "{status} {body}");
    }
    let world = World::new(|_| no_answer(HttpErrorKind::Timeout, Sent::Maybe));
    assert_eq!(
        refused(revoke(&world, &oauth2()).await).verdict,
        Verdict::Ambiguous
    );
}

#[tokio::test]
async fn a_token_that_is_gone_and_one_that_cannot_be_revoked_are_told_apart() {
    for (status, body, expected) in [
        (400, r#"{"error":"invalid_token"}"#, Revocation::AlreadyGone),
        (400, r#"{"error":"invalid_grant"}"#, Revocation::AlreadyGone),
        (
            400,
            r#"{"error":"unsupported_token_type"}"#,
            Revocation::Unsupported(None),
        ),
    ] {
        assert_eq!(
            revoke(&World::always(status, body), &oauth2()).await,
            Ok(expected),
            "{body}"
        );
    }
    let world = World::always(200, "");
    let none = RevokeTokens {
        access: None,
        refresh: None,
    };
    assert_eq!(
        world.client.revoke(&oauth2(), none).await,
        Ok(Revocation::AlreadyGone)
    );
}

#[tokio::test]
async fn a_file_can_say_that_a_bare_status_means_gone_but_a_page_never_does() {
    let integration = oauth2_with(
        |provider| {
            provider.errors = vec![ErrorRule {
                step: Some(Step::Revoke),
                status: Some(404),
                code: None,
                means: Meaning::Revoked,
                hint: None,
            }];
        },
        &[],
    );
    let gone = revoke(&World::always(404, r#"{"message":"Not Found"}"#), &integration).await;
    assert_eq!(gone, Ok(Revocation::AlreadyGone));
    let page = revoke(&World::always(404, "<html>no such page</html>"), &integration).await;
    assert_eq!(refused(page).verdict, Verdict::Transient);
}

#[tokio::test]
async fn a_provider_that_cannot_revoke_says_what_to_do_instead() {
    let world = World::always(200, "");
    let entra = oauth2_with(
        |provider| {
            provider.revoke.style = RevokeStyle::None;
            provider.revoke.note = Some("Remove the app under My Apps.".into());
        },
        &[],
    );
    let unsupported = Revocation::Unsupported(Some("Remove the app under My Apps.".into()));
    assert_eq!(revoke(&world, &entra).await, Ok(unsupported));
    assert!(world.seen().is_empty());
    let no_endpoint = oauth2_with(|provider| provider.endpoints.revoke = None, &[]);
    assert_eq!(
        revoke(&world, &no_endpoint).await,
        Ok(Revocation::Unsupported(None))
    );
}

#[tokio::test]
async fn github_s_own_call_deletes_the_token() {
    let world = World::always(204, "");
    let github = integration(provider("github"), config([]));
    assert_eq!(revoke(&world, &github).await, Ok(Revocation::Revoked));
    let seen = world.only();
    assert_eq!(seen.method, Method::Delete);
    assert_eq!(
        seen.url.as_str(),
        "https://api.github.com/applications/my-client/token"
    );
    assert!(seen.header("authorization").unwrap().starts_with("Basic "));
    assert_eq!(seen.body, r#"{"access_token":"at-canary"}"#);
    assert_eq!(seen.header("accept"), Some("application/vnd.github+json"));
}

#[tokio::test]
async fn thr_44_a_configured_revocation_endpoint_elsewhere_does_not_see_the_client_secret() {
    let world = World::always(200, "");
    let elsewhere = oauth2_with(|_| {}, &[("revoke_url", "https://evil.example/revoke")]);
    let refused = revoke(&world, &elsewhere).await.unwrap_err();
    assert_eq!(refused.code(), "invalid_config");
    let refused = world.client.secret_origin(&elsewhere).await.unwrap_err();
    assert!(refused.to_string().contains("on one host"), "{refused}");
    assert!(world.seen().is_empty(), "not a byte was sent");

    // Where the catalogue names it, it is the provider's own.
    let fixed = oauth2_with(
        |provider| {
            provider.endpoints.revoke =
                Some(coffer_catalog::UrlTemplate::parse("https://other.example/revoke").unwrap());
        },
        &[],
    );
    assert_eq!(revoke(&world, &fixed).await, Ok(Revocation::Revoked));
    assert_eq!(world.only().url.as_str(), "https://other.example/revoke");
}
