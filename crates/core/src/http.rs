//! The port through which everything leaves the process.

use crate::{SecretBytes, SecretText};
use async_trait::async_trait;
use std::borrow::Cow;
use std::time::Duration;
use url::Url;

/// Sends one request, once: no redirects, no automatic retry, no proxy from the environment, a cap on the body and a
/// deadline over everything.
#[async_trait]
pub trait HttpClient: Send + Sync + std::fmt::Debug {
    /// Sends the request and reads the whole answer.
    ///
    /// # Errors
    /// [`HttpError`], which says whether the request may have reached the other side. A status of 300 or more is an
    /// answer, not an error.
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, HttpError>;
}

/// An HTTP method that we use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// GET
    Get,
    /// POST
    Post,
    /// DELETE
    Delete,
}

/// A request.
#[derive(Debug)]
pub struct HttpRequest {
    /// The method.
    pub method: Method,
    /// Where to. It never has a secret in it.
    pub url: Url,
    /// Headers; the values may be secrets. A name may come from a provider's catalogue entry.
    pub headers: Vec<(Cow<'static, str>, SecretText)>,
    /// The body, if there is one.
    pub body: Option<SecretBytes>,
    /// How long everything may take: name resolution, connection, TLS, request and the whole answer.
    pub deadline: Duration,
    /// How many bytes of body are read; more is [`HttpErrorKind::BodyTooLarge`].
    pub body_cap: usize,
}

impl HttpRequest {
    /// The longest that an exchange may take (docs/refresh.md, constants).
    pub const DEADLINE: Duration = Duration::from_secs(8);
    /// The most that a provider's answer may have, in bytes, after decompression.
    pub const BODY_CAP: usize = 256 * 1024;

    /// A request with the standard deadline and cap.
    pub fn new(method: Method, url: Url) -> Self {
        Self {
            method,
            url,
            headers: Vec::new(),
            body: None,
            deadline: Self::DEADLINE,
            body_cap: Self::BODY_CAP,
        }
    }

    /// Adds a header.
    #[must_use]
    pub fn header(mut self, name: impl Into<Cow<'static, str>>, value: SecretText) -> Self {
        self.headers.push((name.into(), value));
        self
    }

    /// Sets the body and its media type.
    #[must_use]
    pub fn body(mut self, media_type: &'static str, body: SecretBytes) -> Self {
        self.headers
            .push((Cow::Borrowed("content-type"), SecretText::from(media_type)));
        self.body = Some(body);
        self
    }
}

/// An answer. Its body may hold tokens.
#[derive(Debug)]
pub struct HttpResponse {
    /// The status code.
    pub status: u16,
    /// Headers with names in lower case, in the order in which they came.
    pub headers: Vec<(String, String)>,
    /// The body, whole.
    pub body: SecretBytes,
}

impl HttpResponse {
    /// The first value of a header; `name` in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }
}

/// Whether the other side may have seen the request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sent {
    /// Not a byte of it was written.
    DefinitelyNot,
    /// Some or all of it may have arrived, and may have been acted upon.
    Maybe,
}

/// What went wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum HttpErrorKind {
    /// The address is not allowed: not https, a private or special address, a user name in it, and the like.
    Blocked,
    /// The name could not be resolved.
    Resolve,
    /// No connection could be made.
    Connect,
    /// The TLS handshake failed.
    Tls,
    /// The deadline passed.
    Timeout,
    /// The connection broke while the request or the answer was under way.
    Broken,
    /// The body is larger than the cap.
    BodyTooLarge,
    /// The request cannot be sent as it is (a header value with a line break, for example).
    BadRequest,
}

/// A request that got no whole answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct HttpError {
    /// What went wrong.
    pub kind: HttpErrorKind,
    /// Whether the other side may have seen the request.
    pub sent: Sent,
    /// What to tell a person: the host and the reason, never a secret, never a query.
    pub message: String,
}
