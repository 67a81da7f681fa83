//! The mix-up attack (THR-36; RFC 9700, section 4.4; RFC 9207): an evil provider that somebody was talked into
//! integrating tries to get what belongs to an honest one, or to be taken for it.

use crate::world::pair::{EVIL, EVILS_OWN, Pair};
use crate::world::{ISSUER, param, result_of};
use coffer_core::id::IntegrationId;
use coffer_core::secret::ExposeSecret;
use coffer_wallet::{Departure, WalletError};
use serde_json::Value;
use url::Url;

#[derive(Debug, Clone, Copy)]
enum Variant {
    /// Its authorization endpoint sends the browser on to the honest one, for the honest integration's client and
    /// address, with the state of the evil flow.
    SentOnToTheHonestAddress,
    /// Its metadata name the honest authorization endpoint, and the honest server admits both addresses.
    HonestAuthorizationEndpoint,
    /// Its code in the honest flow, without the `iss` that the honest server always sends.
    EvilCodeWithoutIss,
    /// Its code in the honest flow, in its own name.
    EvilCodeInItsOwnName,
    /// Its code in the honest flow, in both names.
    EvilCodeInBothNames,
    /// Its code in the honest flow, in the honest name.
    EvilCodeInTheHonestName,
    /// Its error in the honest flow.
    EvilErrorInTheHonestFlow,
    /// Its metadata say that it is the honest issuer.
    MetadataOfTheHonestIssuer,
    /// Its metadata name the honest token endpoint, and its own for revocation.
    HonestTokenEndpoint,
    /// Its token endpoint moves between departure and callback: from the honest one to its own, and back.
    TokenEndpointMoves,
    /// Its token response holds an ID token that the honest server issued.
    HonestIdToken,
    /// An account of the same subject, and a token response that names the honest issuer.
    SameSubject,
}

use Variant::*;

/// What is tried, how each flow of it ends, and what the evil server hears beyond requests for its public documents.
const VARIANTS: [(Variant, &[&str], &[&str]); 12] = [
    (SentOnToTheHonestAddress, &["callback_redirect_uri_mismatch"], &[]),
    (HonestAuthorizationEndpoint, &["callback_issuer_mismatch"], &[]),
    (EvilCodeWithoutIss, &["callback_issuer_missing"], &[]),
    (EvilCodeInItsOwnName, &["callback_issuer_mismatch"], &[]),
    (EvilCodeInBothNames, &["callback_duplicate_parameter"], &[]),
    (EvilCodeInTheHonestName, &["consent_required"], &[]),
    (EvilErrorInTheHonestFlow, &["callback_issuer_mismatch"], &[]),
    (
        MetadataOfTheHonestIssuer,
        &["discovery_issuer_mismatch", "discovery_issuer_mismatch"],
        &[],
    ),
    (HonestTokenEndpoint, &["id_token_invalid"], &[]),
    (
        TokenEndpointMoves,
        &["token_endpoint_moved", "token_endpoint_moved"],
        &[],
    ),
    (HonestIdToken, &["id_token_invalid"], &["/token", "/revoke"]),
    (SameSubject, &["connected", "invalid_value"], &["/token"]),
];

#[tokio::test(start_paused = true)]
async fn thr_36_twelve_ways_to_mix_up_an_honest_and_an_evil_provider_fail() {
    for (variant, ends, hears) in VARIANTS {
        let mut pair = Pair::new().await;
        let (before, token) = (pair.connections().await, token_of_alice(&pair).await);
        let ended = attack(&mut pair, variant).await;
        assert_eq!(ended, ends, "{variant:?}");
        assert_eq!(pair.evil_heard(), hears, "{variant:?}");
        assert_eq!(pair.leaked(), [""; 0], "{variant:?}");
        let mut after = pair.connections().await;
        if let SameSubject = variant {
            after.retain(|one| before.contains(one));
        }
        assert_eq!(after, before, "{variant:?}");
        assert_eq!(token_of_alice(&pair).await, token, "{variant:?}");
        let again = pair.world.connect().await;
        assert_eq!(again, pair.alice, "{variant:?}: the honest way is as it was");
        assert_eq!(pair.leaked(), [""; 0], "{variant:?}");
    }
}

async fn token_of_alice(pair: &Pair) -> String {
    let grant = pair.world.token(pair.alice).await.unwrap();
    grant.access_token.expose_secret().to_owned()
}

/// Does what the variant says, and tells how each flow ended.
async fn attack(pair: &mut Pair, variant: Variant) -> Vec<&'static str> {
    match variant {
        SentOnToTheHonestAddress => sent_on(pair).await,
        HonestAuthorizationEndpoint => honest_authorization_endpoint(pair).await,
        EvilCodeWithoutIss => injected(pair, &[]).await,
        EvilCodeInItsOwnName => injected(pair, &[("iss", EVIL)]).await,
        EvilCodeInBothNames => injected(pair, &[("iss", ISSUER), ("iss", EVIL)]).await,
        EvilCodeInTheHonestName => injected(pair, &[("iss", ISSUER)]).await,
        EvilErrorInTheHonestFlow => injected(pair, &[("iss", EVIL), ("error", "access_denied")]).await,
        MetadataOfTheHonestIssuer => honest_issuer(pair).await,
        HonestTokenEndpoint => honest_token_endpoint(pair).await,
        TokenEndpointMoves => token_endpoint_moves(pair).await,
        HonestIdToken => honest_id_token(pair).await,
        SameSubject => same_subject(pair).await,
    }
}

fn code<T>(ended: Result<T, WalletError>) -> &'static str {
    ended.map_or_else(|error| error.code(), |_| "connected")
}

/// The same query at another address; `change` gives a parameter another value.
fn elsewhere(url: &Url, to: &str, change: (&str, &str)) -> Url {
    let mut sent_on = Url::parse(to).unwrap();
    let pairs = url.query_pairs().into_owned().map(|(name, value)| {
        let value = if name == change.0 {
            change.1.to_owned()
        } else {
            value
        };
        (name, value)
    });
    sent_on.query_pairs_mut().extend_pairs(pairs);
    sent_on
}

fn authorize_at(issuer: &str) -> String {
    format!("{issuer}/authorize")
}

fn token_at(issuer: &str) -> String {
    format!("{issuer}/token")
}

async fn sent_on(pair: &Pair) -> Vec<&'static str> {
    let evil = pair.integrate("app").await;
    let departure = pair.depart(evil, None).await.unwrap();
    let honest_address = pair.callback_of(pair.world.integration);
    let to = elsewhere(
        &departure.authorize_url,
        &authorize_at(ISSUER),
        ("redirect_uri", honest_address.as_str()),
    );
    let callback = pair.honest_consent(&to).unwrap();
    vec![code(pair.arrive(&callback, &departure).await)]
}

async fn honest_authorization_endpoint(pair: &Pair) -> Vec<&'static str> {
    pair.evil_says("authorization_endpoint", authorize_at(ISSUER));
    pair.evil_says("authorization_response_iss_parameter_supported", false);
    let evil = pair.integrate("app").await;
    let departure = pair.depart(evil, None).await.unwrap();
    let strict = pair.honest_consent(&departure.authorize_url);
    assert_eq!(
        strict, None,
        "an honest server that compares addresses lets nobody through"
    );
    pair.honest_admits(evil);
    let callback = pair.honest_consent(&departure.authorize_url).unwrap();
    vec![code(pair.arrive(&callback, &departure).await)]
}

/// A code of the evil one comes to the honest integration's address with the state of the honest flow.
async fn injected(pair: &Pair, with: &[(&str, &str)]) -> Vec<&'static str> {
    let evil = pair.integrate("app").await;
    let honest = pair.depart(pair.world.integration, None).await.unwrap();
    let own = pair.depart(evil, Some(&honest)).await.unwrap();
    let own = pair.net.evil.consent(&own.authorize_url, "alice").unwrap();
    let mut callback = pair.callback_of(pair.world.integration);
    let state = param(&honest.authorize_url, "state").unwrap();
    callback.query_pairs_mut().append_pair("state", &state);
    if !with.iter().any(|(name, _)| *name == "error") {
        callback
            .query_pairs_mut()
            .append_pair("code", &param(&own, "code").unwrap());
    }
    callback.query_pairs_mut().extend_pairs(with);
    vec![code(pair.arrive(&callback, &honest).await)]
}

async fn honest_issuer(pair: &mut Pair) -> Vec<&'static str> {
    let evil = pair.integrate("app").await;
    pair.evil_says("issuer", ISSUER);
    pair.restart();
    let departed = pair.depart(evil, None).await.map(drop);
    let (world, by) = (&pair.world, pair.world.asker());
    let wallet = &world.wallet;
    wallet.disable_integration(&world.scope, &by, evil).await.unwrap();
    let enabled = wallet.enable_integration(&world.scope, &by, evil).await;
    vec![code(departed), code(enabled)]
}

/// The honest server's tokens come for the evil flow. They are refused, and not given back to the evil server.
async fn honest_token_endpoint(pair: &Pair) -> Vec<&'static str> {
    pair.evil_says("token_endpoint", token_at(ISSUER));
    pair.evil_says("authorization_response_iss_parameter_supported", false);
    let evil = pair.integrate(EVILS_OWN).await;
    pair.register_evils_own(evil);
    let departure = pair.depart(evil, None).await.unwrap();
    vec![honest_code_for(pair, evil, &departure).await]
}

async fn honest_code_for(pair: &Pair, evil: IntegrationId, departure: &Departure) -> &'static str {
    let address = pair.callback_of(evil);
    let to = elsewhere(
        &departure.authorize_url,
        &authorize_at(ISSUER),
        ("redirect_uri", address.as_str()),
    );
    let callback = pair.honest_consent(&to).unwrap();
    code(pair.arrive(&callback, departure).await)
}

async fn token_endpoint_moves(pair: &mut Pair) -> Vec<&'static str> {
    pair.evil_says("token_endpoint", token_at(ISSUER));
    pair.evil_says("authorization_response_iss_parameter_supported", false);
    let evil = pair.integrate(EVILS_OWN).await;
    pair.register_evils_own(evil);
    let departure = pair.depart(evil, None).await.unwrap();
    pair.evil_says("token_endpoint", token_at(EVIL));
    pair.restart();
    let to_evil = honest_code_for(pair, evil, &departure).await;

    pair.restart();
    let evil = pair.integrate("app").await;
    let departure = pair.depart(evil, None).await.unwrap();
    let callback = pair.net.evil.consent(&departure.authorize_url, "alice").unwrap();
    pair.evil_says("token_endpoint", token_at(ISSUER));
    pair.restart();
    let asked = pair.world.totals().requests;
    let to_honest = code(pair.arrive(&callback, &departure).await);
    assert_eq!(
        pair.world.totals().requests,
        asked,
        "the honest server hears nothing"
    );
    vec![to_evil, to_honest]
}

/// The ID token is genuine, for this client, with the nonce of this flow and the hash of this access token; its keys
/// are those that the evil metadata name.
async fn honest_id_token(pair: &Pair) -> Vec<&'static str> {
    pair.evil_says("jwks_uri", format!("{ISSUER}/jwks.json"));
    let evil = pair.integrate(EVILS_OWN).await;
    pair.register_evils_own(evil);
    let departure = pair.depart(evil, None).await.unwrap();
    let nonce = param(&departure.authorize_url, "nonce").unwrap();
    let (id_token, access_token) = pair.stolen(&nonce).await;
    pair.evil_gives("id_token", id_token);
    pair.evil_gives("access_token", access_token);
    let callback = pair.net.evil.consent(&departure.authorize_url, "alice").unwrap();
    vec![code(pair.arrive(&callback, &departure).await)]
}

async fn same_subject(pair: &Pair) -> Vec<&'static str> {
    pair.evil_gives("iss", ISSUER);
    pair.evil_gives("refresh_token", Value::Null);
    let evil = pair.integrate("app").await;
    let departure = pair.depart(evil, None).await.unwrap();
    let callback = pair.net.evil.consent(&departure.authorize_url, "alice").unwrap();
    let arrived = pair.arrive(&callback, &departure).await.unwrap();
    let (world, by) = (&pair.world, pair.world.asker());
    let made = world.wallet.redeem(&by, &result_of(&arrived)).await.unwrap();
    assert_eq!(made.integration, evil);
    assert_ne!(made.id, pair.alice, "the same subject of another issuer");
    assert!(
        pair.evil_knows(&param(&callback, "code").unwrap()),
        "what the evil one hears is seen here"
    );
    let taken_over = coffer_wallet::NewConnectSession {
        integration: evil,
        user: Some("alice@acme".into()),
        connection: Some(pair.alice),
        scopes: vec![],
        return_to: crate::world::PAGE.into(),
    };
    let taken_over = world.wallet.create_connect_session(&by, taken_over).await;
    vec!["connected", code(taken_over)]
}
