//! The throwaway server.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, ChildStdin, Command, Stdio};

use coffer_core::secret::{SecretText, secret_text};
use tokio::sync::OnceCell;

use super::Error;

/// The variable that names a server to use instead of starting one: the URL of a superuser.
pub const SHARED_URL: &str = "COFFER_TEST_POSTGRES_URL";

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/postgres/serve.sh");

/// A PostgreSQL that lives as long as this value, or as the process if that ends first.
///
/// The server belongs to a small script that waits for the end of its standard input, whose other end is held here.
/// The operating system closes that end however this process dies, so that nothing is ever left running.
#[derive(Debug)]
pub struct Server {
    superuser: SecretText,
    script: Option<Script>,
}

#[derive(Debug)]
struct Script {
    child: Child,
    stdin: Option<ChildStdin>,
}

impl Server {
    /// The one server of this process: the one that [`SHARED_URL`] names, or else one started at the first call.
    ///
    /// # Errors
    /// PostgreSQL is not installed or does not start.
    pub async fn shared() -> Result<&'static Self, Error> {
        static SHARED: OnceCell<Server> = OnceCell::const_new();
        SHARED
            .get_or_try_init(|| async {
                match shared_url() {
                    Some(superuser) => Ok(Self {
                        superuser,
                        script: None,
                    }),
                    None => Self::start().await,
                }
            })
            .await
    }

    /// Starts a server of its own, for a test that stops or breaks it.
    ///
    /// # Errors
    /// PostgreSQL is not installed or does not start within a minute.
    pub async fn start() -> Result<Self, Error> {
        match tokio::task::spawn_blocking(Self::start_blocking).await {
            Ok(started) => started,
            Err(join) => Err(Error::NotStarted(join.to_string())),
        }
    }

    fn start_blocking() -> Result<Self, Error> {
        let mut script = Script::spawn()?;
        let superuser = script.ready()?;
        Ok(Self {
            superuser,
            script: Some(script),
        })
    }

    /// Where the superuser connects to the database `postgres`.
    #[must_use]
    pub fn superuser_url(&self) -> &SecretText {
        &self.superuser
    }

    /// Stops the server and removes its folder, as dropping it does.
    pub fn stop(self) {
        drop(self.script);
    }
}

impl Script {
    fn spawn() -> Result<Self, Error> {
        use std::os::unix::process::CommandExt as _;
        let mut child = Command::new("sh")
            .arg(SCRIPT)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0) // an interrupt at the terminal is for the tests; the script ends after them
            .spawn()
            .map_err(Error::Shell)?;
        let stdin = child.stdin.take();
        Ok(Self { child, stdin })
    }

    /// Waits for the line that says that the server takes connections. The script itself limits how long that may take.
    fn ready(&mut self) -> Result<SecretText, Error> {
        let mut line = String::new();
        if let Some(stdout) = self.child.stdout.take() {
            BufReader::new(stdout)
                .read_line(&mut line)
                .map_err(Error::Shell)?;
        }
        match line.trim_end().strip_prefix("ready ") {
            Some(url) => Ok(secret_text(url.to_owned())),
            None => Err(Error::NotStarted(self.complaint())),
        }
    }

    fn complaint(&mut self) -> String {
        let mut text = String::new();
        if let Some(mut stderr) = self.child.stderr.take()
            && let Err(error) = stderr.read_to_string(&mut text)
        {
            return error.to_string();
        }
        text.trim_end().to_owned()
    }
}

impl Drop for Script {
    fn drop(&mut self) {
        drop(self.stdin.take());
        // An error here means that the script has been waited for already: then there is nothing left to stop.
        self.child.wait().ok();
    }
}

fn shared_url() -> Option<SecretText> {
    #[expect(
        clippy::disallowed_methods,
        reason = "the test run is configured by its environment"
    )]
    std::env::var(SHARED_URL)
        .ok()
        .filter(|url| !url.is_empty())
        .map(secret_text)
}
