//! THR-41: a redirect is an answer, and nobody follows it.

use crate::support::{Reply, Server, answer};
use coffer_core::{
    http::{HttpClient, Method},
    secret::{secret_bytes, secret_text},
};

#[tokio::test]
async fn thr_41_oa_c13_no_redirect_is_followed() {
    for status in [
        "301 Moved",
        "302 Found",
        "303 See Other",
        "307 Temporary Redirect",
        "308 Permanent Redirect",
    ] {
        for method in [Method::Get, Method::Post, Method::Delete] {
            let target = Server::start(Reply::ok("stolen")).await;
            let location = target.url("http", "127.0.0.1");
            let server = Server::start(Reply::Whole(answer(status, &[("location", &location)], b""))).await;
            let client = coffer_http::GuardedClient::builder()
                .allow(server.allowance("http", "127.0.0.1"))
                .allow(target.allowance("http", "127.0.0.1"))
                .build()
                .unwrap();
            let request = server
                .request(method)
                .header("authorization", secret_text("Basic canary".into()))
                .body("text/plain", secret_bytes(b"canary".to_vec()));
            let answer = client.send(request).await.unwrap();
            assert_eq!(answer.status.to_string(), status[..3]);
            assert_eq!(answer.header("location"), Some(location.as_str()));
            assert_eq!(
                (server.requests().len(), target.connections()),
                (1, 0),
                "{status} {method:?}"
            );
        }
    }
}
