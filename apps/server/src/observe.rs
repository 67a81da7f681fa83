//! Around every request: correlation id, one log line with the route's pattern (a path may hold a connect token),
//! metrics, security headers.

use crate::app::App;
use crate::error::ApiError;
use crate::request_id::{self, RequestId};
use crate::routes::{self, Route};
use crate::timing;
use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use actix_web::middleware::Next;
use actix_web::web::Data;
use actix_web::{Error, ResponseError as _};
use coffer_core::waits::Waits;
use std::net::IpAddr;
use std::time::Duration;
use tokio::time::Instant;

/// The middleware.
pub(crate) async fn observe(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let Some(app) = request.app_data::<Data<App>>().cloned() else {
        return Err(ApiError::Internal("the application's state is missing").into());
    };
    let began = Instant::now();
    let given = request
        .headers()
        .get(request_id::HEADER)
        .and_then(|value| value.to_str().ok());
    let id = given
        .and_then(RequestId::accept)
        .unwrap_or_else(|| app.request_ids.make());
    let client = client(
        request.headers(),
        request.peer_addr().map(|peer| peer.ip()),
        &app.trusted_proxies,
    );
    let _in_flight = app.metrics.begin();
    let answer = id.clone().scope(answer(request, next, &app, began, client));
    let (answered, timing) = if app.tells_timing {
        let (answered, waits) = Waits::during(answer).await;
        (answered, timing::header(began.elapsed(), &waits))
    } else {
        (answer.await, None)
    };
    let mut response = answered?;
    if let Some(timing) = timing {
        response.headers_mut().insert(timing::HEADER, timing);
    }
    if let Ok(value) = HeaderValue::from_str(id.as_str()) {
        response
            .headers_mut()
            .insert(HeaderName::from_static(request_id::HEADER), value);
    }
    harden(response.headers_mut(), app.encrypted);
    Ok(response)
}

async fn answer<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
    app: &App,
    began: Instant,
    client: Option<IpAddr>,
) -> Result<ServiceResponse<actix_web::body::EitherBody<B>>, Error> {
    // More than one Host is how a request is smuggled past a proxy's rules (THR-71).
    if request.headers().get_all(header::HOST).count() > 1 {
        let (http, _) = request.into_parts();
        let refusal = ApiError::Header("Host", "there must be one").error_response();
        return Ok(ServiceResponse::new(http, refusal).map_into_right_body());
    }
    let response = match next.call(request).await {
        Ok(response) => response.map_into_left_body(),
        Err(error) => return Err(error),
    };
    let route = routes::of(response.request());
    let status = response.status().as_u16();
    let took = began.elapsed();
    app.metrics.observe(route, status, took);
    line(response.request().method().as_str(), route, status, took, client);
    Ok(response)
}

/// One line for each request. What succeeded on a route that is used all the time is only told at `debug`.
fn line(method: &str, route: Option<&Route>, status: u16, took: Duration, client: Option<IpAddr>) {
    let (path, quiet) = route.map_or(("unmatched", false), |route| (route.path, route.quiet));
    let took_us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
    let client = client.map_or_else(String::new, |ip| {
        if quiet && status < 400 {
            String::new()
        } else {
            ip.to_string()
        }
    });
    if status >= 500 {
        tracing::warn!(method, route = path, status, took_us, client, "request");
    } else if quiet && status < 400 {
        tracing::debug!(method, route = path, status, took_us, "request");
    } else {
        tracing::info!(method, route = path, status, took_us, client, "request");
    }
}

/// Who asks: the peer, or whom a proxy that the operator trusts names: the last address that is not a trusted proxy.
fn client(headers: &HeaderMap, peer: Option<IpAddr>, trusted: &[IpAddr]) -> Option<IpAddr> {
    let peer = peer?;
    if !trusted.contains(&peer) {
        return Some(peer);
    }
    let named = headers
        .get_all("x-forwarded-for")
        .filter_map(|value| value.to_str().ok());
    let addresses: Vec<IpAddr> = named
        .flat_map(|value| value.split(','))
        .filter_map(|text| text.trim().parse().ok())
        .collect();
    addresses
        .into_iter()
        .rev()
        .find(|address| !trusted.contains(address))
        .or(Some(peer))
}

/// The headers of every answer. A page sets a policy of its own before.
fn harden(headers: &mut HeaderMap, encrypted: bool) {
    const ALWAYS: [(HeaderName, &str); 5] = [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::CACHE_CONTROL, "no-store"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (
            HeaderName::from_static("cross-origin-resource-policy"),
            "same-origin",
        ),
    ];
    for (name, value) in ALWAYS {
        if !headers.contains_key(&name) {
            headers.insert(name, HeaderValue::from_static(value));
        }
    }
    if !headers.contains_key(header::CONTENT_SECURITY_POLICY) {
        headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(NOTHING));
    }
    if encrypted {
        headers.insert(
            header::STRICT_TRANSPORT_SECURITY,
            HeaderValue::from_static("max-age=31536000"),
        );
    }
}

/// An answer of the API loads nothing, is framed by nobody, and sends no form.
const NOTHING: &str = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

#[cfg(test)]
mod tests {
    use super::*;

    fn forwarded(values: &[&str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(
                HeaderName::from_static("x-forwarded-for"),
                HeaderValue::from_str(value).unwrap(),
            );
        }
        headers
    }

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn thr_71_a_forwarded_address_counts_only_from_a_trusted_peer() {
        let headers = forwarded(&["203.0.113.7"]);
        assert_eq!(
            client(&headers, Some(ip("198.51.100.1")), &[]),
            Some(ip("198.51.100.1"))
        );
        assert_eq!(
            client(&headers, Some(ip("10.0.0.1")), &[ip("10.0.0.1")]),
            Some(ip("203.0.113.7"))
        );
    }

    #[test]
    fn thr_71_what_the_client_itself_wrote_before_the_proxy_does_not_count() {
        let headers = forwarded(&["127.0.0.1, 203.0.113.7", "10.0.0.2"]);
        let trusted = [ip("10.0.0.1"), ip("10.0.0.2")];
        assert_eq!(
            client(&headers, Some(ip("10.0.0.1")), &trusted),
            Some(ip("203.0.113.7"))
        );
        assert_eq!(
            client(&forwarded(&["junk"]), Some(ip("10.0.0.1")), &trusted),
            Some(ip("10.0.0.1"))
        );
    }
}
