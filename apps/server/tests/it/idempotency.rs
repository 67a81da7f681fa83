use crate::raw::{self, Answer};
use crate::server::Server;
use serde_json::{Value, json};

async fn create(server: &Server, path: &str, by: &str, key: &str, body: Value) -> Answer {
    let bearer = format!("Bearer {by}");
    let headers = [
        ("authorization", bearer.as_str()),
        ("content-type", "application/json"),
        ("idempotency-key", key),
    ];
    raw::send(server.at, "POST", path, &headers, &body.to_string()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn o8_a_creation_repeated_with_its_key_is_done_once_and_answered_alike() {
    let server = Server::start().await;
    let wanted = json!({"name": "second", "expires_in": 3600});
    let first = create(&server, "/v1/operators", &server.operator, "k-1", wanted.clone()).await;
    let again = create(&server, "/v1/operators", &server.operator, "k-1", wanted.clone()).await;
    assert_eq!((first.status, again.status), (201, 201), "{first:?} {again:?}");
    assert_eq!(first.body, again.body, "the key that is shown once, too");
    assert_eq!(
        (
            first.header("idempotency-replayed"),
            again.header("idempotency-replayed")
        ),
        (None, Some("true"))
    );
    let all = server.get("/v1/operators", &server.operator).await.json();
    assert_eq!(all["items"].as_array().unwrap().len(), 2);
    let other = create(
        &server,
        "/v1/operators",
        &server.operator,
        "k-1",
        json!({"name": "third"}),
    )
    .await;
    assert_eq!(
        (other.status, other.code().as_str()),
        (422, "idempotency_mismatch")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn o8_many_at_once_with_one_key_make_one() {
    let server = std::sync::Arc::new(Server::start().await);
    let mut all = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let server = server.clone();
        all.spawn(async move {
            create(
                &server,
                "/v1/tenants",
                &server.operator,
                "same",
                json!({"external_id": "t", "name": "t"}),
            )
            .await
        });
    }
    let mut made = 0;
    while let Some(answer) = all.join_next().await {
        let answer = answer.unwrap();
        match answer.status {
            201 => made += 1,
            409 => assert_eq!(answer.code(), "idempotency_in_progress"),
            other => panic!("{other}: {answer:?}"),
        }
    }
    assert!(made >= 1);
    assert_eq!(
        server.get("/v1/tenants", &server.operator).await.json()["items"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn o8_a_creation_that_failed_gives_its_key_back() {
    let server = Server::start().await;
    let bad = create(
        &server,
        "/v1/tenants",
        &server.operator,
        "k",
        json!({"external_id": "", "name": "x"}),
    )
    .await;
    assert_eq!(bad.code(), "invalid_value");
    let good = create(
        &server,
        "/v1/tenants",
        &server.operator,
        "k",
        json!({"external_id": "x", "name": "x"}),
    )
    .await;
    assert_eq!(good.status, 201, "{good:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn o8_a_key_counts_for_one_asker_and_one_route() {
    let server = Server::start().await;
    let (one, two) = (server.tenant("one").await, server.tenant("two").await);
    let wanted = || json!({"external_id": "u"});
    let first = create(&server, "/v1/users", &one.key, "k", wanted()).await;
    let second = create(&server, "/v1/users", &two.key, "k", wanted()).await;
    assert_ne!(first.json()["id"], second.json()["id"]);
    for path in [&one.id, &two.id] {
        let path = format!("/v1/tenants/{path}/callers");
        let made = create(
            &server,
            &path,
            &server.operator,
            "k",
            json!({"name": "n", "verbs": ["read"]}),
        )
        .await;
        assert_eq!(
            (made.status, made.header("idempotency-replayed")),
            (201, None),
            "{made:?}"
        );
    }
    for bad in ["a b", &"x".repeat(256)] {
        let refused = create(&server, "/v1/users", &one.key, bad, wanted()).await;
        assert_eq!(
            (refused.status, refused.code().as_str()),
            (400, "invalid_value"),
            "{bad}"
        );
    }
}
