//! Answers that nobody should send.

use crate::support::*;
use coffer_core::http::{HttpErrorKind, Sent};
use coffer_core::secret::ExposeSecret;
use coffer_oauth::{Error, Verdict};
use proptest::prelude::*;

const CANARY: &str = "rt-canary-0123456789";

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn thr_42_whatever_the_answer_is_it_is_read_or_refused_and_never_a_panic(
        status in 100_u16..=999,
        body in proptest::collection::vec(any::<u8>(), 0..600),
        retry in "\\PC{0,40}",
    ) {
        let reply = response(status, &[("retry-after", &retry)], &body);
        let outcome = World::always(500, "").client.read_refresh(&oauth2(), &text(CANARY), &reply);
        prop_assert!(outcome.is_ok() || matches!(outcome, Err(Error::Provider(_))));
    }

    #[test]
    fn oa_c14_no_error_ever_has_a_control_character_or_what_was_sent_in_it(
        status in 200_u16..600,
        code in "(\\PC|\\pC){0,80}",
        words in "(\\PC|\\pC){0,400}",
    ) {
        let body = serde_json::json!({"error": format!("{code}{CANARY}"), "error_description": format!("{words} {CANARY}")});
        let reply = response(status, &[], body.to_string().as_bytes());
        let error = refused(World::always(500, "").client.read_refresh(&oauth2(), &text(CANARY), &reply));
        let shown = format!("{error}{:?}", error);
        prop_assert!(!shown.contains(CANARY) && !shown.chars().any(char::is_control), "{shown}");
        prop_assert!(error.provider_code.is_none_or(|code| code.len() <= 64));
        prop_assert!(error.provider_message.is_none_or(|words| words.chars().count() <= 300));
    }
}

#[tokio::test]
async fn thr_42_bombs_are_unusable_and_cost_nothing() {
    let bombs: [Vec<u8>; 6] = [
        b"{\"a\":".repeat(50_000),
        [b"{\"a\":".as_slice(), &b"[".repeat(100_000)].concat(),
        b"\xff\xfe{\x00\"\x00".to_vec(),
        b"{\"access_token\":\"\xff\xfe\"}".to_vec(),
        vec![b' '; 200_000],
        b"=&".repeat(100_000),
    ];
    for bomb in bombs {
        let world = World::new(move |_| Ok(response(200, &[], &bomb)));
        let error = refused(world.client.refresh(&oauth2(), &text(CANARY)).await);
        assert!(
            matches!(error.verdict, Verdict::Unusable | Verdict::Ambiguous),
            "{error:?}"
        );
    }
}

#[tokio::test]
async fn thr_42_a_body_over_the_cap_and_a_byte_a_second_are_a_lost_reply() {
    for kind in [HttpErrorKind::BodyTooLarge, HttpErrorKind::Timeout] {
        let world = World::new(move |_| no_answer(kind, Sent::Maybe));
        let error = refused(world.client.exchange(&oauth2(), &Grant::default().of(None)).await);
        assert_eq!(error.verdict, Verdict::Ambiguous, "{kind:?}");
        assert_eq!(world.seen().len(), 1);
    }
}

#[tokio::test]
async fn thr_63_no_secret_is_in_debug_of_anything_that_is_handed_out() {
    let world = World::always(
        200,
        r#"{"access_token":"at-canary","refresh_token":"rt-canary","id_token":"x"}"#,
    );
    let tokens = world
        .client
        .exchange(&oauth2(), &Grant::default().of(None))
        .await
        .unwrap();
    let shown = format!(
        "{tokens:?} {:?} {:?} {:?}",
        oauth2(),
        world.client,
        Grant::default().of(None)
    );
    assert!(!shown.contains("canary"), "{shown}");
    assert_eq!(tokens.access.expose_secret(), "at-canary");
}
