//! The listeners, with what guards them against slow and many clients (THR-29).

use super::Extra;
use crate::app::App;
use crate::config::Config;
use crate::observe;
use crate::routes::{self, service};
use actix_web::dev::Server;
use actix_web::middleware::from_fn;
use actix_web::web::{self, Data};
use actix_web::{App as Application, HttpResponse, HttpServer};
use std::io;
use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

/// How long the head of a request may take to arrive (THR-29).
const HEAD_TIME: Duration = Duration::from_secs(5);

/// How long a connection may lie idle.
const IDLE: Duration = Duration::from_secs(75);

/// How many connections one thread serves at once; more of them wait to be accepted.
const CONNECTIONS: usize = 10_000;

/// Serves the API, the browser's routes, and more where somebody adds them.
pub(super) fn main(
    config: &Config,
    app: &Arc<App>,
    listener: TcpListener,
    extra: Option<Extra>,
) -> io::Result<Server> {
    let state = Data::from(Arc::clone(app));
    let server = HttpServer::new(move || {
        let (state, extra) = (state.clone(), extra.clone());
        Application::new()
            .app_data(state)
            .configure(move |routes| extra.into_iter().for_each(|extra| extra(routes)))
            .configure(routes::mount)
            .wrap(from_fn(observe::observe))
    });
    let server = server
        .workers(config.workers)
        .max_connections(CONNECTIONS)
        .client_request_timeout(HEAD_TIME)
        .keep_alive(IDLE)
        .shutdown_timeout(config.shutdown_timeout.as_secs().max(1))
        .disable_signals()
        .server_hostname("coffer");
    Ok(server.listen(listener)?.run())
}

/// Serves metrics to anybody, and nothing else.
pub(super) fn metrics_only(app: &Arc<App>, listener: TcpListener) -> io::Result<Server> {
    let state = Data::from(Arc::clone(app));
    let server = HttpServer::new(move || {
        Application::new()
            .app_data(state.clone())
            .route("/metrics", web::get().to(metrics))
    });
    let server = server
        .workers(1)
        .client_request_timeout(HEAD_TIME)
        .shutdown_timeout(1)
        .disable_signals();
    Ok(server.listen(listener)?.run())
}

async fn metrics(app: Data<App>) -> HttpResponse {
    service::metrics_answer(&app)
}
