//! The configuration: environment and file, checked as a whole before anything starts (requirement O5).

mod duration;
mod error;
mod nearest;
mod read;
mod source;
mod variable;

pub use duration::parse_duration;
pub use error::{ConfigError, ConfigProblem};
pub use source::Source;
pub use variable::{VARIABLES, Variable};

use coffer_core::SecretText;
use coffer_core::secret::{ExposeSecret, secret_text};
use coffer_envelope::CachePolicy;
use coffer_http::Allowance;
use coffer_wallet::Settings;
use read::{Reader, choice, number};
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

fn processors() -> usize {
    std::thread::available_parallelism().map_or(2, |count| count.get().min(64))
}

fn public_url(reader: &mut Reader, listen: SocketAddr) -> Url {
    let local = Url::parse(&format!("http://{listen}")).unwrap_or_else(|_| fallback_url());
    if !reader.is_set("COFFER_PUBLIC_URL") && !listen.ip().is_loopback() {
        reader.refuse(
            "COFFER_PUBLIC_URL",
            "write where browsers reach this server, such as https://coffer.example.com",
        );
    }
    reader.value("COFFER_PUBLIC_URL", local, |text| {
        let url =
            Url::parse(text).map_err(|_| "write a URL, such as https://coffer.example.com".to_owned())?;
        let encrypted = url.scheme() == "https" || (url.scheme() == "http" && is_loopback(&url));
        if !encrypted || url.host().is_none() {
            return Err("use https; http is for localhost only".into());
        }
        let plain = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
        if !plain || !url.username().is_empty() || url.password().is_some() {
            return Err("write scheme and host only, without a path: https://coffer.example.com".into());
        }
        Ok(url)
    })
}

/// Whether a URL is one of this machine.
pub fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

fn fallback_url() -> Url {
    #[expect(
        clippy::expect_used,
        reason = "a constant that the tests of this module read, too"
    )]
    Url::parse("http://127.0.0.1:8080").expect("a constant URL")
}

fn database(reader: &mut Reader) -> DatabaseConfig {
    let url = reader.secret("COFFER_DATABASE_URL");
    let known = |url: &SecretText| {
        let mut rests = ["sqlite:", "postgres://", "postgresql://"].into_iter();
        rests.any(|scheme| {
            let rest = url.expose_secret().strip_prefix(scheme);
            rest.is_some_and(|rest| !rest.is_empty())
        })
    };
    if !url.as_ref().is_some_and(known) && !reader.file("COFFER_DATABASE_URL").is_some_and(|_| url.is_none())
    {
        reader.refuse(
            "COFFER_DATABASE_URL",
            "write sqlite:/var/lib/coffer/coffer.db or postgres://USER:PASSWORD@HOST/DATABASE",
        );
    }
    DatabaseConfig {
        url: url.unwrap_or_else(|| secret_text(String::new())),
        system_url: reader.secret("COFFER_DATABASE_SYSTEM_URL"),
        owner_url: reader.secret("COFFER_DATABASE_OWNER_URL"),
        connections: reader.value("COFFER_DATABASE_CONNECTIONS", 16, |text| number(text, 1, 256)),
    }
}

fn keys(reader: &mut Reader) -> KeyConfig {
    let primary = match (reader.file("COFFER_KEY"), reader.secret_value("COFFER_KEY")) {
        (Some(file), _) => KeyText::File(file),
        (None, Some(text)) => KeyText::Text(text),
        (None, None) => {
            reader.refuse(
                "COFFER_KEY",
                "set it, or COFFER_KEY_FILE, to a key from `coffer-server keys generate`",
            );
            KeyText::Text(secret_text(String::new()))
        }
    };
    let readers = reader.secret("COFFER_READ_KEYS").map_or_else(Vec::new, |text| {
        let keys = text
            .expose_secret()
            .split([',', '\n'])
            .map(str::trim)
            .filter(|key| !key.is_empty());
        keys.map(|key| secret_text(key.to_owned())).collect()
    });
    KeyConfig {
        primary,
        readers,
        installation: reader.value(
            "COFFER_INSTALLATION",
            coffer_envelope::DEFAULT_INSTALLATION.to_owned(),
            |text| {
                let fits =
                    (1..=100).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
                if fits {
                    Ok(text.to_owned())
                } else {
                    Err("write 1 to 100 printable ASCII characters".into())
                }
            },
        ),
        cache: reader.value("COFFER_KEY_CACHE", CachePolicy::STANDARD, |text| {
            let (standard, strict) = (CachePolicy::STANDARD, CachePolicy::STRICT);
            choice(
                text,
                &[
                    ("standard", standard),
                    ("strict", strict),
                    ("available", CachePolicy::AVAILABLE),
                ],
            )
        }),
    }
}

fn return_origins(reader: &mut Reader) -> Vec<Url> {
    let how = "write origins such as https://app.example.com, separated by commas";
    let urls: Vec<Url> = reader.list("COFFER_RETURN_ORIGINS", how);
    let is_origin = |url: &Url| {
        let encrypted = url.scheme() == "https" || (url.scheme() == "http" && is_loopback(url));
        encrypted
            && url.host().is_some()
            && url.path() == "/"
            && url.query().is_none()
            && url.username().is_empty()
    };
    if !urls.iter().all(is_origin) {
        reader.refuse(
            "COFFER_RETURN_ORIGINS",
            format!("{how}; https, or http for localhost; no path"),
        );
    }
    urls
}

fn log(reader: &mut Reader) -> LogConfig {
    let (json, text) = (LogFormat::Json, LogFormat::Text);
    LogConfig {
        filter: reader.value(
            "COFFER_LOG",
            "info".to_owned(),
            |text| match crate::log::check_filter(text) {
                Ok(()) => Ok(text.to_owned()),
                Err(_) => Err(
                    "write error, warn, info, debug or trace, or a filter such as info,coffer_http=debug"
                        .into(),
                ),
            },
        ),
        format: reader.value("COFFER_LOG_FORMAT", json, |word| {
            choice(word, &[("json", json), ("text", text)])
        }),
    }
}

fn settings(reader: &mut Reader) -> Settings {
    let usual = Settings::default();
    let settings = Settings {
        exchange: reader.duration("COFFER_EXCHANGE_TIMEOUT", usual.exchange),
        commit: reader.duration("COFFER_COMMIT_TIMEOUT", usual.commit),
        lease: reader.duration("COFFER_LEASE", usual.lease),
        caller_wait: reader.duration("COFFER_CALLER_WAIT", usual.caller_wait),
        min_ttl: reader.duration("COFFER_MIN_TTL", usual.min_ttl),
        session: reader.duration("COFFER_SESSION_TTL", usual.session),
        flow: reader.duration("COFFER_FLOW_TTL", usual.flow),
        result: reader.duration("COFFER_RESULT_TTL", usual.result),
        ..usual
    };
    settings.validate().unwrap_or_else(|error| {
        reader.refuse(
            "COFFER_EXCHANGE_TIMEOUT, COFFER_COMMIT_TIMEOUT, COFFER_LEASE, COFFER_*_TTL",
            error.to_string(),
        );
        usual
    })
}

fn provider_clients(reader: &mut Reader, source: &Source) -> BTreeMap<String, ProviderClient> {
    let mut clients = BTreeMap::new();
    for (name, id) in source.ending("_CLIENT_ID") {
        let (variable, file) = (
            format!("{name}_CLIENT_SECRET"),
            format!("{name}_CLIENT_SECRET_FILE"),
        );
        let secret = match (source.variable(&variable), source.variable(&file)) {
            (Some(text), _) => secret_text(text.to_owned()),
            (None, Some(path)) => match std::fs::read_to_string(path) {
                Ok(text) => secret_text(text.trim().to_owned()),
                Err(error) => {
                    reader.refuse(&file, format!("the file {path} cannot be read: {error}"));
                    continue;
                }
            },
            // Other programs' variables may look the same: half a client is none of ours.
            (None, None) => continue,
        };
        clients.insert(
            name.to_owned(),
            ProviderClient {
                id: id.to_owned(),
                secret,
            },
        );
    }
    clients
}

#[cfg(test)]
mod tests;
