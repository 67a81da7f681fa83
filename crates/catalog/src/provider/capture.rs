//! What is kept of callbacks and token responses.

use crate::field::whole_pattern;
use crate::pointer::Pointer;
use crate::template::{TemplateError, base_url, is_label};
use serde::{Deserialize, Serialize};

/// A value that the provider tells and that belongs to the connection: an account's id, a shard's host. Templates use
/// it by its name.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Capture {
    /// The variable's name.
    pub name: String,
    /// Where it comes from.
    pub from: CaptureSource,
    /// The callback's parameter, when it comes from there.
    pub parameter: Option<String>,
    /// The place in the token response, when it comes from there.
    pub pointer: Option<Pointer>,
    /// What it has to be.
    pub kind: CaptureKind,
    /// A regular expression that the whole value has to match.
    pub pattern: Option<String>,
    /// For `url`: the hosts it may name, exact (`api.example.com`) or below a domain (`*.example.com`).
    #[serde(default)]
    pub hosts: Vec<String>,
    /// Whether connecting fails without it.
    #[serde(default)]
    pub required: bool,
    /// Whether a refresh may change it (Bullhorn's `restUrl`).
    #[serde(default)]
    pub on_refresh: bool,
}

/// Where a captured value comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CaptureSource {
    /// A parameter of the redirect back to us.
    Callback,
    /// A member of the token response.
    Token,
}

/// What a captured value has to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CaptureKind {
    /// A text for paths, queries, headers and metadata: at most 1024 bytes without control characters.
    Text,
    /// One label of a host name.
    Label,
    /// An https URL at one of `hosts`.
    Url,
}

const MAXIMUM_BYTES: usize = 1024;

impl Capture {
    /// Checks a value before it is kept, and again before it is used.
    ///
    /// # Errors
    /// It is not what `kind`, `pattern` and `hosts` allow.
    pub fn check(&self, value: &str) -> Result<(), TemplateError> {
        let refuse = |rule| Err(TemplateError::value(&self.name, rule));
        if value.is_empty() || value.len() > MAXIMUM_BYTES || value.chars().any(char::is_control) {
            return refuse("it is empty, longer than 1024 bytes, or has control characters");
        }
        match self.kind {
            CaptureKind::Text => {}
            CaptureKind::Label if is_label(value) => {}
            CaptureKind::Label => return refuse("it is not one label of a host name"),
            CaptureKind::Url => self.check_url(value)?,
        }
        match self.pattern.as_deref().and_then(whole_pattern) {
            Some(pattern) if !pattern.is_match(value) => refuse("it does not match the provider's pattern"),
            Some(_) | None => Ok(()),
        }
    }

    fn check_url(&self, value: &str) -> Result<(), TemplateError> {
        let url = base_url(&self.name, value)?;
        let host = url.host_str().unwrap_or_default();
        let known = self.hosts.iter().any(|allowed| match allowed.strip_prefix("*.") {
            Some(domain) => host
                .strip_suffix(domain)
                .is_some_and(|rest| rest.len() > 1 && rest.ends_with('.')),
            None => host == allowed,
        });
        if url.scheme() == "https" && known && url.port().is_none() {
            Ok(())
        } else {
            Err(TemplateError::value(
                &self.name,
                "it is not an https URL at one of the provider's hosts",
            ))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn capture(kind: CaptureKind, pattern: Option<&str>) -> Capture {
        Capture {
            name: "shard".into(),
            from: CaptureSource::Token,
            parameter: None,
            pointer: Some(Pointer::of_member("shard")),
            kind,
            pattern: pattern.map(str::to_owned),
            hosts: vec!["*.acme.example".into(), "api.acme.example.org".into()],
            required: false,
            on_refresh: false,
        }
    }

    #[test]
    fn thr_44_captured_url_stays_at_the_providers_hosts() {
        let capture = capture(CaptureKind::Url, None);
        for value in [
            "https://eu1.acme.example/",
            "https://a.b.acme.example",
            "https://api.acme.example.org/x",
        ] {
            assert_eq!(capture.check(value), Ok(()), "{value}");
        }
        for value in [
            "https://acme.example",
            "https://evilacme.example",
            "https://acme.example.evil.org",
            "https://eu1.acme.example.evil.org",
            "https://x.api.acme.example.org",
            "http://eu1.acme.example",
            "https://eu1.acme.example:8443",
            "https://u@eu1.acme.example",
            "https://evil.org/#.acme.example",
            "https://evil.org\\.acme.example",
            "//eu1.acme.example",
            "",
        ] {
            assert!(capture.check(value).is_err(), "{value}");
        }
    }

    #[test]
    fn thr_44_captured_text_and_label_are_checked() {
        assert_eq!(capture(CaptureKind::Text, Some("[0-9]+")).check("123"), Ok(()));
        assert!(capture(CaptureKind::Text, Some("[0-9]+")).check("123x").is_err());
        assert!(capture(CaptureKind::Text, None).check("a\r\nb").is_err());
        assert!(capture(CaptureKind::Text, None).check(&"x".repeat(1025)).is_err());
        assert_eq!(capture(CaptureKind::Label, None).check("mc-1"), Ok(()));
        assert!(capture(CaptureKind::Label, None).check("mc.1").is_err());
    }
}
