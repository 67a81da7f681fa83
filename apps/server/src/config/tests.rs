use super::*;
use coffer_core::secret::ExposeSecret;

const MINIMAL: [(&str, &str); 2] = [
    ("COFFER_DATABASE_URL", "sqlite:coffer.db"),
    ("COFFER_KEY", "not looked at before it is used"),
];

fn read(more: &[(&str, &str)]) -> Result<Config, ConfigError> {
    Config::read(&Source::of(MINIMAL.iter().chain(more).copied()))
}

fn problem(more: &[(&str, &str)]) -> String {
    read(more).unwrap_err().to_string()
}

#[test]
fn o5_two_settings_are_enough() {
    let config = read(&[]).unwrap();
    assert_eq!(
        (config.listen, config.public_url.as_str()),
        (LISTEN, "http://127.0.0.1:8080/")
    );
    assert_eq!(config.settings, Settings::default());
}

#[test]
fn o5_a_misspelt_variable_names_the_nearest_right_one() {
    let text = problem(&[("COFFER_LISTN", "127.0.0.1:1")]);
    assert!(
        text.contains("COFFER_LISTN: ") && text.contains("did you mean COFFER_LISTEN"),
        "{text}"
    );
    let text = problem(&[("COFFER_LISTEN_FILE", "x")]);
    assert!(text.contains("only secrets can be given as a file"), "{text}");
}

#[test]
fn o5_all_wrong_settings_are_named_at_once_with_what_to_write() {
    let text = problem(&[
        ("COFFER_LISTEN", "8080"),
        ("COFFER_WORKERS", "many"),
        ("COFFER_LOG_FORMAT", "xml"),
        ("COFFER_LEASE", "1s"),
        ("COFFER_RETURN_ORIGINS", "https://app.example.com/path"),
        ("COFFER_HTTP_ALLOW", "localhost"),
        ("COFFER_PUBLIC_URL", "http://coffer.example.com"),
    ]);
    for expected in [
        "COFFER_LISTEN: write an address and a port",
        "COFFER_WORKERS: write a whole number between 1 and 64",
        "COFFER_LOG_FORMAT: write one of json, text",
        "COFFER_LEASE, COFFER_*_TTL: the lease must be at least",
        "COFFER_RETURN_ORIGINS: write origins such as",
        "COFFER_HTTP_ALLOW: \"localhost\" is not an origin",
        "COFFER_PUBLIC_URL: use https",
    ] {
        assert!(text.contains(expected), "{expected}\n{text}");
    }
}

#[test]
fn o5_a_public_address_needs_a_public_url() {
    assert!(
        problem(&[("COFFER_LISTEN", "0.0.0.0:8080")]).contains("COFFER_PUBLIC_URL: write where browsers")
    );
}

#[test]
fn o5_nothing_set_says_what_must_be() {
    let text = Config::read(&Source::default()).unwrap_err().to_string();
    assert!(
        text.contains("COFFER_DATABASE_URL: write sqlite:") && text.contains("COFFER_KEY: set it, or"),
        "{text}"
    );
}

#[test]
fn o5_the_file_is_read_and_the_environment_wins() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("coffer.toml");
    std::fs::write(
        &file,
        "listen = \"127.0.0.1:1\"\nworkers = 3\nreturn_origins = [\"https://a.example\"]\nmigrate = true\n",
    )
    .unwrap();
    let source = Source::of(MINIMAL)
        .set("COFFER_LISTEN", "127.0.0.1:2")
        .with_file(Some(file));
    let config = Config::read(&source).unwrap();
    assert_eq!(
        (config.listen.port(), config.workers, config.migrate),
        (2, 3, true)
    );
    assert_eq!(config.return_origins.len(), 1);
}

#[test]
fn o5_an_unknown_key_of_the_file_names_the_nearest_right_one() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("coffer.toml");
    std::fs::write(&file, "lissten = \"127.0.0.1:1\"\n[table]\nx = 1\n").unwrap();
    let text = Config::read(&Source::of(MINIMAL).with_file(Some(file)))
        .unwrap_err()
        .to_string();
    assert!(
        text.contains("`lissten` in the file") && text.contains("(`listen` in the file)"),
        "{text}"
    );
    assert!(text.contains("`table` in the file: write a text"), "{text}");
}

#[test]
fn thr_63_a_broken_file_is_not_quoted() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("coffer.toml");
    std::fs::write(&file, "key = \"canary-4711\nlisten = 1").unwrap();
    let text = Config::read(&Source::of(MINIMAL).with_file(Some(file)))
        .unwrap_err()
        .to_string();
    assert!(
        text.contains("COFFER_CONFIG") && !text.contains("canary"),
        "{text}"
    );
}

#[test]
fn o5_secrets_come_from_files_and_a_choice_of_both_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("url");
    std::fs::write(&file, "sqlite:from-file.db\n").unwrap();
    let path = file.to_str().unwrap();
    let source = Source::of([("COFFER_DATABASE_URL_FILE", path), ("COFFER_KEY_FILE", "key")]);
    let config = Config::read(&source).unwrap();
    assert_eq!(config.database.url.expose_secret(), "sqlite:from-file.db");
    assert!(matches!(config.keys.primary, KeyText::File(_)));
    assert!(problem(&[("COFFER_DATABASE_URL_FILE", path)]).contains("choose one"));
    let missing = Source::of([("COFFER_DATABASE_URL_FILE", "nowhere"), ("COFFER_KEY", "k")]);
    let text = Config::read(&missing).unwrap_err().to_string();
    assert!(
        text.contains("COFFER_DATABASE_URL_FILE: the file nowhere cannot be read"),
        "{text}"
    );
}

#[test]
fn p24_the_key_has_another_name_and_provider_clients_are_taken() {
    let source = Source::of([
        ("COFFER_DATABASE_URL", "sqlite:x.db"),
        ("INTEGRATION_ENCRYPTION_KEY", "k"),
        ("GOOGLE_CLIENT_ID", "id"),
        ("GOOGLE_CLIENT_SECRET", "canary"),
        ("GITHUB_CLIENT_ID", "only half of a client"),
    ]);
    let config = Config::read(&source).unwrap();
    assert!(matches!(&config.keys.primary, KeyText::Text(text) if text.expose_secret() == "k"));
    assert_eq!(config.provider_clients.keys().collect::<Vec<_>>(), ["GOOGLE"]);
    assert!(!format!("{config:?}").contains("canary"));
    assert!(problem(&[("INTEGRATION_ENCRYPTION_KEY", "k")]).contains("another name of COFFER_KEY"));
}

#[test]
fn an_empty_variable_counts_as_not_set() {
    assert_eq!(read(&[("COFFER_LISTEN", "")]).unwrap().listen, LISTEN);
}

#[test]
fn o5_a_file_that_cannot_be_read_does_not_hide_the_environment() {
    let text = problem(&[
        ("COFFER_CONFIG", "/nowhere/coffer.toml"),
        ("COFFER_WORKERS", "many"),
    ]);
    assert!(text.contains("COFFER_CONFIG: the file"), "{text}");
    assert!(text.contains("COFFER_WORKERS: write a whole number"), "{text}");
    assert!(
        !text.contains("COFFER_DATABASE_URL") && !text.contains("COFFER_KEY"),
        "both are set: {text}"
    );
}

#[test]
fn oa_c05_a_time_that_is_too_long_is_told_by_its_own_name() {
    let text = problem(&[("COFFER_FLOW_TTL", "1d"), ("COFFER_SESSION_TTL", "2h")]);
    assert!(
        text.contains("COFFER_FLOW_TTL: a flow may take 10m at most"),
        "{text}"
    );
    assert!(text.contains("COFFER_SESSION_TTL: a connect link may"), "{text}");
    assert!(!text.contains("COFFER_LEASE"), "{text}");
}

#[test]
fn o5_a_word_that_is_no_level_is_refused() {
    for wrong in ["loud", "info,loud", "verbose"] {
        assert!(
            problem(&[("COFFER_LOG", wrong)]).contains("COFFER_LOG: write error, warn"),
            "{wrong}"
        );
    }
    for right in ["info", "WARN", "info,coffer_http=debug", "coffer_wallet", "off"] {
        assert_eq!(read(&[("COFFER_LOG", right)]).unwrap().log.filter, right);
    }
}
