//! Bad input gets a clear answer, at every route that takes a body.

use crate::raw::{self, Answer};
use crate::server::{Server, Tenant};
use coffer_server::routes::{Access, Method, ROUTES};
use serde_json::{Value, json};

const NOBODY: &str = "01890a5d-ac96-774b-bcce-b302099a8057";

/// The routes that read a JSON body, with the key that may use each.
fn with_body<'a>(server: &'a Server, tenant: &'a Tenant) -> Vec<(&'static str, String, &'a str)> {
    let bodiless = [
        "/refresh",
        "/smoke-test",
        "/disconnect",
        "}/test",
        "/enable",
        "/disable",
    ];
    let takes = ROUTES.iter().filter(|route| {
        matches!(route.method, Method::Post | Method::Patch)
            && route.access != Access::Public
            && !bodiless.iter().any(|end| route.path.ends_with(end))
    });
    takes
        .map(|route| {
            let mut path = route.path.to_owned();
            for name in ["tenant", "integration", "connection"] {
                path = path.replace(
                    &format!("{{{name}}}"),
                    if name == "tenant" { &tenant.id } else { NOBODY },
                );
            }
            let key = if route.access == Access::Operator {
                &server.operator
            } else {
                &tenant.key
            };
            (route.method.as_str(), path, key.as_str())
        })
        .collect()
}

async fn send(server: &Server, method: &str, path: &str, key: &str, media_type: &str, body: &str) -> Answer {
    let bearer = format!("Bearer {key}");
    raw::send(
        server.at,
        method,
        path,
        &[("authorization", &bearer), ("content-type", media_type)],
        body,
    )
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_bodies_are_refused_with_a_code_at_every_route() {
    let server = Server::start().await;
    let tenant = server.tenant("acme").await;
    let routes = with_body(&server, &tenant);
    assert!(routes.len() >= 11, "{routes:?}");
    let large = format!("{{\"name\": \"{}\"}}", "x".repeat(70_000));
    for (method, path, key) in routes {
        let code = async |media_type: &str, body: &str| {
            let answer = send(&server, method, &path, key, media_type, body).await;
            (answer.status, answer.code())
        };
        assert_eq!(
            code("text/plain", "{}").await,
            (415, "unsupported_media_type".into()),
            "{path}"
        );
        assert_eq!(
            code("application/json", "{").await,
            (400, "malformed_json".into()),
            "{path}"
        );
        assert_eq!(
            code("application/json", "{\"colour\": 1}").await,
            (400, "invalid_body".into()),
            "{path}"
        );
        assert_eq!(
            code("application/json", "[]").await,
            (400, "invalid_body".into()),
            "{path}"
        );
        assert_eq!(
            code("application/json", &large).await,
            (413, "body_too_large".into()),
            "{path}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_oversize_body_without_a_length_is_cut_off() {
    let server = Server::start().await;
    let tenant = server.tenant("acme").await;
    let mut request = format!(
        "POST /v1/users HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\ncontent-type: application/json\r\n\
         transfer-encoding: chunked\r\nconnection: close\r\n\r\n",
        tenant.key
    );
    for _ in 0..20 {
        request.push_str(&format!("2000\r\n{}\r\n", " ".repeat(0x2000)));
    }
    request.push_str("0\r\n\r\n");
    let answer = raw::bytes(server.at, request.as_bytes()).await;
    assert_eq!((answer.status, answer.code().as_str()), (413, "body_too_large"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_right_is_looked_at_before_the_body() {
    let server = Server::start().await;
    let tenant = server.tenant("acme").await;
    let answer = send(
        &server,
        "POST",
        "/v1/tenants",
        &tenant.key,
        "text/plain",
        "garbage",
    )
    .await;
    assert_eq!((answer.status, answer.code().as_str()), (403, "forbidden"));
}

#[tokio::test(flavor = "multi_thread")]
async fn unknown_addresses_and_methods_say_so() {
    let server = Server::start().await;
    let nowhere = server.get("/v1/nothing", &server.operator).await;
    assert_eq!((nowhere.status, nowhere.code().as_str()), (404, "not_found"));
    let method = server
        .send("PUT", "/v1/tenants", &server.operator, &json!({}))
        .await;
    assert_eq!(
        (method.status, method.code().as_str()),
        (405, "method_not_allowed")
    );
    assert_eq!(method.header("allow"), Some("GET, POST"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_is_taken_is_a_conflict_and_bad_values_name_their_field() {
    let server = Server::start().await;
    server.tenant("acme").await;
    let again = server
        .post(
            "/v1/tenants",
            &server.operator,
            json!({"external_id": "acme", "name": "x"}),
        )
        .await;
    assert_eq!((again.status, again.code().as_str()), (409, "duplicate"));
    let bad = server
        .post(
            "/v1/tenants",
            &server.operator,
            json!({"external_id": "a\nb", "name": "x"}),
        )
        .await;
    assert_eq!(
        (bad.status, &bad.json()["errors"][0]["field"]),
        (400, &"external_id".into())
    );
    let forever = server
        .post(
            "/v1/operators",
            &server.operator,
            json!({"name": "x", "expires_in": 1}),
        )
        .await;
    assert_eq!(
        (forever.status, &forever.json()["errors"][0]["field"]),
        (400, &"expires_in".into())
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_queries_are_refused() {
    let server = Server::start().await;
    for query in [
        "limit=0",
        "limit=101",
        "limit=x",
        "cursor=garbage",
        "colour=purple",
        "limit=1&limit=2",
    ] {
        let answer = server
            .get(&format!("/v1/tenants?{query}"), &server.operator)
            .await;
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (400, "invalid_query"),
            "{query}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn thr_71_a_request_that_a_proxy_could_misread_is_refused() {
    let server = Server::start().await;
    for request in [
        "GET /health HTTP/1.1\r\nhost: a\r\nhost: b\r\nconnection: close\r\n\r\n",
        "POST /v1/users HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\ncontent-length: 6\r\nconnection: close\r\n\r\nhello",
        "POST /v1/users HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n0\r\n\r\n",
        "POST /v1/users HTTP/1.1\r\nhost: a\r\ntransfer-encoding: xchunked\r\nconnection: close\r\n\r\n0\r\n\r\n",
        "GET /health HTTP/1.1\r\nhost : a\r\nconnection: close\r\n\r\n",
        "GET /health\u{b}HTTP/1.1\r\nhost: a\r\n\r\n",
    ] {
        let answer = raw::bytes(server.at, request.as_bytes()).await;
        assert!((400..500).contains(&answer.status), "{request:?}: {answer:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_needs_no_body_and_takes_no_nonsense() {
    let server = Server::start().await;
    let tenant = server.tenant("acme").await;
    let path = format!("/v1/connections/{NOBODY}/token");
    assert_eq!(
        server.post(&path, &tenant.key, Value::Null).await.code(),
        "not_found"
    );
    assert_eq!(
        server
            .post(&path, &tenant.key, json!({"min_ttl": -1}))
            .await
            .code(),
        "invalid_body"
    );
    assert_eq!(
        server
            .post("/v1/connections/no-id/token", &tenant.key, json!({}))
            .await
            .code(),
        "not_found"
    );
}
