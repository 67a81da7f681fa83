//! What of a request's time was our own, and what was spent waiting for others (requirement N1). The server tells it
//! in `Server-Timing` when the operator measures; otherwise it keeps it to itself, because how long something took
//! tells about what was done.

use actix_web::http::header::{HeaderName, HeaderValue};
use async_trait::async_trait;
use coffer_core::http::{HttpClient, HttpError, HttpRequest, HttpResponse};
use coffer_core::waits::{WaitFor, Waits};
use std::sync::Arc;
use std::time::Duration;

/// The header (Server Timing, W3C).
pub(crate) const HEADER: HeaderName = HeaderName::from_static("server-timing");

/// What the header says: `own`, `store` and `provider`, in milliseconds.
pub(crate) fn header(took: Duration, waits: &Waits) -> Option<HeaderValue> {
    let (store, provider) = (waits.on(WaitFor::Store), waits.on(WaitFor::Provider));
    let own = took.saturating_sub(store).saturating_sub(provider);
    let [own, store, provider] = [own, store, provider].map(|part| part.as_secs_f64() * 1e3);
    HeaderValue::try_from(format!(
        "own;dur={own:.3}, store;dur={store:.3}, provider;dur={provider:.3}"
    ))
    .ok()
}

/// A client that books the time of its answers as waiting for the provider.
#[derive(Debug)]
pub(crate) struct Booked(pub(crate) Arc<dyn HttpClient>);

#[async_trait]
impl HttpClient for Booked {
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        Waits::book(WaitFor::Provider, self.0.send(request)).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    #[tokio::test(start_paused = true)]
    async fn n1_our_own_time_is_what_nobody_else_took() {
        let ((), waits) = Waits::during(async {
            Waits::book(WaitFor::Store, tokio::time::sleep(3 * MS)).await;
            Waits::book(WaitFor::Provider, tokio::time::sleep(40 * MS)).await;
        })
        .await;
        let told = header(50 * MS, &waits).unwrap();
        assert_eq!(told, "own;dur=7.000, store;dur=3.000, provider;dur=40.000");
    }
}
