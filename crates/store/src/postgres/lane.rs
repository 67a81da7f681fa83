//! The hot read: many at once on a few connections, each in a transaction of its own, in one round trip.
//!
//! BEGIN with the tenant, the prepared statement and COMMIT are handed to the connection in one piece, under a lock, so
//! that nothing comes between them; their answers are awaited without it. So reads of many tenants follow each other on
//! one connection without waiting for each other's answers, which costs the client and the server far less than a
//! connection for each. `SET LOCAL` ends with its COMMIT: the next piece sets its own tenant.
//!
//! Each runtime that reads has a lane of its own: a web worker's reads are written and answered on its own thread, many
//! in one system call, and no other thread is woken. No runtime waits for the lane of another, which may have nobody to
//! drive it. Where there is no lane (no runtime, too many of them, none open yet, one that does not answer), a read takes
//! the ordinary way.
//!
//! Should a statement ever slip out of its transaction, it has no tenant, or another one's, and row-level security lets
//! it see nothing. So a *not found* from here is not believed: an ordinary transaction is asked.

use super::target::Target;
use super::transaction::begin_sql;
use super::wire::{RawParam, decode};
use super::{Backend, queries};
use crate::config::Timeouts;
use crate::rows::TokenViewRow;
use crate::token_view::{TokenViewQuery, prepared_sql};
use crate::tx::{Ended, Spec, TRIES, Who};
use coffer_core::StoreError;
use coffer_core::connection::TokenView;
use coffer_core::id::TenantId;
use futures_util::future::join3;
use std::future::Future as _;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::runtime::{self, Handle};
use tokio::time::{Instant, timeout};
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Client, NoTls, Statement};

/// The most lanes, which is the most connections that they take.
const MOST: usize = 16;

/// How long no lane is opened after one could not be.
const PAUSE: Duration = Duration::from_secs(1);

/// The lanes of one database.
pub(super) struct Lanes {
    connector: Arc<Connector>,
    lanes: Mutex<Vec<Arc<Lane>>>,
}

/// What opens a lane, and how long that and an answer may take.
struct Connector {
    target: Target,
    settings: String,
    timeouts: Timeouts,
}

/// One runtime's lane.
pub(crate) struct Lane {
    home: runtime::Id,
    state: Mutex<State>,
    connector: Arc<Connector>,
}

enum State {
    /// Not to be opened before this time.
    Closed(Option<Instant>),
    Opening,
    Open(Arc<Line>),
}

/// A connection with its prepared statement.
struct Line {
    client: Client,
    statement: Statement,
    order: Mutex<()>,
}

impl Backend {
    /// The lane of the runtime that calls this.
    pub(crate) fn lane(&self) -> Option<Arc<Lane>> {
        self.lanes.of(Handle::try_current().ok()?.id())
    }

    /// The view by way of an ordinary transaction, read again where the connection broke: a read may be repeated.
    pub(crate) async fn token_view(
        &self,
        name: &'static str,
        tenant: TenantId,
        query: TokenViewQuery,
    ) -> Result<Option<TokenView>, StoreError> {
        for left in (0..TRIES).rev() {
            let mut tx = self.begin(Spec::read_one(name, tenant)).await?;
            let found = queries::token::view(tx.conn(), &query).await;
            match tx.end(found, left).await {
                Ended::Done(Err(StoreError::CommitUnknown(_))) | Ended::Again => {}
                Ended::Done(found) => return found,
            }
        }
        Err(StoreError::Unavailable("the read was cut off each time".into()))
    }
}

impl Lanes {
    pub(super) fn new(mut target: Target, settings: String, timeouts: Timeouts) -> Self {
        target.config.application_name("coffer-lane");
        Self {
            connector: Arc::new(Connector {
                target,
                settings,
                timeouts,
            }),
            lanes: Mutex::default(),
        }
    }

    fn of(&self, home: runtime::Id) -> Option<Arc<Lane>> {
        let mut lanes = self.lanes.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(lane) = lanes.iter().find(|lane| lane.home == home) {
            return Some(Arc::clone(lane));
        }
        if lanes.len() >= MOST {
            // A runtime that is gone has closed its line.
            lanes.retain(|lane| lane.is_used());
        }
        if lanes.len() >= MOST {
            return None;
        }
        let lane = Arc::new(Lane {
            home,
            state: Mutex::new(State::Closed(None)),
            connector: Arc::clone(&self.connector),
        });
        lanes.push(Arc::clone(&lane));
        Some(lane)
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
        match timeout(self.connector.timeouts.statement, line.send(tenant, query)).await {
            Ok(Ok(row)) => return row.map(|row| row.into_view(&query.audience)).transpose(),
            Ok(Err(error)) => {
                tracing::debug!(error = %error, "a lane broke; the read takes the ordinary way");
            }
            Err(_) => tracing::warn!("a lane does not answer; the read takes the ordinary way"),
        }
        self.cut(&line);
        Ok(None)
    }

    /// Opens the lane on the runtime that calls this, unless it is open or being opened, or could not be just now.
    pub(crate) fn open(self: &Arc<Self>) {
        {
            let mut state = self.state();
            let may_open = match &*state {
                State::Closed(not_before) => not_before.is_none_or(|time| Instant::now() >= time),
                State::Opening => false,
                State::Open(line) => line.client.is_closed(),
            };
            if !may_open {
                return;
            }
            *state = State::Opening;
        }
        let opening = Opening(Arc::clone(self));
        tokio::spawn(async move {
            let lane = &opening.0;
            match timeout(lane.connector.timeouts.connect, lane.connector.connect()).await {
                Ok(Ok(line)) => *lane.state() = State::Open(Arc::new(line)),
                Ok(Err(error)) => tracing::warn!(error = %error, "a lane could not be opened"),
                Err(_) => tracing::warn!("a lane could not be opened in time"),
            }
        });
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn live(&self) -> Option<Arc<Line>> {
        match &*self.state() {
            State::Open(line) if !line.client.is_closed() => Some(Arc::clone(line)),
            State::Open(_) | State::Opening | State::Closed(_) => None,
        }
    }

    fn is_used(&self) -> bool {
        match &*self.state() {
            State::Open(line) => !line.client.is_closed(),
            State::Opening => true,
            State::Closed(_) => false,
        }
    }

    /// Lets go of a broken line, unless another has taken its place.
    fn cut(&self, broken: &Arc<Line>) {
        let mut state = self.state();
        if matches!(&*state, State::Open(line) if Arc::ptr_eq(line, broken)) {
            *state = State::Closed(None);
        }
    }
}

/// A lane that is being opened. Should that come to nothing, or its runtime end, it is closed again.
struct Opening(Arc<Lane>);

impl Drop for Opening {
    fn drop(&mut self) {
        let mut state = self.0.state();
        if matches!(*state, State::Opening) {
            *state = State::Closed(Some(Instant::now() + PAUSE));
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
