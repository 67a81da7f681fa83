//! THR-42: answers that are too large, too slow, compressed or broken.

use crate::support::{Reply, Server, answer};
use coffer_core::{
    http::{HttpClient, HttpError, HttpErrorKind, HttpRequest, HttpResponse, Method, Sent},
    secret::ExposeSecret,
};
use std::time::Duration;

const OK: &[u8] = b"HTTP/1.1 200 OK\r\n";

fn head(fields: &str) -> Vec<u8> {
    [OK, fields.as_bytes(), b"\r\n"].concat()
}

async fn get(reply: Reply) -> (Result<HttpResponse, HttpError>, Server) {
    let server = Server::start(reply).await;
    (server.get().await, server)
}

fn assert_maybe(result: Result<HttpResponse, HttpError>, kind: HttpErrorKind) {
    let error = result.unwrap_err();
    assert_eq!((error.kind, error.sent), (kind, Sent::Maybe), "{error}");
    assert!(
        error.message.contains("127.0.0.1") && !error.message.contains("canary"),
        "{error}"
    );
}

#[tokio::test]
async fn thr_42_a_gibibyte_is_stopped_at_the_cap_however_it_is_framed() {
    for fields in [
        "",
        "content-length: 1073741824\r\n",
        "transfer-encoding: chunked\r\n",
    ] {
        let mut start = head(fields);
        if fields.starts_with("transfer") {
            start.extend_from_slice(b"40000000\r\n");
        }
        let (result, server) = get(Reply::Flood(start)).await;
        assert_maybe(result, HttpErrorKind::BodyTooLarge);
        assert!(
            server.written() < 64 << 20,
            "{} bytes were taken",
            server.written()
        );
    }
}

#[tokio::test]
async fn thr_42_a_body_of_the_cap_is_read_and_one_byte_more_is_not() {
    let cap = 1000;
    for (length, fits) in [(cap, true), (cap + 1, false)] {
        for chunked in [false, true] {
            let body = vec![b'x'; length];
            let reply = if chunked {
                [
                    head("transfer-encoding: chunked\r\n"),
                    format!("{length:x}\r\n").into(),
                    body,
                    b"\r\n0\r\n\r\n".to_vec(),
                ]
                .concat()
            } else {
                answer("200 OK", &[], &body)
            };
            let server = Server::start(Reply::Whole(reply)).await;
            let request = HttpRequest {
                body_cap: cap,
                ..server.request(Method::Get)
            };
            let result = server.client().send(request).await;
            match fits {
                true => assert_eq!(result.unwrap().body.expose_secret().len(), length),
                false => assert_maybe(result, HttpErrorKind::BodyTooLarge),
            }
        }
    }
}

#[tokio::test]
async fn thr_42_an_answer_that_drips_meets_the_deadline_of_the_whole() {
    for reply in [
        Reply::Drip(head("content-length: 100000\r\n")),
        Reply::Drip(OK.to_vec()),
        Reply::Drip(b"HTTP/1.1 200 ".to_vec()),
    ] {
        let server = Server::start(reply).await;
        let request = HttpRequest {
            deadline: Duration::from_millis(200),
            ..server.request(Method::Post)
        };
        let started = tokio::time::Instant::now();
        assert_maybe(server.client().send(request).await, HttpErrorKind::Timeout);
        assert!(started.elapsed() < Duration::from_secs(2));
    }
}

#[tokio::test]
async fn thr_42_a_compressed_answer_is_refused_unread() {
    for encoding in [
        "gzip",
        "deflate",
        "br",
        "zstd",
        "x-gzip",
        "identity, gzip",
        "GZIP",
    ] {
        let (result, _server) = get(Reply::Whole(answer(
            "200 OK",
            &[("content-encoding", encoding)],
            b"canary",
        )))
        .await;
        assert_maybe(result, HttpErrorKind::Broken);
    }
    let (result, _server) = get(Reply::Whole(answer(
        "200 OK",
        &[("content-encoding", "identity")],
        b"ok",
    )))
    .await;
    assert_eq!(result.unwrap().body.expose_secret(), b"ok");
}

#[tokio::test]
async fn thr_42_headers_over_the_cap_are_refused() {
    let sized = |bytes: usize| format!("x-large: {}\r\n", "x".repeat(bytes));
    let (result, _server) = get(Reply::Whole(head(&(sized(30_000) + "content-length: 0\r\n")))).await;
    assert_eq!(result.unwrap().header("x-large").map(str::len), Some(30_000));
    for fields in [
        sized(33_000),
        sized(300_000),
        sized(3_000_000),
        "a: canary\r\n".repeat(101),
    ] {
        let (result, _server) = get(Reply::Whole(head(&(fields + "content-length: 0\r\n")))).await;
        assert_maybe(result, HttpErrorKind::Broken);
    }
}

#[tokio::test]
async fn thr_42_a_flood_of_headers_is_stopped() {
    let (result, server) = get(Reply::Flood([OK, b"x: "].concat())).await;
    assert_maybe(result, HttpErrorKind::Broken);
    assert!(
        server.written() < 64 << 20,
        "{} bytes were taken",
        server.written()
    );
}

#[tokio::test]
async fn thr_42_a_body_that_is_not_text_arrives_as_it_is() {
    let body = [0xff, 0x00, 0xc3, 0x28, b'\r', b'\n'];
    let (result, _server) = get(Reply::Whole(answer("200 OK", &[("x-latin", "caf\u{e9}")], &body))).await;
    assert_eq!(result.unwrap().body.expose_secret(), body);
    let (result, _server) = get(Reply::Whole(answer("200 OK", &[], b""))).await;
    assert_eq!(result.unwrap().body.expose_secret(), b"");
}

#[tokio::test]
async fn thr_42_what_is_not_http_or_ends_too_soon_is_broken() {
    for garbage in [
        b"canary\r\n\r\n".to_vec(),
        b"HTTP/1.1 999999 canary\r\n\r\n".to_vec(),
        b"HTTP/9.9 200 OK\r\n\r\n".to_vec(),
        head("content-length: 10\r\n"),
        head("content-length: -1\r\n"),
        head("content-length: 1\r\ncontent-length: 2\r\n"),
        [head("transfer-encoding: chunked\r\n"), b"zz\r\n".to_vec()].concat(),
        [head("transfer-encoding: chunked\r\n"), b"5\r\nab".to_vec()].concat(),
        b"\x16\x03\x01\x00\x00".to_vec(),
    ] {
        let (result, _server) = get(Reply::Whole(garbage)).await;
        assert_maybe(result, HttpErrorKind::Broken);
    }
}
