//! The demo: its first start, and what a later one finds again.

mod browser;
mod page;

use browser::{Browser, send, value_of};
use coffer_core::id::ConnectionId;
use coffer_server::demo::{DemoError, DemoOptions, RunningDemo};
use std::io::{BufRead as _, BufReader, Lines};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use tempfile::TempDir;

/// A demo in this process, in a folder that goes away.
struct Started {
    demo: RunningDemo,
    folder: TempDir,
    port: u16,
}

impl Started {
    async fn new() -> Self {
        Self::in_folder(tempfile::tempdir().unwrap()).await
    }

    async fn in_folder(folder: TempDir) -> Self {
        let options = DemoOptions {
            data_dir: folder.path().join("data"),
            port: 0,
        };
        let demo = RunningDemo::start(&options).await.unwrap();
        let port = demo
            .url()
            .trim_end_matches('/')
            .rsplit(':')
            .next()
            .unwrap()
            .parse()
            .unwrap();
        Self { demo, folder, port }
    }

    fn connection(&self) -> ConnectionId {
        self.demo.connection().unwrap()
    }

    fn read(&self, file: &str) -> String {
        std::fs::read_to_string(self.folder.path().join("data").join(file))
            .unwrap()
            .trim()
            .to_owned()
    }

    async fn stop(self) -> TempDir {
        assert!(self.demo.stop().await, "everything is finished in time");
        self.folder
    }
}

/// Asks for a token as the printed command line does: status and token.
async fn token(port: u16, key: &str, id: ConnectionId) -> (u16, String) {
    let (host, bearer) = (format!("127.0.0.1:{port}"), format!("Bearer {key}"));
    let headers = [("Host", host.as_str()), ("Authorization", bearer.as_str())];
    let answer = send(port, "POST", &format!("/v1/connections/{id}/token"), &headers, "").await;
    let body: serde_json::Value = serde_json::from_str(&answer.body).unwrap();
    (
        answer.status,
        body["access_token"].as_str().unwrap_or_default().to_owned(),
    )
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn everything_in_the_data_folder_is_for_its_owner_only() {
    use std::os::unix::fs::PermissionsExt as _;
    let started = Started::new().await;
    let data = started.folder.path().join("data");
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&data), 0o700);
    let mut names = Vec::new();
    for entry in std::fs::read_dir(&data).unwrap() {
        let entry = entry.unwrap();
        assert_eq!(mode(&entry.path()), 0o600, "{:?}", entry.file_name());
        names.push(entry.file_name().into_string().unwrap());
    }
    for name in ["coffer.db", "coffer.key", "caller.key", "simulator.json"] {
        assert!(names.iter().any(|found| found == name), "{names:?}");
    }
    started.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_start_finds_everything_even_on_another_port() {
    let first = Started::new().await;
    let (id, key) = (first.connection(), first.read("caller.key"));
    assert_eq!(token(first.port, &key, id).await.0, 200);
    let folder = first.stop().await;
    let second = Started::in_folder(folder).await;
    assert_eq!(
        (second.connection(), second.read("caller.key")),
        (id, key.clone())
    );
    assert_eq!(token(second.port, &key, id).await.0, 200);
    let mut browser = Browser::new(second.port);
    browser
        .press(&format!("/demo/connections/{id}/refresh"), &[])
        .await
        .location();
    let page = browser.home().await;
    assert!(
        page.contains("Refreshed"),
        "the client at the simulator moved along: {page}"
    );
    second.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_caller_key_is_replaced_and_good_for_nothing_afterwards() {
    let first = Started::new().await;
    let lost = first.read("caller.key");
    let folder = first.stop().await;
    std::fs::remove_file(folder.path().join("data/caller.key")).unwrap();
    let second = Started::in_folder(folder).await;
    let (id, new) = (second.connection(), second.read("caller.key"));
    assert_ne!(new, lost);
    assert_eq!(token(second.port, &lost, id).await.0, 401);
    assert_eq!(token(second.port, &new, id).await.0, 200);
    second.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_taken_port_is_named_with_what_to_do() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let folder = tempfile::tempdir().unwrap();
    let options = DemoOptions {
        data_dir: folder.path().join("data"),
        port,
    };
    let error = RunningDemo::start(&options).await.unwrap_err();
    assert!(matches!(error, DemoError::PortTaken(_)));
    let text = error.to_string();
    assert!(
        text.contains(&port.to_string()) && text.contains("--port"),
        "{text}"
    );
    assert!(!options.data_dir.exists(), "nothing was touched");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disconnected_sample_is_not_made_again() {
    let first = Started::new().await;
    let id = first.connection();
    let mut browser = Browser::new(first.port);
    browser
        .press(&format!("/demo/connections/{id}/disconnect"), &[])
        .await
        .location();
    let second = Started::in_folder(first.stop().await).await;
    assert_eq!(second.demo.connection(), None);
    assert!(second.demo.welcome().contains("connect an account on the page"));
    assert!(
        Browser::new(second.port)
            .home()
            .await
            .contains("Connect an account first")
    );
    second.stop().await;
}

/// A demo in a process of its own, which is killed in the end whatever happens.
struct Process {
    child: Child,
    command: String,
    _said: Lines<BufReader<ChildStdout>>,
}

impl Process {
    /// Starts it, up to the moment when it says what to type.
    fn spawn(data: &Path, port: u16) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_coffer-server"))
            .args(["demo", "--port", &port.to_string(), "--data-dir"])
            .arg(data)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut said = BufReader::new(child.stdout.take().unwrap()).lines();
        let command = said
            .by_ref()
            .map(Result::unwrap)
            .find(|line| line.contains("curl "));
        Self {
            child,
            command: command.unwrap().trim().to_owned(),
            _said: said,
        }
    }
}

impl Drop for Process {
    /// SIGKILL.
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn after_kill_9_the_same_command_line_works() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let port = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let first = Process::spawn(&data, port);
    let command = first.command.clone();
    let id = command
        .rsplit("/connections/")
        .next()
        .unwrap()
        .split('/')
        .next()
        .unwrap()
        .parse()
        .unwrap();
    let key = std::fs::read_to_string(data.join("caller.key"))
        .unwrap()
        .trim()
        .to_owned();
    let (mut browser, refresh) = (Browser::new(port), format!("/demo/connections/{id}/refresh"));
    browser.press(&refresh, &[]).await.location();
    let form = value_of(&browser.home().await, "token");
    let before = token(port, &key, id).await;
    drop(first);

    let second = Process::spawn(&data, port);
    assert_eq!(second.command, command);
    assert_eq!(
        token(port, &key, id).await,
        before,
        "the same token, still sealed"
    );
    // The page that was open all the time is as good as before, and the simulator remembers the refresh token.
    assert_eq!(browser.post(&refresh, &[("token", &form)]).await.location(), "/");
    assert!(
        browser
            .home()
            .await
            .contains("The tokens are of generation 3 now")
    );
}
