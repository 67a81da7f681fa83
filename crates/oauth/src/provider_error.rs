//! A provider's refusal in the one taxonomy of failures (requirement F3).

use coffer_core::ErrorKind;
use coffer_core::failure::FailureCode;
use coffer_core::http::HttpErrorKind;
use coffer_core::rotation::RotationClass;
use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

/// What a failed request means for whoever sent it (docs/refresh.md).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// The grant, or the code, is gone: a definite `invalid_grant`. Sending it again can only do harm.
    Dead,
    /// The client itself was refused (`invalid_client`, `unauthorized_client`). No user's grant is at fault; the
    /// integration is blocked until a person has looked.
    Config,
    /// The request was refused for what it asks, not for its grant or its client: the same request would be refused
    /// again. A person has to look.
    Refused,
    /// Refused for now; nothing was processed. Later.
    Transient,
    /// Not before this long from now. Of a 503 see [`ProviderError::verdict_for`].
    RateLimited {
        /// How long to wait, as the provider said, capped at a day; 30 s where it did not say.
        retry_after: Duration,
    },
    /// A redirect. It was not followed: the provider's endpoint moved, which the operator has to know.
    Moved,
    /// The provider may or may not have acted upon the request, and the answer is lost.
    Ambiguous,
    /// Not a byte was sent.
    NotSent,
    /// A success that cannot be understood. Its body may hold the only live token: keep it, sealed.
    Unusable,
}

impl Verdict {
    /// The stable name, for logs and metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Dead => "dead",
            Self::Config => "config",
            Self::Refused => "refused",
            Self::Transient => "transient",
            Self::RateLimited { .. } => "rate_limited",
            Self::Moved => "moved",
            Self::Ambiguous => "ambiguous",
            Self::NotSent => "not_sent",
            Self::Unusable => "unusable",
        }
    }
}

/// A provider's refusal, or the lack of a usable answer. It never holds a secret: the provider's own words are cleaned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProviderError {
    /// The taxonomy's code.
    pub code: FailureCode,
    /// What it means.
    pub verdict: Verdict,
    /// The HTTP status, when there was an answer.
    pub status: Option<u16>,
    /// What broke, when there was no answer.
    pub transport: Option<HttpErrorKind>,
    /// The provider's own error code, cleaned: at most 64 printable ASCII characters.
    pub provider_code: Option<String>,
    /// The provider's own words, cleaned: one line of at most 300 characters. Still to be escaped where it is shown.
    pub provider_message: Option<String>,
    /// What a person can do about it.
    pub hint: Cow<'static, str>,
}

impl ProviderError {
    /// The verdict for a refresh token of this class: at R4 and R5 a 503, or an answer about time (408, 425), may come
    /// from something in between after the token was rotated, so it counts as ambiguous whatever it says about waiting.
    pub fn verdict_for(&self, class: RotationClass) -> Verdict {
        let is_strict = match class {
            RotationClass::SingleUse | RotationClass::SingleUseFamily => true,
            RotationClass::Static
            | RotationClass::Overlapping
            | RotationClass::Grace
            | RotationClass::RetireOnProof => false,
        };
        if is_strict && matches!(self.status, Some(408 | 425 | 503)) {
            Verdict::Ambiguous
        } else {
            self.verdict
        }
    }

    /// How long to wait, when the provider said so.
    pub fn retry_after(&self) -> Option<Duration> {
        match self.verdict {
            Verdict::RateLimited { retry_after } => Some(retry_after),
            Verdict::Dead
            | Verdict::Config
            | Verdict::Refused
            | Verdict::Transient
            | Verdict::Moved
            | Verdict::Ambiguous
            | Verdict::NotSent
            | Verdict::Unusable => None,
        }
    }

    /// The kind.
    pub fn kind(&self) -> ErrorKind {
        match self.code {
            FailureCode::InvalidConfig | FailureCode::ConsentRequired | FailureCode::Revoked => {
                ErrorKind::Precondition
            }
            FailureCode::TokenExpired => ErrorKind::Upstream,
            FailureCode::RateLimited => ErrorKind::Unavailable,
            FailureCode::ProviderUnavailable => match self.verdict {
                Verdict::Unusable | Verdict::Moved | Verdict::Refused => ErrorKind::Upstream,
                Verdict::Dead
                | Verdict::Config
                | Verdict::Transient
                | Verdict::RateLimited { .. }
                | Verdict::Ambiguous
                | Verdict::NotSent => ErrorKind::Unavailable,
            },
        }
    }
}

impl fmt::Display for ProviderError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the provider")?;
        match (self.status, self.transport) {
            (Some(status), _) => write!(f, " answered {status}")?,
            (None, _) => f.write_str(" gave no answer")?,
        }
        if let Some(code) = &self.provider_code {
            write!(f, " with {code:?}")?;
        }
        write!(f, ": {}", self.hint)
    }
}

impl std::error::Error for ProviderError {}
