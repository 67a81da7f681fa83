//! THR-40: where nobody may be sent to. The server counts connections; there must be none.

use crate::support::{Answers, Reply, Server, builder_with, get, strict_with};
use coffer_core::http::{HttpClient, HttpErrorKind, Sent};
use coffer_http::GuardedClient;
use std::sync::Arc;

async fn assert_blocked(client: &GuardedClient, url: &str, reason: &str) {
    let error = client.send(get(url)).await.expect_err(url);
    assert_eq!(
        (error.kind, error.sent),
        (HttpErrorKind::Blocked, Sent::DefinitelyNot),
        "{url}: {error}"
    );
    assert!(error.message.contains(reason), "{url}: {error}");
    assert!(!error.message.contains("canary"), "{error}");
}

#[tokio::test]
async fn thr_40_hostile_hosts_are_refused_without_a_question_or_a_connection() {
    let (server, lookup) = (
        Server::start(Reply::ok("")).await,
        Answers::new(&[&["127.0.0.1"]]),
    );
    let client = strict_with(lookup.clone());
    for host in [
        "127.0.0.1",
        "127.0.0.1.",
        "127.1",
        "2130706433",
        "017700000001",
        "0177.0.0.1",
        "0x7f.1",
        "0x7F000001",
        "%31%32%37.0.0.1",
        "１２７.0.0.1",
        "127。0。0。1",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[::127.0.0.1]",
        "[64:ff9b::127.0.0.1]",
        "[2002:7f00:1::]",
        "0",
        "0.0.0.0",
        "[::]",
        "localhost",
        "LocalHost",
        "localhost.",
        "a.localhost",
        "ⓛⓞⓒⓐⓛⓗⓞⓢⓣ",
        "metadata.google.internal",
        "169.254.169.254",
        "user@127.0.0.1",
        "idp.example@127.0.0.1",
        "user:canary@idp.example",
        "idp.example.",
        "intern",
    ] {
        assert_blocked(&client, &server.url("https", host), "").await;
    }
    assert_eq!((lookup.asked(), server.connections()), (0, 0));
}

#[tokio::test]
async fn thr_40_a_name_with_a_private_or_special_address_is_refused() {
    let server = Server::start(Reply::ok("")).await;
    for (address, reason) in [
        (
            "127.0.0.1",
            "is loopback; if this is meant, allow the host with COFFER_HTTP_ALLOW",
        ),
        ("10.0.0.5", "private"),
        ("100.64.0.1", "carrier-grade"),
        ("169.254.169.254", "never connected to"),
        ("::1", "loopback"),
        ("fd00::1", "unique local"),
        ("fe80::1", "link-local"),
        ("::ffff:127.0.0.1", "IPv4-mapped"),
        ("64:ff9b::7f00:1", "NAT64"),
    ] {
        let client = strict_with(Answers::new(&[&[address]]));
        assert_blocked(&client, &server.url("https", "idp.example"), reason).await;
        assert_blocked(
            &client,
            &server.url("https", "idp.example"),
            "the address of idp.example is",
        )
        .await;
        let url = server.url("https", "idp.example");
        let error = client.send(get(&url)).await.unwrap_err();
        assert!(!error.message.contains(address), "only the log has it: {error}");
    }
    assert_eq!(server.connections(), 0);
}

#[tokio::test]
async fn thr_40_one_bad_address_among_good_ones_refuses_them_all() {
    let server = Server::start(Reply::ok("")).await;
    for mixed in [
        ["127.0.0.1", "8.8.8.8"],
        ["8.8.8.8", "127.0.0.1"],
        ["2606:50c0:8000::153", "::1"],
    ] {
        let client = strict_with(Answers::new(&[&mixed]));
        assert_blocked(&client, &server.url("https", "idp.example"), "loopback").await;
    }
    let allowed = builder_with(Answers::new(&[&["127.0.0.1", "169.254.169.254"]]))
        .allow(server.allowance("http", "idp.example"))
        .build()
        .unwrap();
    assert_blocked(&allowed, &server.url("http", "idp.example"), "link-local").await;
    assert_eq!(server.connections(), 0);
}

#[tokio::test]
async fn thr_40_a_rebound_name_is_connected_where_it_was_checked() {
    let checked = Server::start(Reply::ok("checked")).await;
    let other = Server::listen(&format!("127.0.0.2:{}", checked.port()), Reply::ok("other"), None).await;
    let lookup = Answers::new(&[&["127.0.0.1"], &["127.0.0.2"]]);
    let client = builder_with(lookup.clone())
        .allow(checked.allowance("http", "idp.example"))
        .build()
        .unwrap();

    client
        .send(get(&checked.url("http", "idp.example")))
        .await
        .unwrap();
    assert_eq!(
        (lookup.asked(), checked.connections(), other.connections()),
        (1, 1, 0)
    );
    client
        .send(get(&checked.url("http", "idp.example")))
        .await
        .unwrap();
    assert_eq!(
        (lookup.asked(), checked.connections(), other.connections()),
        (2, 1, 1)
    );
    assert!(checked.requests()[0].contains(&format!("host: idp.example:{}\r\n", checked.port())));
}

#[tokio::test]
async fn thr_40_a_name_that_was_good_is_checked_again_each_time() {
    let server = Server::start(Reply::ok("")).await;
    let client = builder_with(Answers::new(&[&["127.0.0.1"], &["169.254.169.254"]]))
        .allow(server.allowance("http", "idp.example"))
        .build()
        .unwrap();
    client
        .send(get(&server.url("http", "idp.example")))
        .await
        .unwrap();
    assert_blocked(&client, &server.url("http", "idp.example"), "link-local").await;
    assert_eq!(server.connections(), 1);
}

#[tokio::test]
async fn oa_c10_leave_to_do_without_tls_is_no_leave_to_go_inside() {
    let server = Server::start(Reply::ok("")).await;
    let mut allowance = server.allowance("http", "idp.example");
    allowance.private_addresses = false;
    let client = builder_with(Answers::new(&[&["127.0.0.1"]]))
        .allow(allowance)
        .build()
        .unwrap();
    assert_blocked(&client, &server.url("http", "idp.example"), "loopback").await;
    assert_eq!(server.connections(), 0);
}

#[tokio::test]
async fn oa_c10_an_allowance_is_for_its_host_and_its_port() {
    let server = Server::start(Reply::ok("")).await;
    let client = builder_with(Answers::new(&[&["127.0.0.1"]]))
        .allow(server.allowance("http", "idp.example"))
        .build()
        .unwrap();
    client
        .send(get(&server.url("http", "IDP.example")))
        .await
        .unwrap();
    assert_blocked(&client, &server.url("http", "other.example"), "without TLS").await;
    assert_blocked(&client, &server.url("https", "other.example"), "loopback").await;
    assert_blocked(&client, &server.url("http", "127.0.0.1"), "without TLS").await;
    assert_blocked(&client, "http://idp.example:1/", "without TLS").await;
    assert_eq!(server.connections(), 1);
}

#[tokio::test]
async fn a_name_without_an_address_cannot_be_resolved() {
    for lookup in [Answers::new(&[]), Answers::new(&[&[]])] {
        let error = strict_with(lookup)
            .send(get("https://idp.example/canary"))
            .await
            .unwrap_err();
        assert_eq!(
            (error.kind, error.sent),
            (HttpErrorKind::Resolve, Sent::DefinitelyNot)
        );
        assert!(
            error.message.contains("idp.example") && !error.message.contains("canary"),
            "{error}"
        );
    }
}

#[tokio::test]
async fn thr_40_the_resolver_of_the_system_is_vetted_like_any_other() {
    let server = Server::start(Reply::ok("")).await;
    let mut allowance = server.allowance("http", "localhost");
    let allowed = GuardedClient::builder().allow(allowance.clone()).build().unwrap();
    allowed.send(get(&server.url("http", "localhost"))).await.unwrap();

    allowance.private_addresses = false;
    let client = GuardedClient::builder()
        .allow(allowance)
        .lookup(Arc::new(coffer_http::SystemLookup))
        .build()
        .unwrap();
    assert_blocked(&client, &server.url("http", "localhost"), "local name").await;
    assert_eq!(server.connections(), 1);
}
