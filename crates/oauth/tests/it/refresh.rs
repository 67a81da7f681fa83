use crate::support::*;
use coffer_core::failure::FailureCode;
use coffer_core::http::{HttpErrorKind, Sent};
use coffer_core::rotation::RotationClass;
use coffer_core::secret::ExposeSecret;
use coffer_oauth::{Error, Verdict};
use std::time::Duration;

#[tokio::test]
async fn a_refresh_is_one_form_with_the_token_in_the_body() {
    let world = World::always(
        200,
        r#"{"access_token":"at2","refresh_token":"rt2","expires_in":60}"#,
    );
    let tokens = world
        .client
        .refresh(&oauth2(), &text("rt1-canary"))
        .await
        .unwrap();
    assert_eq!(tokens.access.expose_secret(), "at2");
    assert_eq!(tokens.refresh.unwrap().expose_secret(), "rt2");
    let (seen, form) = (world.only(), world.only().form());
    assert_eq!(
        (form["grant_type"].as_str(), form["refresh_token"].as_str()),
        ("refresh_token", "rt1-canary")
    );
    assert!(!form.contains_key("scope") && !seen.url.as_str().contains("canary"));
}

#[tokio::test]
async fn thr_17_the_deadline_of_an_exchange_is_the_one_that_was_set() {
    let mut world = World::always(200, r#"{"access_token":"at2"}"#);
    world.client.refresh(&oauth2(), &text("rt1")).await.unwrap();
    assert_eq!(world.only().deadline, Duration::from_secs(8), "the standard");
    world.client = world.client.with_deadline(Duration::from_secs(3));
    world.client.refresh(&oauth2(), &text("rt1")).await.unwrap();
    assert_eq!(world.seen()[1].deadline, Duration::from_secs(3));
}

#[tokio::test]
async fn metadata_is_at_hand_before_a_refresh_and_not_fetched_again_for_each() {
    let world = World::new(|seen| match seen.url.path() {
        "/token" => reply(200, r#"{"access_token":"at2"}"#),
        _ => json(metadata()),
    });
    for _ in 0..3 {
        world.client.prepare_refresh(&oidc()).await.unwrap();
        world.client.refresh(&oidc(), &text("rt1")).await.unwrap();
        world.clock.advance(Duration::from_secs(100));
    }
    let fetched = world
        .seen()
        .iter()
        .filter(|seen| seen.url.path() != "/token")
        .count();
    assert_eq!(fetched, 1);
}

#[tokio::test]
async fn oa_c17_an_absent_refresh_token_means_keep_the_old_one() {
    for body in [
        r#"{"access_token":"at2"}"#,
        r#"{"access_token":"at2","refresh_token":null}"#,
        r#"{"access_token":"at2","refresh_token":""}"#,
    ] {
        let tokens = World::always(200, body)
            .client
            .refresh(&oauth2(), &text("rt1"))
            .await
            .unwrap();
        assert!(tokens.refresh.is_none(), "{body}");
    }
}

#[tokio::test]
async fn an_id_token_in_a_refresh_is_not_looked_at_so_that_no_token_is_lost_over_it() {
    let world = World::new(|seen| match seen.url.path() {
        "/token" => reply(
            200,
            r#"{"access_token":"at2","refresh_token":"rt2","id_token":"garbage"}"#,
        ),
        _ => json(metadata()),
    });
    let tokens = world.client.refresh(&oidc(), &text("rt1")).await.unwrap();
    assert!(tokens.claims.is_none() && tokens.refresh.is_some());
}

#[tokio::test]
async fn the_answer_can_be_kept_before_it_is_read() {
    let world = World::always(200, "access_token=at2&refresh_token=rt2");
    let integration = oauth2();
    let raw = world
        .client
        .send_refresh(&integration, &text("rt1"))
        .await
        .unwrap();
    assert_eq!(raw.body.expose_secret(), b"access_token=at2&refresh_token=rt2");
    let tokens = world
        .client
        .read_refresh(&integration, &text("rt1"), &raw)
        .unwrap();
    assert_eq!(tokens.refresh.unwrap().expose_secret(), "rt2");
}

#[tokio::test]
async fn a_provider_without_refresh_tokens_is_not_asked() {
    let world = World::always(200, "{}");
    let github = integration(provider("github"), config([]));
    let refused = world.client.refresh(&github, &text("rt1")).await;
    assert!(matches!(refused, Err(Error::Config(_))), "{refused:?}");
    assert!(world.seen().is_empty());
}

#[tokio::test]
async fn thr_16_a_lost_reply_is_ambiguous_and_an_unsent_request_is_not() {
    let cases = [
        (HttpErrorKind::Resolve, Sent::DefinitelyNot, Verdict::NotSent),
        (HttpErrorKind::Connect, Sent::DefinitelyNot, Verdict::NotSent),
        (HttpErrorKind::Tls, Sent::DefinitelyNot, Verdict::NotSent),
        (HttpErrorKind::Blocked, Sent::DefinitelyNot, Verdict::NotSent),
        (HttpErrorKind::BadRequest, Sent::DefinitelyNot, Verdict::NotSent),
        (HttpErrorKind::Timeout, Sent::DefinitelyNot, Verdict::NotSent),
        (HttpErrorKind::Timeout, Sent::Maybe, Verdict::Ambiguous),
        (HttpErrorKind::Broken, Sent::Maybe, Verdict::Ambiguous),
        (HttpErrorKind::BodyTooLarge, Sent::Maybe, Verdict::Ambiguous),
    ];
    for (kind, sent, verdict) in cases {
        let world = World::new(move |_| no_answer(kind, sent));
        let error = refused(world.client.refresh(&oauth2(), &text("rt1")).await);
        assert_eq!(
            (error.verdict, error.status, error.transport),
            (verdict, None, Some(kind)),
            "{kind:?}"
        );
        let is_config = matches!(kind, HttpErrorKind::Blocked | HttpErrorKind::BadRequest);
        let code = if is_config {
            FailureCode::InvalidConfig
        } else {
            FailureCode::ProviderUnavailable
        };
        assert_eq!(error.code, code, "{kind:?}");
        assert!(
            error.to_string().starts_with("the provider gave no answer: "),
            "{error}"
        );
    }
}

#[tokio::test]
async fn oa_c20_retry_after_is_honoured_and_a_503_is_ambiguous_for_strict_classes() {
    let world = World::new(|_| Ok(response(503, &[("retry-after", "120")], b"busy")));
    let error = refused(world.client.refresh(&oauth2(), &text("rt1")).await);
    let wait = Duration::from_secs(120);
    assert_eq!(error.retry_after(), Some(wait));
    for class in RotationClass::ALL {
        let expected = match class {
            RotationClass::SingleUse | RotationClass::SingleUseFamily => Verdict::Ambiguous,
            RotationClass::Static
            | RotationClass::Overlapping
            | RotationClass::Grace
            | RotationClass::RetireOnProof => Verdict::RateLimited { retry_after: wait },
        };
        assert_eq!(error.verdict_for(class), expected, "{class:?}");
    }
    let world = World::new(|_| Ok(response(429, &[("retry-after", "120")], b"busy")));
    let error = refused(world.client.refresh(&oauth2(), &text("rt1")).await);
    assert_eq!(
        error.verdict_for(RotationClass::SingleUseFamily),
        Verdict::RateLimited { retry_after: wait }
    );
}
