//! The built-in files.

use coffer_catalog::provider::client::ClientAuthentication;
use coffer_catalog::provider::endpoints::Endpoint;
use coffer_catalog::provider::pkce::PkceMethod;
use coffer_catalog::{Catalog, Config, InputValue, Meaning, Provider, Step, validate_config};
use coffer_core::rotation::RotationClass;
use coffer_core::secret::ExposeSecret;
use std::collections::BTreeMap;

pub fn provider(id: &str) -> Provider {
    Catalog::builtin().unwrap().find(id).unwrap().clone()
}

pub fn config(id: &str, values: &[(&str, &str)]) -> Config {
    let values = values
        .iter()
        .map(|(name, value)| ((*name).to_owned(), InputValue::text(*value)))
        .collect();
    validate_config(&provider(id), values).unwrap()
}

fn url(provider: &Provider, config: &Config, endpoint: Endpoint) -> Option<String> {
    let variables = provider.variables(config, &BTreeMap::new()).unwrap();
    provider.endpoint(endpoint, &variables).unwrap().map(String::from)
}

#[test]
fn p22_every_builtin_file_parses_and_validates_in_stable_order() {
    let catalog = Catalog::builtin().unwrap();
    let ids: Vec<&str> = catalog.iter().map(|provider| provider.id.as_str()).collect();
    assert_eq!(
        ids,
        ["generic-oauth2", "generic-oidc", "github", "google", "simulator"]
    );
    assert_eq!(catalog.visible().count(), 5);
}

#[test]
fn p5_github_is_the_public_service_unless_an_enterprise_url_is_given() {
    let github = provider("github");
    let public = config("github", &[("client_id", "id"), ("client_secret", "s")]);
    assert_eq!(
        url(&github, &public, Endpoint::Token).unwrap(),
        "https://github.com/login/oauth/access_token"
    );
    let enterprise = config(
        "github",
        &[
            ("client_id", "id"),
            ("client_secret", "s"),
            ("base_url", "https://git.example.com/"),
        ],
    );
    assert_eq!(
        url(&github, &enterprise, Endpoint::Token).unwrap(),
        "https://git.example.com/login/oauth/access_token"
    );
    let variables = github.variables(&enterprise, &BTreeMap::new()).unwrap();
    let user = github
        .identity
        .call
        .as_ref()
        .unwrap()
        .url
        .as_ref()
        .unwrap()
        .resolve(&variables)
        .unwrap();
    assert_eq!(user.unwrap().as_str(), "https://git.example.com/api/v3/user");
}

#[test]
fn p5_github_token_is_deleted_with_the_clients_credentials_and_the_token_in_the_body() {
    let github = provider("github");
    let config = config("github", &[("client_id", "Ov23.x"), ("client_secret", "s")]);
    let call = github.revoke.call.as_ref().unwrap();
    let variables = github
        .variables(&config, &BTreeMap::new())
        .unwrap()
        .with_secret("access_token", coffer_core::secret::secret_text("at".into()));
    let url = call.url.as_ref().unwrap().resolve(&variables).unwrap().unwrap();
    assert_eq!(
        (call.method.as_str(), url.as_str()),
        ("DELETE", "https://api.github.com/applications/Ov23.x/token")
    );
    assert_eq!(
        call.body["access_token"].resolve(&variables),
        None,
        "a secret is no public value"
    );
    assert_eq!(
        call.body["access_token"]
            .resolve_secret(&variables)
            .unwrap()
            .expose_secret(),
        "at"
    );
}

#[test]
fn p5_github_private_address_is_the_primary_verified_one() {
    let emails = provider("github").identity.emails.unwrap();
    let list = serde_json::json!([
        {"email": "new@example.com", "primary": true, "verified": false},
        {"email": "old@example.com", "primary": false, "verified": true},
    ]);
    assert_eq!(emails.select(&list).unwrap().address, "old@example.com");
    let list = serde_json::json!([
        {"email": "old@example.com", "primary": false, "verified": true},
        {"email": "main@example.com", "primary": true, "verified": true},
    ]);
    let found = emails.select(&list).unwrap();
    assert!(found.primary && found.address == "main@example.com");
    assert_eq!(
        emails.select(&serde_json::json!([{"email": "a@b", "primary": true}])),
        None
    );
    assert_eq!(emails.select(&serde_json::json!({"message": "Not Found"})), None);
}

#[test]
fn p5_github_errors_come_with_status_200() {
    let github = provider("github");
    let body = serde_json::json!({"error": "bad_verification_code"});
    assert!(!github.response.is_success(&body));
    let code = github.response.error_code(&body);
    assert_eq!(
        github.classify(Step::Token, 200, code.as_deref()).meaning,
        Meaning::Dead
    );
    let verdict = github.classify(Step::Token, 200, Some("incorrect_client_credentials"));
    assert_eq!(verdict.meaning, Meaning::Config);
    assert!(verdict.hint.unwrap().contains("client secret"));
    assert_eq!(
        github.classify(Step::Refresh, 400, Some("invalid_grant")).meaning,
        Meaning::Dead
    );
    assert_eq!(github.classify(Step::Api, 401, None).meaning, Meaning::Revoked);
}

#[test]
fn p4_google_asks_for_offline_access_and_checks_the_hosted_domain() {
    let google = provider("google");
    let config = config(
        "google",
        &[
            ("client_id", "id"),
            ("client_secret", "s"),
            ("hosted_domain", "example.com"),
        ],
    );
    let variables = google.variables(&config, &BTreeMap::new()).unwrap();
    let sent: Vec<(String, String)> = google
        .parameters
        .authorize
        .iter()
        .flat_map(|(name, value)| {
            value
                .resolve_all(&variables)
                .into_iter()
                .map(move |value| (name.clone(), value))
        })
        .collect();
    let expected = [
        ("access_type", "offline"),
        ("hd", "example.com"),
        ("prompt", "consent"),
    ];
    assert_eq!(
        sent,
        expected.map(|(name, value)| (name.to_owned(), value.to_owned()))
    );
    assert_eq!(
        google.issuer(&variables).unwrap().unwrap(),
        "https://accounts.google.com"
    );
    assert_eq!(
        google.metadata_url(&variables).unwrap().unwrap().as_str(),
        "https://accounts.google.com/.well-known/openid-configuration"
    );
    assert_eq!(google.scopes.requested(&config), ["openid", "email", "profile"]);
    assert_eq!(google.oidc.unwrap().require_claims[0].claim, "hd");
}

#[test]
fn p4_google_parameter_without_a_value_is_left_out() {
    let google = provider("google");
    let config = config("google", &[("client_id", "id"), ("client_secret", "s")]);
    let variables = google.variables(&config, &BTreeMap::new()).unwrap();
    assert!(
        google.parameters.authorize["hd"]
            .resolve_all(&variables)
            .is_empty()
    );
}

#[test]
fn p16_generic_provider_takes_its_settings_from_the_form() {
    let generic = provider("generic-oauth2");
    let base = [
        ("client_id", "id"),
        ("authorize_url", "https://p.example/oauth/authorize/"),
        ("token_url", "https://p.example/oauth/token?policy=x"),
    ];
    let public = config(
        "generic-oauth2",
        &[
            &base[..],
            &[
                ("client_authentication", "none"),
                ("pkce", "off"),
                ("subject_claim", "/data/id"),
            ],
        ]
        .concat(),
    );
    assert_eq!(
        generic.client.authentication.resolve(&public),
        ClientAuthentication::None
    );
    assert_eq!(generic.pkce.method.resolve(&public), PkceMethod::Off);
    assert_eq!(generic.identity.subject.resolve(&public).as_str(), "/data/id");
    assert_eq!(
        generic.rotation.class.resolve(&public),
        RotationClass::SingleUseFamily
    );
    let authorize = url(&generic, &public, Endpoint::Authorize).unwrap();
    assert_eq!(
        authorize, "https://p.example/oauth/authorize/",
        "a slash at the end is kept"
    );
    assert_eq!(
        url(&generic, &public, Endpoint::Refresh).unwrap(),
        "https://p.example/oauth/token?policy=x"
    );
    assert_eq!(url(&generic, &public, Endpoint::Revoke), None);
}

#[test]
fn p16_resources_are_repeated() {
    let generic = provider("generic-oauth2");
    let mut values: BTreeMap<String, InputValue> = BTreeMap::new();
    for (name, value) in [("client_id", "id"), ("client_secret", "s")] {
        values.insert(name.into(), InputValue::text(value));
    }
    for name in ["authorize_url", "token_url"] {
        values.insert(name.into(), InputValue::text("https://p.example/x"));
    }
    values.insert(
        "resource".into(),
        InputValue::list(["https://a.example/", "https://b.example/"]),
    );
    let config = validate_config(&generic, values).unwrap();
    let variables = generic.variables(&config, &BTreeMap::new()).unwrap();
    let sent = generic.parameters.authorize["resource"].resolve_all(&variables);
    assert_eq!(sent, ["https://a.example/", "https://b.example/"]);
}

#[test]
fn p24_simulator_can_be_set_to_any_rotation_class() {
    let simulator = provider("simulator");
    for class in RotationClass::ALL {
        let config = config(
            "simulator",
            &[
                ("client_id", "id"),
                ("client_secret", "s"),
                ("base_url", "http://127.0.0.1:4400"),
                ("rotation_class", class.as_str()),
            ],
        );
        assert_eq!(simulator.rotation.class.resolve(&config), class);
        let variables = simulator.variables(&config, &BTreeMap::new()).unwrap();
        assert_eq!(
            simulator.issuer(&variables).unwrap().unwrap(),
            "http://127.0.0.1:4400"
        );
        assert_eq!(
            url(&simulator, &config, Endpoint::Token).unwrap(),
            "http://127.0.0.1:4400/token"
        );
    }
}

#[test]
fn p23_capabilities_follow_from_the_data() {
    let github = provider("github").capabilities();
    assert!(
        !github.can_refresh && github.revoke && github.test && !github.introspect && !github.device_grant
    );
    let google = provider("google").capabilities();
    assert!(google.can_refresh && google.revoke && google.test && !google.introspect);
    let generic = provider("generic-oauth2");
    assert!(generic.capabilities().revoke && generic.capabilities().introspect);
}

#[test]
fn p23_capabilities_of_an_integration_follow_from_its_configuration() {
    let generic = provider("generic-oauth2");
    let base = [
        ("client_id", "id"),
        ("client_secret", "s"),
        ("authorize_url", "https://p.example/a"),
        ("token_url", "https://p.example/t"),
    ];
    let bare = generic.capabilities_of(&config("generic-oauth2", &base));
    assert!(bare.can_refresh && !bare.revoke && !bare.introspect && !bare.test);
    let full = [
        &base[..],
        &[
            ("revoke_url", "https://p.example/r"),
            ("userinfo_url", "https://p.example/u"),
        ],
    ]
    .concat();
    let full = generic.capabilities_of(&config("generic-oauth2", &full));
    assert!(full.revoke && full.test && !full.introspect);
}

#[test]
fn thr_44_secret_is_bound_to_the_token_endpoints_origin() {
    let github = provider("github");
    let config = config("github", &[("client_id", "id"), ("client_secret", "s")]);
    let variables = github.variables(&config, &BTreeMap::new()).unwrap();
    let origin = github.secret_origin(&variables).unwrap().unwrap();
    assert_eq!(origin.ascii_serialization(), "https://github.com");
    let google = provider("google");
    let variables = google.variables(&Config::default(), &BTreeMap::new()).unwrap();
    assert_eq!(
        google.secret_origin(&variables).unwrap(),
        None,
        "discovery decides"
    );
}

#[test]
fn p22_values_captured_for_a_connection_are_checked_before_they_are_used() {
    let github = provider("github");
    let captured = BTreeMap::from([("instance".to_owned(), "x".to_owned())]);
    let error = github.variables(&Config::default(), &captured).unwrap_err();
    assert_eq!(error.code(), "template_unknown_capture");
}

#[test]
fn oa_c16_granted_scopes_are_read_whatever_separates_them() {
    let scopes = provider("github").scopes;
    assert_eq!(scopes.split("repo,user:email"), ["repo", "user:email"]);
    assert_eq!(scopes.split(" a  b "), ["a", "b"]);
    assert!(scopes.split("").is_empty());
}

#[test]
fn oa_c19_the_standards_stand_behind_every_provider() {
    for provider in Catalog::builtin().unwrap().iter() {
        let verdict = |step, status, code| provider.classify(step, status, code).meaning;
        assert_eq!(
            verdict(Step::Refresh, 400, Some("invalid_grant")),
            Meaning::Dead,
            "{}",
            provider.id
        );
        assert_eq!(
            verdict(Step::Refresh, 401, Some("invalid_client")),
            Meaning::Config,
            "{}",
            provider.id
        );
        assert_eq!(
            verdict(Step::Refresh, 503, None),
            Meaning::Transient,
            "{}",
            provider.id
        );
        assert_eq!(
            verdict(Step::Refresh, 429, None),
            Meaning::Rate,
            "{}",
            provider.id
        );
    }
}
