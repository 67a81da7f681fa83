//! What can go wrong: anything that is not exactly as it should be.

use coffer_core::http::HttpError;
use std::path::{Path, PathBuf};

/// Why a command ends without its figures.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("{} cannot be read", path.display())]
    File {
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
    #[error("the HTTP client cannot be used: {0}")]
    Client(String),
    #[error("{step}")]
    Http {
        step: &'static str,
        #[source]
        source: HttpError,
    },
    #[error("{step}: answered {status}: {body}")]
    Status {
        step: &'static str,
        status: u16,
        body: String,
    },
    #[error("{step}: the answer has no {what}")]
    Missing { step: &'static str, what: &'static str },
    #[error("{0} is no URL")]
    Url(String),
    #[error("the constant cannot be served")]
    Serve(#[source] std::io::Error),
    #[error("{0}")]
    Input(&'static str),
}

/// Reads a file whole.
pub(crate) fn read(path: &Path) -> Result<String, Error> {
    std::fs::read_to_string(path).map_err(|source| Error::File {
        path: path.to_owned(),
        source,
    })
}

/// An error with its causes, in one line.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}
