//! Requirement F3 and THR-27: what providers really answer, and what it means.

use crate::support::*;
use coffer_catalog::provider::response::Success;
use coffer_catalog::{ErrorRule, Meaning, Pointer, Step};
use coffer_core::failure::FailureCode::{self, *};
use coffer_oauth::{Integration, Verdict};
use serde_json::json;
use std::time::Duration;

#[derive(Clone, Copy)]
enum Which {
    Generic,
    GitHub,
    Slack,
    Mapped,
}

fn rule(status: Option<u16>, code: Option<&str>, means: Meaning) -> ErrorRule {
    ErrorRule {
        step: Some(Step::Refresh),
        status,
        code: code.map(str::to_owned),
        means,
        hint: Some("the file's hint".into()),
    }
}

impl Which {
    fn integration(self) -> Integration {
        match self {
            Self::Generic => oauth2(),
            Self::GitHub => oauth2_with(|to| to.errors = provider("github").errors, &[]),
            Self::Slack => oauth2_with(
                |provider| {
                    let pointer = Pointer::parse("/ok").unwrap();
                    provider.response.success = Some(Success {
                        pointer,
                        equals: json!(true),
                    });
                    provider.errors = vec![
                        rule(None, Some("invalid_refresh_token"), Meaning::Dead),
                        rule(None, Some("token_revoked"), Meaning::Revoked),
                        rule(None, Some("bad_client_secret"), Meaning::Config),
                    ];
                },
                &[],
            ),
            Self::Mapped => oauth2_with(
                |provider| {
                    provider.errors = vec![
                        rule(Some(403), Some("E1007"), Meaning::Dead),
                        rule(Some(400), Some("190"), Meaning::Dead),
                        rule(None, Some("unauthorized_client"), Meaning::Dead),
                        rule(Some(401), Some("AuthenticationFailure"), Meaning::Revoked),
                        rule(Some(418), None, Meaning::Transient),
                    ];
                },
                &[],
            ),
        }
    }
}

const WAIT: Verdict = Verdict::RateLimited {
    retry_after: Duration::from_secs(30),
};
use Verdict::{Ambiguous, Config, Dead, Moved, Refused, Transient, Unusable};
use Which::{Generic, GitHub, Mapped, Slack};

type Case = (&'static str, Which, u16, &'static str, FailureCode, Verdict);

/// Refresh replies: what it is, whose, status, body, code, verdict.
const CASES: [Case; 84] = [
    (
        "rfc 6749 dead grant",
        Generic,
        400,
        r#"{"error":"invalid_grant"}"#,
        ConsentRequired,
        Dead,
    ),
    (
        "google, revoked",
        Generic,
        400,
        r#"{"error":"invalid_grant","error_description":"Token has been expired or revoked."}"#,
        ConsentRequired,
        Dead,
    ),
    (
        "google, bad request",
        Generic,
        400,
        r#"{"error":"invalid_grant","error_description":"Bad Request"}"#,
        ConsentRequired,
        Dead,
    ),
    (
        "entra, AADSTS70008",
        Generic,
        400,
        r#"{"error":"invalid_grant","error_description":"AADSTS70008: The refresh token has expired due to inactivity.","error_codes":[70008],"timestamp":"2026-01-01 00:00:00Z","trace_id":"0","suberror":"bad_token"}"#,
        ConsentRequired,
        Dead,
    ),
    (
        "okta",
        Generic,
        400,
        r#"{"error":"invalid_grant","error_description":"The refresh token is invalid or expired."}"#,
        ConsentRequired,
        Dead,
    ),
    (
        "auth0, 403",
        Generic,
        403,
        r#"{"error":"invalid_grant","error_description":"Unknown or invalid refresh token."}"#,
        ConsentRequired,
        Dead,
    ),
    (
        "hydra, 401",
        Generic,
        401,
        r#"{"error":"invalid_grant"}"#,
        ConsentRequired,
        Dead,
    ),
    (
        "dead grant with status 200",
        Generic,
        200,
        r#"{"error":"invalid_grant"}"#,
        ConsentRequired,
        Dead,
    ),
    (
        "dead grant as a form",
        Generic,
        400,
        "error=invalid_grant&error_description=gone",
        ConsentRequired,
        Dead,
    ),
    (
        "dead grant with a BOM",
        Generic,
        400,
        "\u{feff}{\"error\":\"invalid_grant\"}",
        ConsentRequired,
        Dead,
    ),
    (
        "entra, interaction required",
        Generic,
        400,
        r#"{"error":"interaction_required","error_description":"AADSTS50076"}"#,
        ConsentRequired,
        Dead,
    ),
    (
        "entra, consent required",
        Generic,
        400,
        r#"{"error":"consent_required"}"#,
        ConsentRequired,
        Dead,
    ),
    (
        "login required",
        Generic,
        400,
        r#"{"error":"login_required"}"#,
        ConsentRequired,
        Dead,
    ),
    (
        "expired device code",
        Generic,
        400,
        r#"{"error":"expired_token"}"#,
        ConsentRequired,
        Dead,
    ),
    (
        "rfc 6749 client",
        Generic,
        401,
        r#"{"error":"invalid_client"}"#,
        InvalidConfig,
        Config,
    ),
    (
        "entra, AADSTS7000215",
        Generic,
        401,
        r#"{"error":"invalid_client","error_description":"AADSTS7000215: Invalid client secret provided."}"#,
        InvalidConfig,
        Config,
    ),
    (
        "google, deleted client",
        Generic,
        401,
        r#"{"error":"invalid_client","error_description":"The OAuth client was not found."}"#,
        InvalidConfig,
        Config,
    ),
    (
        "client with 400",
        Generic,
        400,
        r#"{"error":"invalid_client"}"#,
        InvalidConfig,
        Config,
    ),
    (
        "client with 200",
        Generic,
        200,
        r#"{"error":"invalid_client"}"#,
        InvalidConfig,
        Config,
    ),
    (
        "unauthorized client",
        Generic,
        400,
        r#"{"error":"unauthorized_client"}"#,
        InvalidConfig,
        Config,
    ),
    (
        "scope",
        Generic,
        400,
        r#"{"error":"invalid_scope"}"#,
        InvalidConfig,
        Refused,
    ),
    (
        "request",
        Generic,
        400,
        r#"{"error":"invalid_request"}"#,
        InvalidConfig,
        Refused,
    ),
    (
        "grant type",
        Generic,
        400,
        r#"{"error":"unsupported_grant_type"}"#,
        InvalidConfig,
        Refused,
    ),
    (
        "rfc 8707 target",
        Generic,
        400,
        r#"{"error":"invalid_target"}"#,
        InvalidConfig,
        Refused,
    ),
    ("401, empty", Generic, 401, "", InvalidConfig, Refused),
    ("400, empty", Generic, 400, "", ProviderUnavailable, Transient),
    (
        "400, white space",
        Generic,
        400,
        " \r\n\t",
        ProviderUnavailable,
        Transient,
    ),
    (
        "400, empty object",
        Generic,
        400,
        "{}",
        ProviderUnavailable,
        Transient,
    ),
    ("400, array", Generic, 400, "[]", ProviderUnavailable, Transient),
    (
        "400, text",
        Generic,
        400,
        "Bad Request",
        ProviderUnavailable,
        Transient,
    ),
    (
        "400, null error",
        Generic,
        400,
        r#"{"error":null}"#,
        ProviderUnavailable,
        Transient,
    ),
    (
        "400, numeric error",
        Generic,
        400,
        r#"{"error":1234}"#,
        ProviderUnavailable,
        Transient,
    ),
    (
        "403, private code",
        Generic,
        403,
        r#"{"error":"E1007"}"#,
        ProviderUnavailable,
        Transient,
    ),
    ("403, empty", Generic, 403, "", ProviderUnavailable, Transient),
    (
        "404",
        Generic,
        404,
        r#"{"message":"Not Found"}"#,
        ProviderUnavailable,
        Transient,
    ),
    ("410", Generic, 410, "", ProviderUnavailable, Transient),
    (
        "invalid token is not a dead grant",
        Generic,
        401,
        r#"{"error":"invalid_token"}"#,
        ProviderUnavailable,
        Transient,
    ),
    (
        "temporarily unavailable",
        Generic,
        400,
        r#"{"error":"temporarily_unavailable"}"#,
        ProviderUnavailable,
        Transient,
    ),
    (
        "server_error with 400",
        Generic,
        400,
        r#"{"error":"server_error"}"#,
        ProviderUnavailable,
        Ambiguous,
    ),
    (
        "unknown code",
        Generic,
        400,
        r#"{"error":"flux_capacitor"}"#,
        ProviderUnavailable,
        Transient,
    ),
    (
        "waf, 403 with a page",
        Generic,
        403,
        "<!DOCTYPE html><title>Attention Required!</title>",
        ProviderUnavailable,
        Transient,
    ),
    (
        "proxy, 401 with a page",
        Generic,
        401,
        "<html>401 Authorization Required</html>",
        ProviderUnavailable,
        Transient,
    ),
    (
        "400 with xml",
        Generic,
        400,
        "<?xml version=\"1.0\"?><Error><Code>invalid_grant</Code></Error>",
        ProviderUnavailable,
        Transient,
    ),
    (
        "jobber, text/plain",
        Generic,
        401,
        "401 Unauthorized",
        InvalidConfig,
        Refused,
    ),
    ("408", Generic, 408, "", ProviderUnavailable, Transient),
    ("425", Generic, 425, "", ProviderUnavailable, Transient),
    ("429, empty", Generic, 429, "", RateLimited, WAIT),
    (
        "429, dead grant inside",
        Generic,
        429,
        r#"{"error":"invalid_grant"}"#,
        RateLimited,
        WAIT,
    ),
    (
        "429, page",
        Generic,
        429,
        "<html>slow down</html>",
        RateLimited,
        WAIT,
    ),
    (
        "slow_down",
        Generic,
        400,
        r#"{"error":"slow_down"}"#,
        RateLimited,
        WAIT,
    ),
    ("500, empty", Generic, 500, "", ProviderUnavailable, Ambiguous),
    (
        "500, dead grant inside",
        Generic,
        500,
        r#"{"error":"invalid_grant"}"#,
        ProviderUnavailable,
        Ambiguous,
    ),
    (
        "500, client inside",
        Generic,
        500,
        r#"{"error":"invalid_client"}"#,
        ProviderUnavailable,
        Ambiguous,
    ),
    (
        "502, page",
        Generic,
        502,
        "<html><h1>502 Bad Gateway</h1></html>",
        ProviderUnavailable,
        Ambiguous,
    ),
    (
        "503, no wait",
        Generic,
        503,
        "upstream connect error",
        ProviderUnavailable,
        Ambiguous,
    ),
    ("504", Generic, 504, "", ProviderUnavailable, Ambiguous),
    (
        "520 of a cdn",
        Generic,
        520,
        "error code: 520",
        ProviderUnavailable,
        Ambiguous,
    ),
    ("599", Generic, 599, "", ProviderUnavailable, Ambiguous),
    ("301", Generic, 301, "", ProviderUnavailable, Moved),
    (
        "302 to a log-in page",
        Generic,
        302,
        "<html>",
        ProviderUnavailable,
        Moved,
    ),
    (
        "303",
        Generic,
        303,
        r#"{"access_token":"at"}"#,
        ProviderUnavailable,
        Moved,
    ),
    ("307", Generic, 307, "", ProviderUnavailable, Moved),
    (
        "308",
        Generic,
        308,
        r#"{"error":"invalid_grant"}"#,
        ProviderUnavailable,
        Moved,
    ),
    (
        "200, page of a captive portal",
        Generic,
        200,
        "<html>Welcome to the hotel</html>",
        ProviderUnavailable,
        Unusable,
    ),
    (
        "200, garbage",
        Generic,
        200,
        "\u{1}\u{2}garbage",
        ProviderUnavailable,
        Unusable,
    ),
    (
        "200, cut off",
        Generic,
        200,
        r#"{"access_token":"at","refresh_tok"#,
        ProviderUnavailable,
        Unusable,
    ),
    (
        "200, no token",
        Generic,
        200,
        r#"{"token_type":"bearer"}"#,
        ProviderUnavailable,
        Unusable,
    ),
    (
        "200, token is a number",
        Generic,
        200,
        r#"{"access_token":12345}"#,
        ProviderUnavailable,
        Unusable,
    ),
    (
        "200, token is empty",
        Generic,
        200,
        r#"{"access_token":""}"#,
        ProviderUnavailable,
        Unusable,
    ),
    (
        "200, token with a line break",
        Generic,
        200,
        "{\"access_token\":\"a\\r\\nSet-Cookie: x\"}",
        ProviderUnavailable,
        Unusable,
    ),
    (
        "200, two different tokens",
        Generic,
        200,
        r#"{"access_token":"a","access_token":"b"}"#,
        ProviderUnavailable,
        Unusable,
    ),
    (
        "200, two different refresh tokens",
        Generic,
        200,
        r#"{"access_token":"a","refresh_token":"b","refresh_token":"c"}"#,
        ProviderUnavailable,
        Unusable,
    ),
    ("200, nothing", Generic, 200, "", ProviderUnavailable, Ambiguous),
    ("204", Generic, 204, "", ProviderUnavailable, Ambiguous),
    (
        "google api style object",
        Generic,
        403,
        r#"{"error":{"code":403,"message":"x","status":"PERMISSION_DENIED"}}"#,
        ProviderUnavailable,
        Transient,
    ),
    (
        "github, bad code with 200",
        GitHub,
        200,
        r#"{"error":"bad_verification_code","error_description":"The code passed is incorrect or expired.","error_uri":"https://docs.github.com/"}"#,
        ConsentRequired,
        Dead,
    ),
    (
        "github, credentials with 200",
        GitHub,
        200,
        r#"{"error":"incorrect_client_credentials"}"#,
        InvalidConfig,
        Config,
    ),
    (
        "slack, ok false",
        Slack,
        200,
        r#"{"ok":false,"error":"invalid_refresh_token"}"#,
        ConsentRequired,
        Dead,
    ),
    (
        "slack, revoked",
        Slack,
        200,
        r#"{"ok":false,"error":"token_revoked"}"#,
        Revoked,
        Dead,
    ),
    (
        "slack, secret",
        Slack,
        200,
        r#"{"ok":false,"error":"bad_client_secret"}"#,
        InvalidConfig,
        Config,
    ),
    (
        "slack, rate",
        Slack,
        200,
        r#"{"ok":false,"error":"ratelimited"}"#,
        RateLimited,
        WAIT,
    ),
    (
        "a private code that the file knows",
        Mapped,
        403,
        r#"{"error":"E1007"}"#,
        ConsentRequired,
        Dead,
    ),
    (
        "facebook, nested number",
        Mapped,
        400,
        r#"{"error":{"message":"Error validating access token","type":"OAuthException","code":190}}"#,
        ConsentRequired,
        Dead,
    ),
    (
        "atlassian, unauthorized_client for a dead token",
        Mapped,
        403,
        r#"{"error":"unauthorized_client","error_description":"refresh_token is invalid"}"#,
        ConsentRequired,
        Dead,
    ),
];

#[test]
fn thr_27_refusals_are_read_by_status_and_body() {
    let world = World::always(500, "");
    for (name, which, status, body, code, verdict) in CASES {
        let reply = response(status, &[("content-type", "text/html")], body.as_bytes());
        let error = refused(
            world
                .client
                .read_refresh(&which.integration(), &text("rt"), &reply),
        );
        assert_eq!((error.code, error.verdict), (code, verdict), "{name}: {error:?}");
        assert_eq!(error.status, Some(status), "{name}");
        assert!(
            !error.hint.is_empty() && !error.to_string().contains('\n'),
            "{name}"
        );
    }
}

#[test]
fn oa_c19_no_verdict_on_a_grant_from_5xx_or_a_page_whatever_is_in_it() {
    let world = World::always(500, "");
    let bodies = [
        r#"{"error":"invalid_grant"}"#,
        r#"{"error":"invalid_client"}"#,
        r#"{"error":"token_revoked"}"#,
        "error=invalid_grant",
        "<html>invalid_grant</html>",
        "  <p>{\"error\":\"invalid_grant\"}</p>",
    ];
    for which in [Generic, GitHub, Slack, Mapped] {
        for (body, status) in bodies
            .iter()
            .flat_map(|body| (500..600).map(move |status| (body, status)))
        {
            let reply = response(status, &[], body.as_bytes());
            let error = refused(
                world
                    .client
                    .read_refresh(&which.integration(), &text("rt"), &reply),
            );
            assert_eq!(
                (error.code, error.verdict),
                (ProviderUnavailable, Ambiguous),
                "{status} {body}"
            );
        }
        for (body, status) in bodies
            .iter()
            .skip(4)
            .flat_map(|body| (400..428).map(move |status| (body, status)))
        {
            let reply = response(status, &[], body.as_bytes());
            let error = refused(
                world
                    .client
                    .read_refresh(&which.integration(), &text("rt"), &reply),
            );
            assert_eq!(
                (error.code, error.verdict),
                (ProviderUnavailable, Transient),
                "{status} {body}"
            );
        }
    }
}

#[test]
fn the_provider_s_words_come_along_cleaned_and_the_file_s_hint_wins() {
    let world = World::always(500, "");
    let body = r#"{"error":"E1007","error_description":"rt-canary\u0000 is <b>gone</b>\r\n"}"#;
    let reply = response(403, &[], body.as_bytes());
    let error = refused(
        world
            .client
            .read_refresh(&Mapped.integration(), &text("rt-canary"), &reply),
    );
    assert_eq!(error.hint, "the file's hint");
    assert_eq!(error.provider_code.as_deref(), Some("E1007"));
    assert_eq!(
        error.provider_message.as_deref(),
        Some("[redacted] is <b>gone</b>")
    );
    assert_eq!(
        error.to_string(),
        "the provider answered 403 with \"E1007\": the file's hint"
    );
}

#[test]
fn words_are_found_where_providers_put_them() {
    let world = World::always(500, "");
    for (body, code, message) in [
        (
            r#"{"error":{"code":403,"message":"m","status":"PERMISSION_DENIED"}}"#,
            "403",
            "m",
        ),
        (
            r#"{"errors":[{"errorType":"invalid_grant","message":"m"}],"success":false}"#,
            "invalid_grant",
            "m",
        ),
        (r#"{"errorCode":"E0000011","errorSummary":"m"}"#, "E0000011", "m"),
        (r#"{"code":"oauth.invalid","message":"m"}"#, "oauth.invalid", "m"),
        (r#"{"error":"x","message":"m"}"#, "x", "m"),
        (r#"{"error":"x","detail":"m"}"#, "x", "m"),
        ("error=x&error_description=m", "x", "m"),
    ] {
        let reply = response(400, &[], body.as_bytes());
        let error = refused(world.client.read_refresh(&oauth2(), &text("rt"), &reply));
        assert_eq!(
            (error.provider_code.as_deref(), error.provider_message.as_deref()),
            (Some(code), Some(message)),
            "{body}"
        );
    }
}
