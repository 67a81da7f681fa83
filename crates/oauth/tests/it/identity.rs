use crate::support::*;
use coffer_oauth::{Error, Identity, TokenSet};
use serde_json::{Value, json};

async fn tokens(world: &World, integration: &coffer_oauth::Integration) -> TokenSet {
    world
        .client
        .exchange(integration, &Grant::default().of(None))
        .await
        .unwrap()
}

#[tokio::test]
async fn oa_c24_an_account_is_issuer_and_subject_and_the_rest_is_for_people() {
    let world = World::new(|seen| match seen.url.path() {
        "/token" => reply(200, r#"{"access_token":"at","scope":"user:email"}"#),
        "/user" => json(json!({"id": 583_231, "login": "ann", "name": "Ann\u{202e} \n B", "email": null})),
        "/login/oauth/access_token" => reply(200, "access_token=at&scope=read%3Auser%2Cuser%3Aemail"),
        "/user/emails" => json(json!([
            {"email": "old@b.example", "primary": false, "verified": true},
            {"email": "a@b.example", "primary": true, "verified": true},
        ])),
        path => panic!("{path}"),
    });
    let github = integration(provider("github"), config([]));
    let tokens = tokens(&world, &github).await;
    let identity = world.client.identity(&github, &tokens).await.unwrap();
    assert_eq!(
        (identity.issuer.as_str(), identity.subject.as_str()),
        ("https://github.com", "583231")
    );
    assert_eq!(
        (identity.email.as_deref(), identity.email_verified),
        (Some("a@b.example"), Some(true))
    );
    assert_eq!(identity.name.as_deref(), Some("Ann B"));
    assert_eq!(identity.extra["username"], "ann");
}

#[tokio::test]
async fn an_account_without_a_sound_subject_is_none() {
    for body in [
        json!({}),
        json!({"sub": ""}),
        json!({"sub": null}),
        json!({"sub": ["a"]}),
        json!({"sub": "a\nb"}),
    ] {
        let world = World::new(move |seen| match seen.url.path() {
            "/token" => reply(200, r#"{"access_token":"at"}"#),
            _ => json(body.clone()),
        });
        let tokens = tokens(&world, &oauth2()).await;
        assert_eq!(
            world.client.identity(&oauth2(), &tokens).await,
            Err(Error::NoSubject)
        );
    }
}

/// An OpenID Connect provider whose ID token has these claims beyond the usual, and whose userinfo says this.
fn world(claims: Value, userinfo: impl Fn() -> Reply + Send + 'static) -> World {
    use crate::signer::Signer;
    use coffer_core::{Clock, secret::ExposeSecret, testing::FakeClock};
    let signer = Signer::ed_dsa();
    World::new(move |seen| match seen.url.path() {
        "/.well-known/openid-configuration" => json(metadata()),
        "/keys" => json(json!({"keys": [signer.jwk("k1")]})),
        "/userinfo" => userinfo(),
        _ => {
            let now = FakeClock::default().now().unix_secs();
            let mut all = json!({"iss": ISSUER, "aud": CLIENT_ID, "sub": "user-1", "iat": now, "exp": now + 60,
                "nonce": "nonce-1"});
            all.as_object_mut()
                .unwrap()
                .extend(claims.as_object().unwrap().clone());
            json(json!({"access_token": "at-canary", "id_token": signer.sign("k1", &all).expose_secret()}))
        }
    })
}

async fn identify(world: &World) -> Result<Identity, Error> {
    let tokens = world
        .client
        .exchange(&oidc(), &Grant::default().of(Some(ISSUER)))
        .await
        .unwrap();
    world.client.identity(&oidc(), &tokens).await
}

#[tokio::test]
async fn oa_c27_userinfo_has_to_speak_of_the_id_token_s_subject() {
    let same = world(json!({}), || {
        json(json!({"sub": "user-1", "email": "a@b.example", "name": "Ann"}))
    });
    let identity = identify(&same).await.unwrap();
    assert_eq!(
        (identity.subject.as_str(), identity.email.as_deref()),
        ("user-1", Some("a@b.example"))
    );
    for sub in ["user-2", "USER-1", "user-1 "] {
        let other = world(json!({}), move || {
            json(json!({"sub": sub, "email": "a@b.example"}))
        });
        assert_eq!(identify(&other).await, Err(Error::SubjectMismatch), "{sub}");
    }
    let silent = world(json!({}), || json(json!({"email": "a@b.example"})));
    assert_eq!(identify(&silent).await, Err(Error::NoSubject));
}

#[tokio::test]
async fn oa_c28_userinfo_gets_the_token_in_the_header_only() {
    let world = world(json!({}), || json(json!({"sub": "user-1"})));
    identify(&world).await.unwrap();
    let asked: Vec<_> = world
        .seen()
        .into_iter()
        .filter(|seen| seen.shown().contains("at-canary"))
        .collect();
    assert_eq!(asked.len(), 1);
    assert_eq!(asked[0].header("authorization"), Some("Bearer at-canary"));
    assert_eq!(asked[0].url.as_str(), "https://id.example/userinfo");
}

#[tokio::test]
async fn an_id_token_that_says_enough_is_enough() {
    let world1 = world(json!({"email": "a@b.example", "name": "Ann"}), || {
        panic!("not asked")
    });
    assert_eq!(identify(&world1).await.unwrap().name.as_deref(), Some("Ann"));
    let world2 = world(json!({"name": "Ann"}), || reply(503, "<html>"));
    let identity = identify(&world2).await.unwrap();
    assert_eq!((identity.subject.as_str(), identity.email), ("user-1", None));
}
