//! What an operator allows beyond the rule, host by host.

use std::{fmt, str::FromStr};
use url::Host;

/// An exception for one host, made by the operator: never from what a tenant or a provider says.
///
/// Addresses that are forbidden altogether (link-local, metadata services, multicast and the like) stay forbidden.
///
/// As text it is an origin: `http://127.0.0.1:8080` allows plain HTTP and private addresses, `https://git.corp.example`
/// only private addresses. Without a port it is the port of the scheme; `:*` is every port.
///
/// ```
/// let allowance: coffer_http::Allowance = "https://gitlab.internal".parse()?;
/// assert!(allowance.private_addresses && !allowance.plain_http);
/// assert_eq!(allowance.port, Some(443));
/// # Ok::<(), coffer_http::AllowanceError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Allowance {
    /// The host: a name, an IPv4 address, or an IPv6 address with or without brackets.
    pub host: String,
    /// The port; `None` is every port.
    pub port: Option<u16>,
    /// Whether the host may be spoken to without TLS.
    pub plain_http: bool,
    /// Whether its address may be one of this machine or of a private network.
    pub private_addresses: bool,
}

/// An allowance that says nothing useful.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AllowanceError {
    /// It is not an origin.
    #[error(
        "{0:?} is not an origin; write https://host, https://host:port or http://host:port, without a path"
    )]
    NotAnOrigin(String),
    /// The host is not a host.
    #[error("{0:?} is not a host name or an address")]
    NotAHost(String),
}

impl FromStr for Allowance {
    type Err = AllowanceError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let not_an_origin = || AllowanceError::NotAnOrigin(text.to_owned());
        let trimmed = text.trim().trim_end_matches('/');
        let (plain_http, authority) = match trimmed.split_once("://") {
            Some(("http", authority)) => (true, authority),
            Some(("https", authority)) => (false, authority),
            Some(_) | None => return Err(not_an_origin()),
        };
        if authority.contains(['/', '@', '?', '#']) {
            return Err(not_an_origin());
        }
        let (host, port) = match authority.rsplit_once(':') {
            Some((host, "*")) => (host, None),
            Some((host, port)) if !port.ends_with(']') => {
                (host, Some(port.parse().map_err(|_error| not_an_origin())?))
            }
            Some(_) | None => (authority, Some(if plain_http { 80 } else { 443 })),
        };
        parse_host(host)?;
        Ok(Self {
            host: host.to_owned(),
            port,
            plain_http,
            private_addresses: true,
        })
    }
}

impl fmt::Display for Allowance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.plain_http { "http" } else { "https" };
        match self.port {
            Some(port) => write!(f, "{scheme}://{}:{port}", self.host),
            None => write!(f, "{scheme}://{}:*", self.host),
        }
    }
}

/// A host in the form that a parsed URL has, so that the two compare.
pub(crate) fn parse_host(text: &str) -> Result<Host, AllowanceError> {
    let bracketed = if text.contains(':') && !text.starts_with('[') {
        format!("[{text}]")
    } else {
        text.to_owned()
    };
    Host::parse(&bracketed).map_err(|_error| AllowanceError::NotAHost(text.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_becomes_an_allowance_and_back() {
        for text in [
            "http://127.0.0.1:8080",
            "https://git.corp.example:443",
            "http://[::1]:*",
            "http://localhost:80",
        ] {
            let allowance: Allowance = text.parse().unwrap();
            assert_eq!(allowance.to_string(), text);
            assert!(allowance.private_addresses);
            assert_eq!(allowance.plain_http, text.starts_with("http:"));
        }
    }

    #[test]
    fn a_missing_port_is_the_one_of_the_scheme() {
        assert_eq!("http://localhost/".parse::<Allowance>().unwrap().port, Some(80));
        assert_eq!("https://[fd00::1]".parse::<Allowance>().unwrap().port, Some(443));
    }

    #[test]
    fn what_is_not_an_origin_is_refused_with_a_word_on_what_to_write() {
        for text in [
            "",
            "localhost",
            "ftp://host",
            "https://host/path",
            "https://user@host",
            "https://host:99999",
            "https://",
        ] {
            let error = text.parse::<Allowance>().unwrap_err().to_string();
            assert!(
                error.contains("write https://host") || error.contains("not a host name"),
                "{text}: {error}"
            );
        }
    }

    #[test]
    fn hosts_compare_in_the_form_of_a_parsed_url() {
        assert_eq!(parse_host("LOCALHOST").unwrap(), parse_host("localhost").unwrap());
        assert_eq!(parse_host("::1").unwrap(), parse_host("[0:0::1]").unwrap());
        assert_eq!(
            parse_host("2130706433").unwrap(),
            parse_host("127.0.0.1").unwrap()
        );
    }
}
