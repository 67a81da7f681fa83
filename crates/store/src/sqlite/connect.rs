//! Opening the file, and keeping connections to it.

use crate::config::{PoolSizes, Timeouts};
use crate::error::translate;
use crate::{Error, SchemaState};
use coffer_core::StoreError;
use coffer_core::waits::{WaitFor, Waits};
use deadpool::managed::PoolError;
use diesel::connection::SimpleConnection;
use diesel::{Connection, ConnectionError, ConnectionResult, SqliteConnection};
use diesel_async::pooled_connection::deadpool::{Object, Pool};
use diesel_async::pooled_connection::{AsyncDieselConnectionManager, ManagerConfig, RecyclingMethod};
use diesel_async::sync_connection_wrapper::{SpawnBlocking, SyncConnectionWrapper};
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use std::fs::OpenOptions;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// A connection whose statements run where they are awaited: on the store's own threads, never on a web worker's.
pub(crate) type Conn = SyncConnectionWrapper<SqliteConnection, InPlace>;

/// How many times a connection tries to switch a new file to WAL while others do the same.
const SETUP_TRIES: u32 = 50;

/// Runs blocking work at once, on the thread that asks for it.
#[derive(Debug)]
pub(crate) struct InPlace;

impl SpawnBlocking for InPlace {
    fn spawn_blocking<'a, R>(
        &mut self,
        task: impl FnOnce() -> R + Send + 'static,
    ) -> BoxFuture<'a, Result<R, Box<dyn std::error::Error + Send + Sync>>>
    where
        R: Send + 'static,
    {
        std::future::ready(Ok(task())).boxed()
    }

    fn get_runtime() -> Self {
        Self
    }
}

/// The pools of one database.
pub(crate) struct Backend {
    writer: Pool<Conn>,
    readers: Pool<Conn>,
}

impl std::fmt::Debug for Backend {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Sqlite")
    }
}

impl Backend {
    pub(crate) fn memory(timeouts: Timeouts) -> Result<Self, Error> {
        let only = pool(":memory:".to_owned(), 1, timeouts)?;
        Ok(Self {
            writer: only.clone(),
            readers: only,
        })
    }

    pub(crate) fn file(path: &Path, sizes: PoolSizes, timeouts: Timeouts) -> Result<Self, Error> {
        create(path)?;
        let name = path.to_str().ok_or_else(|| Error::File {
            path: path.to_owned(),
            source: std::io::Error::new(std::io::ErrorKind::InvalidFilename, "the path is not UTF-8"),
        })?;
        Ok(Self {
            writer: pool(name.to_owned(), 1, timeouts)?,
            readers: pool(name.to_owned(), sizes.readers.max(1), timeouts)?,
        })
    }

    pub(super) async fn writer(&self) -> Result<Object<Conn>, StoreError> {
        checkout(&self.writer).await
    }

    pub(super) async fn reader(&self) -> Result<Object<Conn>, StoreError> {
        checkout(&self.readers).await
    }

    pub(crate) async fn migrate(&self) -> Result<usize, Error> {
        let mut writer = self.writer().await.map_err(Error::Connect)?;
        super::migrate::run(&mut writer).await
    }

    pub(crate) async fn schema_state(&self) -> Result<SchemaState, Error> {
        let mut reader = self.reader().await.map_err(Error::Connect)?;
        super::migrate::state(&mut reader).await
    }
}

async fn checkout(pool: &Pool<Conn>) -> Result<Object<Conn>, StoreError> {
    Waits::book(WaitFor::Store, pool.get()).await.map_err(unavailable)
}

/// Makes the file where there is none, readable for its owner alone; SQLite gives its helpers the same mode.
fn create(path: &Path) -> Result<(), Error> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Ok(_) => Ok(()),
        // A file that may only be read can still be opened by SQLite; writes will say so.
        Err(error) if error.kind() == std::io::ErrorKind::PermissionDenied && path.exists() => Ok(()),
        Err(source) => Err(Error::File {
            path: PathBuf::from(path),
            source,
        }),
    }
}

fn pool(name: String, size: usize, timeouts: Timeouts) -> Result<Pool<Conn>, Error> {
    let mut config = ManagerConfig::default();
    config.recycling_method = RecyclingMethod::Fast;
    let busy = timeouts.statement;
    config.custom_setup = Box::new(move |name| {
        let name = name.to_owned();
        async move { open(&name, busy).await }.boxed()
    });
    let manager = AsyncDieselConnectionManager::<Conn>::new_with_config(name, config);
    Pool::builder(manager)
        .max_size(size)
        .runtime(deadpool::Runtime::Tokio1)
        .wait_timeout(Some(timeouts.checkout))
        .create_timeout(Some(timeouts.connect))
        .build()
        .map_err(|error| Error::Connect(StoreError::Unavailable(Box::new(error))))
}

async fn open(name: &str, busy: Duration) -> ConnectionResult<Conn> {
    let mut connection = SqliteConnection::establish(name)?;
    let millis = busy.as_millis();
    let settings = format!(
        "PRAGMA busy_timeout = {millis}; PRAGMA foreign_keys = ON; PRAGMA secure_delete = ON; \
         PRAGMA synchronous = FULL; PRAGMA trusted_schema = OFF; PRAGMA temp_store = MEMORY;"
    );
    connection
        .batch_execute(&settings)
        .map_err(ConnectionError::CouldntSetupConfiguration)?;
    // SQLite does not wait for its lock when it switches the mode of a file that others are opening.
    for tried in 1.. {
        match connection.batch_execute("PRAGMA journal_mode = WAL") {
            Ok(()) => break,
            Err(_) if tried < SETUP_TRIES => tokio::time::sleep(Duration::from_millis(20)).await,
            Err(error) => return Err(ConnectionError::CouldntSetupConfiguration(error)),
        }
    }
    Ok(SyncConnectionWrapper::with_runtime(connection, InPlace))
}

fn unavailable(error: PoolError<diesel_async::pooled_connection::PoolError>) -> StoreError {
    use diesel_async::pooled_connection::PoolError as Cause;
    if let PoolError::Backend(Cause::QueryError(error)) = error {
        return translate(error);
    }
    StoreError::Unavailable(Box::new(error))
}
