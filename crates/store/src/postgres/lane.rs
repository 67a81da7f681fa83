//! The hot read: many at once on a few connections, each in a transaction of its own, in one round trip.
//!
//! BEGIN with the tenant, the prepared statement and COMMIT are handed to the connection in one piece, under a lock, so
//! that nothing comes between them; their answers are awaited without it. So reads of many tenants follow each other on
//! one connection without waiting for each other's answers, which costs the client and the server far less than a
//! connection for each. `SET LOCAL` ends with its COMMIT: the next piece sets its own tenant.
//!
//! Each runtime that reads has a lane of its own: a web worker's reads are written and answered on its own thread, many
//! in one system call, and no other thread is woken.
//!
//! Should a statement ever slip out of its transaction, it has no tenant, or another one's, and row-level security lets
//! it see nothing. So a *not found* from here is not believed: an ordinary transaction is asked.

use super::target::Target;
use super::transaction::begin_sql;
use super::wire::{RawParam, decode};
use super::{Backend, queries};
use crate::rows::TokenViewRow;
use crate::token_view::{TokenViewQuery, prepared_sql};
use crate::tx::{Ended, Spec, Who};
use coffer_core::StoreError;
use coffer_core::connection::TokenView;
use coffer_core::id::TenantId;
use futures_util::future::join3;
use std::future::Future as _;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::runtime::{self, Handle};
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Client, NoTls, Statement};

/// The most lanes, which is the most connections that they take. Further runtimes share them.
const MOST: usize = 16;

/// The lanes of one database.
pub(super) struct Lanes {
    connector: Arc<Connector>,
    turn: AtomicUsize,
    lanes: Mutex<Vec<Arc<Lane>>>,
}

/// What opens a lane.
struct Connector {
    target: Target,
    settings: String,
}

/// One runtime's lane.
pub(crate) struct Lane {
    home: runtime::Id,
    line: Mutex<Option<Arc<Line>>>,
    opening: AtomicBool,
    connector: Arc<Connector>,
}

/// A connection with its prepared statement.
struct Line {
    client: Client,
    statement: Statement,
    order: Mutex<()>,
}

impl Backend {
    /// The lane of the runtime that calls this.
    pub(crate) fn lane(&self) -> Arc<Lane> {
        self.lanes.of(Handle::current().id())
    }

    /// The view by way of an ordinary transaction.
    pub(crate) async fn token_view(
        &self,
        name: &'static str,
        tenant: TenantId,
        query: TokenViewQuery,
    ) -> Result<Option<TokenView>, StoreError> {
        let mut tx = self.begin(Spec::read_one(name, tenant)).await?;
        let found = queries::token::view(tx.conn(), &query).await;
        match tx.end(found, 0).await {
            Ended::Done(found) => found,
            Ended::Again => Err(StoreError::Unavailable("the read was rolled back".into())),
        }
    }
}

impl Lanes {
    pub(super) fn new(mut target: Target, settings: String) -> Self {
        target.config.application_name("coffer-lane");
        Self {
            connector: Arc::new(Connector { target, settings }),
            turn: AtomicUsize::new(0),
            lanes: Mutex::default(),
        }
    }

    fn of(&self, home: runtime::Id) -> Arc<Lane> {
        let mut lanes = self.lanes.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(lane) = lanes.iter().find(|lane| lane.home == home) {
            return Arc::clone(lane);
        }
        if lanes.len() >= MOST {
            // A runtime that is gone has closed its line.
            lanes.retain(|lane| lane.live().is_some() || lane.opening.load(Ordering::Acquire));
        }
        let turn = self.turn.fetch_add(1, Ordering::Relaxed) % MOST;
        if let (true, Some(shared)) = (lanes.len() >= MOST, lanes.get(turn)) {
            return Arc::clone(shared);
        }
        let lane = Arc::new(Lane {
            home,
            line: Mutex::default(),
            opening: AtomicBool::new(false),
            connector: Arc::clone(&self.connector),
        });
        lanes.push(Arc::clone(&lane));
        lane
    }
}

impl Connector {
    async fn connect(&self) -> Result<Line, tokio_postgres::Error> {
        let client = match &self.target.tls {
            None => {
                let (client, connection) = self.target.config.connect(NoTls).await?;
                tokio::spawn(connection);
                client
            }
            Some(tls) => {
                let (client, connection) = self.target.config.connect(tls.clone()).await?;
                tokio::spawn(connection);
                client
            }
        };
        client.batch_execute(&self.settings).await?;
        let types = [Type::TEXT, Type::UUID, Type::UUID];
        let statement = client.prepare_typed(&prepared_sql(), &types).await?;
        Ok(Line {
            client,
            statement,
            order: Mutex::default(),
        })
    }
}

impl Lane {
    /// The view. `None`: the lane is not open, or did not find it; [`Backend::token_view`] knows. Whoever drops this
    /// future leaves nothing half done: all was sent in one piece, or nothing was.
    pub(crate) async fn token_view(
        &self,
        tenant: TenantId,
        query: &TokenViewQuery,
    ) -> Result<Option<TokenView>, StoreError> {
        let Some(line) = self.live() else {
            return Ok(None);
        };
        match line.send(tenant, query).await {
            Ok(row) => row.map(|row| row.into_view(&query.audience)).transpose(),
            Err(error) => {
                tracing::debug!(error = %error, "a lane broke; the read takes the ordinary way");
                self.cut(&line);
                Ok(None)
            }
        }
    }

    /// Opens the lane on the runtime that calls this, unless it is open or being opened.
    pub(crate) fn open(self: &Arc<Self>) {
        if self.live().is_some() || self.opening.swap(true, Ordering::AcqRel) {
            return;
        }
        let lane = Arc::clone(self);
        tokio::spawn(async move {
            match lane.connector.connect().await {
                Ok(line) => *lane.slot() = Some(Arc::new(line)),
                Err(error) => tracing::debug!(error = %error, "a lane could not be opened"),
            }
            lane.opening.store(false, Ordering::Release);
        });
    }

    fn slot(&self) -> MutexGuard<'_, Option<Arc<Line>>> {
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn live(&self) -> Option<Arc<Line>> {
        self.slot()
            .as_ref()
            .filter(|line| !line.client.is_closed())
            .cloned()
    }

    /// Lets go of a broken line, unless another has taken its place.
    fn cut(&self, broken: &Arc<Line>) {
        let mut slot = self.slot();
        if slot.as_ref().is_some_and(|line| Arc::ptr_eq(line, broken)) {
            *slot = None;
        }
    }
}

impl Line {
    async fn send(
        &self,
        tenant: TenantId,
        query: &TokenViewQuery,
    ) -> Result<Option<TokenViewRow>, StoreError> {
        let begin = begin_sql(Who::Tenant(tenant));
        let (audience, tenant, connection) = (
            RawParam(query.audience.as_bytes()),
            RawParam(query.tenant.0.as_bytes()),
            RawParam(query.connection.0.as_bytes()),
        );
        let parameters: [&(dyn ToSql + Sync); 3] = [&audience, &tenant, &connection];
        let mut piece = pin!(join3(
            self.client.batch_execute(&begin),
            self.client.query_opt(&self.statement, &parameters),
            self.client.batch_execute("COMMIT"),
        ));
        let mut sent = false;
        let (begun, row, committed) = std::future::poll_fn(|cx| {
            // The first poll hands all three over. What follows only takes the answers.
            let _order = (!sent).then(|| self.order.lock().unwrap_or_else(PoisonError::into_inner));
            sent = true;
            piece.as_mut().poll(cx)
        })
        .await;
        let unavailable = |error: tokio_postgres::Error| StoreError::Unavailable(Box::new(error));
        begun.map_err(unavailable)?;
        committed.map_err(unavailable)?;
        row.map_err(unavailable)?.map(|row| decode(&row)).transpose()
    }
}
