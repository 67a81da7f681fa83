//! Every error of this crate, and the one place where those of the libraries are translated.
//!
//! Messages name the host and the reason. They never have a path, a query, a header or a body in them.

use crate::{
    allowance::AllowanceError,
    policy::Target,
    progress::{Outcome, Progress, innermost},
};
use coffer_core::{
    ErrorKind,
    http::{HttpError, HttpErrorKind, Sent},
};
use std::{fmt::Display, io, time::Duration};

/// Why a client could not be built.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// An allowance names no host.
    #[error("an allowed host cannot be read; write a host name or an address")]
    Allowance(#[from] AllowanceError),
    /// A file of CA certificates is not PEM.
    #[error("the extra CA certificates are not PEM; give a file with BEGIN CERTIFICATE")]
    Pem(#[source] rustls::pki_types::pem::Error),
    /// There is no certificate in it.
    #[error("there is no certificate in the extra CA certificates; give a file with BEGIN CERTIFICATE")]
    NoCertificate,
    /// A certificate cannot be a trust anchor.
    #[error("an extra CA certificate cannot be used")]
    Certificate(#[source] rustls::Error),
    /// TLS cannot be set up.
    #[error("TLS cannot be set up")]
    Tls(#[source] rustls::Error),
    /// The user agent has characters that no header may have.
    #[error("the user agent has characters that a header cannot have; use printable ASCII")]
    UserAgent,
    /// The HTTP library refuses its settings.
    #[error("the HTTP client cannot be set up")]
    Client(#[source] reqwest::Error),
}

impl BuildError {
    /// The kind.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Allowance(_)
            | Self::Pem(_)
            | Self::NoCertificate
            | Self::Certificate(_)
            | Self::UserAgent => ErrorKind::Invalid,
            Self::Tls(_) | Self::Client(_) => ErrorKind::Internal,
        }
    }

    /// The stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Allowance(_) => "http_allowance",
            Self::Pem(_) | Self::NoCertificate | Self::Certificate(_) => "http_ca_certificates",
            Self::Tls(_) => "http_tls",
            Self::UserAgent => "http_user_agent",
            Self::Client(_) => "http_client",
        }
    }
}

/// The policy says no.
pub(crate) fn blocked(message: impl Into<String>) -> HttpError {
    unsent(HttpErrorKind::Blocked, message)
}

/// The name has no address, or nobody says which.
pub(crate) fn unresolved(target: &Target, cause: &io::Error) -> HttpError {
    let cause = clip(&innermost(cause));
    unsent(
        HttpErrorKind::Resolve,
        format!("the name {} cannot be resolved: {cause}", target.host),
    )
}

/// The request cannot be written as it is.
pub(crate) fn bad_request(target: &Target, reason: impl Display) -> HttpError {
    unsent(
        HttpErrorKind::BadRequest,
        format!("the request to {} cannot be sent: {reason}", target.host),
    )
}

/// The deadline of the whole passed.
pub(crate) fn timed_out(target: &Target, deadline: Duration, progress: &Progress) -> HttpError {
    let (sent, until) = match progress.outcome() {
        Some(Outcome::Connected) => (Sent::Maybe, "there was no whole answer"),
        Some(Outcome::TcpFailed(_) | Outcome::TlsFailed(_)) | None => {
            (Sent::DefinitelyNot, "there was no connection")
        }
    };
    let message = format!("after {} ms {until} from {}", deadline.as_millis(), target.host);
    HttpError {
        kind: HttpErrorKind::Timeout,
        sent,
        message,
    }
}

/// The exchange failed.
pub(crate) fn failed(target: &Target, progress: &Progress, error: &reqwest::Error) -> HttpError {
    let host = &target.host;
    match progress.outcome() {
        Some(Outcome::Connected) => broken(target, clip(&innermost(error))),
        Some(Outcome::TlsFailed(cause)) => {
            let cause = clip(cause);
            unsent(
                HttpErrorKind::Tls,
                format!("no TLS connection to {host} could be made: {cause}"),
            )
        }
        Some(Outcome::TcpFailed(_)) | None if error.is_timeout() => unsent(
            HttpErrorKind::Timeout,
            format!("{host}:{} did not accept a connection in time", target.port),
        ),
        Some(Outcome::TcpFailed(cause)) => {
            let cause = clip(cause);
            unsent(
                HttpErrorKind::Connect,
                format!("{host}:{} could not be reached: {cause}", target.port),
            )
        }
        None if error.is_builder() => {
            bad_request(target, "its URL or a header has characters that are not allowed")
        }
        None => {
            let cause = clip(&innermost(error));
            unsent(
                HttpErrorKind::Connect,
                format!("{host}:{} could not be reached: {cause}", target.port),
            )
        }
    }
}

/// The request went out, and what came back is not a whole or proper answer.
pub(crate) fn broken(target: &Target, reason: impl Display) -> HttpError {
    let message = format!("the exchange with {} broke: {reason}", target.host);
    HttpError {
        kind: HttpErrorKind::Broken,
        sent: Sent::Maybe,
        message,
    }
}

/// The answer is larger than the cap.
pub(crate) fn too_large(target: &Target, cap: usize) -> HttpError {
    let message = format!("the answer of {} is larger than {cap} bytes", target.host);
    HttpError {
        kind: HttpErrorKind::BodyTooLarge,
        sent: Sent::Maybe,
        message,
    }
}

/// The answer came from an address that nobody vetted. It cannot happen; if it does, nothing of it is used.
pub(crate) fn wrong_peer(target: &Target) -> HttpError {
    let message = format!(
        "the answer of {} came from an address that was not checked",
        target.host
    );
    HttpError {
        kind: HttpErrorKind::Blocked,
        sent: Sent::Maybe,
        message,
    }
}

fn unsent(kind: HttpErrorKind, message: impl Into<String>) -> HttpError {
    HttpError {
        kind,
        sent: Sent::DefinitelyNot,
        message: message.into(),
    }
}

/// A foreign text, short and without control characters: a certificate may name whatever it likes.
fn clip(text: &str) -> String {
    let printable = text.chars().map(|c| if c.is_control() { ' ' } else { c });
    printable.take(200).collect()
}
