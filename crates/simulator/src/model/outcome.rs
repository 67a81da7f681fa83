use coffer_core::SecretBytes;
use coffer_core::secret::secret_bytes;
use std::fmt;
use std::time::Duration;

/// What the provider answers, when, and how it reaches the client.
#[derive(Debug)]
pub struct Outcome {
    /// The request's number in the ledger, for [`super::Provider::close`].
    pub sequence: u64,
    /// The answer.
    pub reply: Reply,
    /// How long after processing the answer starts.
    pub delay: Duration,
    /// How the answer travels.
    pub delivery: Delivery,
}

/// How an answer travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delivery {
    /// Whole and at once.
    Whole,
    /// Not at all: the connection breaks before the first byte.
    Dropped,
    /// Headers and the first half of the body; then the connection breaks.
    Truncated,
    /// A few bytes at a time.
    Slow {
        /// Bytes at a time, at least 1.
        chunk: usize,
        /// The pause before each.
        every: Duration,
    },
    /// The body is followed by filling until it has this many bytes.
    Huge {
        /// Bytes in all.
        bytes: u64,
    },
}

/// An HTTP answer.
pub struct Reply {
    /// The status code.
    pub status: u16,
    /// Headers, names in lower case.
    pub headers: Vec<(&'static str, String)>,
    /// The body; it may hold tokens.
    pub body: SecretBytes,
}

impl Reply {
    pub(crate) fn new(status: u16, media_type: &str, body: String) -> Self {
        Self {
            status,
            headers: vec![
                ("content-type", media_type.to_owned()),
                ("cache-control", "no-store".to_owned()),
            ],
            body: secret_bytes(body.into_bytes()),
        }
    }

    pub(crate) fn json(status: u16, body: &serde_json::Value) -> Self {
        Self::new(status, "application/json", body.to_string())
    }

    pub(crate) fn html(status: u16, body: String) -> Self {
        Self::new(status, "text/html; charset=utf-8", body)
    }

    pub(crate) fn empty(status: u16) -> Self {
        Self {
            status,
            headers: vec![("cache-control", "no-store".to_owned())],
            body: secret_bytes(Vec::new()),
        }
    }

    pub(crate) fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// The first value of a header; `name` in lower case.
    pub fn header_value(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(key, _)| *key == name)
            .map(|(_, value)| value.as_str())
    }
}

impl fmt::Debug for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Reply({})", self.status)
    }
}
