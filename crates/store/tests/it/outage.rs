//! A database that goes away, or will not write.

use crate::account::Account;
use crate::fixture::{self, Fixture, Place};
use crate::proxy::Proxy;
use crate::raw;
use coffer_core::audit::AuditVerb;
use coffer_core::connection::{AttemptOutcome, DEFAULT_AUDIENCE};
use coffer_core::page::PageRequest;
use coffer_core::ports::CommitAnswer;
use coffer_core::secret::{ExposeSecret as _, secret_text};
use coffer_core::testing::fixture as make;
use coffer_core::{ErrorKind, SecretText, StoreError};
use coffer_store::{Database, Store, StoreConfig};
use coffer_testkit::postgres::{Database as Postgres, Server};

async fn create_caller(fixture: &Fixture, account: &Account) -> Result<(), StoreError> {
    let tenant = account.scope.tenant();
    let (caller, audit) = (make::caller(tenant), make::audit(tenant, AuditVerb::CallerCreate));
    fixture
        .stores()
        .callers
        .create(&account.scope, &caller, &audit)
        .await
}

async fn callers(fixture: &Fixture, account: &Account) -> usize {
    let page = PageRequest::default();
    let page = fixture.stores().callers.list(&account.scope, page).await;
    page.unwrap().items.len()
}

#[tokio::test]
async fn connections_that_the_server_closed_are_replaced_without_a_failure() {
    let fixture = fixture::postgres().await;
    let account = Account::new(fixture.stores()).await;
    let superuser = raw::connect(fixture.database().superuser_url()).await;
    let kill = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity \
                WHERE datname = current_database() AND pid <> pg_backend_pid()";
    for round in 1..=5 {
        superuser.query_one(kill, &[]).await.unwrap();
        create_caller(&fixture, &account).await.unwrap();
        superuser.query_one(kill, &[]).await.unwrap();
        let view = fixture
            .stores()
            .connections
            .token_view(&account.scope, account.id, DEFAULT_AUDIENCE);
        assert!(view.await.unwrap().is_some());
        assert_eq!(callers(&fixture, &account).await, round);
    }
}

#[tokio::test]
async fn database_that_is_down_is_unavailable_and_says_so_at_once() {
    let server = Server::start().await.unwrap();
    let database = Postgres::create_in(&server).await.unwrap();
    let fixture = Fixture::open(fixture::postgres_config(&database), Place::Memory).await;
    let account = Account::new(fixture.stores()).await;
    let config = fixture::postgres_config(&database);
    server.stop();
    for refused in [
        create_caller(&fixture, &account).await.unwrap_err(),
        fixture.stores().health.ping().await.unwrap_err(),
        fixture
            .stores()
            .connections
            .token_view(&account.scope, account.id, DEFAULT_AUDIENCE)
            .await
            .unwrap_err(),
    ] {
        assert_eq!(refused.code(), "store_unavailable");
    }
    let refused = Store::connect(config).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Unavailable);
}

#[tokio::test]
async fn postgres_that_is_read_only_serves_and_refuses_changes() {
    let fixture = fixture::postgres().await;
    let account = Account::new(fixture.stores()).await;
    let superuser = raw::connect(fixture.database().superuser_url()).await;
    let app = &fixture.database().app().name;
    let kill =
        format!("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE usename = '{app}'");
    superuser
        .batch_execute(&format!(
            "ALTER ROLE {app} SET default_transaction_read_only = on; {kill}"
        ))
        .await
        .unwrap();
    let refused = create_caller(&fixture, &account).await.unwrap_err();
    assert_eq!(refused.code(), "store_unavailable");
    assert_eq!(callers(&fixture, &account).await, 0);
    superuser
        .batch_execute(&format!(
            "ALTER ROLE {app} RESET default_transaction_read_only; {kill}"
        ))
        .await
        .unwrap();
    create_caller(&fixture, &account).await.unwrap();
    assert_eq!(callers(&fixture, &account).await, 1);
}

/// A store whose app role connects through the proxy.
async fn behind_proxy() -> (Fixture, Proxy) {
    let database = Postgres::create().await;
    let server: tokio_postgres::Config = database.app().url.expose_secret().parse().unwrap();
    let port = server.get_ports()[0];
    let proxy = Proxy::before(([127, 0, 0, 1], port).into()).await;
    let through = |url: &SecretText| {
        let (from, to) = (format!(":{port}/"), format!(":{}/", proxy.port));
        secret_text(url.expose_secret().replace(&from, &to))
    };
    let config = StoreConfig::new(Database::Postgres {
        app_url: through(&database.app().url),
        system_url: Some(database.system().url.clone()),
        owner_url: Some(database.owner().url.clone()),
    });
    (Fixture::open(config, Place::Postgres(database)).await, proxy)
}

#[tokio::test]
async fn thr_21_commit_without_an_acknowledgement_is_unknown_and_repeated_once() {
    let (fixture, proxy) = behind_proxy().await;
    let account = Account::new(fixture.stores()).await;
    let connections = &fixture.stores().connections;
    let commit = account.refreshed(fixture.stores()).await;
    let audit = make::audit(account.scope.tenant(), AuditVerb::OAuthTokenRefresh);
    proxy.swallow_next_commit_answer();
    let unknown = connections.commit_refresh(&account.scope, &commit, &audit).await;
    assert!(
        matches!(unknown, Err(StoreError::CommitUnknown(_))),
        "{unknown:?}"
    );
    assert!(!proxy.is_armed());
    let repeated = connections.commit_refresh(&account.scope, &commit, &audit).await;
    assert_eq!(repeated.unwrap(), CommitAnswer::Committed);
    let view = connections
        .find(&account.scope, account.id)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(view.slots[0].generation, commit.expected_generation + 1);
    assert_eq!(view.slots[0].refresh, commit.refresh);
    let attempts = connections
        .attempts(&account.scope, account.id, PageRequest::default())
        .await;
    assert_eq!(
        attempts.unwrap().items[0].outcome,
        Some(AttemptOutcome::Succeeded)
    );
    let log = fixture
        .stores()
        .audit
        .list(&account.scope, PageRequest::default())
        .await;
    let rows = log.unwrap().items.into_iter().filter(|row| row.id == audit.id);
    assert_eq!(rows.count(), 1);
}

#[tokio::test]
async fn hot_read_whose_connection_breaks_is_read_again() {
    let (fixture, proxy) = behind_proxy().await;
    let account = Account::new(fixture.stores()).await;
    for _ in 0..3 {
        proxy.swallow_next_commit_answer();
        let view = fixture
            .stores()
            .connections
            .token_view(&account.scope, account.id, DEFAULT_AUDIENCE);
        assert!(view.await.unwrap().unwrap().access.is_some());
        assert!(!proxy.is_armed());
    }
}
