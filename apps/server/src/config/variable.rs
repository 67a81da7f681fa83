//! Every variable, in one table: what is read, what `.env.example` and `docs/configuration.md` must have.

/// A setting. In the environment it has its name; in the file its name without `COFFER_`, in small letters.
#[derive(Debug, Clone, Copy)]
pub struct Variable {
    /// The name.
    pub name: &'static str,
    /// Whether its value is secret. Such a variable may also be given as the path of a file, with `_FILE` at its end.
    pub secret: bool,
    /// What it is when it is not set.
    pub default: &'static str,
    /// What it is for.
    pub help: &'static str,
}

impl Variable {
    /// The prefix of all names.
    pub const PREFIX: &'static str = "COFFER_";

    /// The name in the configuration file.
    pub fn key(&self) -> String {
        self.name.trim_start_matches(Self::PREFIX).to_ascii_lowercase()
    }

    /// The variable with this name.
    pub fn named(name: &str) -> Option<&'static Self> {
        VARIABLES.iter().find(|variable| variable.name == name)
    }
}

const fn plain(name: &'static str, default: &'static str, help: &'static str) -> Variable {
    Variable {
        name,
        secret: false,
        default,
        help,
    }
}

const fn secret(name: &'static str, default: &'static str, help: &'static str) -> Variable {
    Variable {
        name,
        secret: true,
        default,
        help,
    }
}

/// All of them, in the order of the documentation.
pub const VARIABLES: &[Variable] = &[
    plain(
        "COFFER_CONFIG",
        "none",
        "A TOML file with any of these settings; the environment wins over it.",
    ),
    plain(
        "COFFER_LISTEN",
        "127.0.0.1:8080",
        "Address and port to listen on.",
    ),
    plain(
        "COFFER_PUBLIC_URL",
        "http:// and COFFER_LISTEN, where that is a loopback address",
        "Where browsers reach this server: the base of connect links and redirect URIs. https, or http for localhost.",
    ),
    plain(
        "COFFER_WORKERS",
        "one for each processor",
        "Threads that read requests, 1 to 64.",
    ),
    plain(
        "COFFER_METRICS_LISTEN",
        "none",
        "A second address that serves GET /metrics to anybody who reaches it. Without it, /metrics needs an operator's key.",
    ),
    plain(
        "COFFER_SERVER_TIMING",
        "false",
        "Whether each answer says in Server-Timing where its time went. For measuring; it tells strangers how long things take.",
    ),
    plain(
        "COFFER_TRUSTED_PROXIES",
        "none",
        "IP addresses, separated by commas, whose X-Forwarded-For is believed. From anybody else it is ignored.",
    ),
    plain(
        "COFFER_SHUTDOWN_TIMEOUT",
        "30s",
        "How long a stopping server waits for what is under way.",
    ),
    secret(
        "COFFER_DATABASE_URL",
        "none: it must be set",
        "sqlite:PATH, or postgres://USER:PASSWORD@HOST/DATABASE of the role that serves requests.",
    ),
    secret(
        "COFFER_DATABASE_SYSTEM_URL",
        "COFFER_DATABASE_URL",
        "PostgreSQL: the role for the few statements that have no tenant yet.",
    ),
    secret(
        "COFFER_DATABASE_OWNER_URL",
        "COFFER_DATABASE_URL",
        "PostgreSQL: the role that owns the schema; only `migrate` uses it.",
    ),
    plain(
        "COFFER_DATABASE_CONNECTIONS",
        "16",
        "PostgreSQL: the most connections for requests, 1 to 256.",
    ),
    plain(
        "COFFER_MIGRATE",
        "false",
        "Whether `serve` migrates the database first.",
    ),
    secret(
        "COFFER_KEY",
        "none: it or COFFER_KEY_FILE must be set",
        "The key encryption key: 32 bytes, base64 or hexadecimal, from `coffer-server keys generate`. INTEGRATION_ENCRYPTION_KEY is another name of it.",
    ),
    secret(
        "COFFER_READ_KEYS",
        "none",
        "Earlier keys, separated by commas: they open what was sealed under them, and seal nothing.",
    ),
    plain(
        "COFFER_INSTALLATION",
        "coffer",
        "The installation's name. It is bound to every wrapped data key: never change it.",
    ),
    plain(
        "COFFER_KEY_CACHE",
        "standard",
        "How long unwrapped data keys are kept: strict (5 min), standard (5 h 30 min) or available (24 h).",
    ),
    plain(
        "COFFER_RETURN_ORIGINS",
        "none",
        "Origins, separated by commas, to which a browser may be sent back after a connect session, beside this server's own.",
    ),
    plain(
        "COFFER_HTTP_ALLOW",
        "none",
        "Origins, separated by commas, that may be reached though they are private, or without TLS: https://host[:port], http://host:port.",
    ),
    plain(
        "COFFER_HTTP_CA_FILE",
        "none",
        "A PEM file with more certificate authorities to trust.",
    ),
    plain(
        "COFFER_PROVIDERS_DIR",
        "none",
        "A folder of provider files (*.toml) that are added to, or replace, the built-in ones.",
    ),
    plain(
        "COFFER_LOG",
        "info",
        "What is logged: error, warn, info, debug or trace; or a filter such as info,coffer_http=debug.",
    ),
    plain("COFFER_LOG_FORMAT", "json", "json or text."),
    plain(
        "COFFER_EXCHANGE_TIMEOUT",
        "8s",
        "The longest exchange with a provider.",
    ),
    plain("COFFER_COMMIT_TIMEOUT", "3s", "The longest commit."),
    plain(
        "COFFER_LEASE",
        "12s",
        "How long the right to refresh lasts: at least exchange + commit + 1s.",
    ),
    plain(
        "COFFER_CALLER_WAIT",
        "10s",
        "How long a token request waits for a refresh before it answers 503.",
    ),
    plain(
        "COFFER_MIN_TTL",
        "60s",
        "The remaining life that a token has at least when a caller asks for none.",
    ),
    plain(
        "COFFER_SESSION_TTL",
        "10m",
        "How long a connect link can be opened: at most 1h.",
    ),
    plain(
        "COFFER_FLOW_TTL",
        "10m",
        "How long a person may take at the provider: at most 10m.",
    ),
    plain(
        "COFFER_RESULT_TTL",
        "5m",
        "How long a one-time result can be redeemed.",
    ),
];
