//! Where a browser may be sent back to (THR-37, OA-C32): a page of this server, or of an origin that the operator
//! has registered.

use crate::error::WalletError;
use crate::wallet::Inner;
use url::{Host, Url};

const LONGEST: usize = 2000;

impl Inner {
    /// Checks a return target and gives it back in its normal form.
    pub(crate) fn checked_return_to(&self, text: &str) -> Result<Url, WalletError> {
        let refuse = |message: &str| Err(WalletError::invalid("return_to", message));
        if text.len() > LONGEST {
            return refuse("give a URL of at most 2,000 characters");
        }
        // Browsers and URL parsers disagree about these; none is needed in a URL that is written properly.
        if text
            .chars()
            .any(|c| c.is_control() || c.is_whitespace() || c == '\\')
        {
            return refuse("leave out blanks, line breaks and backslashes; percent-encode what needs it");
        }
        let Ok(url) = Url::parse(text) else {
            return refuse("give an absolute URL, such as https://app.example.com/settings");
        };
        if !url.username().is_empty() || url.password().is_some() {
            return refuse("leave out user name and password");
        }
        // `https:host` and `https:///host` are read as a host by some and as a path by others.
        if !has_plain_authority(text, &url) {
            return refuse("write it as scheme://host/path");
        }
        let encrypted = url.scheme() == "https" || (url.scheme() == "http" && is_loopback(&url));
        if !encrypted {
            return refuse("use https (http only for localhost)");
        }
        let known = std::iter::once(&self.public_url).chain(&self.return_origins);
        if known.into_iter().any(|origin| origin.origin() == url.origin()) {
            Ok(url)
        } else {
            refuse("its origin is not registered; the operator adds it to COFFER_RETURN_ORIGINS")
        }
    }
}

fn has_plain_authority(text: &str, url: &Url) -> bool {
    let rest = text.get(url.scheme().len()..).unwrap_or_default();
    rest.strip_prefix("://")
        .is_some_and(|rest| !rest.starts_with(['/', '@', '?', '#']))
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}
