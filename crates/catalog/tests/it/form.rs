//! Configuration forms.

use crate::builtin::provider;
use coffer_catalog::{Config, FieldError, FieldValue, Form, InputValue, Provider, validate_config};
use coffer_core::secret::ExposeSecret;
use std::collections::BTreeMap;

type Values = BTreeMap<String, InputValue>;

fn values(json: serde_json::Value) -> Values {
    serde_json::from_value(json).unwrap()
}

fn errors(provider: &Provider, json: serde_json::Value) -> Vec<(String, &'static str)> {
    let errors = validate_config(provider, values(json)).unwrap_err();
    assert!(
        errors
            .iter()
            .all(|error| !error.hint.is_empty() && !error.message.is_empty())
    );
    errors
        .into_iter()
        .map(|error| (error.field, error.code))
        .collect()
}

fn one_error(json: serde_json::Value) -> FieldError {
    let mut all = serde_json::json!({
        "client_id": "id", "client_secret": "s",
        "authorize_url": "https://p.example/a", "token_url": "https://p.example/t",
    });
    for (name, value) in json.as_object().unwrap() {
        all[name] = value.clone();
    }
    let mut errors = validate_config(&provider("generic-oauth2"), values(all)).unwrap_err();
    assert_eq!(errors.len(), 1, "{errors:?}");
    errors.remove(0)
}

#[test]
fn p3_public_and_secret_values_are_split_and_defaults_filled_in() {
    let config = validate_config(
        &provider("generic-oidc"),
        values(serde_json::json!({
            "client_id": "id", "client_secret": "canary", "issuer": "https://i.example",
            "scopes": ["a", "b", "a"], "prompt": null, "audience": "",
        })),
    )
    .unwrap();
    assert_eq!(config.client_id(), Some("id"));
    assert_eq!(config.client_secret().unwrap().expose_secret(), "canary");
    assert_eq!(config.list("scopes").unwrap(), ["a", "b"]);
    assert_eq!(config.text("client_authentication"), Some("basic"));
    assert!(
        config.get("client_secret").is_none()
            && config.get("prompt").is_none()
            && config.get("audience").is_none()
    );
    assert!(!format!("{config:?}").contains("canary"));
}

#[test]
fn p3_public_part_round_trips_through_json() {
    let config = validate_config(
        &provider("generic-oidc"),
        values(serde_json::json!({"client_id": "id", "client_secret": "s", "issuer": "https://i.example", "scopes": ["a"]})),
    )
    .unwrap();
    let (public, secret) = config.into_parts();
    let json = serde_json::to_string(&public).unwrap();
    let public: BTreeMap<String, FieldValue> = serde_json::from_str(&json).unwrap();
    let config = Config::from_parts(public, secret);
    assert_eq!(config.list("scopes").unwrap(), ["a"]);
}

#[test]
fn p3_errors_come_back_per_field_in_the_order_of_the_form() {
    let found = errors(
        &provider("github"),
        serde_json::json!({"zzz": "x", "base_url": "http://git.example.com", "scopes": "repo", "client_id": "a b"}),
    );
    let expected = [
        ("client_id", "pattern"),
        ("client_secret", "required"),
        ("scopes", "wrong_type"),
        ("base_url", "not_https"),
        ("zzz", "unknown_field"),
    ];
    assert_eq!(found, expected.map(|(field, code)| (field.to_owned(), code)));
}

#[test]
fn p3_each_kind_of_wrong_value_has_its_code() {
    let long = "x".repeat(4097);
    for (json, code) in [
        (serde_json::json!({"client_id": ""}), "required"),
        (serde_json::json!({"client_id": null}), "required"),
        (serde_json::json!({"client_id": true}), "wrong_type"),
        (serde_json::json!({"client_secret": ["s"]}), "wrong_type"),
        (serde_json::json!({"client_id": long}), "too_long"),
        (serde_json::json!({"client_secret": long}), "too_long"),
        (serde_json::json!({"scopes": vec!["x"; 201]}), "too_long"),
        (serde_json::json!({"scopes": [""]}), "pattern"),
        (serde_json::json!({"scopes": ["a b"]}), "pattern"),
        (serde_json::json!({"client_id": "a\nb"}), "control_characters"),
        (serde_json::json!({"client_secret": " s"}), "control_characters"),
        (
            serde_json::json!({"client_authentication": "digest"}),
            "not_a_choice",
        ),
        (serde_json::json!({"pkce": "plain"}), "not_a_choice"),
        (serde_json::json!({"token_url": "p.example"}), "not_a_url"),
        (
            serde_json::json!({"token_url": "https://u:p@p.example"}),
            "not_a_url",
        ),
        (
            serde_json::json!({"token_url": "https://p.example/#f"}),
            "not_a_url",
        ),
        (
            serde_json::json!({"token_url": "javascript:alert(1)"}),
            "not_a_url",
        ),
        (
            serde_json::json!({"token_url": "http://p.example/t"}),
            "not_https",
        ),
        (serde_json::json!({"email_claim": "email"}), "not_a_pointer"),
        (
            serde_json::json!({"redirect_uri": "https://p.example"}),
            "unknown_field",
        ),
    ] {
        assert_eq!(one_error(json.clone()).code, code, "{json}");
    }
}

#[test]
fn p3_no_error_repeats_the_value() {
    for field in ["client_secret", "client_id"] {
        let error = one_error(serde_json::json!({field: " canary "}));
        assert!(!format!("{error:?} {error}").contains("canary"));
    }
    let shown = format!(
        "{:?}",
        values(serde_json::json!({"client_secret": "canary", "scopes": ["canary"]}))
    );
    assert!(!shown.contains("canary"), "{shown}");
}

#[test]
fn p3_secret_is_needed_unless_the_client_is_public() {
    let base = serde_json::json!({
        "client_id": "id", "authorize_url": "https://p.example/a", "token_url": "https://p.example/t",
    });
    let generic = provider("generic-oauth2");
    assert_eq!(
        errors(&generic, base.clone()),
        [("client_secret".to_owned(), "required")]
    );
    let mut public = base;
    public["client_authentication"] = "none".into();
    assert!(validate_config(&generic, values(public)).is_ok());
}

#[test]
fn p3_stored_secret_may_be_left_out() {
    let github = provider("github");
    let form = Form::new(&github).with_stored_secrets(["client_secret".to_owned()]);
    let config = form
        .validate(values(serde_json::json!({"client_id": "id"})))
        .unwrap();
    assert!(config.client_secret().is_none());
    let config = form
        .validate(values(
            serde_json::json!({"client_id": "id", "client_secret": "new"}),
        ))
        .unwrap();
    assert_eq!(config.client_secret().unwrap().expose_secret(), "new");
}

#[test]
fn p3_plain_http_is_for_loopback_and_hosts_that_the_operator_allows() {
    let simulator = provider("simulator");
    let json =
        |url: &str| values(serde_json::json!({"client_id": "id", "client_secret": "s", "base_url": url}));
    for url in [
        "http://127.0.0.1:4400",
        "http://localhost:1",
        "http://[::1]:1",
        "https://sim.example",
    ] {
        assert!(validate_config(&simulator, json(url)).is_ok(), "{url}");
    }
    for url in [
        "http://simulator:4400",
        "http://127.0.0.1.evil.example",
        "http://localhost.example",
    ] {
        assert_eq!(
            validate_config(&simulator, json(url)).unwrap_err()[0].code,
            "not_https",
            "{url}"
        );
    }
    let form = Form::new(&simulator).allowing_plain_http(["Simulator".to_owned()]);
    assert!(form.validate(json("http://simulator:4400")).is_ok());
}

#[test]
fn p3_value_that_cannot_stand_in_an_endpoint_is_an_error_of_its_field() {
    let found = errors(
        &provider("simulator"),
        serde_json::json!({"client_id": "id", "client_secret": "s", "base_url": "https://h.example/?q=1"}),
    );
    assert_eq!(found, [("base_url".to_owned(), "unusable")]);
}

#[test]
fn p2_schema_is_what_a_user_interface_needs() {
    let github = provider("github");
    let json = serde_json::to_value(&github.fields).unwrap();
    assert_eq!(json[0]["name"], "client_id");
    assert_eq!(json[0]["type"], "text");
    assert_eq!(json[0]["required"], true);
    assert_eq!(json[0]["pattern"], r"[A-Za-z0-9._\-]+");
    assert_eq!(json[1]["type"], "secret");
    assert_eq!(json[3]["group"], "advanced");
    let generic = serde_json::to_value(&provider("generic-oauth2").fields).unwrap();
    let authentication = generic
        .as_array()
        .unwrap()
        .iter()
        .find(|field| field["name"] == "client_authentication")
        .unwrap();
    assert_eq!(authentication["default"], "basic");
    assert_eq!(authentication["choices"].as_array().unwrap().len(), 4);
    assert_eq!(generic[1]["required_unless"]["is"], "none");
}

#[test]
fn p2_every_field_has_help_and_every_secret_no_example() {
    for provider in coffer_catalog::Catalog::builtin().unwrap().iter() {
        for field in &provider.fields {
            assert!(!field.help.is_empty(), "{}: {}", provider.id, field.name);
            assert!(
                field.is_secret() || field.default.is_some() || field.example.is_some(),
                "{}",
                field.name
            );
        }
    }
}

#[test]
fn p2_patterns_are_valid_in_browsers_too() {
    for provider in coffer_catalog::Catalog::builtin().unwrap().iter() {
        for pattern in provider
            .fields
            .iter()
            .filter_map(|field| field.pattern.as_deref())
        {
            let dangling = pattern.replace(r"\\", "").replace(r"\-", "").contains("-]");
            assert!(
                !dangling,
                "{pattern}: HTML reads it with the flag v, where a hyphen before ] is escaped"
            );
        }
    }
}
