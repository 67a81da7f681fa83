//! Who may do what: every route of the table, without a key, with a foreign one, and with too few rights.

use crate::raw;
use crate::server::{ALL, Server};
use coffer_server::routes::{Access, ROUTES, Route};
use coffer_simulator::model::Behaviour;
use serde_json::{Value, json};

/// A path with ids in it.
fn filled(route: &Route, ids: &[(&str, &str)]) -> String {
    let mut path = route.path.to_owned();
    for (name, id) in ids {
        path = path.replace(&format!("{{{name}}}"), id);
    }
    for name in [
        "tenant",
        "user",
        "integration",
        "connection",
        "caller",
        "operator",
        "provider",
        "token",
    ] {
        path = path.replace(&format!("{{{name}}}"), "01890a5d-ac96-774b-bcce-b302099a8057");
    }
    path
}

/// A body that the route takes.
fn body(route: &Route, integration: &str) -> Value {
    let simulator = json!({"provider": "simulator", "config": {}});
    match (route.method.as_str(), route.path) {
        ("POST", "/v1/tenants") => json!({"external_id": "x", "name": "x"}),
        ("POST", "/v1/operators") => json!({"name": "x"}),
        ("POST", "/v1/users") => json!({"external_id": "x"}),
        ("POST", "/v1/callers" | "/v1/tenants/{tenant}/callers") => json!({"name": "x", "verbs": ["read"]}),
        ("POST", "/v1/integrations") => json!({"provider": "simulator", "name": "x", "config": {}}),
        ("POST", "/v1/integrations/validate" | "/v1/integrations/test") => simulator,
        ("PATCH", _) => json!({"name": "stolen"}),
        ("POST", "/v1/connect-sessions") => {
            json!({"integration": integration, "return_to": "http://127.0.0.1/"})
        }
        ("POST", "/v1/connect-sessions/redeem") => json!({"result": "cfx_x"}),
        _ => Value::Null,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_route_that_is_not_public_refuses_who_has_no_key() {
    let server = Server::start().await;
    let tenant = server.tenant("acme").await;
    let revoked = server
        .caller(&tenant.id, json!({"name": "gone", "verbs": ALL}))
        .await;
    let callers = server
        .get(&format!("/v1/tenants/{}/callers", tenant.id), &server.operator)
        .await
        .json();
    let id = callers["items"][1]["id"].as_str().unwrap().to_owned();
    let gone = server
        .send("DELETE", &format!("/v1/callers/{id}"), &tenant.key, &Value::Null)
        .await;
    assert_eq!(gone.status, 200, "{gone:?}");
    let unknown = format!("{}0", &tenant.key[..tenant.key.len() - 1]);
    let basic = format!("Basic {}", tenant.key);
    for route in ROUTES.iter().filter(|route| route.access != Access::Public) {
        let (method, path) = (route.method.as_str(), filled(route, &[]));
        let none = raw::send(server.at, method, &path, &[], "").await;
        let wrong = raw::send(server.at, method, &path, &[("authorization", &basic)], "").await;
        let twice = format!("Bearer {}", tenant.key);
        let twice = [
            ("authorization", twice.as_str()),
            ("authorization", twice.as_str()),
        ];
        let twice = raw::send(server.at, method, &path, &twice, "").await;
        let old = server.send(method, &path, &revoked, &Value::Null).await;
        let mistyped = server.send(method, &path, &unknown, &Value::Null).await;
        for answer in [none, wrong, twice, old, mistyped] {
            assert_eq!(
                (answer.status, answer.code().as_str()),
                (401, "unauthenticated"),
                "{method} {path}"
            );
            assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn thr_1_thr_2_a_foreign_tenant_finds_nothing_at_any_route() {
    foreign(Server::start().await).await;
}

/// What a foreign tenant finds at each route.
pub async fn foreign(server: Server) {
    let (own, foreign) = (server.tenant("own").await, server.tenant("foreign").await);
    let integration = server.integration(&own.key, Behaviour::default()).await;
    let connection = server.connect(&own.key, &integration, "alice").await;
    let user = server.get("/v1/users", &own.key).await.json()["items"][0]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let caller = server.get("/v1/callers", &own.key).await.json()["items"][0]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let ids = [
        ("tenant", own.id.as_str()),
        ("integration", integration.as_str()),
        ("connection", connection["id"].as_str().unwrap()),
        ("user", user.as_str()),
        ("caller", caller.as_str()),
    ];
    let before = server.get("/v1/audit?limit=100", &own.key).await.body;
    let mut tried = 0;
    for route in ROUTES {
        let names_a_thing = ids
            .iter()
            .any(|(name, _)| route.path.contains(&format!("{{{name}}}")));
        let names_it_in_the_body = route.path == "/v1/connect-sessions";
        let a_callers = matches!(route.access, Access::Caller(_) | Access::Either(_));
        if !a_callers || !(names_a_thing || names_it_in_the_body) {
            continue;
        }
        let (method, wanted) = (route.method.as_str(), body(route, &integration));
        let answer = server
            .send(method, &filled(route, &ids), &foreign.key, &wanted)
            .await;
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (404, "not_found"),
            "{method} {}: {answer:?}",
            route.path
        );
        // Not even whether it exists: an id that nobody has is answered alike.
        let nobodys = server
            .send(
                method,
                &filled(route, &[]),
                &foreign.key,
                &body(route, "01890a5d-ac96-774b-bcce-b302099a8057"),
            )
            .await;
        assert_eq!(
            nobodys.json()["detail"],
            answer.json()["detail"],
            "{method} {}",
            route.path
        );
        tried += 1;
    }
    assert!(tried >= 16, "{tried}");
    assert_eq!(
        server.get("/v1/audit?limit=100", &own.key).await.body,
        before,
        "nothing was changed"
    );
    for list in ["/v1/connections", "/v1/users", "/v1/integrations"] {
        assert_eq!(
            server.get(list, &foreign.key).await.json()["items"],
            json!([]),
            "{list}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_without_the_right_is_refused_at_every_route() {
    let server = Server::start().await;
    let tenant = server.tenant("acme").await;
    for (at, verb) in ALL.iter().enumerate() {
        let key = server
            .caller(&tenant.id, json!({"name": format!("only-{at}"), "verbs": [verb]}))
            .await;
        for route in ROUTES {
            let needed = match route.access {
                Access::Caller(verbs) | Access::Either(verbs) => verbs,
                Access::Operator => &[],
                Access::Public | Access::AnyKey => continue,
            };
            let may = needed.iter().any(|needed| needed.as_str() == *verb);
            let answer = server
                .send(route.method.as_str(), &filled(route, &[]), &key, &Value::Null)
                .await;
            assert_eq!(
                answer.status == 403,
                !may,
                "{verb} at {} {}: {answer:?}",
                route.method.as_str(),
                route.path
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn operators_have_no_access_to_a_tenants_connections() {
    let server = Server::start().await;
    for route in ROUTES
        .iter()
        .filter(|route| matches!(route.access, Access::Caller(_)))
    {
        let answer = server
            .send(
                route.method.as_str(),
                &filled(route, &[]),
                &server.operator,
                &Value::Null,
            )
            .await;
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (403, "forbidden"),
            "{}",
            route.path
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_limited_to_some_connections_finds_no_others() {
    let server = Server::start().await;
    let tenant = server.tenant("acme").await;
    let integration = server.integration(&tenant.key, Behaviour::default()).await;
    let inside = server.connect(&tenant.key, &integration, "alice").await["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let outside = server.connect(&tenant.key, &integration, "bob").await["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let limited = json!({"name": "limited", "verbs": ALL, "connections": [inside]});
    let key = server.caller(&tenant.id, limited).await;
    let token = |id: &str| format!("/v1/connections/{id}/token");
    assert_eq!(server.post(&token(&inside), &key, Value::Null).await.status, 200);
    assert_eq!(server.post(&token(&outside), &key, Value::Null).await.status, 404);
    let listed = server.get("/v1/connections", &key).await.json();
    assert_eq!(listed["items"].as_array().unwrap().len(), 1);
    let session = |connection: Option<&str>| json!({"integration": integration, "connection": connection, "return_to": server.return_to()});
    assert_eq!(
        server
            .post("/v1/connect-sessions", &key, session(None))
            .await
            .status,
        403
    );
    assert_eq!(
        server
            .post("/v1/connect-sessions", &key, session(Some(&outside)))
            .await
            .status,
        404
    );
    assert_eq!(
        server
            .post("/v1/connect-sessions", &key, session(Some(&inside)))
            .await
            .status,
        201
    );

    let elsewhere =
        json!({"name": "elsewhere", "verbs": ALL, "integrations": ["01890a5d-ac96-774b-bcce-b302099a8057"]});
    let key = server.caller(&tenant.id, elsewhere).await;
    assert_eq!(
        server
            .get(&format!("/v1/integrations/{integration}"), &key)
            .await
            .status,
        404
    );
    assert_eq!(server.post(&token(&inside), &key, Value::Null).await.status, 404);
    assert_eq!(
        server.get("/v1/integrations", &key).await.json()["items"],
        json!([])
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_makes_and_revokes_none_with_more_rights_than_its_own() {
    let server = Server::start().await;
    let tenant = server.tenant("acme").await;
    let inside = "01890a5d-ac96-774b-bcce-b302099a8057";
    let own =
        json!({"name": "own", "verbs": ["callers", "read"], "integrations": [inside], "expires_in": 3600});
    let key = server.caller(&tenant.id, own).await;
    let ask = |wanted: Value| {
        let (server, key) = (&server, &key);
        async move { server.post("/v1/callers", key, wanted).await }
    };
    let more = ask(json!({"name": "a", "verbs": ["read", "token"], "integrations": [inside]})).await;
    assert_eq!(more.code(), "forbidden");
    let wider = ask(json!({"name": "b", "verbs": ["read"]})).await;
    assert_eq!(wider.code(), "forbidden");
    let fits = ask(json!({"name": "c", "verbs": ["read"], "integrations": [inside]})).await;
    assert_eq!(fits.status, 201, "{fits:?}");
    let all = server.get("/v1/callers", &tenant.key).await.json();
    let by_name = |name: &str| {
        all["items"]
            .as_array()
            .unwrap()
            .iter()
            .find(|row| row["name"] == name)
            .unwrap()
    };
    assert!(
        by_name("c")["expires_at"].as_str() <= by_name("own")["expires_at"].as_str(),
        "{all}"
    );
    let stronger = by_name("all")["id"].as_str().unwrap();
    let revoked = server
        .send("DELETE", &format!("/v1/callers/{stronger}"), &key, &Value::Null)
        .await;
    assert_eq!(revoked.code(), "forbidden");
}
