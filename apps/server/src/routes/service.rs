//! The server about itself: health, readiness, metrics, and its own description.

use crate::access::Granted;
use crate::answer::Answer;
use crate::app::App;
use crate::health::{Report, Status};
use crate::openapi;
use actix_web::HttpResponse;
use actix_web::web::{Bytes, Data};
use std::sync::OnceLock;

/// How each part is.
#[utoipa::path(get, path = "/health", tag = "service",
    responses((status = 200, description = "Every part works", body = Report),
        (status = 503, description = "A part fails", body = Report)))]
pub(crate) async fn health(app: Data<App>) -> HttpResponse {
    let report = app.health.report().await;
    let mut response = match report.status {
        Status::Ok | Status::Warning => HttpResponse::Ok(),
        Status::Failing => HttpResponse::ServiceUnavailable(),
    };
    response.json(report)
}

/// Whether requests should be sent here: the parts work, and the server is not about to stop.
#[utoipa::path(get, path = "/ready", tag = "service",
    responses((status = 204, description = "Yes"), (status = 503, description = "Not now")))]
pub(crate) async fn ready(app: Data<App>) -> HttpResponse {
    if app.is_stopping() || app.health.report().await.status == Status::Failing {
        HttpResponse::ServiceUnavailable().finish()
    } else {
        HttpResponse::NoContent().finish()
    }
}

/// What is counted, as Prometheus reads it.
#[utoipa::path(get, path = "/metrics", tag = "service",
    responses((status = 200, description = "Metrics", body = String, content_type = "application/openmetrics-text")))]
pub(crate) async fn metrics(app: Data<App>, by: Granted) -> Answer {
    by.operator()?;
    Ok(metrics_answer(&app))
}

/// The metrics, whoever asks: for the address that serves nothing else.
pub(crate) fn metrics_answer(app: &App) -> HttpResponse {
    HttpResponse::Ok()
        .content_type(crate::metrics::MEDIA_TYPE)
        .body(app.metrics.text())
}

/// This document.
#[utoipa::path(get, path = "/openapi.json", tag = "service",
    responses((status = 200, description = "The OpenAPI document", body = Object)))]
pub(crate) async fn openapi() -> HttpResponse {
    static DOCUMENT: OnceLock<Bytes> = OnceLock::new();
    let document = DOCUMENT.get_or_init(|| Bytes::from(openapi::text()));
    HttpResponse::Ok()
        .content_type("application/json")
        .body(document.clone())
}
