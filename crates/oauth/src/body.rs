//! A provider's body, whatever its content type says.

use crate::json::{Document, without_bom};
use coffer_core::SecretBytes;
use coffer_core::secret::ExposeSecret;
use std::fmt;
use url::form_urlencoded;

/// What a body turned out to be. Content types are not asked: providers send JSON as `text/html` and forms as JSON.
#[derive(Debug)]
pub(crate) enum Body {
    /// Nothing, or white space.
    Empty,
    /// A JSON object, or a form as a flat one.
    Document(Document),
    /// HTML or XML: a proxy or a maintenance page speaks.
    Markup,
    /// Something else.
    Unreadable,
}

impl Body {
    /// Looks at the first character, then tries JSON or a form (RFC 6749, section 5.1 asks for JSON).
    pub(crate) fn read(body: &SecretBytes) -> Self {
        let bytes = without_bom(body.expose_secret());
        match bytes.iter().find(|byte| !byte.is_ascii_whitespace()) {
            None => Self::Empty,
            Some(b'<') => Self::Markup,
            Some(b'{') => match Document::parse(bytes) {
                Ok(document) => Self::Document(document),
                Err(_) => Self::Unreadable,
            },
            Some(_) => Self::read_form(bytes),
        }
    }

    /// As [`Body::read`], and a list counts as a document too: an API's answer, not a token response.
    pub(crate) fn read_any(body: &SecretBytes) -> Self {
        let bytes = without_bom(body.expose_secret());
        match bytes.iter().find(|byte| !byte.is_ascii_whitespace()) {
            Some(b'[') => Document::parse(bytes).map_or(Self::Unreadable, Self::Document),
            Some(_) | None => Self::read(body),
        }
    }

    fn read_form(bytes: &[u8]) -> Self {
        let is_form = |text: &&str| {
            text.contains('=')
                && !text
                    .trim()
                    .contains(|c: char| c.is_whitespace() || c.is_control())
        };
        match std::str::from_utf8(bytes).ok().filter(is_form) {
            Some(text) => Self::Document(Document::from_pairs(
                form_urlencoded::parse(text.trim().as_bytes()).into_owned(),
            )),
            None => Self::Unreadable,
        }
    }
}

impl fmt::Display for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "an empty body",
            Self::Document(_) => "a document",
            Self::Markup => "HTML or XML",
            Self::Unreadable => "something unreadable",
        })
    }
}
