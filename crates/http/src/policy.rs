//! Which hosts may be spoken to: decided from the URL before anything is resolved, and again from each address.

use crate::{
    address::{AddressClass, classify},
    allowance::{Allowance, AllowanceError, parse_host},
    error,
};
use coffer_core::http::HttpError;
use std::net::IpAddr;
use url::{Host, Url};

/// The rule and its exceptions.
#[derive(Debug, Clone, Default)]
pub(crate) struct Policy {
    exceptions: Vec<(Host, Allowance)>,
}

/// Where a request may go, as far as the URL says.
#[derive(Debug, Clone)]
pub(crate) struct Target {
    /// The host as one reads it: a name, or an address (in brackets if it has colons).
    pub(crate) host: String,
    /// The port.
    pub(crate) port: u16,
    literal: Option<IpAddr>,
    private_addresses: bool,
}

impl Policy {
    /// A policy with these exceptions.
    pub(crate) fn new(allowances: Vec<Allowance>) -> Result<Self, AllowanceError> {
        let exceptions = allowances
            .into_iter()
            .map(|allowance| Ok((parse_host(&allowance.host)?, allowance)));
        Ok(Self {
            exceptions: exceptions.collect::<Result<_, _>>()?,
        })
    }

    /// The exceptions.
    pub(crate) fn allowances(&self) -> impl Iterator<Item = &Allowance> {
        self.exceptions.iter().map(|(_, allowance)| allowance)
    }

    /// Checks a URL; an error is [`coffer_core::http::HttpErrorKind::Blocked`].
    pub(crate) fn target(&self, url: &Url) -> Result<Target, HttpError> {
        let Some(host) = url.host().map(|host| host.to_owned()) else {
            return Err(error::blocked("the URL has no host; write https://host/path"));
        };
        if !url.username().is_empty() || url.password().is_some() {
            return Err(error::blocked(format!(
                "the URL for {host} has a user name or a password in it; take it out"
            )));
        }
        let port = match url.port_or_known_default() {
            Some(port) if port != 0 => port,
            Some(_) | None => return Err(error::blocked(format!("the URL for {host} has no usable port"))),
        };
        let exceptions = || {
            let fits = |(other, allowance): &&(Host, Allowance)| {
                *other == host && allowance.port.is_none_or(|allowed| allowed == port)
            };
            self.exceptions
                .iter()
                .filter(fits)
                .map(|(_, allowance)| allowance)
        };
        let plain_http = exceptions().any(|allowance| allowance.plain_http);
        let private_addresses = exceptions().any(|allowance| allowance.private_addresses);

        check_scheme(url.scheme(), &host, plain_http)?;
        let literal = match &host {
            Host::Ipv4(address) => Some(IpAddr::from(*address)),
            Host::Ipv6(address) => Some(IpAddr::from(*address)),
            Host::Domain(name) => {
                check_name(name, private_addresses)?;
                None
            }
        };
        let target = Target {
            host: host.to_string(),
            port,
            literal,
            private_addresses,
        };
        if let Some(address) = literal {
            target.vet(address)?;
        }
        Ok(target)
    }
}

impl Target {
    /// The address, if the host is one.
    pub(crate) fn address(&self) -> Option<IpAddr> {
        self.literal
    }

    /// Checks one address of the host. The address itself is for the operator's log alone: whoever may write a URL
    /// must not learn from the answer how names resolve inside (THR-40).
    pub(crate) fn vet(&self, address: IpAddr) -> Result<(), HttpError> {
        let host = &self.host;
        let message = match classify(address) {
            AddressClass::Public => return Ok(()),
            AddressClass::Private(_) if self.private_addresses => return Ok(()),
            AddressClass::Private(what) => format!(
                "the address of {host} is {what}; if this is meant, allow the host with COFFER_HTTP_ALLOW"
            ),
            AddressClass::Forbidden(what) => {
                format!("the address of {host} is {what}, and such addresses are never connected to")
            }
        };
        tracing::warn!(host, %address, "a request to an address that is not allowed was refused");
        Err(error::blocked(message))
    }
}

fn check_scheme(scheme: &str, host: &Host, plain_http: bool) -> Result<(), HttpError> {
    match scheme {
        "https" => Ok(()),
        "http" if plain_http => Ok(()),
        "http" => Err(error::blocked(format!(
            "{host} would be spoken to without TLS; write https, or allow http for this host with COFFER_HTTP_ALLOW"
        ))),
        _ => Err(error::blocked(format!("the URL for {host} is not https"))),
    }
}

/// Names that point inside by their nature. Their addresses would be refused, too; this says it without asking a
/// resolver, which may be a hostile one.
fn check_name(name: &str, private_addresses: bool) -> Result<(), HttpError> {
    if name.ends_with('.') {
        return Err(error::blocked(format!(
            "the host {name} ends with a dot; write it without"
        )));
    }
    if METADATA_NAMES.contains(&name) {
        return Err(error::blocked(format!(
            "{name} is the metadata service of a cloud, which is never connected to"
        )));
    }
    let local = !name.contains('.')
        || LOCAL_DOMAINS
            .iter()
            .any(|domain| name.strip_suffix(domain).is_some_and(|rest| rest.ends_with('.')));
    if local && !private_addresses {
        return Err(error::blocked(format!(
            "{name} is a local name; if this is meant, allow the host with COFFER_HTTP_ALLOW"
        )));
    }
    Ok(())
}

/// RFC 6761, RFC 6762, RFC 7686, RFC 8375, and ICANN's `internal`.
const LOCAL_DOMAINS: &[&str] = &[
    "localhost",
    "local",
    "localdomain",
    "internal",
    "intranet",
    "lan",
    "home.arpa",
    "invalid",
    "onion",
];

const METADATA_NAMES: &[&str] = &[
    "instance-data",
    "instance-data.ec2.internal",
    "metadata",
    "metadata.azure.internal",
    "metadata.goog",
    "metadata.google.internal",
    "metadata.packet.net",
    "metadata.platformequinix.com",
    "metadata.tencentyun.com",
    "rancher-metadata",
];

#[cfg(test)]
mod tests {
    use super::*;
    use coffer_core::http::{HttpErrorKind, Sent};

    fn refusal(policy: &Policy, url: &str) -> String {
        let error = policy.target(&Url::parse(url).unwrap()).expect_err(url);
        assert_eq!(
            (error.kind, error.sent),
            (HttpErrorKind::Blocked, Sent::DefinitelyNot),
            "{url}"
        );
        assert!(!error.message.contains("canary"), "{}", error.message);
        error.message
    }

    fn allowing(origins: &[&str]) -> Policy {
        Policy::new(origins.iter().map(|origin| origin.parse().unwrap()).collect()).unwrap()
    }

    #[test]
    fn oa_c10_only_https_goes_out_unless_the_operator_allows_the_host() {
        let strict = Policy::default();
        assert_eq!(
            strict
                .target(&Url::parse("https://idp.example/t").unwrap())
                .unwrap()
                .port,
            443
        );
        assert!(refusal(&strict, "http://idp.example/?canary").contains("write https"));
        for scheme in ["ftp", "ws", "wss"] {
            assert!(refusal(&strict, &format!("{scheme}://idp.example/")).contains("not https"));
        }
        for url in ["file:///etc/passwd", "data:text/plain,canary", "gopher:canary"] {
            assert!(refusal(&strict, url).contains("no host"));
        }
        let lenient = allowing(&["http://idp.example:8080"]);
        assert!(
            lenient
                .target(&Url::parse("http://idp.example:8080/").unwrap())
                .is_ok()
        );
        refusal(&lenient, "http://idp.example/");
        refusal(&lenient, "http://idp.example:8081/");
        refusal(&lenient, "http://other.example:8080/");
        refusal(&lenient, "ftp://idp.example:8080/");
    }

    #[test]
    fn thr_40_every_spelling_of_a_private_address_is_refused() {
        let strict = Policy::default();
        for host in SPELLINGS {
            assert!(
                refusal(&strict, &format!("https://{host}/canary?canary#canary"))
                    .contains("COFFER_HTTP_ALLOW")
            );
        }
    }

    #[test]
    fn thr_40_forbidden_addresses_stay_forbidden_though_the_host_is_allowed() {
        for host in [
            "169.254.169.254",
            "0xa9fea9fe",
            "[fd00:ec2::254]",
            "0.0.0.0",
            "[::]",
            "[::ffff:127.0.0.1]",
            "224.0.0.1",
        ] {
            let policy = allowing(&[&format!("https://{host}")]);
            assert!(
                refusal(&policy, &format!("https://{host}/")).contains("never connected to"),
                "{host}"
            );
        }
    }

    #[test]
    fn thr_40_user_names_and_passwords_in_a_url_are_refused() {
        let strict = Policy::default();
        for url in [
            "https://canary@idp.example/",
            "https://:canary@idp.example/",
            "https://a:canary@idp.example/",
        ] {
            assert!(refusal(&strict, url).contains("take it out"));
        }
    }

    #[test]
    fn thr_40_local_names_metadata_names_and_trailing_dots_are_refused_before_they_are_resolved() {
        let strict = Policy::default();
        for host in [
            "localhost",
            "LOCALHOST",
            "app.localhost",
            "postgres",
            "vault.internal",
            "nas.local",
            "x.home.arpa",
        ] {
            assert!(refusal(&strict, &format!("https://{host}/")).contains("is a local name"));
        }
        for host in ["localhost.", "idp.example.", "metadata.google.internal."] {
            assert!(refusal(&strict, &format!("https://{host}/")).contains("ends with a dot"));
        }
        let allowed = allowing(&["https://vault.internal", "https://metadata.google.internal"]);
        assert!(
            allowed
                .target(&Url::parse("https://vault.internal/").unwrap())
                .is_ok()
        );
        assert!(refusal(&allowed, "https://metadata.google.internal/").contains("metadata service"));
    }

    #[test]
    fn thr_40_names_in_other_scripts_are_judged_by_what_they_become() {
        let strict = Policy::default();
        for host in [
            "ⓛⓞⓒⓐⓛⓗⓞⓢⓣ",
            "ｌｏｃａｌｈｏｓｔ",
            "１２７。０。０。１",
            "127。0。0。1",
        ] {
            refusal(&strict, &format!("https://{host}/"));
        }
        let target = strict
            .target(&Url::parse("https://bücher.example/").unwrap())
            .unwrap();
        assert_eq!(target.host, "xn--bcher-kva.example");
    }

    #[test]
    fn port_zero_is_refused() {
        assert!(refusal(&Policy::default(), "https://idp.example:0/").contains("no usable port"));
    }

    const SPELLINGS: &[&str] = &[
        "127.0.0.1",
        "127.0.0.1.",
        "127.1",
        "127.0.1",
        "2130706433",
        "017700000001",
        "0177.0.0.1",
        "0x7f.0.0.1",
        "0x7f000001",
        "0x7F.1",
        "%31%32%37.0.0.1",
        "10.0.0.5",
        "0xa000005",
        "012.0.0.5",
        "3232235521",
        "172.16.0.1",
        "100.64.0.1",
        "[::1]",
        "[0:0:0:0:0:0:0:1]",
        "[0000::0001]",
        "[fc00::1]",
        "[fdff::1]",
    ];
}
