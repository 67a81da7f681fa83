//! THR-43: one call, one connection, one request, whatever the server does.

use crate::support::{Reply, Server, answer};
use coffer_core::{
    http::{HttpClient, HttpErrorKind, HttpRequest, Method, Sent},
    secret::secret_bytes,
};

fn post(server: &Server) -> HttpRequest {
    server
        .request(Method::Post)
        .body("text/plain", secret_bytes(b"refresh_token=canary".to_vec()))
}

#[tokio::test]
async fn thr_43_oa_c13_each_call_makes_a_connection_of_its_own_and_sends_one_post() {
    let whole = answer("200 OK", &[("connection", "keep-alive")], b"ok");
    for reply in [Reply::KeepOpen(whole.clone()), Reply::Whole(whole)] {
        let server = Server::start(reply).await;
        let client = server.client();
        for calls in 1..=5 {
            assert_eq!(client.send(post(&server)).await.unwrap().status, 200);
            assert_eq!((server.connections(), server.requests().len()), (calls, calls));
        }
    }
}

#[tokio::test]
async fn thr_43_oa_c13_a_post_that_got_no_answer_is_not_sent_again() {
    for reply in [
        Reply::Close,
        Reply::Reset,
        Reply::Whole(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nx".to_vec()),
    ] {
        let server = Server::start(reply).await;
        let client = server.client();
        for calls in 1..=3 {
            let error = client.send(post(&server)).await.unwrap_err();
            assert_eq!((error.kind, error.sent), (HttpErrorKind::Broken, Sent::Maybe));
            assert_eq!((server.connections(), server.requests().len()), (calls, calls));
        }
    }
}

#[tokio::test]
async fn thr_43_an_answer_that_asks_for_another_try_gets_none() {
    for status in [
        "408 Request Timeout",
        "421 Misdirected",
        "425 Too Early",
        "429 Slow",
        "503 Unavailable",
    ] {
        let server = Server::start(Reply::Whole(answer(status, &[("retry-after", "0")], b""))).await;
        server.client().send(post(&server)).await.unwrap();
        assert_eq!((server.connections(), server.requests().len()), (1, 1));
    }
}
