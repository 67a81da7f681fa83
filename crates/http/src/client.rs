//! The client.

use crate::{
    Builder, Lookup, error, lookup,
    message::{self, IncomingError},
    policy::{Policy, Target},
    progress::Progress,
};
use async_trait::async_trait;
use coffer_core::http::{HttpClient, HttpError, HttpRequest, HttpResponse};
use reqwest::{
    dns::{Addrs, Name, Resolve, Resolving},
    header::HeaderValue,
    redirect,
};
use rustls::ClientConfig;
use std::{fmt, net::SocketAddr, sync::Arc, time::Duration};
use tokio::time::{Instant, timeout};

/// The one way out of the process. See the crate's description for what it guards against.
pub struct GuardedClient {
    pub(crate) policy: Policy,
    pub(crate) lookup: Arc<dyn Lookup>,
    pub(crate) tls: ClientConfig,
    pub(crate) user_agent: HeaderValue,
    pub(crate) connect_timeout: Duration,
}

impl GuardedClient {
    /// Starts with the strict rule: https only, public addresses only.
    pub fn builder() -> Builder {
        Builder::default()
    }

    async fn exchange(
        &self,
        target: &Target,
        request: HttpRequest,
        progress: &Progress,
    ) -> Result<HttpResponse, HttpError> {
        let cap = request.body_cap;
        let outgoing = message::outgoing(target, request)?;
        let vetted = lookup::vetted(target, self.lookup.as_ref()).await?;
        let failed = |error: reqwest::Error| error::failed(target, progress, &error);
        let client = self.once(&vetted, progress).map_err(failed)?;

        let response = client.execute(outgoing).await.map_err(failed)?;
        if !response.remote_addr().is_some_and(|peer| vetted.contains(&peer)) {
            return Err(error::wrong_peer(target));
        }
        message::incoming(target, response, cap)
            .await
            .map_err(|error| match error {
                IncomingError::Refused(error) => error,
                IncomingError::Failed(error) => failed(error),
            })
    }

    /// A client for one request. Nothing outlives the request, so there is nothing to be reused, repeated or rebound:
    /// no idle connection, no second resolution, no memory of another host. Only TLS sessions are shared.
    pub(crate) fn once(
        &self,
        vetted: &[SocketAddr],
        progress: &Progress,
    ) -> reqwest::Result<reqwest::Client> {
        reqwest::Client::builder()
            .tls_backend_preconfigured(self.tls.clone())
            .user_agent(self.user_agent.clone())
            .connect_timeout(self.connect_timeout)
            .dns_resolver(Fixed(vetted.to_vec()))
            .connector_layer(progress.clone())
            .redirect(redirect::Policy::none())
            .retry(reqwest::retry::never())
            .no_proxy()
            .referer(false)
            .http1_only()
            .pool_max_idle_per_host(0)
            .build()
    }
}

#[async_trait]
impl HttpClient for GuardedClient {
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let (started, deadline, progress) = (Instant::now(), request.deadline, Progress::default());
        let target = self.policy.target(&request.url)?;
        let result = match timeout(deadline, self.exchange(&target, request, &progress)).await {
            Ok(result) => result,
            Err(_elapsed) => Err(error::timed_out(&target, deadline, &progress)),
        };
        let (host, elapsed_ms) = (target.host.as_str(), started.elapsed().as_millis());
        match &result {
            Ok(answer) => tracing::debug!(host, status = answer.status, elapsed_ms, "exchange"),
            Err(error) => {
                tracing::debug!(host, kind = ?error.kind, sent = ?error.sent, elapsed_ms, "no exchange")
            }
        }
        result
    }
}

impl fmt::Debug for GuardedClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let allowed: Vec<String> = self.policy.allowances().map(ToString::to_string).collect();
        f.debug_struct("GuardedClient")
            .field("allowed", &allowed)
            .field("lookup", &self.lookup)
            .field("user_agent", &self.user_agent)
            .field("connect_timeout", &self.connect_timeout)
            .finish_non_exhaustive()
    }
}

/// Answers with what was vetted, whatever is asked: what was checked is what is connected.
struct Fixed(Vec<SocketAddr>);

impl Resolve for Fixed {
    fn resolve(&self, _name: Name) -> Resolving {
        let addresses: Addrs = Box::new(self.0.clone().into_iter());
        Box::pin(std::future::ready(Ok(addresses)))
    }
}
