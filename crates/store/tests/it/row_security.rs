//! The second net: what PostgreSQL itself lets the server's roles see and write, whatever the statement forgets.

use crate::account::Account;
use crate::fixture::{self, Fixture};
use crate::raw;
use crate::schema::TABLES;
use coffer_core::testing::fixture as make;
use tokio_postgres::Client;
use tokio_postgres::error::SqlState;

/// The tables that the system role has no business with.
const NOT_FOR_SYSTEM: [&str; 8] = [
    "users",
    "connections",
    "credential_slots",
    "access_tokens",
    "attempts",
    "data_keys",
    "data_key_wraps",
    "idempotency_keys",
];

async fn rows(client: &Client, table: &str, wanted: &str) -> i64 {
    let sql = format!("SELECT count(*) FROM {table} WHERE {wanted}");
    client.query_one(&sql, &[]).await.unwrap().get(0)
}

async fn two_accounts() -> (Fixture, Account, Account) {
    let fixture = fixture::postgres().await;
    let (one, two) = (
        Account::new(fixture.stores()).await,
        Account::new(fixture.stores()).await,
    );
    for account in [&one, &two] {
        let stores = fixture.stores();
        let audit = make::audit(
            account.scope.tenant(),
            coffer_core::audit::AuditVerb::CallerCreate,
        );
        let caller = make::caller(account.scope.tenant());
        stores
            .callers
            .create(&account.scope, &caller, &audit)
            .await
            .unwrap();
    }
    (fixture, one, two)
}

#[tokio::test]
async fn thr_1_statement_without_its_predicate_sees_one_tenant_only() {
    let (fixture, one, _two) = two_accounts().await;
    let app = raw::connect(&fixture.database().app().url).await;
    let tenant = one.scope.tenant();
    let set = format!("BEGIN; SET LOCAL app.tenant_id = '{tenant}'");
    app.batch_execute(&set).await.unwrap();
    for table in [
        "tenants",
        "callers",
        "connections",
        "credential_slots",
        "access_tokens",
        "flows",
        "audit",
    ] {
        assert!(rows(&app, table, "true").await > 0, "{table}");
    }
    for (table, _) in TABLES {
        let foreign = rows(&app, table, &format!("tenant_id <> '{tenant}'")).await;
        assert_eq!(foreign, 0, "{table}");
    }
    app.batch_execute("COMMIT").await.unwrap();
}

#[tokio::test]
async fn thr_1_statement_outside_a_tenant_sees_nothing() {
    let (fixture, ..) = two_accounts().await;
    let database = fixture.database();
    for url in [&database.app().url, &database.owner().url] {
        let client = raw::connect(url).await;
        for (table, _) in TABLES {
            assert_eq!(rows(&client, table, "true").await, 0, "{table}");
        }
        // Neither does one that claims to be the system's, as long as it is not the system's role.
        client.batch_execute("SET app.scope = 'system'").await.unwrap();
        for (table, _) in TABLES {
            assert_eq!(rows(&client, table, "true").await, 0, "{table}");
        }
    }
}

#[tokio::test]
async fn thr_2_row_of_another_tenant_is_neither_written_nor_moved() {
    let (fixture, one, two) = two_accounts().await;
    let app = raw::connect(&fixture.database().app().url).await;
    let (mine, theirs) = (one.scope.tenant(), two.scope.tenant());
    let set = format!("SET app.tenant_id = '{mine}'");
    app.batch_execute(&set).await.unwrap();
    let insert = format!(
        "INSERT INTO users (tenant_id, id, external_id, created_at) VALUES ('{theirs}', gen_random_uuid(), 'x', now())"
    );
    let refused = app.batch_execute(&insert).await.unwrap_err();
    assert_eq!(refused.code(), Some(&SqlState::INSUFFICIENT_PRIVILEGE));
    let moved = format!("UPDATE callers SET tenant_id = '{theirs}'");
    let refused = app.batch_execute(&moved).await.unwrap_err();
    assert_eq!(refused.code(), Some(&SqlState::INSUFFICIENT_PRIVILEGE));
    for sql in [
        format!("UPDATE connections SET state = 'revoked' WHERE tenant_id = '{theirs}'"),
        format!("DELETE FROM access_tokens WHERE tenant_id = '{theirs}'"),
        "UPDATE integrations SET state = 'blocked' WHERE tenant_id = '00c0ffe2-0000-7000-8000-000000000001'"
            .to_owned(),
    ] {
        assert_eq!(app.execute(&sql, &[]).await.unwrap(), 0, "{sql}");
    }
}

#[tokio::test]
async fn app_role_can_neither_change_the_schema_nor_the_log() {
    let (fixture, one, _two) = two_accounts().await;
    let app = raw::connect(&fixture.database().app().url).await;
    let set = format!("SET app.tenant_id = '{}'", one.scope.tenant());
    app.batch_execute(&set).await.unwrap();
    for sql in [
        "UPDATE audit SET verb = 'x'",
        "DELETE FROM audit",
        "TRUNCATE audit",
        "TRUNCATE connections",
        "ALTER TABLE connections DISABLE ROW LEVEL SECURITY",
        "DROP POLICY by_tenant ON connections",
        "DELETE FROM tenants",
        "INSERT INTO tenants VALUES (gen_random_uuid(), 'x', 'x', now())",
    ] {
        let refused = app.batch_execute(sql).await.unwrap_err();
        assert_eq!(refused.code(), Some(&SqlState::INSUFFICIENT_PRIVILEGE), "{sql}");
    }
}

#[tokio::test]
async fn system_role_reaches_no_token_and_no_key() {
    let (fixture, ..) = two_accounts().await;
    let system = raw::connect(&fixture.database().system().url).await;
    for table in NOT_FOR_SYSTEM {
        let refused = system
            .query(&format!("SELECT 1 FROM {table}"), &[])
            .await
            .unwrap_err();
        assert_eq!(refused.code(), Some(&SqlState::INSUFFICIENT_PRIVILEGE), "{table}");
    }
    for sql in [
        "UPDATE integrations SET secrets = ''",
        "SELECT 1 FROM audit",
        "DELETE FROM callers",
        "UPDATE operators SET revoked_at = NULL",
    ] {
        let refused = system.batch_execute(sql).await.unwrap_err();
        assert_eq!(refused.code(), Some(&SqlState::INSUFFICIENT_PRIVILEGE), "{sql}");
    }
}

/// The system role needs no BYPASSRLS: the policies made for it are enough.
#[tokio::test]
async fn contract_of_look_ups_holds_for_a_system_role_that_row_security_binds() {
    let (fixture, one, _two) = two_accounts().await;
    let database = fixture.database();
    let superuser = raw::connect(database.superuser_url()).await;
    let bind = format!("ALTER ROLE {} NOBYPASSRLS", database.system().name);
    superuser.batch_execute(&bind).await.unwrap();
    let roles = fixture.store.roles().await.unwrap().unwrap();
    assert!(!roles.system.bypasses_row_security && !roles.app.bypasses_row_security);
    assert!(!roles.app.owns_tables && !roles.app.superuser);
    let found = fixture
        .stores()
        .tenants
        .find(&crate::account::OPERATOR, one.scope.tenant());
    assert!(found.await.unwrap().is_some());
    coffer_core::testing::contract::tenant::tenant_is_found_by_id_and_external_id(fixture.stores()).await;
    coffer_core::testing::contract::caller::caller_is_found_by_id_and_by_the_hash_of_its_key(
        fixture.stores(),
    )
    .await;
    coffer_core::testing::contract::flow::session_opens_once_and_is_found_with_its_flow(fixture.stores())
        .await;
    coffer_core::testing::contract::block::integration_is_blocked_once_and_keeps_its_version(
        fixture.stores(),
    )
    .await;
}

/// The hot reads of all tenants follow each other on a few connections.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn thr_3_hot_reads_of_many_tenants_at_once_see_their_own_and_no_other() {
    let fixture = fixture::postgres().await;
    let mut accounts = Vec::new();
    for _ in 0..10 {
        let account = Account::new(fixture.stores()).await;
        accounts.push((account.scope, account.id, account.token.id));
    }
    let mut readers = tokio::task::JoinSet::new();
    for reader in 0..32 {
        let (accounts, stores) = (accounts.clone(), fixture.stores().clone());
        readers.spawn(async move {
            for turn in 0..320 {
                let (scope, id, token) = accounts[(reader + turn) % accounts.len()];
                let view = stores.connections.token_view(&scope, id, "").await.unwrap();
                assert_eq!(view.unwrap().access.unwrap().id, token);
                if turn % 16 == 0 {
                    let (_, foreign, _) = accounts[(reader + turn + 1) % accounts.len()];
                    let view = stores.connections.token_view(&scope, foreign, "").await;
                    assert!(view.unwrap().is_none());
                }
            }
        });
    }
    readers.join_all().await;
}

#[tokio::test]
async fn thr_2_a_table_that_is_not_guarded_is_named() {
    let fixture = fixture::postgres().await;
    let superuser = raw::connect(fixture.database().superuser_url()).await;
    let unguarded = async || fixture.store.roles().await.unwrap().unwrap().unguarded;
    assert_eq!(unguarded().await, Vec::<String>::new());
    let off = "ALTER TABLE users DISABLE ROW LEVEL SECURITY; ALTER TABLE audit NO FORCE ROW LEVEL SECURITY";
    superuser.batch_execute(off).await.unwrap();
    assert_eq!(unguarded().await, ["audit", "users"]);
}
