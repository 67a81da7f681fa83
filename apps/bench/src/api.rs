//! Requests as a back end or a browser sends them, with how long each took and what of it was the server's own.

use crate::error::Error;
use coffer_core::SecretText;
use coffer_core::http::{HttpClient, HttpRequest, HttpResponse, Method};
use coffer_core::secret::{ExposeSecret, secret_bytes};
use coffer_http::{AllowanceError, GuardedClient};
use serde_json::Value;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;
use url::Url;

/// How long an answer may take before it counts as none.
const PATIENCE: Duration = Duration::from_secs(60);

/// A client that reaches the given origins. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Web(Arc<GuardedClient>);

/// What one request took.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Took {
    /// From before the connection was made until the answer was whole.
    pub(crate) whole: Duration,
    /// The server's own part, where it tells it.
    pub(crate) own: Option<Duration>,
}

/// An answer with the status that was expected.
#[derive(Debug)]
pub(crate) struct Answer {
    step: &'static str,
    response: HttpResponse,
    pub(crate) took: Took,
}

impl Web {
    pub(crate) fn new(origins: &[&Url]) -> Result<Self, Error> {
        let mut builder = GuardedClient::builder();
        for origin in origins {
            let origin = origin.origin().ascii_serialization();
            builder = builder.allow(
                origin
                    .parse()
                    .map_err(|error: AllowanceError| Error::Client(error.to_string()))?,
            );
        }
        Ok(Self(Arc::new(
            builder
                .build()
                .map_err(|error| Error::Client(error.to_string()))?,
        )))
    }

    /// Sends JSON with a key.
    pub(crate) async fn post(
        &self,
        step: &'static str,
        url: Url,
        key: &str,
        body: &Value,
        expected: u16,
    ) -> Result<Answer, Error> {
        let request = HttpRequest::new(Method::Post, url)
            .header("authorization", SecretText::from(format!("Bearer {key}")))
            .body("application/json", secret_bytes(body.to_string().into_bytes()));
        self.send(step, request, expected).await
    }

    /// Sends a request.
    pub(crate) async fn send(
        &self,
        step: &'static str,
        mut request: HttpRequest,
        expected: u16,
    ) -> Result<Answer, Error> {
        request.deadline = PATIENCE;
        let began = Instant::now();
        let response = self
            .0
            .send(request)
            .await
            .map_err(|source| Error::Http { step, source })?;
        let took = Took {
            whole: began.elapsed(),
            own: response.header("server-timing").and_then(own),
        };
        if response.status != expected {
            let body = String::from_utf8_lossy(response.body.expose_secret())
                .chars()
                .take(300)
                .collect();
            return Err(Error::Status {
                step,
                status: response.status,
                body,
            });
        }
        Ok(Answer { step, response, took })
    }
}

impl Answer {
    /// A text of the JSON body.
    pub(crate) fn text(&self, member: &'static str) -> Result<String, Error> {
        let body: Option<Value> = serde_json::from_slice(self.response.body.expose_secret()).ok();
        let text = body
            .as_ref()
            .and_then(|body| body.get(member))
            .and_then(Value::as_str);
        text.map(str::to_owned).ok_or(Error::Missing {
            step: self.step,
            what: member,
        })
    }

    /// Where a browser is sent.
    pub(crate) fn location(&self) -> Result<Url, Error> {
        parse(self.header("location")?)
    }

    /// The cookie to bring along, without its attributes.
    pub(crate) fn cookie(&self) -> Result<String, Error> {
        Ok(self
            .header("set-cookie")?
            .split(';')
            .next()
            .unwrap_or_default()
            .to_owned())
    }

    fn header(&self, name: &'static str) -> Result<&str, Error> {
        self.response.header(name).ok_or(Error::Missing {
            step: self.step,
            what: name,
        })
    }
}

/// Reads a URL.
pub(crate) fn parse(text: &str) -> Result<Url, Error> {
    Url::parse(text).map_err(|_| Error::Url(text.to_owned()))
}

/// A URL below a server.
pub(crate) fn at(server: &Url, path: &str) -> Result<Url, Error> {
    server
        .join(path)
        .map_err(|_| Error::Url(format!("{server}{path}")))
}

/// The member `own` of `Server-Timing` (Server Timing, W3C, section 3), in milliseconds there.
fn own(header: &str) -> Option<Duration> {
    let mut metrics = header.split(',').map(|metric| metric.split(';').map(str::trim));
    let mut parameters = metrics.find_map(|mut metric| (metric.next() == Some("own")).then_some(metric))?;
    let millis: f64 = parameters
        .find_map(|parameter| parameter.strip_prefix("dur="))?
        .parse()
        .ok()?;
    Duration::try_from_secs_f64(millis / 1e3).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_own_part_is_found_among_others() {
        assert_eq!(
            own("store;dur=7, own;dur=1.25, provider;dur=0"),
            Some(Duration::from_micros(1250))
        );
        assert_eq!(own("own"), None);
        assert_eq!(own("other;dur=3"), None);
        assert_eq!(own("own;dur=-1"), None);
    }
}
