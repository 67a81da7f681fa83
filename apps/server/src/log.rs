//! Structured logs: one event is one line, control characters are escaped, no secret gets in (THR-63, THR-65).

mod escape;
mod format;

use crate::config::{LogConfig, LogFormat};
use format::Formatter;
use std::io;
use tracing::level_filters::LevelFilter;
use tracing::{Metadata, Subscriber};
use tracing_subscriber::filter::{EnvFilter, FilterFn, ParseError, filter_fn};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::{Layer, Registry};

/// Reports each request that cannot be read as an error: what anybody may send is no alarm.
const STRANGERS: &str = "actix_http::h1::dispatcher";

/// Starts logging to standard error, and logs panics without their text, which may show values.
///
/// Where something else logs already, that goes on.
pub fn start(config: &LogConfig) {
    let subscriber = subscriber(config, io::stderr);
    if tracing::subscriber::set_global_default(subscriber).is_err() {
        tracing::debug!("something else logs already");
    }
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string);
        tracing::error!(place = place.as_deref().unwrap_or("unknown"), "a task panicked");
    }));
}

/// What logs, to this writer: for [`start`], and for tests that read the lines.
pub fn subscriber<W>(config: &LogConfig, writer: W) -> impl Subscriber + Send + Sync + use<W>
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let filter = EnvFilter::try_new(&config.filter).unwrap_or_else(|_| EnvFilter::new("info"));
    let lines = tracing_subscriber::fmt::layer()
        .with_writer(writer)
        .with_ansi(false)
        .event_format(Formatter {
            json: config.format == LogFormat::Json,
        })
        .with_filter(ours_in_detail());
    Registry::default().with(lines).with(filter)
}

/// Whether a filter can be used.
pub(crate) fn check_filter(text: &str) -> Result<(), ParseError> {
    EnvFilter::builder()
        .with_default_directive(LevelFilter::INFO.into())
        .parse(text)
        .map(drop)
}

/// Libraries may write requests, statements and their values into their events. Below `warn`, only our own crates,
/// which are written not to, are heard.
fn ours_in_detail() -> FilterFn {
    filter_fn(|event: &Metadata<'_>| {
        let ours = event.target().starts_with("coffer");
        ours || (event.level() <= &tracing::Level::WARN && event.target() != STRANGERS)
    })
}

#[cfg(test)]
mod tests;
