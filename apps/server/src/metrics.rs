//! What is counted, in the text form of Prometheus (requirement O4).

mod collector;

use crate::compose::Composed;
use crate::routes::{ROUTES, Route};
use collector::Parts;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;
use std::time::Duration;

/// The media type of the answer.
pub const MEDIA_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// 1 ms to 8 s.
const BUCKETS: [f64; 11] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.5, 2.0, 8.0];

/// What is counted.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    in_flight: Gauge,
    /// In the order of the route table; the last one is for what matches no route. Made at the start, so that a
    /// request looks nothing up.
    routes: Vec<RouteMetrics>,
    refused_flows: Family<CodeLabels, Counter>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct CodeLabels {
    code: &'static str,
}

#[derive(Debug)]
struct RouteMetrics {
    /// For the statuses 1xx to 5xx.
    by_class: [Counter; 5],
    seconds: Histogram,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RouteLabels {
    method: &'static str,
    route: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabels {
    method: &'static str,
    route: &'static str,
    status: &'static str,
}

/// A request that is being served.
#[derive(Debug)]
pub(crate) struct InFlight(Gauge);

impl InFlight {
    fn of(gauge: &Gauge) -> Self {
        gauge.inc();
        Self(gauge.clone())
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.dec();
    }
}

impl Metrics {
    /// Counters for every route, and a look at the parts whenever somebody asks.
    pub fn new(composed: &Composed) -> Self {
        let mut registry = Registry::with_prefix("coffer");
        let requests = Family::<RequestLabels, Counter>::default();
        let seconds = Family::<RouteLabels, Histogram>::new_with_constructor(|| Histogram::new(BUCKETS));
        let in_flight = Gauge::default();
        registry.register(
            "http_requests",
            "Requests, by the class of their status",
            requests.clone(),
        );
        registry.register(
            "http_request_duration_seconds",
            "How long requests took",
            seconds.clone(),
        );
        registry.register(
            "http_requests_in_flight",
            "Requests that are being served",
            in_flight.clone(),
        );
        let refused_flows = Family::<CodeLabels, Counter>::default();
        registry.register(
            "flows_refused",
            "Browsers' flows that were refused, by code",
            refused_flows.clone(),
        );
        registry.register_collector(Box::new(Parts::of(composed)));
        let of = |method, route| RouteMetrics {
            by_class: CLASSES.map(|status| {
                requests.get_or_create_owned(&RequestLabels {
                    method,
                    route,
                    status,
                })
            }),
            seconds: seconds.get_or_create_owned(&RouteLabels { method, route }),
        };
        let mut routes: Vec<RouteMetrics> = ROUTES
            .iter()
            .map(|route| of(route.method.as_str(), route.path))
            .collect();
        routes.push(of("", "unmatched"));
        Self {
            registry,
            in_flight,
            routes,
            refused_flows,
        }
    }

    /// A request began; it ends when this is dropped, which is also what happens when its client went away.
    pub(crate) fn begin(&self) -> InFlight {
        InFlight::of(&self.in_flight)
    }

    /// A request was answered.
    pub(crate) fn observe(&self, route: Option<&'static Route>, status: u16, took: Duration) {
        let at = route.and_then(|route| ROUTES.iter().position(|candidate| std::ptr::eq(candidate, route)));
        let Some(metrics) = self.routes.get(at.unwrap_or(ROUTES.len())) else {
            return;
        };
        let class = usize::from(status / 100).saturating_sub(1);
        if let Some(counter) = metrics.by_class.get(class) {
            counter.inc();
        }
        metrics.seconds.observe(took.as_secs_f64());
    }

    /// A browser's flow was refused.
    pub(crate) fn flow_refused(&self, code: &'static str) {
        self.refused_flows.get_or_create(&CodeLabels { code }).inc();
    }

    /// Everything, as Prometheus reads it.
    pub fn text(&self) -> String {
        let mut text = String::new();
        // Writing to a String does not fail.
        let _ = prometheus_client::encoding::text::encode(&mut text, &self.registry);
        text
    }
}

const CLASSES: [&str; 5] = ["1xx", "2xx", "3xx", "4xx", "5xx"];

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::pending;

    #[tokio::test]
    async fn a_request_whose_future_is_dropped_is_no_longer_in_flight() {
        let gauge = Gauge::default();
        let serving = gauge.clone();
        let task = tokio::spawn(async move {
            let _in_flight = InFlight::of(&serving);
            pending::<()>().await;
        });
        while gauge.get() == 0 {
            tokio::task::yield_now().await;
        }
        task.abort();
        assert!(task.await.unwrap_err().is_cancelled());
        assert_eq!(gauge.get(), 0);
    }
}
