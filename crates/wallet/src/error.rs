//! What the wallet answers when it cannot do what was asked. The codes are listed in `docs/errors.md`.

use crate::settings::SettingsError;
use coffer_catalog::FieldError;
use coffer_core::connection::Reason;
use coffer_core::failure::FailureCode;
use coffer_core::{ErrorKind, StoreError};
use coffer_envelope::EnvelopeError;
use std::time::Duration;

/// What went wrong. `Display` says it in one sentence, [`WalletError::hint`] says what to do.
#[derive(Debug, thiserror::Error)]
pub enum WalletError {
    /// The store cannot do it.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Something cannot be sealed or opened.
    #[error("a key or an envelope could not be used")]
    Envelope(#[from] EnvelopeError),
    /// The times do not fit together.
    #[error("the wallet's settings do not fit together")]
    Settings(#[from] SettingsError),
    /// There is no such thing for whoever asks.
    #[error("no such {0}")]
    NotFound(&'static str),
    /// A value is wrong.
    #[error("{field}: {message}")]
    Invalid {
        /// Which value.
        field: &'static str,
        /// What is wrong with it.
        message: String,
    },
    /// Fields of an integration are wrong.
    #[error("the configuration has {} wrong field(s)", .0.len())]
    Fields(Vec<FieldError>),
    /// The API key is missing, malformed, unknown, expired or revoked.
    #[error("the API key is not accepted")]
    Unauthenticated,
    /// The caller may not do this.
    #[error("this key does not have the right `{0}`")]
    Forbidden(&'static str),
    /// It contradicts the state that something is in.
    #[error("{message}")]
    Precondition {
        /// The stable code.
        code: &'static str,
        /// What is the matter.
        message: String,
        /// What the provider said, where that is why.
        reason: Option<Box<Reason>>,
    },
    /// The connection cannot give a token; a person, or time, has to help.
    #[error("the connection is {state}")]
    Connection {
        /// The state's word: `pending`, `revoked`, `consent_required`, `integration_blocked`, `quarantined`.
        state: &'static str,
        /// Why, where known.
        reason: Option<Box<Reason>>,
    },
    /// Not now. Nothing is lost; ask again after the time given.
    #[error("{message}")]
    Later {
        /// The stable code: `refresh_in_progress`, `provider_unavailable`, `rate_limited`, `draining`.
        code: &'static str,
        /// What is being waited for.
        message: String,
        /// How long to wait.
        after: Duration,
    },
    /// A flow cannot begin or go on.
    #[error("{message}")]
    Flow {
        /// The stable code: `state_unknown`, `state_used`, `state_expired`, `other_browser`, and so on.
        code: &'static str,
        /// What is the matter.
        message: String,
        /// Where to send the browser, where that is known and safe.
        return_to: Option<Box<url::Url>>,
    },
    /// The provider refused, or gave an answer that cannot be used.
    #[error("the provider refused: {}", .0.message)]
    Provider(Box<Reason>),
    /// Our own fault.
    #[error("an internal error: {0}")]
    Internal(&'static str),
}

impl WalletError {
    /// The kind, from which an HTTP status follows.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Store(error) => error.kind(),
            Self::Envelope(error) => error.kind(),
            Self::Settings(_) | Self::Internal(_) => ErrorKind::Internal,
            Self::NotFound(_) => ErrorKind::NotFound,
            Self::Invalid { .. } | Self::Fields(_) | Self::Flow { .. } => ErrorKind::Invalid,
            Self::Unauthenticated => ErrorKind::Unauthenticated,
            Self::Forbidden(_) => ErrorKind::Forbidden,
            Self::Precondition { .. } | Self::Connection { .. } => ErrorKind::Precondition,
            Self::Later { .. } => ErrorKind::Unavailable,
            Self::Provider(_) => ErrorKind::Upstream,
        }
    }

    /// The stable code, which is also the metric label.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Store(error) => error.code(),
            Self::Envelope(error) => error.code(),
            Self::Settings(_) => "settings_invalid",
            Self::NotFound(_) => "not_found",
            Self::Invalid { .. } => "invalid_value",
            Self::Fields(_) => "invalid_fields",
            Self::Unauthenticated => "unauthenticated",
            Self::Forbidden(_) => "forbidden",
            Self::Precondition { code, .. } | Self::Later { code, .. } | Self::Flow { code, .. } => code,
            Self::Connection { state, .. } => state,
            Self::Provider(reason) => reason.code.as_str(),
            Self::Internal(_) => "internal",
        }
    }

    /// What to do about it.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Store(StoreError::Stale(_)) => Some("Read it again and repeat the change."),
            Self::Store(StoreError::Duplicate(_)) => {
                Some("Choose another name, or use the one that is there.")
            }
            Self::Store(StoreError::Unavailable(_) | StoreError::CommitUnknown(_)) => {
                Some("Try again in a few seconds; if it stays, look at /health and at the database.")
            }
            Self::NotFound(_) | Self::Store(StoreError::NotFound(_)) => {
                Some("Check the id, and that the key belongs to the tenant that owns it.")
            }
            Self::Fields(_) | Self::Invalid { .. } => Some("Correct the fields named and send it again."),
            Self::Unauthenticated => Some("Send `Authorization: Bearer cfr_...` with a key that is live."),
            Self::Forbidden(_) => Some("Use a key that has this right, or ask an administrator for one."),
            Self::Connection { state, .. } => connection_hint(state),
            Self::Later { .. } => Some("Nothing is lost. Ask again after the time in Retry-After."),
            Self::Flow { .. } => Some("Start again from the page that offered to connect the account."),
            Self::Provider(reason) => Some(failure_hint(reason.code)),
            Self::Envelope(_) => {
                Some("Run `coffer-server doctor`: it checks the key source against the data.")
            }
            Self::Precondition { code, .. } => Some(precondition_hint(code)),
            Self::Settings(_) => Some("Correct the times that the message names, in the settings."),
            Self::Internal(_) => Some("Give the request id to who runs this server: it stands in the log."),
            Self::Store(StoreError::Corrupt(_)) => Some("Run `coffer-server doctor`, and look at the log."),
        }
    }

    /// How long to wait before trying again, where waiting helps.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Later { after, .. } => Some(*after),
            Self::Store(StoreError::Unavailable(_) | StoreError::CommitUnknown(_)) => {
                Some(Duration::from_secs(2))
            }
            Self::Envelope(error) if error.kind() == ErrorKind::Unavailable => Some(Duration::from_secs(5)),
            Self::Store(_)
            | Self::Envelope(_)
            | Self::Settings(_)
            | Self::NotFound(_)
            | Self::Invalid { .. }
            | Self::Fields(_)
            | Self::Unauthenticated
            | Self::Forbidden(_)
            | Self::Precondition { .. }
            | Self::Connection { .. }
            | Self::Flow { .. }
            | Self::Provider(_)
            | Self::Internal(_) => None,
        }
    }

    pub(crate) fn invalid(field: &'static str, message: impl Into<String>) -> Self {
        Self::Invalid {
            field,
            message: message.into(),
        }
    }

    pub(crate) fn flow(code: &'static str, message: impl Into<String>) -> Self {
        Self::Flow {
            code,
            message: message.into(),
            return_to: None,
        }
    }

    pub(crate) fn precondition(code: &'static str, message: impl Into<String>) -> Self {
        Self::Precondition {
            code,
            message: message.into(),
            reason: None,
        }
    }
}

fn precondition_hint(code: &str) -> &'static str {
    match code {
        "idempotency_mismatch" => "Use a new Idempotency-Key for a new request.",
        "integration_in_use" => {
            "List its connections (GET /v1/connections?integration=...), and disconnect them or leave it as it is."
        }
        "integration_draft" | "integration_disabled" => {
            "Enable the integration: POST /v1/integrations/{integration}/enable."
        }
        "integration_blocked" => {
            "Correct the integration's client id or secret, test it, then enable it again."
        }
        _ => {
            "Correct what the message names, in the integration or at the provider; then test the integration."
        }
    }
}

fn connection_hint(state: &str) -> Option<&'static str> {
    match state {
        "pending" => Some(
            "Redeem the one-time result that came back with the browser: POST /v1/connect-sessions/redeem.",
        ),
        "revoked" => Some("It was disconnected. Make a connect session to connect the account again."),
        "consent_required" => {
            Some("Make a connect session and send the user to its link; the connection keeps its id.")
        }
        "integration_blocked" => Some(
            "The provider refuses the client: correct the integration's client id or secret, then enable it.",
        ),
        "quarantined" => {
            Some("Trying again could kill the grant. Make a connect session and let the user consent again.")
        }
        _ => None,
    }
}

/// What a person can do about a provider's refusal (requirement F3).
pub fn failure_hint(code: FailureCode) -> &'static str {
    match code {
        FailureCode::InvalidConfig => {
            "Check the integration's client id, secret, redirect URI and scopes against the provider's console."
        }
        FailureCode::TokenExpired => "Ask again: the token is refreshed.",
        FailureCode::ConsentRequired => "Make a connect session and send the user to its link.",
        FailureCode::RateLimited => "The provider limits requests. It is tried again when it allows it.",
        FailureCode::ProviderUnavailable => {
            "The provider does not answer properly. It is tried again; check its status page if it lasts."
        }
        FailureCode::Revoked => "The grant was revoked. Make a connect session to connect the account again.",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn f3_every_failure_code_has_a_hint_a_person_can_act_on() {
        for code in FailureCode::ALL {
            assert!(failure_hint(code).ends_with('.'), "{code:?}");
        }
    }

    #[test]
    fn f3_every_error_has_a_hint_a_person_can_act_on() {
        let text = || String::from("m");
        let fails = || "cause".into();
        let mut all = vec![
            WalletError::Store(StoreError::NotFound("row")),
            WalletError::Store(StoreError::Duplicate("row")),
            WalletError::Store(StoreError::Stale("row")),
            WalletError::Store(StoreError::Unavailable(fails())),
            WalletError::Store(StoreError::CommitUnknown(fails())),
            WalletError::Store(StoreError::Corrupt(fails())),
            WalletError::Settings(SettingsError::Zero),
            WalletError::NotFound("row"),
            WalletError::invalid("name", "m"),
            WalletError::Fields(Vec::new()),
            WalletError::Unauthenticated,
            WalletError::Forbidden("read"),
            WalletError::flow("state_used", "m"),
            WalletError::Internal("m"),
        ];
        for code in [
            "idempotency_mismatch",
            "integration_in_use",
            "integration_draft",
            "integration_disabled",
            "integration_blocked",
            "discovery_unreachable",
        ] {
            all.push(WalletError::precondition(code, text()));
        }
        for state in [
            "pending",
            "revoked",
            "consent_required",
            "integration_blocked",
            "quarantined",
        ] {
            all.push(WalletError::Connection { state, reason: None });
        }
        for error in all {
            let hint = error.hint().unwrap_or_default();
            assert!(hint.ends_with('.'), "{}: {hint}", error.code());
        }
    }

    #[test]
    fn what_waiting_helps_says_how_long() {
        let later = WalletError::Later {
            code: "draining",
            message: "stopping".into(),
            after: Duration::from_secs(3),
        };
        assert_eq!(
            (later.kind(), later.retry_after()),
            (ErrorKind::Unavailable, Some(Duration::from_secs(3)))
        );
        assert_eq!(WalletError::Unauthenticated.retry_after(), None);
    }
}
