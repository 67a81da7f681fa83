use crate::server::Server;
use serde_json::json;
use std::collections::BTreeSet;

#[tokio::test(flavor = "multi_thread")]
async fn o8_pages_give_every_row_once_in_order() {
    let server = Server::start().await;
    let tenant = server.tenant("acme").await;
    for number in 0..7 {
        let made = server
            .post(
                "/v1/users",
                &tenant.key,
                json!({"external_id": format!("user-{number}")}),
            )
            .await;
        assert_eq!(made.status, 201);
    }
    let (mut seen, mut pages, mut target) = (Vec::new(), 0, "/v1/users?limit=3".to_owned());
    loop {
        let page = server.get(&target, &tenant.key).await.json();
        let items = page["items"].as_array().unwrap();
        assert!(items.len() <= 3);
        seen.extend(
            items
                .iter()
                .map(|user| user["external_id"].as_str().unwrap().to_owned()),
        );
        pages += 1;
        let Some(cursor) = page["next_cursor"].as_str() else {
            break;
        };
        target = format!("/v1/users?limit=3&cursor={cursor}");
    }
    assert_eq!(pages, 3);
    assert_eq!(
        seen,
        (0..7).map(|number| format!("user-{number}")).collect::<Vec<_>>()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_are_found_by_integration_user_and_state() {
    let server = Server::start().await;
    let tenant = server.tenant("acme").await;
    let integration = server.integration(&tenant.key, Default::default()).await;
    for account in ["alice", "bob"] {
        server.connect(&tenant.key, &integration, account).await;
    }
    let count = async |query: &str| {
        let found = server.get(&format!("/v1/connections?{query}"), &tenant.key).await;
        assert_eq!(found.status, 200, "{query}: {found:?}");
        found.json()["items"].as_array().unwrap().len()
    };
    let user = server.get("/v1/users", &tenant.key).await.json()["items"][0]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    assert_eq!(
        count(&format!("integration={integration}&state=fresh&user={user}")).await,
        2
    );
    assert_eq!(count("state=revoked").await, 0);
    assert_eq!(count("integration=01890a5d-ac96-774b-bcce-b302099a8057").await, 0);
    let wrong = server.get("/v1/connections?state=purple", &tenant.key).await;
    assert_eq!((wrong.status, wrong.code().as_str()), (400, "invalid_query"));
}

#[tokio::test(flavor = "multi_thread")]
async fn p2_p23_providers_come_with_their_form_and_what_they_can() {
    let server = Server::start().await;
    let tenant = server.tenant("acme").await;
    let all = server.get("/v1/providers", &tenant.key).await.json();
    let ids: BTreeSet<&str> = all["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["id"].as_str().unwrap())
        .collect();
    assert!(
        ["google", "github", "generic-oidc", "generic-oauth2", "simulator"]
            .iter()
            .all(|id| ids.contains(id))
    );
    let one = server.get("/v1/providers/simulator", &tenant.key).await.json();
    assert_eq!(
        (&one["capabilities"]["can_refresh"], &one["fields"][1]["type"]),
        (&true.into(), &"secret".into())
    );
    assert_eq!(server.get("/v1/providers/nobody", &tenant.key).await.status, 404);
}
