//! How each section of the configuration is read.

use super::duration::parse_duration;
use super::read::{Reader, choice, number};
use super::source::Source;
use super::{DatabaseConfig, KeyConfig, KeyText, LogConfig, LogFormat, ProviderClient, is_loopback};
use coffer_core::SecretText;
use coffer_core::secret::{ExposeSecret, secret_text};
use coffer_envelope::CachePolicy;
use coffer_wallet::Settings;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;
use url::Url;

pub(super) fn processors() -> usize {
    std::thread::available_parallelism().map_or(2, |count| count.get().min(64))
}

pub(super) fn public_url(reader: &mut Reader, listen: SocketAddr) -> Url {
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

fn fallback_url() -> Url {
    #[expect(
        clippy::expect_used,
        reason = "a constant that the tests of this module read, too"
    )]
    Url::parse("http://127.0.0.1:8080").expect("a constant URL")
}

pub(super) fn database(reader: &mut Reader) -> DatabaseConfig {
    let url = reader.secret("COFFER_DATABASE_URL");
    let known = |url: &SecretText| {
        let mut rests = ["sqlite:", "postgres://", "postgresql://"].into_iter();
        rests.any(|scheme| {
            let rest = url.expose_secret().strip_prefix(scheme);
            rest.is_some_and(|rest| !rest.is_empty())
        })
    };
    // A file that cannot be read was told already.
    let told = url.is_none() && reader.is_set("COFFER_DATABASE_URL");
    if !told && !url.as_ref().is_some_and(known) {
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

pub(super) fn keys(reader: &mut Reader) -> KeyConfig {
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

pub(super) fn return_origins(reader: &mut Reader) -> Vec<Url> {
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

pub(super) fn log(reader: &mut Reader) -> LogConfig {
    let (json, text) = (LogFormat::Json, LogFormat::Text);
    LogConfig {
        filter: reader.value(
            "COFFER_LOG",
            "info".to_owned(),
            |text| match crate::log::check_filter(text) {
                Ok(()) if text.split(',').all(is_meant) => Ok(text.to_owned()),
                Ok(()) | Err(_) => Err(
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

/// A word alone is a level, or one of our crates: the filter's own grammar takes any word for the name of a crate.
fn is_meant(directive: &str) -> bool {
    const LEVELS: [&str; 6] = ["error", "warn", "info", "debug", "trace", "off"];
    let directive = directive.trim();
    directive.contains(['=', '[', ':'])
        || directive.starts_with("coffer")
        || LEVELS.iter().any(|level| level.eq_ignore_ascii_case(directive))
}

pub(super) fn settings(reader: &mut Reader) -> Settings {
    let usual = Settings::default();
    let settings = Settings {
        exchange: reader.duration("COFFER_EXCHANGE_TIMEOUT", usual.exchange),
        commit: reader.duration("COFFER_COMMIT_TIMEOUT", usual.commit),
        lease: reader.duration("COFFER_LEASE", usual.lease),
        caller_wait: reader.duration("COFFER_CALLER_WAIT", usual.caller_wait),
        min_ttl: reader.duration("COFFER_MIN_TTL", usual.min_ttl),
        session: reader.value("COFFER_SESSION_TTL", usual.session, |text| {
            at_most(
                text,
                Duration::from_secs(3600),
                "a connect link may stay open for 1h at most",
            )
        }),
        flow: reader.value("COFFER_FLOW_TTL", usual.flow, |text| {
            at_most(
                text,
                Duration::from_secs(600),
                "a flow may take 10m at most (OA-C05)",
            )
        }),
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

fn at_most(text: &str, most: Duration, why: &str) -> Result<Duration, String> {
    parse_duration(text).and_then(|time| {
        if time <= most {
            Ok(time)
        } else {
            Err(why.to_owned())
        }
    })
}

pub(super) fn provider_clients(reader: &mut Reader, source: &Source) -> BTreeMap<String, ProviderClient> {
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
