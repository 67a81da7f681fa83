//! The same on PostgreSQL, with three roles.

use crate::server::Server;
use crate::{journey, rights};
use coffer_core::secret::ExposeSecret;
use coffer_server::config::Source;
use coffer_server::doctor::{self, Verdict};
use coffer_testkit::postgres::Database;

fn on(database: &Database, source: Source) -> Source {
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
