//! The configuration: environment and file, checked as a whole before anything starts (requirement O5).

mod duration;
mod error;
mod nearest;
mod read;
mod sections;
mod source;
mod variable;

pub use duration::parse_duration;
pub use error::{ConfigError, ConfigProblem};
pub use source::Source;
pub use variable::{VARIABLES, Variable};

use coffer_core::SecretText;
use coffer_envelope::CachePolicy;
use coffer_http::Allowance;
use coffer_wallet::Settings;
use read::{Reader, choice, number};
use sections::{database, keys, log, processors, provider_clients, public_url, return_origins, settings};
use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;
use url::{Host, Url};

/// Everything that can be set, read and checked.
#[derive(Debug)]
pub struct Config {
    /// Where to listen.
    pub listen: SocketAddr,
    /// Where browsers reach the server.
    pub public_url: Url,
    /// How many threads read requests.
    pub workers: usize,
    /// Where metrics are served to anybody.
    pub metrics_listen: Option<SocketAddr>,
    /// Whether each answer says where its time went.
    pub server_timing: bool,
    /// Whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpAddr>,
    /// How long a stopping server waits.
    pub shutdown_timeout: Duration,
    /// The database.
    pub database: DatabaseConfig,
    /// Whether `serve` migrates first.
    pub migrate: bool,
    /// The key encryption keys.
    pub keys: KeyConfig,
    /// The origins to which a browser may be sent back.
    pub return_origins: Vec<Url>,
    /// What the guarded client may reach beyond its rule.
    pub http_allow: Vec<Allowance>,
    /// More certificate authorities.
    pub http_ca_file: Option<PathBuf>,
    /// More providers.
    pub providers_dir: Option<PathBuf>,
    /// What is logged, and how.
    pub log: LogConfig,
    /// The times of the protocol.
    pub settings: Settings,
    /// Provider clients from the environment, by the name before `_CLIENT_ID` (requirement P24).
    pub provider_clients: BTreeMap<String, ProviderClient>,
}

/// Which database, and how much of it.
#[derive(Debug)]
pub struct DatabaseConfig {
    /// Of the role that serves requests, or the SQLite file.
    pub url: SecretText,
    /// Of the role `system`.
    pub system_url: Option<SecretText>,
    /// Of the role that owns the schema.
    pub owner_url: Option<SecretText>,
    /// The most connections for requests.
    pub connections: usize,
}

/// The key encryption keys.
#[derive(Debug)]
pub struct KeyConfig {
    /// The one that wraps.
    pub primary: KeyText,
    /// Those that unwrap only.
    pub readers: Vec<SecretText>,
    /// The installation's name.
    pub installation: String,
    /// How long unwrapped keys are kept.
    pub cache: CachePolicy,
}

/// Where a key is.
#[derive(Debug)]
pub enum KeyText {
    /// Here.
    Text(SecretText),
    /// In a file that only its owner may read.
    File(PathBuf),
}

/// What is logged, and how.
#[derive(Debug, Clone)]
pub struct LogConfig {
    /// The filter.
    pub filter: String,
    /// The form.
    pub format: LogFormat,
}

/// The form of log lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// One JSON object in each line.
    Json,
    /// For people.
    Text,
}

/// A client at a provider.
#[derive(Debug)]
pub struct ProviderClient {
    /// The client id.
    pub id: String,
    /// The client secret.
    pub secret: SecretText,
}

impl Config {
    /// Reads and checks everything.
    ///
    /// # Errors
    /// [`ConfigError`] with every setting that cannot be used.
    pub fn read(source: &Source) -> Result<Self, ConfigError> {
        let mut reader = Reader::new(source.read());
        let listen = reader.value("COFFER_LISTEN", LISTEN, |text| {
            text.parse()
                .map_err(|_| "write an address and a port, such as 0.0.0.0:8080".to_owned())
        });
        let config = Self {
            listen,
            public_url: public_url(&mut reader, listen),
            workers: reader.value("COFFER_WORKERS", processors(), |text| number(text, 1, 64)),
            metrics_listen: reader.optional("COFFER_METRICS_LISTEN", |text| {
                text.parse()
                    .map_err(|_| "write an address and a port, such as 127.0.0.1:9090".to_owned())
            }),
            server_timing: reader.value("COFFER_SERVER_TIMING", false, |text| {
                choice(text, &[("true", true), ("false", false)])
            }),
            trusted_proxies: reader.list(
                "COFFER_TRUSTED_PROXIES",
                "write IP addresses, separated by commas",
            ),
            shutdown_timeout: reader.duration("COFFER_SHUTDOWN_TIMEOUT", Duration::from_secs(30)),
            database: database(&mut reader),
            migrate: reader.value("COFFER_MIGRATE", false, |text| {
                choice(text, &[("true", true), ("false", false)])
            }),
            keys: keys(&mut reader),
            return_origins: return_origins(&mut reader),
            http_allow: reader.list("COFFER_HTTP_ALLOW", "separate several with commas"),
            http_ca_file: reader.path("COFFER_HTTP_CA_FILE"),
            providers_dir: reader.path("COFFER_PROVIDERS_DIR"),
            log: log(&mut reader),
            settings: settings(&mut reader),
            provider_clients: provider_clients(&mut reader, source),
        };
        let problems = reader.problems();
        if problems.is_empty() {
            Ok(config)
        } else {
            Err(ConfigError(problems))
        }
    }
}

/// Where a server listens that was told nothing.
pub const LISTEN: SocketAddr = SocketAddr::new(IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 8080);

/// Whether a URL is one of this machine.
pub fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

#[cfg(test)]
mod tests;
