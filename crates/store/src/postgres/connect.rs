//! The pools.

use super::lane::Lanes;
use super::target::Target;
use crate::config::{PoolSizes, Timeouts};
use crate::error::translate;
use crate::{Error, SchemaState};
use coffer_core::waits::{WaitFor, Waits};
use coffer_core::{SecretText, StoreError};
use deadpool::managed::PoolError;
use diesel::{ConnectionError, ConnectionResult};
use diesel_async::pooled_connection::deadpool::{Object, Pool};
use diesel_async::pooled_connection::{AsyncDieselConnectionManager, ManagerConfig, RecyclingMethod};
use diesel_async::{AsyncPgConnection, SimpleAsyncConnection as _};
use futures_util::FutureExt as _;
use tokio_postgres::NoTls;

pub(crate) type Conn = AsyncPgConnection;

/// Where the three roles connect.
#[derive(Debug)]
pub(crate) struct Urls<'a> {
    pub(crate) app: &'a SecretText,
    pub(crate) system: Option<&'a SecretText>,
    pub(crate) owner: Option<&'a SecretText>,
}

/// The pools of one database, and the way in for its owner.
pub(crate) struct Backend {
    app: Pool<Conn>,
    system: Pool<Conn>,
    pub(super) lanes: Lanes,
    pub(super) app_user: String,
    pub(super) system_user: String,
    pub(super) owner: Target,
}

impl std::fmt::Debug for Backend {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Postgres({})", self.app_user)
    }
}

impl Backend {
    pub(crate) fn new(urls: &Urls<'_>, sizes: PoolSizes, timeouts: Timeouts) -> Result<Self, Error> {
        let target = |which, url| Target::parse(which, url, timeouts.connect);
        let app = target("app", urls.app)?;
        let system = urls
            .system
            .map_or_else(|| Ok(app.clone()), |url| target("system", url))?;
        let owner = urls
            .owner
            .map_or_else(|| Ok(app.clone()), |url| target("owner", url))?;
        Ok(Self {
            app_user: app.user.clone(),
            system_user: system.user.clone(),
            lanes: Lanes::new(app.clone(), settings(timeouts), timeouts),
            app: pool(app, sizes.app, timeouts)?,
            system: pool(system, sizes.system, timeouts)?,
            owner,
        })
    }

    /// A connection of the role that serves requests.
    pub(super) async fn app(&self) -> Result<Checkout, StoreError> {
        checkout(&self.app).await
    }

    /// A connection of the role for the statements of `queries/system.rs`.
    pub(super) async fn system(&self) -> Result<Checkout, StoreError> {
        checkout(&self.system).await
    }

    /// Forgets the connections that lie idle: one of them was found dead, and the others most likely are.
    pub(super) fn forget_idle(&self) {
        self.app.retain(|_, _| false);
        self.system.retain(|_, _| false);
    }

    pub(crate) async fn migrate(&self) -> Result<usize, Error> {
        super::migrate::run(self).await
    }

    pub(crate) async fn schema_state(&self) -> Result<SchemaState, Error> {
        let mut conn = self.app().await.map_err(Error::Connect)?;
        let state = super::migrate::state(conn.get()).await?;
        conn.give_back();
        Ok(state)
    }
}

/// A connection that is closed unless it is given back: whatever goes wrong, or panics, no half-done transaction
/// comes back to the pool.
pub(super) struct Checkout(Option<Object<Conn>>);

impl Checkout {
    #[expect(
        clippy::expect_used,
        reason = "only `give_back` and `drop` empty it, and nothing can be called after them"
    )]
    pub(super) fn get(&mut self) -> &mut Conn {
        self.0.as_mut().expect("a checkout holds its connection")
    }

    pub(super) fn give_back(mut self) {
        drop(self.0.take());
    }
}

impl Drop for Checkout {
    fn drop(&mut self) {
        if let Some(object) = self.0.take() {
            drop(Object::take(object));
        }
    }
}

async fn checkout(pool: &Pool<Conn>) -> Result<Checkout, StoreError> {
    use diesel_async::pooled_connection::PoolError as Cause;
    match Waits::book(WaitFor::Store, pool.get()).await {
        Ok(object) => Ok(Checkout(Some(object))),
        Err(PoolError::Backend(Cause::QueryError(error))) => Err(translate(error)),
        Err(other) => Err(StoreError::Unavailable(Box::new(other))),
    }
}

/// What each connection is told when it is made.
fn settings(timeouts: Timeouts) -> String {
    format!(
        "SET statement_timeout = {}; SET idle_in_transaction_session_timeout = {}",
        timeouts.statement.as_millis(),
        timeouts.idle_in_transaction.as_millis()
    )
}

fn pool(target: Target, size: usize, timeouts: Timeouts) -> Result<Pool<Conn>, Error> {
    let mut config = ManagerConfig::default();
    config.recycling_method = RecyclingMethod::Fast;
    let settings = settings(timeouts);
    config.custom_setup = Box::new(move |_| {
        let (target, settings) = (target.clone(), settings.clone());
        async move {
            let mut conn = connect(&target).await?;
            conn.batch_execute(&settings)
                .await
                .map_err(ConnectionError::CouldntSetupConfiguration)?;
            Ok(conn)
        }
        .boxed()
    });
    // The manager wants a URL; the target has it, where no error message can show it.
    let manager = AsyncDieselConnectionManager::<Conn>::new_with_config("", config);
    Pool::builder(manager)
        .max_size(size.max(1))
        .runtime(deadpool::Runtime::Tokio1)
        .wait_timeout(Some(timeouts.checkout))
        .create_timeout(Some(timeouts.connect))
        .build()
        .map_err(|error| Error::Connect(StoreError::Unavailable(Box::new(error))))
}

pub(super) async fn connect(target: &Target) -> ConnectionResult<Conn> {
    let failed = |error: tokio_postgres::Error| ConnectionError::BadConnection(describe(&error));
    match &target.tls {
        None => {
            let (client, connection) = target.config.connect(NoTls).await.map_err(failed)?;
            Conn::try_from_client_and_connection(client, connection).await
        }
        Some(tls) => {
            let (client, connection) = target.config.connect(tls.clone()).await.map_err(failed)?;
            Conn::try_from_client_and_connection(client, connection).await
        }
    }
}

/// Why a connection could not be made; the driver's own text leaves the cause out.
fn describe(error: &tokio_postgres::Error) -> String {
    let causes = std::iter::successors(std::error::Error::source(error), |e| e.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}
