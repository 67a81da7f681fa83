//! The schema's way from nothing to now.

use crate::{fixture, raw};
use coffer_core::ErrorKind;
use coffer_store::{Database, Error, SchemaState, Store, StoreConfig};
use coffer_testkit::postgres::Database as Postgres;
use diesel::{Connection as _, RunQueryDsl as _, SqliteConnection};
use tokio::task::JoinSet;

async fn four_at_once(config: StoreConfig) -> Vec<usize> {
    let mut replicas = JoinSet::new();
    for _ in 0..4 {
        let config = config.clone();
        replicas.spawn(async move {
            let store = Store::connect(config).await.unwrap();
            let done = store.migrate().await.unwrap();
            store.schema_state().await.unwrap().require_current().unwrap();
            done
        });
    }
    let mut done = replicas.join_all().await;
    done.sort_unstable();
    done
}

#[tokio::test]
async fn four_replicas_migrate_one_sqlite_file_at_once() {
    for _ in 0..5 {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(four_at_once(fixture::file_config(&folder)).await, [0, 0, 0, 1]);
    }
}

#[tokio::test]
async fn four_replicas_migrate_one_postgres_at_once() {
    for _ in 0..3 {
        let database = Postgres::create().await;
        assert_eq!(
            four_at_once(fixture::postgres_config(&database)).await,
            [0, 0, 0, 1]
        );
    }
}

#[tokio::test]
async fn database_that_is_not_migrated_is_refused_with_what_to_do() {
    let database = Postgres::create().await;
    for config in [
        StoreConfig::new(Database::SqliteMemory),
        fixture::postgres_config(&database),
    ] {
        let store = Store::connect(config).await.unwrap();
        let state = store.schema_state().await.unwrap();
        assert!(matches!(&state, SchemaState::Pending { missing } if missing.len() == 1));
        let refused = state.require_current().unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::Precondition);
        assert!(refused.to_string().contains("run `migrate`"), "{refused}");
        store.migrate().await.unwrap();
        assert_eq!(store.schema_state().await.unwrap(), SchemaState::Current);
        assert_eq!(store.migrate().await.unwrap(), 0);
    }
}

const FUTURE: &str = "INSERT INTO __diesel_schema_migrations (version) VALUES ('29990101000000')";

async fn refuses_the_future(store: &Store) {
    for refused in [
        store.schema_state().await.unwrap().require_current().unwrap_err(),
        store.migrate().await.unwrap_err(),
    ] {
        assert!(matches!(&refused, Error::Newer { unknown } if unknown == &["29990101000000"]));
        assert_eq!(refused.code(), "store_newer_schema");
    }
}

#[tokio::test]
async fn database_of_a_newer_version_is_left_alone() {
    let fixture = fixture::file().await;
    let path = fixture.file();
    let mut raw = SqliteConnection::establish(path.to_str().unwrap()).unwrap();
    diesel::sql_query(FUTURE).execute(&mut raw).unwrap();
    refuses_the_future(&fixture.store).await;

    let fixture = fixture::postgres().await;
    let raw = crate::raw::connect(fixture.database().superuser_url()).await;
    raw.batch_execute(FUTURE).await.unwrap();
    refuses_the_future(&fixture.store).await;
}

#[cfg(unix)]
#[tokio::test]
async fn thr_9_files_of_a_new_database_are_for_their_owner_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let fixture = fixture::file().await;
    crate::account::Account::new(fixture.stores()).await;
    for suffix in ["", "-wal", "-shm"] {
        let path = format!("{}{suffix}", fixture.file().display());
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{path}");
    }
}

#[tokio::test]
async fn migration_that_fails_half_way_leaves_nothing_and_succeeds_afterwards() {
    // A table in the way of a later statement of the same migration.
    let database = Postgres::create().await;
    let owner = raw::connect(&database.owner().url).await;
    owner
        .batch_execute("CREATE TABLE audit (x integer)")
        .await
        .unwrap();
    let store = Store::connect(fixture::postgres_config(&database)).await.unwrap();
    assert_eq!(store.migrate().await.unwrap_err().code(), "store_migration");
    let tables =
        "SELECT count(*) FROM pg_tables WHERE schemaname = current_schema() AND tablename = 'tenants'";
    let there: i64 = owner.query_one(tables, &[]).await.unwrap().get(0);
    assert_eq!(there, 0, "what came before it was undone");
    owner.batch_execute("DROP TABLE audit").await.unwrap();
    assert_eq!(store.migrate().await.unwrap(), 1);
    assert_eq!(store.schema_state().await.unwrap(), SchemaState::Current);

    let folder = tempfile::tempdir().unwrap();
    let mut file = SqliteConnection::establish(folder.path().join("coffer.db").to_str().unwrap()).unwrap();
    let mut run = |sql: &str| diesel::sql_query(sql).execute(&mut file).unwrap();
    run("CREATE TABLE audit (x INTEGER)");
    let store = Store::connect(fixture::file_config(&folder)).await.unwrap();
    assert_eq!(store.migrate().await.unwrap_err().code(), "store_migration");
    run("DROP TABLE audit");
    assert_eq!(store.migrate().await.unwrap(), 1);
    assert_eq!(store.schema_state().await.unwrap(), SchemaState::Current);
}

#[tokio::test]
async fn migration_that_is_killed_half_way_leaves_nothing_and_succeeds_afterwards() {
    let database = Postgres::create().await;
    let superuser = raw::connect(database.superuser_url()).await;
    // The migration waits in its middle, for a table of the same name that is not there yet for anybody else.
    superuser
        .batch_execute("BEGIN; CREATE TABLE audit (x integer)")
        .await
        .unwrap();
    let store = Store::connect(fixture::postgres_config(&database)).await.unwrap();
    let migrating = tokio::spawn({
        let store = store.clone();
        async move { store.migrate().await }
    });
    let watcher = raw::connect(database.superuser_url()).await;
    let waiting = format!(
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE usename = '{}' \
         AND wait_event_type = 'Lock'",
        database.owner().name
    );
    while watcher.query_one(&waiting, &[]).await.unwrap().get::<_, i64>(0) == 0 {
        tokio::task::yield_now().await;
    }
    assert!(migrating.await.unwrap().is_err());
    superuser.batch_execute("ROLLBACK").await.unwrap();
    assert_eq!(store.migrate().await.unwrap(), 1);
    assert_eq!(store.schema_state().await.unwrap(), SchemaState::Current);
}
