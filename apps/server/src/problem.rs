//! Errors as they are told: `application/problem+json` (RFC 9457), with a stable code and a hint. The one place where
//! an error becomes an HTTP status.

use crate::error::ApiError;
use crate::request_id::RequestId;
use actix_web::http::{StatusCode, header};
use actix_web::{HttpResponse, HttpResponseBuilder, ResponseError};
use coffer_core::ErrorKind;
use coffer_core::connection::Reason;
use coffer_wallet::WalletError;
use serde::Serialize;
use std::error::Error as _;
use std::time::Duration;
use utoipa::ToSchema;

/// The media type.
pub const MEDIA_TYPE: &str = "application/problem+json";

/// An error, for programs (`code`) and people (`detail`, `hint`).
#[derive(Debug, Serialize, ToSchema)]
pub struct Problem {
    /// `urn:coffer:problem:` and the code.
    #[serde(rename = "type")]
    #[schema(example = "urn:coffer:problem:not_found")]
    pub kind: String,
    /// The status in words.
    #[schema(example = "Not Found")]
    pub title: &'static str,
    /// The HTTP status.
    #[schema(example = 404, minimum = 400, maximum = 599)]
    pub status: u16,
    /// The stable code; docs/errors.md lists them all.
    #[schema(example = "not_found")]
    pub code: &'static str,
    /// What happened.
    #[schema(example = "no such connection")]
    pub detail: String,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "Check the id, and that the key belongs to the tenant that owns it.")]
    pub hint: Option<&'static str>,
    /// The correlation id, as in the `X-Request-Id` header and the server's log.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "6f1c2a9b30d4e587-42")]
    pub request_id: Option<String>,
    /// What is wrong with each field.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<ProblemField>,
    /// What the provider last said, where that is why.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<ProblemReason>,
}

/// What is wrong with a field.
#[derive(Debug, Serialize, ToSchema)]
pub struct ProblemField {
    /// The field's name.
    pub field: String,
    /// The stable code of the fault.
    pub code: &'static str,
    /// What is wrong with it.
    pub message: String,
    /// What to write.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

/// What a provider last said, in the words of requirement F3.
#[derive(Debug, Serialize, ToSchema)]
pub struct ProblemReason {
    /// `invalid_config`, `token_expired`, `consent_required`, `rate_limited`, `provider_unavailable` or `revoked`.
    pub code: &'static str,
    /// The provider's own error code, cleaned.
    pub provider_code: Option<String>,
    /// What it means, for people.
    pub message: String,
    /// When it was said.
    #[schema(value_type = String, format = DateTime)]
    pub at: coffer_core::Timestamp,
}

impl From<&Reason> for ProblemReason {
    fn from(reason: &Reason) -> Self {
        Self {
            code: reason.code.as_str(),
            provider_code: reason.provider_code.clone(),
            message: reason.message.clone(),
            at: reason.at,
        }
    }
}

impl ApiError {
    /// The stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Wallet(error) => error.code(),
            Self::NoRoute => "not_found",
            Self::Method(_) => "method_not_allowed",
            Self::MediaType => "unsupported_media_type",
            Self::BodyTooLarge(_) => "body_too_large",
            Self::BodyBroken => "body_incomplete",
            Self::MalformedJson(_) => "malformed_json",
            Self::BodyForm(_) => "invalid_body",
            Self::Query(_) => "invalid_query",
            Self::Nul(_) => "invalid_value",
            Self::Header(..) => "invalid_header",
            Self::Internal(_) => "internal",
        }
    }

    /// The HTTP status.
    pub fn status(&self) -> StatusCode {
        match self {
            Self::Wallet(error) => status_of(error),
            Self::NoRoute => StatusCode::NOT_FOUND,
            Self::Method(_) => StatusCode::METHOD_NOT_ALLOWED,
            Self::MediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::BodyTooLarge(_) => StatusCode::PAYLOAD_TOO_LARGE,
            Self::BodyBroken => StatusCode::REQUEST_TIMEOUT,
            Self::MalformedJson(_) | Self::BodyForm(_) | Self::Query(_) | Self::Nul(_) | Self::Header(..) => {
                StatusCode::BAD_REQUEST
            }
            Self::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Wallet(error) => error.hint(),
            Self::NoRoute => Some("GET /openapi.json lists every address."),
            Self::Method(_) => Some("The Allow header lists the methods of this address."),
            Self::MediaType => Some("Send Content-Type: application/json, or no body where none is needed."),
            Self::BodyTooLarge(_) => Some("Send less."),
            Self::BodyBroken => Some("Send it again, faster."),
            Self::MalformedJson(_) => Some("Send JSON (RFC 8259), encoded in UTF-8."),
            Self::BodyForm(_) | Self::Query(_) | Self::Header(..) => {
                Some("GET /openapi.json says what this address takes.")
            }
            Self::Nul(_) => Some("Correct the fields named and send it again."),
            Self::Internal(_) => Some("Give the request id to who runs this server: it stands in the log."),
        }
    }

    fn fields(&self) -> Vec<ProblemField> {
        if let Self::Nul(field) = self {
            return vec![ProblemField {
                field: field.clone(),
                code: "invalid_value",
                message: "it holds a NUL character".into(),
                hint: None,
            }];
        }
        let Self::Wallet(error) = self else {
            return Vec::new();
        };
        if let WalletError::Fields(errors) = error {
            let told = errors.iter().map(|error| ProblemField {
                field: error.field.clone(),
                code: error.code,
                message: error.message.clone(),
                hint: Some(error.hint.clone()),
            });
            return told.collect();
        }
        if let WalletError::Invalid { field, message } = error {
            let (field, message) = ((*field).to_owned(), message.clone());
            return vec![ProblemField {
                field,
                code: "invalid_value",
                message,
                hint: None,
            }];
        }
        Vec::new()
    }

    fn reason(&self) -> Option<ProblemReason> {
        let Self::Wallet(error) = self else { return None };
        if let WalletError::Connection { reason, .. } | WalletError::Precondition { reason, .. } = error {
            reason.as_deref().map(ProblemReason::from)
        } else {
            None
        }
    }

    /// How long to wait before trying again, where waiting helps.
    pub fn retry_after(&self) -> Option<Duration> {
        let Self::Wallet(error) = self else { return None };
        error.retry_after()
    }

    /// The error as it is told.
    pub fn problem(&self) -> Problem {
        let (status, code) = (self.status(), self.code());
        Problem {
            kind: format!("urn:coffer:problem:{code}"),
            title: status.canonical_reason().unwrap_or("Error"),
            status: status.as_u16(),
            code,
            detail: self.to_string(),
            hint: self.hint(),
            request_id: RequestId::current().map(|id| id.as_str().to_owned()),
            errors: self.fields(),
            reason: self.reason(),
        }
    }

    /// Writes what went wrong into the log, once, with its causes; only what is our own or the database's fault.
    pub fn log(&self) {
        if !self.status().is_server_error() {
            return;
        }
        let mut causes = String::new();
        let mut cause = self.source();
        while let Some(error) = cause {
            causes = if causes.is_empty() {
                error.to_string()
            } else {
                format!("{causes}: {error}")
            };
            cause = error.source();
        }
        if matches!(self.status(), StatusCode::INTERNAL_SERVER_ERROR) {
            tracing::error!(code = self.code(), error = %self, causes, "a request failed");
        } else {
            tracing::warn!(code = self.code(), error = %self, causes, "a request could not be served now");
        }
    }
}

fn status_of(error: &WalletError) -> StatusCode {
    match (error.kind(), error.code()) {
        (_, "idempotency_mismatch") => StatusCode::UNPROCESSABLE_ENTITY,
        (_, "idempotency_in_progress") => StatusCode::CONFLICT,
        (ErrorKind::Invalid, _) => StatusCode::BAD_REQUEST,
        (ErrorKind::Unauthenticated, _) => StatusCode::UNAUTHORIZED,
        (ErrorKind::Forbidden, _) => StatusCode::FORBIDDEN,
        (ErrorKind::NotFound, _) => StatusCode::NOT_FOUND,
        (ErrorKind::Conflict | ErrorKind::Precondition, _) => StatusCode::CONFLICT,
        (ErrorKind::Unavailable, _) => StatusCode::SERVICE_UNAVAILABLE,
        (ErrorKind::Upstream, _) => StatusCode::BAD_GATEWAY,
        (ErrorKind::Internal, _) => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

/// Whole seconds, rounded up: a client that comes back at that time must not come too early.
pub(crate) fn whole_seconds(wait: Duration) -> u64 {
    wait.as_secs() + u64::from(wait.subsec_nanos() > 0)
}

impl ResponseError for ApiError {
    fn status_code(&self) -> StatusCode {
        self.status()
    }

    fn error_response(&self) -> HttpResponse {
        self.log();
        let mut response = HttpResponseBuilder::new(self.status());
        response.insert_header((header::CONTENT_TYPE, MEDIA_TYPE));
        if let Some(wait) = self.retry_after() {
            response.insert_header((header::RETRY_AFTER, whole_seconds(wait)));
        }
        if self.status() == StatusCode::UNAUTHORIZED {
            response.insert_header((header::WWW_AUTHENTICATE, "Bearer"));
        }
        if let Self::Method(allowed) = self {
            response.insert_header((header::ALLOW, allowed.as_str()));
        }
        if let Self::BodyTooLarge(_) | Self::BodyBroken = self {
            response.force_close();
        }
        // The structure holds texts and numbers only, so that this cannot fail.
        response.body(serde_json::to_vec(&self.problem()).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests;
