//! The addresses of the demo's pages.

use super::guard::guard;
use super::problem::PageError;
use super::state::Demo;
use super::{action, arrival, home};
use crate::error::ApiError;
use actix_web::http::header;
use actix_web::middleware::from_fn;
use actix_web::web::{self, Data, ServiceConfig, get, head, post};
use actix_web::{HttpResponse, Responder};

/// The longest form, in bytes.
const FORM: usize = 4096;

const SCRIPT: &str = include_str!("../../static/demo.js");

/// Registers the pages. Each goes through the guard.
pub(super) fn mount(routes: &mut ServiceConfig, demo: &Data<Demo>) {
    let form = web::FormConfig::default()
        .limit(FORM)
        .error_handler(|_, _| action::unreadable().into());
    let connections = web::scope("/connections/{connection}")
        .route("/refresh", post().to(action::refresh))
        .route("/smoke-test", post().to(action::smoke_test))
        .route("/reconnect", post().to(action::reconnect))
        .route("/disconnect", get().to(action::ask_disconnect))
        .route("/disconnect", post().to(action::disconnect))
        .default_service(web::to(nowhere));
    routes
        .app_data(demo.clone())
        .service(
            web::resource("/")
                .route(get().to(home::home))
                .route(head().to(home::home))
                .default_service(web::to(nowhere))
                .wrap(from_fn(guard)),
        )
        .service(
            web::scope("/demo")
                .app_data(form)
                .route("/page.js", get().to(script))
                .route("/connect", post().to(action::connect))
                .route("/return", get().to(arrival::arrive))
                .service(connections)
                .default_service(web::to(nowhere))
                .wrap(from_fn(guard)),
        );
}

/// The page's only script.
async fn script() -> impl Responder {
    HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, "text/javascript; charset=utf-8"))
        .body(SCRIPT)
}

async fn nowhere() -> Result<HttpResponse, PageError> {
    Err(ApiError::NoRoute.into())
}
