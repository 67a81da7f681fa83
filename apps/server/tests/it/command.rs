//! The commands, as a person or a script runs them.

use std::path::Path;
use std::process::{Command, Output, Stdio};
use tempfile::TempDir;

fn coffer(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_coffer-server"));
    command
        .args(arguments)
        .current_dir(folder)
        .env_clear()
        .env("COFFER_DATABASE_URL", "sqlite:coffer.db")
        .env("COFFER_KEY_FILE", "coffer.key")
        .stdin(Stdio::null());
    command.output().unwrap()
}

pub fn done(folder: &Path, arguments: &[&str]) -> String {
    let output = coffer(folder, arguments);
    assert!(
        output.status.success(),
        "{arguments:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

fn refused(folder: &Path, arguments: &[&str]) -> String {
    let output = coffer(folder, arguments);
    assert!(
        !output.status.success() && output.stdout.is_empty(),
        "{arguments:?}: {output:?}"
    );
    String::from_utf8(output.stderr).unwrap()
}

/// A folder with a key and no database yet.
pub fn keyed() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    done(folder.path(), &["keys", "generate", "--to", "coffer.key"]);
    folder
}

fn prepared() -> TempDir {
    let folder = keyed();
    done(folder.path(), &["migrate"]);
    folder
}

#[test]
fn the_first_steps_of_an_operator() {
    let folder = prepared();
    let at = folder.path();
    assert!(done(at, &["operators", "create", "--name", "ops"]).starts_with("cfr_"));
    let tenant = done(
        at,
        &["tenants", "create", "--external-id", "acme", "--name", "Acme"],
    );
    assert_eq!(tenant.len(), 36);
    let caller = [
        "callers", "create", "--tenant", "acme", "--name", "billing", "--verb", "token", "--verb", "read",
    ];
    assert!(done(at, &caller).starts_with("cfr_"));
    assert!(done(at, &["callers", "list", "--tenant", &tenant]).contains("billing"));
    assert!(
        done(at, &["operators", "list"]).contains("ops") && done(at, &["tenants", "list"]).contains("Acme")
    );
    std::fs::write(at.join("secret"), "s3cret-of-the-client\n").unwrap();
    let id = done(
        at,
        &[
            "integrations",
            "create",
            "--provider",
            "google",
            "--set",
            "client_id=1.apps.googleusercontent.com",
            "--secret-file",
            "client_secret=secret",
        ],
    );
    let listed = done(at, &["integrations", "list"]);
    assert!(
        listed.contains(&id) && listed.contains("draft") && !listed.contains("s3cret"),
        "{listed}"
    );
    assert!(
        refused(
            at,
            &[
                "callers", "create", "--tenant", "nobody", "--name", "x", "--verb", "token"
            ]
        )
        .contains("no such tenant")
    );
}

#[test]
fn thr_63_a_secret_is_not_taken_on_the_command_line() {
    let folder = prepared();
    let text = refused(
        folder.path(),
        &[
            "integrations",
            "create",
            "--provider",
            "google",
            "--set",
            "client_secret=canary-4711",
        ],
    );
    assert!(
        text.contains("--secret-file client_secret=FILE") && !text.contains("canary"),
        "{text}"
    );
}

#[test]
fn o5_wrong_settings_and_options_say_what_to_write() {
    let folder = prepared();
    let at = folder.path();
    std::fs::write(at.join("coffer.toml"), "databse_url = \"x\"\n").unwrap();
    let text = refused(at, &["--config", "coffer.toml", "tenants", "list"]);
    assert!(text.contains("did you mean COFFER_DATABASE_URL"), "{text}");
    let text = refused(
        at,
        &[
            "callers",
            "create",
            "--tenant",
            "a",
            "--name",
            "x",
            "--verb",
            "everything",
        ],
    );
    assert!(text.contains("write one of token, refresh"), "{text}");
    let text = refused(at, &["integrations", "create", "--provider", "googel"]);
    assert!(
        text.contains("there is no provider googel") && text.contains("github"),
        "{text}"
    );
    let text = refused(at, &["integrations", "create", "--provider", "google"]);
    assert!(text.contains("client_id: has to be filled in"), "{text}");
}

#[cfg(unix)]
#[test]
fn a_key_is_made_once_readable_by_its_owner_only_and_never_overwritten() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    done(folder.path(), &["keys", "generate", "--to", "coffer.key"]);
    let mode = std::fs::metadata(folder.path().join("coffer.key"))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
    assert!(
        refused(folder.path(), &["keys", "generate", "--to", "coffer.key"])
            .contains("coffer.key cannot be made")
    );
    assert_eq!(done(folder.path(), &["keys", "generate"]).len(), 44);
}

#[test]
fn every_command_explains_itself() {
    let folder = tempfile::tempdir().unwrap();
    let help = done(folder.path(), &["--help"]);
    for command in [
        "serve",
        "migrate",
        "doctor",
        "keys",
        "openapi",
        "operators",
        "tenants",
        "callers",
        "integrations",
        "simulate",
        "demo",
        "health",
    ] {
        assert!(help.contains(command), "{command}");
        let own = done(folder.path(), &[command, "--help"]);
        assert!(own.contains("Usage: coffer-server"), "{own}");
    }
}

#[test]
fn doctor_exits_with_1_where_something_fails() {
    let folder = tempfile::tempdir().unwrap();
    done(folder.path(), &["keys", "generate", "--to", "coffer.key"]);
    let output = coffer(folder.path(), &["doctor", "--json"]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let findings: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(
        findings
            .as_array()
            .unwrap()
            .iter()
            .any(|finding| finding["check"] == "schema" && finding["verdict"] == "fail")
    );
    done(folder.path(), &["migrate"]);
    assert!(done(folder.path(), &["doctor"]).contains("ok    schema"));
}

#[test]
fn o8_the_document_is_printed_and_is_the_one_that_is_served() {
    let folder = tempfile::tempdir().unwrap();
    let printed: serde_json::Value = serde_json::from_str(&done(folder.path(), &["openapi"])).unwrap();
    let own: serde_json::Value = serde_json::from_str(&coffer_server::openapi::text()).unwrap();
    assert_eq!(printed, own);
}

#[cfg(unix)]
#[test]
fn f5_a_server_that_is_asked_to_stop_exits_with_0() {
    use std::io::{BufRead as _, BufReader};
    let folder = prepared();
    let mut command = Command::new(env!("CARGO_BIN_EXE_coffer-server"));
    let mut child = command
        .args(["serve", "--listen", "127.0.0.1:0"])
        .current_dir(folder.path())
        .env_clear()
        .env("COFFER_DATABASE_URL", "sqlite:coffer.db")
        .env("COFFER_KEY_FILE", "coffer.key")
        .env("COFFER_SHUTDOWN_TIMEOUT", "5s")
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap())
        .lines()
        .map_while(Result::ok);
    let serving = lines.find(|line| line.contains("\"serving\"")).unwrap();
    let line: serde_json::Value = serde_json::from_str(&serving).unwrap();
    let address = line["address"].as_str().unwrap();
    done(folder.path(), &["health", "--address", address]);
    let killed = Command::new("kill")
        .args(["-TERM", &child.id().to_string()])
        .status()
        .unwrap();
    assert!(killed.success());
    assert_eq!(child.wait().unwrap().code(), Some(0));
    assert!(lines.any(|line| line.contains("\"stopped\"")));
    assert!(refused(folder.path(), &["health", "--address", address]).contains("no server answers"));
}

#[test]
fn simulate_serves_its_metadata_until_it_is_told_to_stop() {
    use std::io::{Read as _, Write as _};
    let (listener, at) = crate::server::port();
    drop(listener);
    let mut child = Command::new(env!("CARGO_BIN_EXE_coffer-server"))
        .args(["simulate", "--listen", &at.to_string()])
        .env_clear()
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let began = tokio::time::Instant::now();
    let mut stream = loop {
        match std::net::TcpStream::connect(at) {
            Ok(stream) => break stream,
            Err(error) => assert!(began.elapsed().as_secs() < 20, "{error}"),
        }
        std::thread::yield_now();
    };
    let request =
        format!("GET /.well-known/openid-configuration HTTP/1.1\r\nhost: {at}\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert!(
        answer.contains(&format!("\"issuer\":\"http://{at}\"")),
        "{answer}"
    );
}
