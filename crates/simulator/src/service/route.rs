//! From HTTP to the model and back.

use super::{Service, body};
use crate::drive::Open;
use crate::model::{Outcome, Request};
use actix_web::http::{Method as HttpMethod, StatusCode, header};
use actix_web::{HttpRequest, HttpResponse, web};
use coffer_core::http::Method;
use coffer_core::secret::{SecretText, secret_bytes};

/// The longest form that is read, in bytes.
pub(super) const BODY_LIMIT: usize = 64 * 1024;

/// The path that everything stands under.
pub(super) struct Base(pub(super) String);

/// Answers any request to the provider.
pub(super) async fn answer(
    http: HttpRequest,
    body: web::Bytes,
    service: web::Data<Service>,
    base: web::Data<Base>,
) -> HttpResponse {
    let Some(request) = translated(&http, &body, &base.0) else {
        return HttpResponse::MethodNotAllowed().finish();
    };
    let arrival = service.driver.arrive(request);
    let worker = service.get_ref().clone();
    let work = async move {
        pause(arrival.wait).await;
        let (outcome, open) = worker.driver.process(arrival);
        (outcome, open, worker.keep().await)
    };
    // A task of its own: like a real provider it goes on when the client goes away.
    let Ok((outcome, open, kept)) = tokio::spawn(work).await else {
        return HttpResponse::InternalServerError().finish();
    };
    if kept.is_err() {
        return HttpResponse::InternalServerError().json(serde_json::json!({
            "error": "server_error", "error_description": "the simulator cannot write its state file",
        }));
    }
    pause(outcome.delay).await;
    reply(outcome, open)
}

fn translated(http: &HttpRequest, body: &web::Bytes, base: &str) -> Option<Request> {
    let method = match *http.method() {
        HttpMethod::GET | HttpMethod::HEAD => Method::Get,
        HttpMethod::POST => Method::Post,
        HttpMethod::DELETE => Method::Delete,
        _ => return None,
    };
    Some(Request {
        method,
        path: http.path().strip_prefix(base)?.to_owned(),
        query: http.query_string().to_owned(),
        authorization: http
            .headers()
            .get(header::AUTHORIZATION)
            .and_then(|value| value.to_str().ok())
            .map(SecretText::from),
        body: secret_bytes(body.to_vec()),
    })
}

fn reply(outcome: Outcome, open: Open) -> HttpResponse {
    let status = StatusCode::from_u16(outcome.reply.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = HttpResponse::build(status);
    for (name, value) in &outcome.reply.headers {
        response.insert_header((*name, value.as_str()));
    }
    body::attach(response, outcome, open)
}

async fn pause(how_long: std::time::Duration) {
    if !how_long.is_zero() {
        tokio::time::sleep(how_long).await;
    }
}
