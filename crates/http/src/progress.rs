//! How far a request got: the ground on which we say whether the other side may have seen it.

use std::{
    error::Error,
    future::Future,
    io,
    pin::Pin,
    sync::{Arc, OnceLock},
    task::{Context, Poll},
};
use tower_layer::Layer;
use tower_service::Service;

/// What became of the one connection of one request. Until it is there, not a byte of the request was written.
#[derive(Debug, Clone, Default)]
pub(crate) struct Progress(Arc<OnceLock<Outcome>>);

/// How connecting ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It is there, TLS included, and the request is on its way.
    Connected,
    /// TCP failed.
    TcpFailed(String),
    /// TLS failed.
    TlsFailed(String),
}

type BoxError = Box<dyn Error + Send + Sync>;

impl Progress {
    /// How connecting ended; `None` while it has not.
    pub(crate) fn outcome(&self) -> Option<&Outcome> {
        self.0.get()
    }

    fn note<T>(&self, result: &Result<T, BoxError>) {
        // The first outcome is the only one: a client makes one connection and is dropped.
        self.0.get_or_init(|| match result {
            Ok(_) => Outcome::Connected,
            // The TLS connector gives a bare I/O error; the TCP connector wraps its own.
            Err(error) if error.is::<io::Error>() => Outcome::TlsFailed(innermost(error.as_ref())),
            Err(error) => Outcome::TcpFailed(innermost(error.as_ref())),
        });
    }
}

/// The layer around the connector that notes how connecting ended.
impl<S> Layer<S> for Progress {
    type Service = Watched<S>;

    fn layer(&self, connector: S) -> Watched<S> {
        Watched {
            connector,
            progress: self.clone(),
        }
    }
}

/// A connector whose outcome is noted.
#[derive(Debug, Clone)]
pub(crate) struct Watched<S> {
    connector: S,
    progress: Progress,
}

impl<S, R> Service<R> for Watched<S>
where
    S: Service<R, Error = BoxError>,
    S::Future: Send + 'static,
{
    type Response = S::Response;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<S::Response, BoxError>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.connector.poll_ready(context)
    }

    fn call(&mut self, destination: R) -> Self::Future {
        let (connecting, progress) = (self.connector.call(destination), self.progress.clone());
        Box::pin(async move {
            let result = connecting.await;
            progress.note(&result);
            result
        })
    }
}

/// The innermost cause of an error, which is the one that says something.
pub(crate) fn innermost(error: &(dyn Error + 'static)) -> String {
    let mut cause = error;
    while let Some(next) = inner(cause) {
        cause = next;
    }
    cause.to_string()
}

fn inner<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a (dyn Error + 'static)> {
    // The source of an io::Error is the source of what it wraps, not what it wraps.
    match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
        Some(wrapped) => Some(wrapped),
        None => error.source(),
    }
}
