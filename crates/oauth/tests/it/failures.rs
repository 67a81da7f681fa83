//! Requirement F3 and THR-27: what providers really answer, and what it means.

use crate::support::*;
use coffer_catalog::provider::response::Success;
use coffer_catalog::{ErrorRule, Meaning, Pointer, Step};
use coffer_core::failure::FailureCode::ProviderUnavailable;
use coffer_oauth::Integration;
use coffer_oauth::Verdict::{Ambiguous, Transient};
use serde_json::json;
use std::collections::BTreeSet;

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
    fn named(name: &str) -> Self {
        match name {
            "generic" => Self::Generic,
            "github" => Self::GitHub,
            "slack" => Self::Slack,
            "mapped" => Self::Mapped,
            other => panic!("{other}"),
        }
    }

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

/// The table, a reply a line: see its head.
const CASES: &str = include_str!("failures.txt");

#[test]
fn thr_27_refusals_are_read_by_status_and_body() {
    let world = World::always(500, "");
    let mut seen = BTreeSet::new();
    for line in CASES.lines().filter(|line| !line.starts_with('#')) {
        let [name, which, status, code, verdict, body] = line.splitn(6, " | ").collect::<Vec<_>>()[..] else {
            panic!("{line}")
        };
        let body = if body.starts_with('"') {
            serde_json::from_str(body).unwrap()
        } else {
            body.to_owned()
        };
        let status = status.parse().unwrap();
        let reply = response(status, &[("content-type", "text/html")], body.as_bytes());
        let integration = Which::named(which).integration();
        let error = refused(world.client.read_refresh(&integration, &text("rt"), &reply));
        assert_eq!(
            (error.code.as_str(), error.verdict.as_str()),
            (code, verdict),
            "{name}: {error:?}"
        );
        assert_eq!(error.status, Some(status), "{name}");
        assert!(
            !error.hint.is_empty() && !error.to_string().contains('\n'),
            "{name}"
        );
        seen.insert(name);
    }
    assert!(seen.len() >= 80, "{}", seen.len());
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
    for which in [Which::Generic, Which::GitHub, Which::Slack, Which::Mapped] {
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
            .read_refresh(&Which::Mapped.integration(), &text("rt-canary"), &reply),
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
