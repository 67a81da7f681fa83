//! Where a URL leads, and with which TLS.

use super::tls;
use crate::Error;
use coffer_core::SecretText;
use coffer_core::secret::ExposeSecret as _;
use std::path::PathBuf;
use std::time::Duration;
use tokio_postgres::config::{Host, SslMode};
use tokio_postgres_rustls::MakeRustlsConnect;
use url::Url;

/// A role at a server.
#[derive(Clone)]
pub(crate) struct Target {
    pub(crate) config: tokio_postgres::Config,
    pub(crate) user: String,
    pub(crate) tls: Option<MakeRustlsConnect>,
}

impl Target {
    /// Reads a URL. Nothing of it stands in an error, as it may hold a password.
    pub(crate) fn parse(which: &'static str, url: &SecretText, wait: Duration) -> Result<Self, Error> {
        let wrong = |why: &str| Error::Url {
            which,
            why: why.to_owned(),
        };
        let mut url = Url::parse(url.expose_secret())
            .map_err(|_| wrong("write postgres://USER[:PASSWORD]@HOST[:PORT]/DATABASE"))?;
        if !matches!(url.scheme(), "postgres" | "postgresql") {
            return Err(wrong("its scheme must be postgres"));
        }
        let options = TlsOptions::take_from(&mut url);
        let mut config: tokio_postgres::Config = url
            .as_str()
            .parse()
            .map_err(|_| wrong("write postgres://USER[:PASSWORD]@HOST[:PORT]/DATABASE"))?;
        let user = config
            .get_user()
            .filter(|user| !user.is_empty())
            .ok_or_else(|| wrong("it must name the user: postgres://USER@HOST/DATABASE"))?
            .to_owned();
        let mode = options
            .mode(&config)
            .ok_or_else(|| wrong("sslmode must be disable, prefer, require, verify-ca or verify-full"))?;
        config
            .ssl_mode(mode)
            .connect_timeout(wait)
            .application_name("coffer");
        notice_silence(&mut config);
        let tls = if mode == SslMode::Disable {
            None
        } else {
            Some(tls::connector(which, options.root_certificates)?)
        };
        Ok(Self { config, user, tls })
    }
}

/// A server that vanished without a word is noticed within a minute instead of hours. What the URL says goes first.
fn notice_silence(config: &mut tokio_postgres::Config) {
    const PATIENCE: Duration = Duration::from_secs(30);
    let usual = tokio_postgres::Config::new();
    if config.get_tcp_user_timeout().is_none() {
        config.tcp_user_timeout(PATIENCE);
    }
    if config.get_keepalives_idle() == usual.get_keepalives_idle() {
        config
            .keepalives_idle(PATIENCE)
            .keepalives_interval(Duration::from_secs(10))
            .keepalives_retries(3);
    }
}

impl std::fmt::Debug for Target {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Target({})", self.user)
    }
}

/// The parts of a URL that are about TLS, which are ours to understand.
struct TlsOptions {
    mode: Option<String>,
    root_certificates: Option<PathBuf>,
}

impl TlsOptions {
    fn take_from(url: &mut Url) -> Self {
        let mut options = Self {
            mode: None,
            root_certificates: None,
        };
        let mut rest: Vec<(String, String)> = Vec::new();
        for (name, value) in url.query_pairs() {
            match name.as_ref() {
                "sslmode" => options.mode = Some(value.into_owned()),
                "sslrootcert" => options.root_certificates = Some(PathBuf::from(value.into_owned())),
                _ => rest.push((name.into_owned(), value.into_owned())),
            }
        }
        url.set_query(None);
        if !rest.is_empty() {
            url.query_pairs_mut().extend_pairs(rest);
        }
        options
    }

    fn mode(&self, config: &tokio_postgres::Config) -> Option<SslMode> {
        match self.mode.as_deref() {
            Some("disable") => Some(SslMode::Disable),
            Some("prefer") => Some(SslMode::Prefer),
            Some("require" | "verify-ca" | "verify-full") => Some(SslMode::Require),
            Some(_) => None,
            None if is_here(config) => Some(SslMode::Disable),
            None => Some(SslMode::Require),
        }
    }
}

/// Whether the server is on this machine.
fn is_here(config: &tokio_postgres::Config) -> bool {
    config.get_hosts().iter().all(|host| match host {
        Host::Tcp(name) => {
            name == "localhost" || name.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
        }
        #[cfg(unix)]
        Host::Unix(_) => true,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use coffer_core::secret::secret_text;

    fn parse(url: &str) -> Result<Target, Error> {
        Target::parse("app", &secret_text(url.to_owned()), Duration::from_secs(1))
    }

    #[test]
    fn tls_is_required_unless_the_server_is_on_this_machine() {
        let mode = |url| parse(url).unwrap().config.get_ssl_mode();
        assert_eq!(mode("postgres://a@127.0.0.1/d"), SslMode::Disable);
        assert_eq!(mode("postgres://a@localhost:5433/d"), SslMode::Disable);
        assert_eq!(mode("postgres://a@db.example.org/d"), SslMode::Require);
        assert_eq!(
            mode("postgres://a@db.example.org/d?sslmode=prefer"),
            SslMode::Prefer
        );
        assert_eq!(
            mode("postgres://a@127.0.0.1/d?sslmode=verify-full"),
            SslMode::Require
        );
    }

    #[test]
    fn url_that_cannot_be_used_is_refused_without_showing_it() {
        for url in [
            "canary",
            "mysql://a:canary@h/d",
            "postgres://127.0.0.1/canary",
            "postgres://a:canary@h/d?sslmode=perhaps",
        ] {
            let error = parse(url).unwrap_err();
            assert!(!format!("{error} {error:?}").contains("canary"), "{error}");
        }
    }

    #[test]
    fn other_options_of_a_url_are_kept() {
        let target = parse("postgres://a@h/d?sslmode=disable&application_name=x&keepalives=0").unwrap();
        assert!(!target.config.get_keepalives());
        assert_eq!(target.user, "a");
        let target = parse("postgres://a@h/d?sslmode=disable&tcp_user_timeout=7&keepalives_idle=5").unwrap();
        assert_eq!(
            target.config.get_tcp_user_timeout(),
            Some(&Duration::from_secs(7))
        );
        assert_eq!(target.config.get_keepalives_idle(), Duration::from_secs(5));
        let target = parse("postgres://a@h/d?sslmode=disable").unwrap();
        assert_eq!(
            target.config.get_tcp_user_timeout(),
            Some(&Duration::from_secs(30))
        );
        assert_eq!(target.config.get_keepalives_idle(), Duration::from_secs(30));
    }
}
