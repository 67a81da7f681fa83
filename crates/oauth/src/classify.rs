//! From a provider's refusal to the one taxonomy (requirement F3): by status **and** body.

use crate::body::Body;
use crate::json::Document;
use crate::provider_error::{ProviderError, Verdict};
use crate::{retry_after, text};
use coffer_catalog::provider::response::Response;
use coffer_catalog::{Meaning, Provider, Step};
use coffer_core::failure::FailureCode;
use coffer_core::http::{HttpError, HttpErrorKind, HttpResponse, Sent};
use coffer_core::{SecretText, Timestamp};
use serde_json::Value;
use std::borrow::Cow;
use std::time::Duration;

/// How long to wait where a provider says "too many" and not for how long.
const DEFAULT_WAIT: Duration = Duration::from_secs(30);

/// Where else providers put an error code, after the place that the catalogue entry names.
const CODES: [&str; 9] = [
    "/error",
    "/error/code",
    "/error/type",
    "/error/status",
    "/error_code",
    "/errorCode",
    "/errors/0/code",
    "/errors/0/errorType",
    "/code",
];
/// And the words for it.
const MESSAGES: [&str; 10] = [
    "/error_description",
    "/error/message",
    "/error/error_description",
    "/error_message",
    "/errorMessage",
    "/message",
    "/errors/0/message",
    "/errorSummary",
    "/detail",
    "/title",
];

/// What is known when an answer is classified.
pub(crate) struct Context<'a> {
    pub(crate) provider: &'a Provider,
    pub(crate) step: Step,
    pub(crate) now: Timestamp,
    /// What was sent and must not come back in a message.
    pub(crate) secrets: &'a [&'a SecretText],
}

/// A request without an answer.
pub(crate) fn unanswered(error: &HttpError) -> ProviderError {
    let verdict = match error.sent {
        Sent::DefinitelyNot => Verdict::NotSent,
        Sent::Maybe => Verdict::Ambiguous,
    };
    let (code, hint) = match error.kind {
        HttpErrorKind::Blocked => (
            FailureCode::InvalidConfig,
            "its address is not allowed; use a public https address, or allow the host in the server's settings",
        ),
        HttpErrorKind::BadRequest => (
            FailureCode::InvalidConfig,
            "the request cannot be sent as configured; check the integration for line breaks and stray characters",
        ),
        HttpErrorKind::Resolve => (
            FailureCode::ProviderUnavailable,
            "its name cannot be resolved; check the address",
        ),
        HttpErrorKind::Connect => (
            FailureCode::ProviderUnavailable,
            "it cannot be reached; it is tried again",
        ),
        HttpErrorKind::Tls => (
            FailureCode::ProviderUnavailable,
            "its certificate or TLS version is not acceptable; check the address",
        ),
        HttpErrorKind::Timeout => (
            FailureCode::ProviderUnavailable,
            "it took too long; it is tried again",
        ),
        HttpErrorKind::Broken => (
            FailureCode::ProviderUnavailable,
            "the connection broke; it is tried again",
        ),
        HttpErrorKind::BodyTooLarge => (
            FailureCode::ProviderUnavailable,
            "its answer is larger than any token response; check the address",
        ),
    };
    ProviderError {
        code,
        verdict,
        status: None,
        transport: Some(error.kind),
        provider_code: None,
        provider_message: text::message(&error.message, &[]),
        hint: Cow::Borrowed(hint),
    }
}

impl Context<'_> {
    /// An answer that is an error: its status says so, or its body does.
    pub(crate) fn refusal(&self, response: &HttpResponse, body: &Body) -> ProviderError {
        let wait = response
            .header("retry-after")
            .and_then(|value| retry_after::parse(value, self.now));
        let (raw_code, message) = match body {
            Body::Document(document) => (
                code_of(&self.provider.response, document),
                message_of(self.provider, document),
            ),
            Body::Empty | Body::Markup | Body::Unreadable => (None, None),
        };
        let (code, verdict, hint) = match response.status {
            200..=299 if raw_code.is_none() => unusable(body),
            300..=399 => moved(),
            500.. => server_failure(response.status, wait),
            status => self.client_failure(status, raw_code.as_deref(), body, wait),
        };
        ProviderError {
            code,
            verdict,
            status: Some(response.status),
            transport: None,
            provider_code: raw_code
                .as_deref()
                .and_then(|code| text::code(code, self.secrets)),
            provider_message: message
                .as_deref()
                .and_then(|message| text::message(message, self.secrets)),
            hint,
        }
    }

    /// An error that came back through the browser (RFC 6749, section 4.1.2.1).
    pub(crate) fn callback_error(&self, code: &str, description: Option<&str>) -> ProviderError {
        let (failure, verdict, hint) = self.client_failure(400, Some(code), &Body::Empty, None);
        ProviderError {
            code: failure,
            verdict,
            status: None,
            transport: None,
            provider_code: text::code(code, self.secrets),
            provider_message: description.and_then(|words| text::message(words, self.secrets)),
            hint,
        }
    }

    /// A 4xx, or an error with a status of success.
    fn client_failure(&self, status: u16, code: Option<&str>, body: &Body, wait: Option<Duration>) -> Parts {
        if matches!(body, Body::Markup) && status != 429 {
            return (
                FailureCode::ProviderUnavailable,
                Verdict::Transient,
                "it answered with a page instead of an OAuth error; it is tried again".into(),
            );
        }
        let read = self.provider.classify(self.step, status, code);
        let is_ruled = self
            .provider
            .errors
            .iter()
            .any(|rule| rule.matches(self.step, status, code));
        let verdict = match read.meaning {
            Meaning::Dead | Meaning::Revoked => Verdict::Dead,
            Meaning::Expired => Verdict::Refused,
            Meaning::Config if is_ruled || is_about_the_client(code) => Verdict::Config,
            Meaning::Config => Verdict::Refused,
            Meaning::Rate => Verdict::RateLimited {
                retry_after: wait.unwrap_or(DEFAULT_WAIT),
            },
            // The provider failed inside: it may have rotated the token before it did.
            Meaning::Transient if code == Some("server_error") && !is_ruled => Verdict::Ambiguous,
            Meaning::Transient => wait.map_or(Verdict::Transient, |retry_after| Verdict::RateLimited {
                retry_after,
            }),
        };
        let hint = read
            .hint
            .map_or_else(|| hint(self.step, read.meaning, code).into(), Cow::Owned);
        (read.meaning.failure(), verdict, hint)
    }
}

type Parts = (FailureCode, Verdict, Cow<'static, str>);

/// The error code in a document: where the catalogue says, else where others put it.
fn code_of(response: &Response, document: &Document) -> Option<String> {
    response
        .error_code(&document.value)
        .or_else(|| CODES.iter().find_map(|at| scalar(document.at(at)?)))
}

fn message_of(provider: &Provider, document: &Document) -> Option<String> {
    let own = provider
        .response
        .error_description
        .lookup(&document.value)
        .and_then(scalar);
    own.or_else(|| MESSAGES.iter().find_map(|at| scalar(document.at(at)?)))
}

fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()).filter(|text| !text.is_empty()),
        Value::Number(number) => Some(number.to_string()),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

/// The two errors that are about the client alone (RFC 6749, section 5.2). Every other refusal may be about this one
/// request, so it must not stop a whole integration.
fn is_about_the_client(code: Option<&str>) -> bool {
    matches!(code, Some("invalid_client" | "unauthorized_client"))
}

fn unusable(body: &Body) -> Parts {
    match body {
        Body::Empty => (
            FailureCode::ProviderUnavailable,
            Verdict::Ambiguous,
            "it answered with an empty body; whether it acted upon the request is not known".into(),
        ),
        Body::Document(_) | Body::Markup | Body::Unreadable => (
            FailureCode::ProviderUnavailable,
            Verdict::Unusable,
            format!(
                "it answered with {body} without a usable token; its answer is kept, and a person has to look"
            )
            .into(),
        ),
    }
}

fn moved() -> Parts {
    (
        FailureCode::ProviderUnavailable,
        Verdict::Moved,
        "the provider's endpoint moved: it redirects, and redirects are never followed; correct its address"
            .into(),
    )
}

/// A 5xx is never a verdict, whatever its body says.
fn server_failure(status: u16, wait: Option<Duration>) -> Parts {
    let verdict = match (status, wait) {
        (503, Some(retry_after)) => Verdict::RateLimited { retry_after },
        _ => Verdict::Ambiguous,
    };
    (
        FailureCode::ProviderUnavailable,
        verdict,
        "it has trouble of its own; it is tried again".into(),
    )
}

fn hint(step: Step, meaning: Meaning, code: Option<&str>) -> &'static str {
    match (meaning, step) {
        (Meaning::Dead, Step::Authorize) => "consent was not given; start again",
        (Meaning::Dead, Step::Token) => "the code was used before or is too old; start again",
        (Meaning::Dead, Step::Refresh | Step::Revoke | Step::Api) => {
            "the grant is gone; connect the account again"
        }
        (Meaning::Revoked, _) => "the grant was revoked at the provider; connect the account again",
        (Meaning::Expired, _) => "the access token is not valid any more; it is refreshed",
        (Meaning::Config, Step::Api) => "the token may not do this; check the scopes of the integration",
        (Meaning::Config, _) if is_about_the_client(code) || code.is_none() => {
            "check client id and client secret, and how they are sent"
        }
        (Meaning::Config, _) => "check redirect URI, scopes and client settings here and at the provider",
        (Meaning::Rate, _) => "too many requests; it is tried again later",
        (Meaning::Transient, _) => {
            "it refused without a reason that is known; it is tried again, then a person has to look"
        }
    }
}
