//! Whether the other side may have seen the request: the one thing that decides about a second try.

use crate::support::{Answers, NoAnswer, Reply, Server, builder_with, get, request, strict_with};
use coffer_core::http::{HttpClient, HttpError, HttpErrorKind, HttpRequest, Method, Sent};
use coffer_http::GuardedClient;
use std::{sync::Arc, time::Duration};
use tokio::{
    io::AsyncWriteExt,
    net::{TcpListener, TcpSocket, TcpStream},
};

const SHORT: Duration = Duration::from_millis(200);

fn short(url: &str) -> HttpRequest {
    HttpRequest {
        deadline: SHORT,
        ..request(Method::Post, url)
    }
}

fn allowing(origin: &str) -> GuardedClient {
    GuardedClient::builder()
        .allow(origin.parse().unwrap())
        .build()
        .unwrap()
}

fn assert_error(error: HttpError, kind: HttpErrorKind, sent: Sent) {
    assert_eq!((error.kind, error.sent), (kind, sent), "{error}");
    assert!(!error.message.contains("canary"), "{error}");
}

#[tokio::test]
async fn a_refused_connection_sent_nothing() {
    let closed = TcpListener::bind("127.0.0.1:0")
        .await
        .unwrap()
        .local_addr()
        .unwrap();
    for scheme in ["http", "https"] {
        let error = allowing(&format!("{scheme}://{closed}"))
            .send(get(&format!("{scheme}://{closed}/canary")))
            .await
            .unwrap_err();
        assert!(error.message.contains("refused"), "{error}");
        assert_error(error, HttpErrorKind::Connect, Sent::DefinitelyNot);
    }
}

#[tokio::test(start_paused = true)]
async fn a_resolver_that_never_answers_meets_the_deadline_and_sent_nothing() {
    let started = tokio::time::Instant::now();
    let error = strict_with(Arc::new(NoAnswer))
        .send(get("https://idp.example/canary"))
        .await
        .unwrap_err();
    assert_error(error, HttpErrorKind::Timeout, Sent::DefinitelyNot);
    assert!(started.elapsed() - HttpRequest::DEADLINE < Duration::from_millis(10));
}

/// A listener whose queue is full: the kernel drops whatever else wants to connect.
async fn black_hole() -> (TcpListener, Vec<TcpStream>) {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let listener = socket.listen(1).unwrap();
    let mut queue = Vec::new();
    while let Ok(stream) =
        tokio::time::timeout(SHORT, TcpStream::connect(listener.local_addr().unwrap())).await
    {
        queue.push(stream.unwrap());
    }
    (listener, queue)
}

#[tokio::test]
async fn a_connection_that_is_never_accepted_sent_nothing() {
    let (listener, _queue) = black_hole().await;
    let origin = format!("http://{}", listener.local_addr().unwrap());
    let url = format!("{origin}/canary");
    assert_error(
        allowing(&origin).send(short(&url)).await.unwrap_err(),
        HttpErrorKind::Timeout,
        Sent::DefinitelyNot,
    );

    let impatient = GuardedClient::builder()
        .allow(origin.parse().unwrap())
        .connect_timeout(SHORT)
        .build()
        .unwrap();
    let started = tokio::time::Instant::now();
    assert_error(
        impatient.send(get(&url)).await.unwrap_err(),
        HttpErrorKind::Timeout,
        Sent::DefinitelyNot,
    );
    assert!(started.elapsed() < HttpRequest::DEADLINE / 2);
}

#[tokio::test]
async fn a_tls_handshake_that_is_never_answered_sent_nothing() {
    let server = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let origin = format!("https://{}", server.local_addr().unwrap());
    let url = format!("{origin}/canary");
    assert_error(
        allowing(&origin).send(short(&url)).await.unwrap_err(),
        HttpErrorKind::Timeout,
        Sent::DefinitelyNot,
    );
    let impatient = GuardedClient::builder()
        .allow(origin.parse().unwrap())
        .connect_timeout(SHORT)
        .build()
        .unwrap();
    assert_error(
        impatient.send(get(&url)).await.unwrap_err(),
        HttpErrorKind::Timeout,
        Sent::DefinitelyNot,
    );
}

#[tokio::test]
async fn a_server_that_does_not_speak_tls_got_nothing() {
    for first_words in [b"HTTP/1.1 400 Bad Request\r\n\r\n".as_slice(), b""] {
        let server = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let origin = format!("https://{}", server.local_addr().unwrap());
        tokio::spawn(async move {
            let (mut stream, _) = server.accept().await.unwrap();
            stream.write_all(first_words).await.unwrap();
            stream.shutdown().await.unwrap();
            // Keeps the socket until the client is gone, so that what was written is not cut off by a reset.
            tokio::io::copy(&mut stream, &mut tokio::io::sink()).await
        });
        let error = allowing(&origin)
            .send(get(&format!("{origin}/canary")))
            .await
            .unwrap_err();
        assert_error(error, HttpErrorKind::Tls, Sent::DefinitelyNot);
    }
}

#[tokio::test]
async fn a_connection_that_breaks_after_the_request_may_have_sent_it() {
    for reply in [Reply::Reset, Reply::Close] {
        let server = Server::start(reply).await;
        assert_error(
            server.get().await.unwrap_err(),
            HttpErrorKind::Broken,
            Sent::Maybe,
        );
        assert_eq!(server.requests().len(), 1);
    }
}

#[tokio::test]
async fn a_server_that_says_nothing_may_have_seen_the_request() {
    let server = Server::start(Reply::Silence).await;
    let request = HttpRequest {
        deadline: SHORT,
        ..server.request(Method::Post)
    };
    assert_error(
        server.client().send(request).await.unwrap_err(),
        HttpErrorKind::Timeout,
        Sent::Maybe,
    );
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test]
async fn one_address_that_works_is_enough() {
    let server = Server::start(Reply::ok("")).await;
    let client = builder_with(Answers::new(&[&["127.0.0.77", "127.0.0.1"]]))
        .allow(server.allowance("http", "idp.example"))
        .build()
        .unwrap();
    client
        .send(get(&server.url("http", "idp.example")))
        .await
        .unwrap();
    assert_eq!(server.requests().len(), 1);
}
