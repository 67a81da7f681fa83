//! Connect sessions and callbacks that are not what they should be (THR-33 to 36, 38; OA-C03 to C08, C22, C27).

use crate::world::{PAGE, World, new_integration, param, token_of};
use coffer_core::audit::AuditVerb;
use coffer_core::bearer::BearerKind;
use coffer_core::rotation::RotationClass;
use coffer_core::secret::ExposeSecret;
use coffer_simulator::model::{Behaviour, Defect, Effect, Endpoint};
use coffer_wallet::{Departure, WalletError};
use url::Url;

pub async fn ready() -> (World, Departure, Url) {
    let world = World::of_class(RotationClass::SingleUse).await;
    let departure = world.depart().await;
    let callback = world.http.consent(&departure.authorize_url, "alice").unwrap();
    (world, departure, callback)
}

fn with(callback: &Url, name: &str, value: Option<&str>) -> Url {
    let mut url = callback.clone();
    let pairs: Vec<_> = callback
        .query_pairs()
        .into_owned()
        .filter(|(key, _)| key != name)
        .collect();
    let mut query = url.query_pairs_mut();
    query.clear().extend_pairs(pairs);
    if let Some(value) = value {
        query.append_pair(name, value);
    }
    drop(query);
    url
}

/// The error's code, and whether the browser may be sent back with it.
pub fn told(error: &WalletError) -> (&'static str, bool) {
    let WalletError::Flow { code, return_to, .. } = error else {
        panic!("not a flow's error: {error:?}")
    };
    (*code, return_to.is_some())
}

fn nothing_was_sent(world: &World) {
    assert_eq!(world.totals().requests.get(&Endpoint::Code), None);
}

#[tokio::test(start_paused = true)]
async fn oa_c04_thr_33_a_state_that_is_not_ours_is_refused() {
    let (world, departure, callback) = ready().await;
    let state = param(&callback, "state").unwrap();
    let mut tampered = state.clone();
    tampered.replace_range(0..1, if state.starts_with('A') { "B" } else { "A" });
    let random = BearerKind::State.generate(&coffer_core::SystemRandom);
    for wrong in [tampered.as_str(), random.expose_secret(), "x"] {
        let error = world
            .come_back(&with(&callback, "state", Some(wrong)), &departure)
            .await
            .unwrap_err();
        assert_eq!(told(&error), ("state_unknown", false));
    }
    for (wrong, code) in [
        (with(&callback, "state", None), "callback_state_missing"),
        (with(&callback, "state", Some("")), "callback_state_missing"),
    ] {
        let error = world.come_back(&wrong, &departure).await.unwrap_err();
        assert_eq!(error.code(), code);
    }
    let mut twice = callback.clone();
    twice.query_pairs_mut().append_pair("state", &state);
    let error = world.come_back(&twice, &departure).await.unwrap_err();
    assert_eq!(error.code(), "callback_duplicate_parameter");
    nothing_was_sent(&world);
    world
        .come_back(&callback, &departure)
        .await
        .expect("the flow itself was not spent");
}

#[tokio::test(start_paused = true)]
async fn oa_c03_thr_33_a_callback_works_once() {
    let (world, departure, callback) = ready().await;
    world.come_back(&callback, &departure).await.unwrap();
    let error = world.come_back(&callback, &departure).await.unwrap_err();
    assert_eq!(error.code(), "state_used");
    assert_eq!(world.totals().requests[&Endpoint::Code], 1);
    assert_eq!(world.totals().reuses, 0);
}

#[tokio::test(start_paused = true)]
async fn oa_c03_two_callbacks_at_once_send_the_code_once() {
    let (world, departure, callback) = ready().await;
    let (one, two) = tokio::join!(
        world.come_back(&callback, &departure),
        world.come_back(&callback, &departure)
    );
    assert_eq!(usize::from(one.is_ok()) + usize::from(two.is_ok()), 1);
    assert_eq!(world.totals().requests[&Endpoint::Code], 1);
}

#[tokio::test(start_paused = true)]
async fn oa_c05_thr_33_a_late_callback_is_refused_and_its_code_is_not_sent() {
    let (world, departure, callback) = ready().await;
    world.pass(600);
    let error = world.come_back(&callback, &departure).await.unwrap_err();
    assert_eq!(error.code(), "state_expired");
    nothing_was_sent(&world);
}

#[tokio::test(start_paused = true)]
async fn oa_c03_thr_33_another_browser_and_one_without_cookie_are_refused() {
    let (world, departure, callback) = ready().await;
    let other = world.depart().await;
    let query = callback.query().unwrap();
    for cookie in [None, Some(other.browser.expose_secret()), Some(""), Some("cfb_x")] {
        let error = world
            .wallet
            .callback(world.integration, query, cookie, "r")
            .await
            .unwrap_err();
        assert_eq!(told(&error), ("other_browser", false));
    }
    nothing_was_sent(&world);
    world.come_back(&callback, &departure).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn oa_c07_thr_36_another_integrations_address_is_refused() {
    let (world, departure, callback) = ready().await;
    let other = new_integration(&world.wallet, &world.scope, "Other", RotationClass::Static).await;
    let browser = Some(departure.browser.expose_secret());
    let error = world
        .wallet
        .callback(other, callback.query().unwrap(), browser, "r")
        .await
        .unwrap_err();
    assert_eq!(error.code(), "callback_redirect_uri_mismatch");
    nothing_was_sent(&world);
}

#[tokio::test(start_paused = true)]
async fn oa_c06_thr_36_another_issuer_is_refused_and_the_code_is_not_sent() {
    let (world, departure, callback) = ready().await;
    let error = world
        .come_back(&with(&callback, "iss", Some("https://evil.example")), &departure)
        .await
        .unwrap_err();
    assert_eq!(told(&error), ("callback_issuer_mismatch", true));
    nothing_was_sent(&world);
    let again = world.come_back(&callback, &departure).await.unwrap_err();
    assert_eq!(again.code(), "state_used", "a flow that was attacked is over");
}

#[tokio::test(start_paused = true)]
async fn thr_34_a_foreign_code_is_refused_by_its_verifier_and_nothing_is_stored() {
    let (world, departure, callback) = ready().await;
    let other = world.depart().await;
    let others = world.http.consent(&other.authorize_url, "bob").unwrap();
    let injected = with(&callback, "code", param(&others, "code").as_deref());
    let error = world.come_back(&injected, &departure).await.unwrap_err();
    assert!(told(&error).1);
    assert_eq!((world.totals().exchanges, world.grants().len()), (0, 0));
    let page = coffer_core::page::PageRequest::new(10, None);
    let all = world
        .wallet
        .connections(&world.caller, &Default::default(), page)
        .await
        .unwrap();
    assert!(all.items.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_person_who_says_no_is_sent_back_with_that() {
    let world = World::of_class(RotationClass::SingleUse).await;
    let departure = world.depart().await;
    let callback = world.http.deny(&departure.authorize_url).unwrap();
    let error = world.come_back(&callback, &departure).await.unwrap_err();
    let WalletError::Flow {
        code: "access_denied",
        return_to: Some(back),
        ..
    } = error
    else {
        panic!("{error:?}")
    };
    assert_eq!(back.as_str(), PAGE, "w6");
    nothing_was_sent(&world);
    assert!(world.audit_verbs().await.contains(&"OAuthAuthorizeFailed"));
}

#[tokio::test(start_paused = true)]
async fn thr_38_oa_c22_a_bad_id_token_makes_no_connection() {
    let defects = [
        Defect::Signature,
        Defect::Audience,
        Defect::Issuer,
        Defect::Nonce,
        Defect::NoNonce,
        Defect::Expired,
        Defect::AlgNone,
        Defect::AlgHs256,
        Defect::UserinfoSubject,
        Defect::CallbackIssuer,
        Defect::NoCallbackIssuer,
        Defect::CallbackState,
    ];
    for defect in defects {
        let world = World::with(Behaviour {
            defect: Some(defect),
            // Without the name in the ID token, userinfo is asked.
            scopes: vec!["openid".into()],
            ..Behaviour::default()
        })
        .await;
        let departure = world.depart().await;
        let callback = world.http.consent(&departure.authorize_url, "alice").unwrap();
        let error = world.come_back(&callback, &departure).await.unwrap_err();
        let sent_back = told(&error).1;
        assert_eq!(sent_back, defect != Defect::CallbackState, "{defect:?} {error:?}");
        let page = coffer_core::page::PageRequest::new(10, None);
        let all = world
            .wallet
            .connections(&world.caller, &Default::default(), page)
            .await
            .unwrap();
        assert!(all.items.is_empty(), "{defect:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn w12_a_connect_session_opens_once_and_in_time() {
    let world = World::of_class(RotationClass::SingleUse).await;
    let made = world.session(|_| {}).await;
    let (one, two) = tokio::join!(world.open(&made), world.open(&made));
    assert_eq!(usize::from(one.is_ok()) + usize::from(two.is_ok()), 1);
    let used = world.open(&made).await.unwrap_err();
    assert_eq!(told(&used), ("session_used", true));
    let late = world.session(|_| {}).await;
    world.pass(600);
    assert_eq!(world.open(&late).await.unwrap_err().code(), "session_expired");
    let token = token_of(&late);
    for wrong in ["", "cfs_x", &token[1..], "../../etc/passwd"] {
        let error = world
            .wallet
            .open_connect_session(wrong, None, "r")
            .await
            .unwrap_err();
        assert_eq!(told(&error), ("session_unknown", false), "{wrong}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_disabled_integration_begins_no_flow_and_serves_what_is_there() {
    let world = World::of_class(RotationClass::SingleUse).await;
    let (id, made) = (world.connect().await, world.session(|_| {}).await);
    let by = world.asker();
    world
        .wallet
        .disable_integration(&world.scope, &by, world.integration)
        .await
        .unwrap();
    assert_eq!(
        world.open(&made).await.unwrap_err().code(),
        "integration_disabled"
    );
    world.expire();
    assert_eq!(world.token(id).await.unwrap().generation, 2);
}

#[tokio::test(start_paused = true)]
async fn thr_35_s256_state_and_nonce_are_sent_and_checked_whether_or_not_the_provider_says_that_it_does_pkce()
{
    let world = World::with(Behaviour {
        pkce_required: false,
        ..Behaviour::of_class(RotationClass::SingleUse)
    })
    .await;
    let departure = world.depart().await;
    assert_eq!(
        param(&departure.authorize_url, "code_challenge_method").as_deref(),
        Some("S256")
    );
    for name in ["code_challenge", "state", "nonce"] {
        assert_eq!(
            param(&departure.authorize_url, name).unwrap().len(),
            43,
            "{name}: 256 bits"
        );
    }
    let page = coffer_core::page::PageRequest::new(10, None);
    let rows = world.wallet.audit_log(&world.scope, page).await.unwrap().items;
    let row = rows
        .iter()
        .find(|row| row.verb == AuditVerb::OAuthAuthorize)
        .unwrap();
    assert_eq!(row.detail["pkce"], true);
    assert!(
        row.detail.get("pkce_advertised").is_some(),
        "what the metadata says is noted"
    );

    // A provider that ignores the challenge gives a code to whoever strips it; state and nonce still hold.
    let stripped = with(
        &with(&departure.authorize_url, "code_challenge", None),
        "code_challenge_method",
        None,
    );
    let state = world
        .http
        .consent(&with(&stripped, "state", Some("x")), "alice")
        .unwrap();
    let error = world.come_back(&state, &departure).await.unwrap_err();
    assert_eq!(error.code(), "state_unknown");
    let nonce = world
        .http
        .consent(&with(&stripped, "nonce", Some("x")), "alice")
        .unwrap();
    assert!(world.come_back(&nonce, &departure).await.is_err());
    assert!(!world.has_live_tokens(), "what came is given back");
}

#[tokio::test(start_paused = true)]
async fn oa_c07_a_callback_at_another_address_than_was_sent_is_refused_before_the_code_is() {
    let (world, departure, callback) = ready().await;
    let moved = world.other(&world.clock, |setup| setup.public = "https://moved.example");
    let browser = Some(departure.browser.expose_secret());
    let error = moved
        .callback(world.integration, callback.query().unwrap(), browser, "r")
        .await
        .unwrap_err();
    assert_eq!(error.code(), "callback_redirect_uri_mismatch");
    nothing_was_sent(&world);
}

#[tokio::test(start_paused = true)]
async fn tokens_that_came_and_are_not_kept_are_given_back() {
    let defects = [
        Defect::Signature,
        Defect::Audience,
        Defect::Issuer,
        Defect::Nonce,
        Defect::Expired,
        Defect::UserinfoSubject,
    ];
    for defect in defects {
        let world = World::with(Behaviour {
            defect: Some(defect),
            scopes: vec!["openid".into()],
            ..Behaviour::default()
        })
        .await;
        let departure = world.depart().await;
        let callback = world.http.consent(&departure.authorize_url, "alice").unwrap();
        assert!(world.come_back(&callback, &departure).await.is_err());
        assert_eq!(world.totals().exchanges, 1, "{defect:?}");
        assert!(!world.has_live_tokens(), "{defect:?}");
    }
    let (world, departure, callback) = ready().await;
    world.strike(Endpoint::Jwks, false, Effect::Drop, 9);
    assert!(world.come_back(&callback, &departure).await.is_err());
    assert!(
        !world.has_live_tokens(),
        "keys that cannot be had after the exchange"
    );
    let verbs = world.audit_verbs().await;
    assert!(verbs.contains(&"OAuthAuthorizeFailed"), "{verbs:?}");
}
