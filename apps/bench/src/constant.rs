//! The same address, method, media type and body as a token read, from actix-web and nothing else.

use crate::error::{Error, read};
use actix_web::web::{self, Bytes, Data};
use actix_web::{App, HttpResponse, HttpServer};
use std::net::SocketAddr;
use std::path::Path;

/// Serves until it is told to stop.
pub(crate) async fn serve(listen: SocketAddr, body: &Path) -> Result<String, Error> {
    let body = Data::new(Bytes::from(read(body)?));
    let application = move || {
        App::new()
            .app_data(body.clone())
            .route("/v1/connections/{connection}/token", web::post().to(constant))
    };
    let server = HttpServer::new(application)
        .workers(processors())
        .bind(listen)
        .map_err(Error::Serve)?;
    server.run().await.map_err(Error::Serve)?;
    Ok(String::new())
}

async fn constant(body: Data<Bytes>) -> HttpResponse {
    HttpResponse::Ok()
        .content_type("application/json")
        .body(Bytes::clone(&body))
}

/// As many threads as the server has.
fn processors() -> usize {
    std::thread::available_parallelism().map_or(2, std::num::NonZero::get)
}
