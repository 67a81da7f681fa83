//! The schema of a SQLite file.

use super::Conn;
use crate::Error;
use crate::error::translate;
use crate::migrations::{self, SchemaState};
use coffer_core::error::BoxError;
use diesel::prelude::{QueryableByName, RunQueryDsl as _};
use diesel::sql_types::Text;
use diesel::{QueryResult, SqliteConnection};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness as _, embed_migrations};

const MIGRATIONS: EmbeddedMigrations = embed_migrations!("../../migrations/sqlite");

/// Runs what is missing, in one exclusive transaction. Answers how many migrations that were.
pub(super) async fn run(conn: &mut Conn) -> Result<usize, Error> {
    state(conn).await?.refuse_newer()?;
    let run = conn.spawn_blocking(|c| {
        Ok(c.exclusive_transaction::<_, BoxError, _>(|c| Ok(c.run_pending_migrations(MIGRATIONS)?.len())))
    });
    match run.await {
        Ok(done) => done.map_err(Error::Migration),
        Err(error) => Err(Error::Connect(translate(error))),
    }
}

pub(super) async fn state(conn: &mut Conn) -> Result<SchemaState, Error> {
    let applied = conn
        .spawn_blocking(applied)
        .await
        .map_err(|error| Error::Connect(translate(error)))?;
    Ok(migrations::compare::<diesel::sqlite::Sqlite>(
        MIGRATIONS, &applied,
    ))
}

#[derive(QueryableByName)]
struct Version {
    #[diesel(sql_type = Text)]
    version: String,
}

fn applied(c: &mut SqliteConnection) -> QueryResult<Vec<String>> {
    const TABLE: &str = "SELECT name AS version FROM sqlite_master WHERE type = 'table' AND name = '__diesel_schema_migrations'";
    const VERSIONS: &str = "SELECT version FROM __diesel_schema_migrations";
    if diesel::sql_query(TABLE).load::<Version>(c)?.is_empty() {
        return Ok(Vec::new());
    }
    let rows: Vec<Version> = diesel::sql_query(VERSIONS).load(c)?;
    Ok(rows.into_iter().map(|row| row.version).collect())
}
