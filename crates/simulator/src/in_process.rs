//! The model behind the port through which everything leaves the process, without a socket.

use crate::drive::{Driver, Open};
use crate::model::{Arrival, Delivery, Outcome, Request};
use crate::shared::below;
use crate::{SharedProvider, SimulatorError};
use async_trait::async_trait;
use coffer_core::http::{HttpClient, HttpError, HttpErrorKind, HttpRequest, HttpResponse, Sent};
use coffer_core::secret::{ExposeSecret, SecretText, secret_bytes};
use coffer_core::{Clock, SecureRandom};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::oneshot;
use url::Url;

/// An [`HttpClient`] that reaches one provider and nothing else. Latency and slow bodies wait on tokio's timer, which a
/// test may pause; a request without either never touches it, and needs no runtime of its own.
#[derive(Debug, Clone)]
pub struct InProcess(Driver);

impl InProcess {
    /// A client of this provider.
    pub fn new(provider: SharedProvider, clock: Arc<dyn Clock>, random: Arc<dyn SecureRandom>) -> Self {
        Self(Driver {
            provider,
            clock,
            random,
        })
    }

    /// The provider.
    pub const fn provider(&self) -> &SharedProvider {
        &self.0.provider
    }

    /// Plays the browser and the person; see [`SharedProvider::consent`].
    ///
    /// # Errors
    /// As there.
    pub fn consent(&self, authorize_url: &Url, account: &str) -> Result<Url, SimulatorError> {
        self.0.provider.consent(authorize_url, account, self.0.moment())
    }

    /// The same, but the person says no; see [`SharedProvider::deny`].
    ///
    /// # Errors
    /// As there.
    pub fn deny(&self, authorize_url: &Url) -> Result<Url, SimulatorError> {
        self.0.provider.deny(authorize_url, self.0.moment())
    }

    /// Processes the request, at once or later. Like a real provider it goes on when nobody waits any more.
    async fn exchange(&self, arrival: Arrival) -> Option<(Outcome, Open)> {
        if arrival.wait.is_zero() {
            return Some(self.0.process(arrival));
        }
        let (to, from) = oneshot::channel();
        let driver = self.0.clone();
        tokio::spawn(async move {
            tokio::time::sleep(arrival.wait).await;
            // Where nobody listens, the value comes back and its end is noted as it is dropped.
            drop(to.send(driver.process(arrival)));
        });
        from.await.ok()
    }
}

#[async_trait]
impl HttpClient for InProcess {
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let (deadline, cap) = (request.deadline, request.body_cap);
        let issuer = self.0.provider.with(|provider| provider.issuer().to_owned());
        let Some(path) = below(&issuer, &request.url) else {
            return Err(failed(
                HttpErrorKind::Resolve,
                Sent::DefinitelyNot,
                "no such host: only the simulated provider is reachable",
            ));
        };
        let arrival = self.0.arrive(translated(request, path));
        let work = async {
            let (outcome, open) = self.exchange(arrival).await?;
            wait(travel_time(&outcome)).await;
            Some((outcome, open))
        };
        let (outcome, open) = within(deadline, work)
            .await
            .flatten()
            .ok_or_else(|| failed(HttpErrorKind::Timeout, Sent::Maybe, "the deadline passed"))?;
        let response = received(outcome, cap)?;
        open.close(true);
        Ok(response)
    }
}

/// How long after processing the last byte of the reply arrives.
fn travel_time(outcome: &Outcome) -> Duration {
    let mut time = outcome.delay;
    if let Delivery::Slow { chunk, every } = outcome.delivery {
        let chunks = outcome.reply.body.expose_secret().len().div_ceil(chunk);
        time = time.saturating_add(every.saturating_mul(u32::try_from(chunks).unwrap_or(u32::MAX)));
    }
    time
}

fn translated(request: HttpRequest, path: String) -> Request {
    let authorization = request
        .headers
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case("authorization"))
        .map(|(_, value)| SecretText::from(value.expose_secret()));
    Request {
        method: request.method,
        path,
        query: request.url.query().unwrap_or_default().to_owned(),
        authorization,
        body: request.body.unwrap_or_else(|| secret_bytes(Vec::new())),
    }
}

fn received(outcome: Outcome, cap: usize) -> Result<HttpResponse, HttpError> {
    let reply = outcome.reply;
    let length = match outcome.delivery {
        Delivery::Whole | Delivery::Slow { .. } => reply.body.expose_secret().len(),
        Delivery::Dropped | Delivery::Truncated => {
            return Err(failed(HttpErrorKind::Broken, Sent::Maybe, "the connection broke"));
        }
        Delivery::Huge { bytes } => usize::try_from(bytes).unwrap_or(usize::MAX),
    };
    if length > cap {
        return Err(failed(
            HttpErrorKind::BodyTooLarge,
            Sent::Maybe,
            "the body is larger than the cap",
        ));
    }
    let mut body = reply.body.expose_secret().to_vec();
    body.resize(body.len().max(length), b' ');
    Ok(HttpResponse {
        status: reply.status,
        headers: reply
            .headers
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value))
            .collect(),
        body: secret_bytes(body),
    })
}

fn failed(kind: HttpErrorKind, sent: Sent, message: &str) -> HttpError {
    HttpError {
        kind,
        sent,
        message: message.to_owned(),
    }
}

async fn wait(how_long: Duration) {
    if !how_long.is_zero() {
        tokio::time::sleep(how_long).await;
    }
}

/// What comes within the deadline; a timer is made only where it does not come at once.
async fn within<T>(deadline: Duration, work: impl Future<Output = T>) -> Option<T> {
    let mut work = std::pin::pin!(work);
    let at_once = std::future::poll_fn(|context| {
        std::task::Poll::Ready(match work.as_mut().poll(context) {
            std::task::Poll::Ready(value) => Some(value),
            std::task::Poll::Pending => None,
        })
    })
    .await;
    match at_once {
        Some(value) => Some(value),
        None => tokio::time::timeout(deadline, work).await.ok(),
    }
}
