//! The schema of a PostgreSQL database, run by its owner. Replicas that start together wait for each other.

use super::{Backend, Conn, connect, grants};
use crate::Error;
use crate::error::translate;
use crate::migrations::{self, SchemaState};
use coffer_core::StoreError;
use diesel::prelude::QueryableByName;
use diesel::result::Error as DieselError;
use diesel::sql_types::{Bool, Text};
use diesel_async::{AsyncMigrationHarness, RunQueryDsl as _, SimpleAsyncConnection as _};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness as _, embed_migrations};

const MIGRATIONS: EmbeddedMigrations = embed_migrations!("../../migrations/postgres");

/// "coffer" in hexadecimal: nobody else in the database uses this number.
const LOCK: &str = "SELECT pg_advisory_lock(109321182537074)";

/// Runs what is missing and grants the roles what they need. Answers how many migrations were run.
pub(super) async fn run(backend: &Backend) -> Result<usize, Error> {
    let mut conn = connect::connect(&backend.owner)
        .await
        .map_err(|error| Error::Connect(StoreError::Unavailable(Box::new(error))))?;
    // The lock is given back when the connection ends.
    conn.batch_execute(LOCK).await.map_err(unavailable)?;
    state(&mut conn).await?.refuse_newer()?;
    let mut harness = AsyncMigrationHarness::new(conn);
    let done = harness
        .run_pending_migrations(MIGRATIONS)
        .map_err(Error::Migration)?
        .len();
    let mut conn = harness.into_inner();
    grants::give(&mut conn, &backend.app_user, &backend.system_user)
        .await
        .map_err(|error| Error::Migration(Box::new(translate(error))))?;
    Ok(done)
}

#[derive(QueryableByName)]
struct Version {
    #[diesel(sql_type = Text)]
    version: String,
}

#[derive(QueryableByName)]
struct There {
    #[diesel(sql_type = Bool)]
    there: bool,
}

pub(super) async fn state(conn: &mut Conn) -> Result<SchemaState, Error> {
    let applied = applied(conn).await.map_err(unavailable)?;
    Ok(migrations::compare::<diesel::pg::Pg>(MIGRATIONS, &applied))
}

async fn applied(conn: &mut Conn) -> Result<Vec<String>, DieselError> {
    // A database in which nothing was granted yet counts as one without tables.
    const TABLE: &str = "SELECT coalesce(has_table_privilege(to_regclass('__diesel_schema_migrations'), 'SELECT'), \
                         false) AS there";
    const VERSIONS: &str = "SELECT version FROM __diesel_schema_migrations";
    let table: There = diesel::sql_query(TABLE).get_result(conn).await?;
    if !table.there {
        return Ok(Vec::new());
    }
    let rows: Vec<Version> = diesel::sql_query(VERSIONS).load(conn).await?;
    Ok(rows.into_iter().map(|row| row.version).collect())
}

fn unavailable(error: DieselError) -> Error {
    Error::Connect(translate(error))
}
