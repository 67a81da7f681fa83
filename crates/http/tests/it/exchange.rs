//! What a plain exchange looks like on the wire.

use crate::support::{Reply, Server, answer};
use coffer_core::{
    http::{HttpClient, HttpErrorKind, Method, Sent},
    secret::{ExposeSecret, secret_bytes, secret_text},
};

#[tokio::test]
async fn an_allowed_host_is_spoken_to_over_plain_http() {
    let server = Server::start(Reply::ok("hello")).await;
    let answer = server.get().await.unwrap();
    assert_eq!(
        (answer.status, answer.body.expose_secret()),
        (200, b"hello".as_slice())
    );
    assert_eq!((server.connections(), server.requests().len()), (1, 1));
}

#[tokio::test]
async fn a_request_goes_out_as_it_was_given_and_says_what_the_client_is() {
    let server = Server::start(Reply::ok("")).await;
    let request = server
        .request(Method::Post)
        .header("authorization", secret_text("Basic canary".into()))
        .body(
            "application/x-www-form-urlencoded",
            secret_bytes(b"grant_type=refresh_token".to_vec()),
        );
    server.client().send(request).await.unwrap();

    let seen = server.requests().remove(0);
    let (head, body) = seen.split_once("\r\n\r\n").unwrap();
    let mut lines: Vec<&str> = head.lines().collect();
    assert_eq!(lines.remove(0), "POST /path-canary?query=canary HTTP/1.1");
    lines.sort_unstable();
    let (host, agent) = (
        format!("host: 127.0.0.1:{}", server.port()),
        concat!("user-agent: coffer/", env!("CARGO_PKG_VERSION")),
    );
    let expected = [
        "accept-encoding: identity",
        "accept: */*",
        "authorization: Basic canary",
        "connection: close",
        "content-length: 24",
        "content-type: application/x-www-form-urlencoded",
        &host,
        agent,
    ];
    assert_eq!(
        (lines.as_slice(), body),
        (expected.as_slice(), "grant_type=refresh_token")
    );
}

#[tokio::test]
async fn every_method_goes_out_by_its_name() {
    for (method, name) in [
        (Method::Get, "GET "),
        (Method::Post, "POST "),
        (Method::Delete, "DELETE "),
    ] {
        let server = Server::start(Reply::ok("")).await;
        server.client().send(server.request(method)).await.unwrap();
        assert!(server.requests()[0].starts_with(name));
    }
}

#[tokio::test]
async fn an_answer_of_any_status_is_an_answer_with_its_headers_in_order() {
    for status in [
        "204 No Content",
        "400 Bad Request",
        "401 Unauthorized",
        "429 Too Many Requests",
        "503 Oops",
    ] {
        let headers = [("Retry-After", "7"), ("x-twice", "1"), ("X-Twice", "2")];
        let server = Server::start(Reply::Whole(answer(status, &headers, b""))).await;
        let answer = server.get().await.unwrap();
        assert_eq!(answer.status.to_string(), status[..3]);
        assert_eq!(answer.header("retry-after"), Some("7"));
        let twice: Vec<_> = answer
            .headers
            .iter()
            .filter(|(name, _)| name == "x-twice")
            .map(|(_, v)| v)
            .collect();
        assert_eq!(twice, ["1", "2"]);
    }
}

#[tokio::test]
async fn a_header_with_a_line_break_is_refused_before_anything_is_sent() {
    let server = Server::start(Reply::ok("")).await;
    for value in ["a\r\nx-injected: canary", "a\nb", "a\rb", "a\0b"] {
        let request = server
            .request(Method::Get)
            .header("authorization", secret_text(value.into()));
        let error = server.client().send(request).await.unwrap_err();
        assert_eq!(
            (error.kind, error.sent),
            (HttpErrorKind::BadRequest, Sent::DefinitelyNot)
        );
        assert!(
            error.message.contains("authorization") && !error.message.contains("canary"),
            "{error}"
        );
    }
    assert_eq!(server.connections(), 0);
}

#[tokio::test]
async fn a_header_name_that_is_none_or_that_frames_the_message_is_refused() {
    let server = Server::start(Reply::ok("")).await;
    for name in [
        "",
        "a b",
        "a:b",
        "a\r\nb",
        "host",
        "Content-Length",
        "transfer-encoding",
        "connection",
        "expect",
    ] {
        let request = server.request(Method::Get).header(name, secret_text("x".into()));
        let error = server.client().send(request).await.unwrap_err();
        assert_eq!(
            (error.kind, error.sent),
            (HttpErrorKind::BadRequest, Sent::DefinitelyNot),
            "{name:?}"
        );
    }
    assert_eq!(server.connections(), 0);
}
