use crate::signer::Signer;
use crate::support::*;
use coffer_core::http::{HttpErrorKind, Method, Sent};
use coffer_core::secret::ExposeSecret;
use coffer_core::{Clock, testing::FakeClock};
use coffer_oauth::{Error, IdTokenError, TokenSet, Verdict};
use serde_json::{Value, json};
use std::sync::Arc;

async fn exchange_oauth2(body: &str) -> Result<TokenSet, Error> {
    World::always(200, body)
        .client
        .exchange(&oauth2(), &Grant::default().of(None))
        .await
}

#[tokio::test]
async fn oa_c08_code_and_verifier_go_to_the_token_endpoint_of_the_flow_s_issuer_alone() {
    let world = World::new(|seen| match seen.url.path() {
        "/.well-known/openid-configuration" => json(metadata()),
        _ => json(json!({"access_token": "at"})),
    });
    let grant = Grant::default();
    let _ = world.client.exchange(&oidc(), &grant.of(Some(ISSUER))).await;
    for seen in world.seen() {
        let has_secret = seen.shown().contains("canary");
        assert_eq!(
            has_secret,
            seen.url.as_str() == "https://id.example/token",
            "{seen:?}"
        );
    }
    // A flow that was begun with another issuer is not finished with this one.
    let world = World::always(200, "{}");
    for issuer in [Some("https://other.example"), None] {
        let refused = world.client.exchange(&oidc(), &grant.of(issuer)).await;
        assert!(matches!(refused, Err(Error::Config(_))), "{refused:?}");
    }
    assert!(world.seen().is_empty());
}

#[tokio::test]
async fn oa_c11_exactly_one_method_of_client_authentication_and_never_the_url() {
    for (style, basic, id, secret) in [
        ("basic", true, false, false),
        ("basic+body", true, true, false),
        ("post", false, true, true),
        ("none", false, true, false),
    ] {
        let world = World::always(200, r#"{"access_token":"at"}"#);
        let integration = oauth2_with(|_| {}, &[("client_authentication", style)]);
        world
            .client
            .exchange(&integration, &Grant::default().of(None))
            .await
            .unwrap();
        let (seen, form) = (world.only(), world.only().form());
        assert_eq!(
            seen.header("authorization")
                .is_some_and(|value| value.starts_with("Basic ")),
            basic,
            "{style}"
        );
        assert_eq!(form.contains_key("client_id"), id, "{style}");
        assert_eq!(
            form.get("client_secret").map(String::as_str),
            secret.then_some(CLIENT_SECRET),
            "{style}"
        );
        assert_eq!(seen.url.query(), None);
    }
}

#[tokio::test]
async fn oa_c13_the_token_request_is_one_post_whatever_comes_back() {
    for status in [
        200, 301, 302, 303, 307, 308, 400, 401, 408, 425, 429, 500, 502, 503,
    ] {
        let world = World::new(move |_| {
            Ok(response(
                status,
                &[("location", "https://evil.example/token"), ("retry-after", "0")],
                b"{}",
            ))
        });
        let _ = world.client.exchange(&oauth2(), &Grant::default().of(None)).await;
        assert_eq!(world.only().method, Method::Post, "{status}");
    }
    for (kind, sent) in [
        (HttpErrorKind::Timeout, Sent::Maybe),
        (HttpErrorKind::Connect, Sent::DefinitelyNot),
    ] {
        let world = World::new(move |_| no_answer(kind, sent));
        let _ = world.client.exchange(&oauth2(), &Grant::default().of(None)).await;
        assert_eq!(world.seen().len(), 1);
    }
}

#[tokio::test]
async fn the_exchange_sends_what_the_standard_asks_for_and_the_entry_s_parameters() {
    let world = World::always(200, r#"{"access_token":"at"}"#);
    let integration = oauth2_with(
        |provider| {
            let template = coffer_catalog::ValueTemplate::parse("{audience}").unwrap();
            provider
                .parameters
                .token
                .insert("audience".into(), template.clone());
            provider.parameters.token.insert("code".into(), template);
        },
        &[("audience", "https://api.example")],
    );
    world
        .client
        .exchange(&integration, &Grant::default().of(None))
        .await
        .unwrap();
    let (seen, form) = (world.only(), world.only().form());
    assert_eq!(form["grant_type"], "authorization_code");
    assert_eq!(form["code"], "code-canary");
    assert_eq!(form["redirect_uri"], REDIRECT);
    assert_eq!(
        form["code_verifier"],
        "verifier-canary-verifier-canary-verifier-canary"
    );
    assert_eq!(form["audience"], "https://api.example");
    assert_eq!(seen.header("accept"), Some("application/json"));
    assert_eq!(
        seen.header("content-type"),
        Some("application/x-www-form-urlencoded")
    );
}

#[tokio::test]
async fn oa_c15_unknown_members_are_ignored_and_token_types_compared_without_case() {
    for token_type in ["bearer", "Bearer", "BEARER", "bot", "BearerToken"] {
        let body = json!({"access_token": "at", "token_type": token_type, "unknown": {"a": [1]}, "expires_in": null});
        let tokens = exchange_oauth2(&body.to_string()).await.unwrap();
        assert_eq!(
            (tokens.access.expose_secret(), tokens.expires_in),
            ("at", None),
            "{token_type}"
        );
    }
    for token_type in ["DPoP", "dpop", "mac", "PoP", "N_A"] {
        let body = json!({"access_token": "at", "token_type": token_type});
        assert_eq!(
            refused(exchange_oauth2(&body.to_string()).await).verdict,
            Verdict::Unusable,
            "{token_type}"
        );
    }
    assert!(exchange_oauth2(r#"{"access_token":"at"}"#).await.is_ok());
}

#[tokio::test]
async fn oa_c15_lifetimes_are_read_however_they_are_written() {
    let cases = [
        ("3600", Some(3_600_000)),
        ("\"3600\"", Some(3_600_000)),
        ("3599.5", Some(3_599_500)),
        ("\" 1800 \"", Some(1_800_000)),
        ("1e3", Some(1_000_000)),
        ("0", None),
        ("-1", None),
        ("\"\"", None),
        ("\"never\"", None),
        ("null", None),
        ("true", None),
        ("{}", None),
        ("1e300", Some(3_153_600_000_000)),
    ];
    for (written, millis) in cases {
        let tokens = exchange_oauth2(&format!(r#"{{"access_token":"at","expires_in":{written}}}"#))
            .await
            .unwrap();
        assert_eq!(
            tokens.expires_in.map(|life| life.as_millis()),
            millis,
            "{written}"
        );
    }
    let fiserv = oauth2_with(
        |provider| {
            provider.response.expires_unit = coffer_catalog::provider::response::TimeUnit::Milliseconds
        },
        &[],
    );
    let world = World::always(200, r#"{"access_token":"at","expires_in":"900000"}"#);
    let tokens = world
        .client
        .exchange(&fiserv, &Grant::default().of(None))
        .await
        .unwrap();
    assert_eq!(tokens.expires_in.map(|life| life.as_secs()), Some(900));
}

#[tokio::test]
async fn oa_c16_granted_scopes_are_told_and_a_narrower_grant_is_visible() {
    let asked = ["read".to_owned(), "write".to_owned()];
    for (scope, granted, missing) in [
        (json!("read write"), Some(vec!["read", "write"]), vec![]),
        (json!("read,write"), Some(vec!["read", "write"]), vec![]),
        (json!(["read"]), Some(vec!["read"]), vec!["write"]),
        (json!("read"), Some(vec!["read"]), vec!["write"]),
        (json!(""), Some(vec![]), vec!["read", "write"]),
        (json!("read wri\u{0}te"), Some(vec!["read"]), vec!["write"]),
        (
            json!(["read", "\u{0}", "a\nb"]),
            Some(vec!["read"]),
            vec!["write"],
        ),
        (Value::Null, None, vec![]),
    ] {
        let tokens = exchange_oauth2(&json!({"access_token": "at", "scope": scope}).to_string())
            .await
            .unwrap();
        assert_eq!(
            tokens.scopes,
            granted.map(|list| list.into_iter().map(str::to_owned).collect()),
            "{scope}"
        );
        assert_eq!(tokens.missing_scopes(&asked), missing, "{scope}");
    }
}

#[tokio::test]
async fn inv1_a_token_type_that_no_database_would_store_is_not_told_and_costs_no_token() {
    let body = json!({"access_token": "at", "token_type": "bea\u{0}rer"});
    let tokens = exchange_oauth2(&body.to_string()).await.unwrap();
    assert_eq!(tokens.token_type, None);
}

#[tokio::test]
async fn a_form_is_read_whatever_its_content_type_says() {
    let form = "access_token=gho_1&scope=repo%2Cgist&token_type=bearer&expires_in=28800&refresh_token=ghr_1";
    let tokens = exchange_oauth2(form).await.unwrap();
    assert_eq!(tokens.access.expose_secret(), "gho_1");
    assert_eq!(tokens.refresh.unwrap().expose_secret(), "ghr_1");
    assert_eq!(tokens.scopes.unwrap(), ["repo", "gist"]);
    assert_eq!(tokens.expires_in.unwrap().as_secs(), 28_800);
}

#[tokio::test]
async fn nested_members_and_further_tokens_are_found_by_pointer() {
    use coffer_catalog::Pointer;
    use coffer_catalog::provider::response::{ExtraToken, Success};
    let slack = oauth2_with(
        |provider| {
            let at = |pointer: &str| Pointer::parse(pointer).unwrap();
            provider.response.success = Some(Success {
                pointer: at("/ok"),
                equals: json!(true),
            });
            provider.scopes.separator = ",".into();
            provider.response.extra_tokens.insert(
                "user".into(),
                ExtraToken {
                    access_token: at("/authed_user/access_token"),
                    refresh_token: Some(at("/authed_user/refresh_token")),
                    expires_in: Some(at("/authed_user/expires_in")),
                    scope: Some(at("/authed_user/scope")),
                },
            );
        },
        &[],
    );
    let body = json!({"ok": true, "access_token": "xoxb-1", "token_type": "bot", "scope": "chat:write,users:read",
        "authed_user": {"id": "U1", "scope": "search:read", "access_token": "xoxp-1", "expires_in": 43200}});
    let world = World::always(200, &body.to_string());
    let tokens = world
        .client
        .exchange(&slack, &Grant::default().of(None))
        .await
        .unwrap();
    assert_eq!(tokens.scopes.unwrap(), ["chat:write", "users:read"]);
    let user = &tokens.extra["user"];
    assert_eq!(
        (user.access.expose_secret(), user.expires_in.unwrap().as_secs()),
        ("xoxp-1", 43_200)
    );
    assert!(user.refresh.is_none());

    let tiktok = oauth2_with(
        |provider| {
            provider.response.access_token = Pointer::parse("/data/access_token").unwrap();
            provider.client.id_parameter = "client_key".into();
        },
        &[("client_authentication", "post")],
    );
    let world = World::always(200, r#"{"data":{"access_token":"act.1"},"message":"success"}"#);
    let tokens = world
        .client
        .exchange(&tiktok, &Grant::default().of(None))
        .await
        .unwrap();
    assert_eq!(tokens.access.expose_secret(), "act.1");
    assert_eq!(world.only().form()["client_key"], CLIENT_ID);
}

struct Oidc {
    signer: Arc<Signer>,
    world: World,
}

/// A provider whose token response has these claims' ID token, and any other members.
fn oidc_world(change: impl Fn(&mut Value) + Send + 'static, has_token: bool) -> Oidc {
    let signer = Arc::new(Signer::es256());
    let key = Arc::clone(&signer);
    let world = World::new(move |seen| match seen.url.path() {
        "/.well-known/openid-configuration" => json(metadata()),
        "/keys" => json(json!({"keys": [key.jwk("k1")]})),
        _ => {
            let now = FakeClock::default().now().unix_secs();
            let mut claims = json!({"iss": ISSUER, "aud": CLIENT_ID, "sub": "user-1", "iat": now, "exp": now + 300,
                "nonce": "nonce-1", "email": "a@b.example", "email_verified": "true", "name": "Ann"});
            change(&mut claims);
            let mut body = json!({"access_token": "at-canary", "refresh_token": "rt"});
            if has_token {
                body["id_token"] = key.sign("k1", &claims).expose_secret().into();
            }
            json(body)
        }
    });
    Oidc { signer, world }
}

#[tokio::test]
async fn oa_c22_the_claims_of_a_verified_id_token_come_with_the_tokens() {
    let oidc_world = oidc_world(|_| {}, true);
    let tokens = oidc_world
        .world
        .client
        .exchange(&oidc(), &Grant::default().of(Some(ISSUER)))
        .await
        .unwrap();
    let claims = tokens.claims.unwrap();
    assert_eq!(
        (claims.issuer.as_str(), claims.subject.as_str()),
        (ISSUER, "user-1")
    );
    assert_eq!(
        (claims.email.as_deref(), claims.email_verified),
        (Some("a@b.example"), Some(true))
    );
    assert_eq!(oidc_world.signer.alg(), "ES256");
}

#[tokio::test]
async fn oa_c25_no_token_is_given_out_before_nonce_and_signature_are_right() {
    type Change = fn(&mut Value);
    let changes: [(Change, IdTokenError); 4] = [
        (|claims| claims["nonce"] = "nonce-2".into(), IdTokenError::Nonce),
        (
            |claims| drop(claims.as_object_mut().unwrap().remove("nonce")),
            IdTokenError::Nonce,
        ),
        (|claims| claims["aud"] = "other".into(), IdTokenError::Audience),
        (
            |claims| claims["iss"] = "https://evil.example".into(),
            IdTokenError::Issuer,
        ),
    ];
    for (change, expected) in changes {
        let world = oidc_world(change, true).world;
        let refused = world
            .client
            .exchange(&oidc(), &Grant::default().of(Some(ISSUER)))
            .await;
        assert_eq!(refused.unwrap_err(), Error::IdToken(expected));
    }
    let world = oidc_world(|_| {}, false).world;
    let refused = world
        .client
        .exchange(&oidc(), &Grant::default().of(Some(ISSUER)))
        .await;
    assert_eq!(refused.unwrap_err(), Error::IdToken(IdTokenError::Missing));
}

#[tokio::test]
async fn a_claim_that_the_integration_demands_is_checked() {
    use coffer_catalog::provider::oidc::RequiredClaim;
    for (hosted_domain, is_accepted) in [("corp.example", true), ("other.example", false)] {
        let world = oidc_world(move |claims| claims["hd"] = hosted_domain.into(), true).world;
        let mut google = provider("generic-oidc");
        google.oidc.as_mut().unwrap().require_claims = vec![RequiredClaim {
            claim: "hd".into(),
            field: "hosted_domain".into(),
        }];
        let google = integration(
            google,
            config([("issuer", ISSUER), ("hosted_domain", "corp.example")]),
        );
        let outcome = world
            .client
            .exchange(&google, &Grant::default().of(Some(ISSUER)))
            .await;
        assert_eq!(outcome.is_ok(), is_accepted, "{hosted_domain}");
    }
}
