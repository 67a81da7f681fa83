//! The same on PostgreSQL, with three roles.

use crate::raw;
use crate::server::{Server, port, settings};
use crate::{journey, rights};
use coffer_core::SystemRandom;
use coffer_core::secret::ExposeSecret;
use coffer_envelope::LocalKey;
use coffer_server::config::{Config, Source};
use coffer_server::doctor::{self, Verdict};
use coffer_server::server::Running;
use coffer_simulator::model::{Behaviour, Endpoint};
use coffer_testkit::postgres::Database;

pub fn on(database: &Database, source: Source) -> Source {
    source
        .set("COFFER_DATABASE_URL", database.app().url.expose_secret())
        .set(
            "COFFER_DATABASE_SYSTEM_URL",
            database.system().url.expose_secret(),
        )
        .set("COFFER_DATABASE_OWNER_URL", database.owner().url.expose_secret())
}

#[tokio::test(flavor = "multi_thread")]
async fn t2_the_whole_journey_on_postgresql() {
    let database = Database::create().await;
    journey::whole(Server::start_with(|source| on(&database, source)).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn thr_1_thr_2_a_foreign_tenant_finds_nothing_on_postgresql() {
    let database = Database::create().await;
    rights::foreign(Server::start_with(|source| on(&database, source)).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn doctor_sees_the_roles() {
    let database = Database::create().await;
    let folder = tempfile::tempdir().unwrap();
    let source = || {
        on(
            &database,
            crate::server::settings(&folder, "127.0.0.1:8080".parse().unwrap()),
        )
    };
    let server = Server::start_with(|source| on(&database, source)).await;
    server.running.stop().await;
    let role = |findings: &[doctor::Finding], name: &str| {
        findings.iter().find(|one| one.check == name).unwrap().verdict
    };
    let three = doctor::look(&source()).await;
    assert_eq!(
        (role(&three, "role app"), role(&three, "role system")),
        (Verdict::Ok, Verdict::Ok),
        "{three:?}"
    );
    // Another key than the one that sealed what this server made.
    assert_eq!(role(&three, "key source"), Verdict::Fail, "{three:?}");
    let superuser = database.superuser_url().expose_secret();
    let one = source()
        .set("COFFER_DATABASE_URL", superuser)
        .set("COFFER_DATABASE_SYSTEM_URL", superuser);
    let one = doctor::look(&one).await;
    assert_eq!(
        (role(&one, "role app"), role(&one, "role system")),
        (Verdict::Warn, Verdict::Warn),
        "{one:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn thr_13_two_servers_on_one_database_refresh_an_expired_token_once() {
    let database = Database::create().await;
    let key = LocalKey::generate(&SystemRandom);
    let key = key.expose_secret();
    let one = Server::start_with(|source| on(&database, source).set("COFFER_KEY", key)).await;
    let folder = tempfile::tempdir().unwrap();
    let (listener, at) = port();
    drop(listener);
    let source = on(&database, settings(&folder, at))
        .set("COFFER_KEY", key)
        .set("COFFER_HTTP_ALLOW", one.sim_url.clone());
    let two = Running::start(&Config::read(&source).unwrap()).await.unwrap();

    let tenant = one.tenant("acme").await;
    let short = Behaviour {
        access_token_secs: 1,
        ..Behaviour::default()
    };
    let integration = one.integration(&tenant.key, short).await;
    let connection = one.connect(&tenant.key, &integration, "alice").await;
    assert!(one.sim.with(|sim| sim.set_behaviour("app", Behaviour::default())));
    let refreshes = || {
        let totals = one.sim.with(|sim| sim.ledger().totals().clone());
        totals.requests.get(&Endpoint::Refresh).copied().unwrap_or(0)
    };
    let before = refreshes();
    let expired = tokio::time::Instant::now() + std::time::Duration::from_millis(1100);
    while tokio::time::Instant::now() < expired {
        assert_eq!(one.get("/ready", "").await.status, 204);
    }
    let target = format!("/v1/connections/{}/token", connection["id"].as_str().unwrap());
    let bearer = format!("Bearer {}", tenant.key);
    let calls: Vec<_> = (0..24)
        .map(|turn| {
            let (target, bearer) = (target.clone(), bearer.clone());
            let at = if turn % 2 == 0 { one.at } else { at };
            tokio::spawn(
                async move { raw::send(at, "POST", &target, &[("authorization", &bearer)], "").await },
            )
        })
        .collect();
    let mut tokens = std::collections::BTreeSet::new();
    for call in calls {
        let answer = call.await.unwrap();
        assert_eq!(answer.status, 200, "{answer:?}");
        tokens.insert(answer.json()["access_token"].as_str().unwrap().to_owned());
    }
    assert_eq!((refreshes() - before, tokens.len()), (1, 1));
    two.stop().await;
}
