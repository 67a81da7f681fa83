//! What is written down about an exchange.

use crate::support::{Reply, Server, get};
use coffer_core::{
    http::{HttpClient, Method},
    secret::{secret_bytes, secret_text},
};
use std::{
    io,
    sync::{Arc, Mutex},
};

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn logs_name_host_status_and_duration_and_nothing_else_of_the_exchange() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(move || writer.clone())
        .with_ansi(false)
        .finish();
    let _guard = tracing::subscriber::set_default(subscriber);

    let server = Server::start(Reply::ok("body-canary")).await;
    let request = server
        .request(Method::Post)
        .header("authorization", secret_text("canary".into()))
        .body("text/plain", secret_bytes(b"canary".to_vec()));
    server.client().send(request).await.unwrap();
    server
        .client()
        .send(get("https://10.0.0.1/canary?canary"))
        .await
        .unwrap_err();

    let shown = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert!(
        shown.contains("127.0.0.1") && shown.contains("status=200") && shown.contains("elapsed_ms="),
        "{shown}"
    );
    assert!(
        shown.contains("address=10.0.0.1"),
        "the operator sees what was refused: {shown}"
    );
    assert!(!shown.contains("canary"), "{shown}");
}

#[tokio::test]
async fn debug_shows_the_settings_of_a_client() {
    let server = Server::start(Reply::ok("")).await;
    let shown = format!("{:?}", server.client());
    assert!(
        shown.contains(&format!("http://{}", server.address)) && shown.contains("SystemLookup"),
        "{shown}"
    );
}
