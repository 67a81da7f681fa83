//! A server that cannot work does not start, says why, and touches nothing.

use crate::server::{Server, port, settings};
use coffer_core::secret::ExposeSecret;
use coffer_core::{SecretText, SystemRandom};
use coffer_envelope::LocalKey;
use coffer_server::config::{Config, Source};
use coffer_server::doctor::{self, Verdict};
use coffer_server::server::Running;
use std::error::Error;
use tempfile::TempDir;

fn new_key() -> String {
    let key: SecretText = LocalKey::generate(&SystemRandom);
    key.expose_secret().to_owned()
}

fn free(folder: &TempDir) -> Source {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let (listener, at) = port();
    drop(listener);
    settings(folder, at)
}

async fn refusal(source: &Source) -> String {
    let error = Running::start(&Config::read(source).unwrap()).await.unwrap_err();
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_is_not_migrated_is_refused_with_what_to_run() {
    let folder = tempfile::tempdir().unwrap();
    let text = refusal(&free(&folder).set("COFFER_MIGRATE", "false")).await;
    assert!(text.contains("run `migrate`"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn another_key_than_the_one_that_sealed_the_data_is_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let (first, second) = (new_key(), new_key());
    let config = Config::read(&free(&folder).set("COFFER_KEY", first.clone())).unwrap();
    let running = Running::start(&config).await.unwrap();
    // The installation's first key is made when something is looked up.
    let _ = running.app().health.report().await;
    running.stop().await;
    let other = free(&folder).set("COFFER_KEY", second.clone());
    let text = refusal(&other).await;
    let named = LocalKey::parse(&SecretText::from(first.clone()))
        .unwrap()
        .kek_ref()
        .to_owned();
    assert!(
        text.contains(&named) && text.contains("nothing was touched"),
        "{text}"
    );
    let own = doctor::look(&free(&folder).set("COFFER_KEY", first.clone())).await;
    let keys = own.iter().find(|finding| finding.check == "key source").unwrap();
    assert!(
        keys.verdict == Verdict::Ok && keys.found.contains("of 1 tenant"),
        "still the first key alone: {own:?}"
    );
    let readable = other.set("COFFER_READ_KEYS", first);
    Running::start(&Config::read(&readable).unwrap())
        .await
        .unwrap()
        .stop()
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn unusable_keys_are_refused_by_the_name_of_their_setting() {
    let folder = tempfile::tempdir().unwrap();
    for (key, expected) in [
        ("AAAA", "it must have 32"),
        (&"00".repeat(32), "anybody can guess it"),
        ("???", "neither base64"),
    ] {
        let text = refusal(&free(&folder).set("COFFER_KEY", key)).await;
        assert!(
            text.contains("COFFER_KEY cannot be used") && text.contains(expected),
            "{text}"
        );
        assert!(!text.contains(key), "{text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_port_or_a_file_that_is_taken_is_named() {
    let server = Server::start().await;
    let folder = tempfile::tempdir().unwrap();
    let taken = free(&folder).set("COFFER_LISTEN", server.at.to_string());
    let text = refusal(&taken).await;
    assert!(
        text.contains(&server.at.to_string()) && text.contains("COFFER_LISTEN"),
        "{text}"
    );

    let first = Running::start(&Config::read(&free(&folder)).unwrap())
        .await
        .unwrap();
    let text = refusal(&free(&folder)).await;
    assert!(
        text.contains("another server is using") && text.contains("coffer.db"),
        "{text}"
    );
    first.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_is_not_there_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let away = free(&folder).set("COFFER_DATABASE_URL", "postgres://nobody@127.0.0.1:9/none");
    assert!(refusal(&away).await.contains("the database cannot be used"));
    let lost = free(&folder).set("COFFER_DATABASE_URL", "sqlite:/no/such/folder/coffer.db");
    assert!(refusal(&lost).await.contains("/no/such/folder/coffer.db"));
}

#[tokio::test(flavor = "multi_thread")]
async fn p24_provider_clients_of_the_environment_become_shared_integrations_once() {
    let folder = tempfile::tempdir().unwrap();
    let secret = "canary-google-secret";
    let source = free(&folder)
        .set("GITHUB_CLIENT_ID", "Iv1.example")
        .set("GITHUB_CLIENT_SECRET", secret);
    let config = Config::read(&source).unwrap();
    for _ in 0..2 {
        Running::start(&config).await.unwrap().stop().await;
    }
    let composed = coffer_server::compose::Composed::open(&config).await.unwrap();
    let scope = coffer_core::OperatorScope::assume("test").installation();
    let all = composed
        .wallet
        .integrations(&scope, Default::default())
        .await
        .unwrap()
        .items;
    assert_eq!(all.len(), 1, "{all:?}");
    assert_eq!(
        (all[0].provider.as_str(), all[0].config["client_id"].as_str()),
        ("github", Some("Iv1.example"))
    );
    let file = std::fs::read(folder.path().join("coffer.db")).unwrap();
    assert!(
        !file.windows(secret.len()).any(|bytes| bytes == secret.as_bytes()),
        "w7: the secret lies in the file"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn doctor_finds_what_is_wrong_and_says_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let key = new_key();
    let source = || {
        free(&folder)
            .set("COFFER_KEY", key.clone())
            .set("COFFER_MIGRATE", "false")
    };
    let find = |findings: &[doctor::Finding], check: &str| {
        findings
            .iter()
            .find(|finding| finding.check == check)
            .cloned()
            .unwrap()
    };

    let early = doctor::look(&source()).await;
    let schema = find(&early, "schema");
    assert!(
        schema.verdict == Verdict::Fail && schema.todo.contains("migrate"),
        "{early:?}"
    );

    let running = Running::start(&Config::read(&source().set("COFFER_MIGRATE", "true")).unwrap())
        .await
        .unwrap();
    let _ = running.app().health.report().await;
    running.stop().await;
    let healthy = doctor::look(&source()).await;
    assert!(
        healthy.iter().all(|finding| finding.verdict != Verdict::Fail),
        "{healthy:?}"
    );
    assert!(
        find(&healthy, "key source")
            .found
            .contains("opens the data keys of 1 tenant"),
        "{healthy:?}"
    );

    let other = doctor::look(&source().set("COFFER_KEY", new_key())).await;
    assert!(
        find(&other, "key source").todo.contains("COFFER_READ_KEYS"),
        "{other:?}"
    );
    let nonsense = doctor::look(&source().set("COFFER_LISTN", "x")).await;
    assert!(
        find(&nonsense, "COFFER_LISTN").todo.contains("did you mean"),
        "{nonsense:?}"
    );
}
