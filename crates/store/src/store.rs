//! The store: one database behind the domain's ports.

use crate::metrics::{Metrics, TransactionStats};
use crate::runtime::DbRuntime;
use crate::tx::Spec;
use crate::{Database, Error, SchemaState, StoreConfig, postgres, sqlite};
use coffer_core::StoreError;
use coffer_core::ports::StoreHealth as _;
use coffer_core::waits::{WaitFor, Waits};
use std::collections::BTreeMap;
use std::future::Future;
use std::sync::Arc;
use tokio::time::Instant;

/// One database. Cheap to clone: all clones share its connections.
#[derive(Debug, Clone)]
pub struct Store {
    pub(crate) inner: Arc<Inner>,
}

#[derive(Debug)]
pub(crate) struct Inner {
    pub(crate) backend: Backend,
    runtime: DbRuntime,
    metrics: Arc<Metrics>,
}

#[derive(Debug)]
pub(crate) enum Backend {
    Postgres(Arc<postgres::Backend>),
    Sqlite(Arc<sqlite::Backend>),
}

/// A role of PostgreSQL, as `doctor` shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleReport {
    /// Its name.
    pub name: String,
    /// Whether it is a superuser: row-level security does not bind it.
    pub superuser: bool,
    /// Whether row-level security does not bind it, for this or another reason.
    pub bypasses_row_security: bool,
    /// Whether it owns tables: it could switch row-level security off.
    pub owns_tables: bool,
}

/// The roles that the store uses, where the database has roles.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Roles {
    /// The role that serves requests.
    pub app: RoleReport,
    /// The role for the few statements that have no tenant yet.
    pub system: RoleReport,
    /// The tables that row-level security does not guard, or not against their owner: there should be none.
    pub unguarded: Vec<String>,
}

impl Store {
    /// Opens a database, and asks it for the time, so that a wrong URL shows at once. It need not be migrated yet.
    ///
    /// # Errors
    /// [`Error::Url`], [`Error::Certificates`], [`Error::File`], [`Error::Runtime`], and [`Error::Connect`] where the
    /// database does not answer.
    pub async fn connect(config: StoreConfig) -> Result<Self, Error> {
        let StoreConfig {
            database,
            pools,
            timeouts,
            runtime,
        } = config;
        let backend = match &database {
            Database::SqliteMemory => Backend::Sqlite(Arc::new(sqlite::Backend::memory(timeouts)?)),
            Database::Sqlite { path } => {
                Backend::Sqlite(Arc::new(sqlite::Backend::file(path, pools, timeouts)?))
            }
            Database::Postgres {
                app_url,
                system_url,
                owner_url,
            } => {
                let urls = postgres::Urls {
                    app: app_url,
                    system: system_url.as_ref(),
                    owner: owner_url.as_ref(),
                };
                Backend::Postgres(Arc::new(postgres::Backend::new(&urls, pools, timeouts)?))
            }
        };
        let store = Self {
            inner: Arc::new(Inner {
                backend,
                runtime: DbRuntime::new(runtime)?,
                metrics: Arc::default(),
            }),
        };
        store.ping().await.map_err(Error::Connect)?;
        Ok(store)
    }

    /// Brings the schema up to date, as its owner; on PostgreSQL also grants the roles what they need. Several
    /// processes may do so at once: they wait for each other. Answers how many migrations it ran.
    ///
    /// # Errors
    /// [`Error::Newer`], [`Error::Migration`], and [`Error::Connect`] where the database does not answer.
    pub async fn migrate(&self) -> Result<usize, Error> {
        match &self.inner.backend {
            Backend::Postgres(backend) => {
                let backend = Arc::clone(backend);
                self.outlive(async move { backend.migrate().await }).await
            }
            Backend::Sqlite(backend) => {
                let backend = Arc::clone(backend);
                self.outlive(async move { backend.migrate().await }).await
            }
        }
    }

    /// How the schema compares with what this version needs. A server must not serve unless it is
    /// [`SchemaState::Current`].
    ///
    /// # Errors
    /// [`Error::Connect`].
    pub async fn schema_state(&self) -> Result<SchemaState, Error> {
        match &self.inner.backend {
            Backend::Postgres(backend) => {
                let backend = Arc::clone(backend);
                self.outlive(async move { backend.schema_state().await }).await
            }
            Backend::Sqlite(backend) => {
                let backend = Arc::clone(backend);
                self.outlive(async move { backend.schema_state().await }).await
            }
        }
    }

    /// The roles in use; `None` on SQLite, which has none.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn roles(&self) -> Result<Option<Roles>, StoreError> {
        match &self.inner.backend {
            Backend::Sqlite(_) => Ok(None),
            Backend::Postgres(backend) => {
                let backend = Arc::clone(backend);
                self.run("doctor.roles", async move {
                    let (app, system) = backend.roles().await?;
                    let unguarded = backend.unguarded_tables().await?;
                    Ok(Some(Roles {
                        app,
                        system,
                        unguarded,
                    }))
                })
                .await
            }
        }
    }

    /// What the transactions have cost so far, by name.
    #[must_use]
    pub fn transactions(&self) -> BTreeMap<&'static str, TransactionStats> {
        self.inner.metrics.snapshot()
    }

    /// Runs the work of one transaction in a task of its own, and meters it. The work has thousands of bytes, which
    /// each layer on its way would copy: it is boxed at once.
    pub(crate) fn run<R: Send + 'static>(
        &self,
        name: &'static str,
        work: impl Future<Output = Result<R, StoreError>> + Send + 'static,
    ) -> impl Future<Output = Result<R, StoreError>> + Send {
        let metrics = Arc::clone(&self.inner.metrics);
        let work = Box::pin(work);
        let handed_over = Instant::now();
        self.inner.runtime.run(async move {
            let began = Instant::now();
            Waits::add(WaitFor::Store, began.saturating_duration_since(handed_over));
            let result = work.await;
            metrics.record(name, began.elapsed(), is_failure(&result));
            result
        })
    }

    /// Runs work on the schema to its end.
    async fn outlive<R: Send + 'static>(
        &self,
        work: impl Future<Output = Result<R, Error>> + Send + 'static,
    ) -> Result<R, Error> {
        self.inner
            .runtime
            .run(async move { Ok(work.await) })
            .await
            .map_err(Error::Connect)?
    }

    /// Reads the view of a token: on PostgreSQL by a lane, without a task of its own; on SQLite as any other read.
    pub(crate) async fn read_token_view(
        &self,
        tenant: coffer_core::id::TenantId,
        query: crate::token_view::TokenViewQuery,
    ) -> Result<Option<coffer_core::connection::TokenView>, StoreError> {
        const NAME: &str = "connection.token_view";
        let Backend::Postgres(backend) = &self.inner.backend else {
            return crate::tx::tx!(self, Spec::read_one(NAME, tenant), token::view(&query));
        };
        let lane = backend.lane();
        if let Some(lane) = &lane {
            let began = Instant::now();
            let found = lane.token_view(tenant, &query).await;
            if !matches!(found, Ok(None)) {
                let failed = is_failure(&found);
                self.inner.metrics.record(NAME, began.elapsed(), failed);
                return found;
            }
        }
        let backend = Arc::clone(backend);
        let work = async move { backend.token_view(NAME, tenant, query).await };
        let found = self.run(NAME, work).await?;
        // The database answers, so a lane can be had.
        if let Some(lane) = lane {
            lane.open();
        }
        Ok(found)
    }
}

fn is_failure<R>(result: &Result<R, StoreError>) -> bool {
    match result {
        Ok(_) | Err(StoreError::NotFound(_) | StoreError::Duplicate(_) | StoreError::Stale(_)) => false,
        Err(StoreError::Unavailable(_) | StoreError::CommitUnknown(_) | StoreError::Corrupt(_)) => true,
    }
}
