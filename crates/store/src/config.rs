//! Where the database is, and how much of it to use.

use coffer_core::SecretText;
use std::path::PathBuf;
use std::time::Duration;

/// What a store is opened with.
#[derive(Debug, Clone)]
pub struct StoreConfig {
    /// The database.
    pub database: Database,
    /// How many connections to keep.
    pub pools: PoolSizes,
    /// How long to wait.
    pub timeouts: Timeouts,
    /// The multi-thread runtime on which transactions run. Where it is `None`, the store starts a small one of
    /// its own. It must not be the current-thread runtime of a web worker: see the crate's documentation.
    pub runtime: Option<tokio::runtime::Handle>,
}

impl StoreConfig {
    /// This database, with the defaults for everything else.
    pub fn new(database: Database) -> Self {
        Self {
            database,
            pools: PoolSizes::default(),
            timeouts: Timeouts::default(),
            runtime: None,
        }
    }
}

/// Which database.
#[derive(Debug, Clone)]
pub enum Database {
    /// SQLite in memory: everything is gone with the store.
    SqliteMemory,
    /// SQLite in a file, which is made with mode 0600 where there is none.
    Sqlite {
        /// The file. Its folder must exist.
        path: PathBuf,
    },
    /// PostgreSQL, as `postgres://USER[:PASSWORD]@HOST[:PORT]/DATABASE[?sslmode=…][&sslrootcert=FILE]`.
    ///
    /// `sslmode` is `disable`, `prefer`, `require`, `verify-ca` or `verify-full`. Without it, TLS is required unless
    /// the host is a socket or the loopback. Where TLS is used the certificate is always verified, with the host's
    /// name: against the roots of the public web, or those in `sslrootcert`.
    Postgres {
        /// Of the role that serves requests. It owns nothing and does not bypass row-level security.
        app_url: SecretText,
        /// Of the role for the few statements that have no tenant yet; `None` means the same as `app_url`.
        system_url: Option<SecretText>,
        /// Of the role that owns the schema and migrates it; `None` means the same as `app_url`.
        owner_url: Option<SecretText>,
    },
}

/// How many connections to keep at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PoolSizes {
    /// PostgreSQL, requests: 8 to 16 serve more than 64 do. Each runtime that reads tokens has one more, at most 16 do.
    pub app: usize,
    /// PostgreSQL, statements without a tenant.
    pub system: usize,
    /// SQLite, readers of a file. There is always one writer. More readers than processors help nobody.
    pub readers: usize,
}

impl Default for PoolSizes {
    fn default() -> Self {
        Self {
            app: 16,
            system: 4,
            readers: 4,
        }
    }
}

/// How long to wait before a database counts as unavailable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    /// For a connection to be made.
    pub connect: Duration,
    /// For a connection of the pool to be free.
    pub checkout: Duration,
    /// For one statement (PostgreSQL), or for another process's write to end (SQLite).
    pub statement: Duration,
    /// For a transaction in which nothing happens (PostgreSQL): its locks are freed after this time.
    pub idle_in_transaction: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(5),
            checkout: Duration::from_secs(5),
            statement: Duration::from_secs(5),
            idle_in_transaction: Duration::from_secs(10),
        }
    }
}
