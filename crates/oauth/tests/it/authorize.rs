use crate::support::*;
use coffer_core::secret::ExposeSecret;
use coffer_oauth::{AuthorizationRequest, Error, s256_challenge};
use std::collections::BTreeMap;
use url::Url;

fn query(url: &Url) -> BTreeMap<String, String> {
    let pairs: Vec<_> = url.query_pairs().into_owned().collect();
    let map: BTreeMap<_, _> = pairs.iter().cloned().collect();
    assert_eq!(map.len(), pairs.len(), "a parameter occurs twice: {pairs:?}");
    map
}

#[tokio::test]
async fn oa_c01_the_only_response_type_is_code() {
    let world = World::always(500, "");
    let flow = world
        .client
        .authorize(&oauth2(), &AuthorizationRequest::default())
        .await
        .unwrap();
    assert_eq!(query(&flow.url)["response_type"], "code");
    for name in [
        "response_type",
        "response_mode",
        "request",
        "state",
        "client_id",
        "scope",
        "code_challenge",
    ] {
        let request = AuthorizationRequest {
            scopes: None,
            extra: vec![(name.into(), "token".into())],
        };
        let refused = world.client.authorize(&oauth2(), &request).await;
        assert!(matches!(refused, Err(Error::Config(_))), "{name}: {refused:?}");
    }
}

#[tokio::test]
async fn oa_c02_every_request_has_its_own_s256_challenge_state_and_nonce_of_256_bits() {
    let world = World::new(|_| json(metadata()));
    let mut seen = Vec::new();
    for _ in 0..20 {
        let flow = world
            .client
            .authorize(&oidc(), &AuthorizationRequest::default())
            .await
            .unwrap();
        let query = query(&flow.url);
        let verifier = flow.verifier.unwrap();
        assert_eq!(query["code_challenge_method"], "S256");
        assert_eq!(query["code_challenge"], s256_challenge(&verifier).unwrap());
        assert_eq!(query["state"], flow.state.expose_secret());
        assert_eq!(query["nonce"], flow.nonce.as_ref().unwrap().expose_secret());
        assert!(!flow.url.as_str().contains(verifier.expose_secret()));
        for secret in [verifier, flow.state, flow.nonce.unwrap()] {
            assert_eq!(secret.expose_secret().len(), 43);
            seen.push(secret.expose_secret().to_owned());
        }
    }
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), 60);
}

#[tokio::test]
async fn oa_c02_without_pkce_only_where_it_was_turned_off() {
    let world = World::always(500, "");
    let off = oauth2_with(|_| {}, &[("pkce", "off")]);
    let flow = world
        .client
        .authorize(&off, &AuthorizationRequest::default())
        .await
        .unwrap();
    assert!(flow.verifier.is_none() && !flow.url.as_str().contains("code_challenge"));
    assert_eq!(flow.state.expose_secret().len(), 43);
}

#[tokio::test]
async fn oa_c06_the_flow_knows_its_issuer_and_whether_the_answer_will_name_it() {
    let world = World::new(|_| json(metadata()));
    let flow = world
        .client
        .authorize(&oidc(), &AuthorizationRequest::default())
        .await
        .unwrap();
    assert_eq!((flow.issuer.as_deref(), flow.iss_required), (Some(ISSUER), true));
    assert_eq!(flow.pkce_advertised, Some(true));
    let flow = world
        .client
        .authorize(&oauth2(), &AuthorizationRequest::default())
        .await
        .unwrap();
    assert_eq!(
        (flow.issuer, flow.iss_required, flow.pkce_advertised),
        (None, false, None)
    );
}

#[tokio::test]
async fn scopes_and_parameters_are_those_of_entry_integration_and_request() {
    let world = World::always(500, "");
    let commas = oauth2_with(
        |provider| {
            provider.scopes.separator = ",".into();
            provider.scopes.required = vec!["base".into()];
            provider.scopes.default = vec!["read".into(), "base".into()];
        },
        &[
            ("audience", "https://api.example"),
            ("authorize_url", "https://id.example/authorize?tenant=7"),
        ],
    );
    let flow = world
        .client
        .authorize(&commas, &AuthorizationRequest::default())
        .await
        .unwrap();
    let read = query(&flow.url);
    assert_eq!(
        (read["scope"].as_str(), read["tenant"].as_str()),
        ("base,read", "7")
    );
    assert_eq!(read["audience"], "https://api.example");
    assert_eq!(read["redirect_uri"], REDIRECT);
    assert_eq!(flow.scopes, ["base", "read"]);

    let request = AuthorizationRequest {
        scopes: Some(vec!["write".into()]),
        extra: vec![
            ("login_hint".into(), "a&b=c".into()),
            ("audience".into(), "other".into()),
        ],
    };
    let flow = world.client.authorize(&commas, &request).await.unwrap();
    let read = query(&flow.url);
    assert_eq!(
        (read["scope"].as_str(), read["login_hint"].as_str()),
        ("base,write", "a&b=c")
    );
    assert_eq!(read["audience"], "other");
}

#[tokio::test]
async fn oa_c11_the_authorization_url_never_has_the_client_secret_and_debug_shows_no_state() {
    let world = World::always(500, "");
    let flow = world
        .client
        .authorize(&oauth2(), &AuthorizationRequest::default())
        .await
        .unwrap();
    assert!(!flow.url.as_str().contains(CLIENT_SECRET));
    assert!(!format!("{flow:?}").contains(flow.state.expose_secret()));
}

#[tokio::test]
async fn an_integration_without_client_id_or_endpoint_says_what_to_enter() {
    let world = World::always(500, "");
    let bare = integration(provider("generic-oauth2"), coffer_catalog::Config::default());
    let error = world
        .client
        .authorize(&bare, &AuthorizationRequest::default())
        .await
        .unwrap_err();
    assert!(error.to_string().contains("enter"), "{error}");
    assert_eq!(error.code(), "invalid_config");
}
