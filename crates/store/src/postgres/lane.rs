//! The hot read: many at once on a few connections, each in a transaction of its own, in one round trip.
//!
//! BEGIN with the tenant, the prepared statement and COMMIT are handed to the connection in one piece, under a lock, so
//! that nothing comes between them; their answers are awaited without it. So reads of many tenants follow each other on
//! one connection without waiting for each other's answers, which costs the client and the server far less than a
//! connection for each. `SET LOCAL` ends with its COMMIT: the next piece sets its own tenant.
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
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Client, NoTls, Statement};

/// As many servers' processes can work at once on a small machine; more of them share the work, not the time.
const LANES: usize = 2;

/// The lanes of one database.
pub(super) struct Lanes {
    target: Target,
    settings: String,
    next: AtomicUsize,
    lanes: [Lane; LANES],
}

#[derive(Default)]
struct Lane {
    line: Mutex<Option<Arc<Line>>>,
    connecting: tokio::sync::Mutex<()>,
}

/// A connection with its prepared statement.
struct Line {
    client: Client,
    statement: Statement,
    order: Mutex<()>,
}

impl Backend {
    pub(crate) async fn token_view(
        &self,
        name: &'static str,
        tenant: TenantId,
        query: TokenViewQuery,
    ) -> Result<Option<TokenView>, StoreError> {
        if let Some(row) = self.lanes.read(tenant, &query).await {
            return row.into_view(&query.audience).map(Some);
        }
        Box::pin(self.token_view_in_transaction(name, tenant, query)).await
    }

    async fn token_view_in_transaction(
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
    pub(super) fn new(target: Target, settings: String) -> Self {
        Self {
            target,
            settings,
            next: AtomicUsize::new(0),
            lanes: Default::default(),
        }
    }

    /// The row, if it is there and the lane is in order. Otherwise nothing is known.
    async fn read(&self, tenant: TenantId, query: &TokenViewQuery) -> Option<TokenViewRow> {
        let turn = self.next.fetch_add(1, Ordering::Relaxed) % LANES;
        let lane = self.lanes.get(turn)?;
        let line = self.line(lane).await?;
        match line.send(tenant, query).await {
            Ok(row) => row,
            Err(error) => {
                tracing::debug!(error = %error, "a lane broke; the read takes the ordinary way");
                lane.cut(&line);
                None
            }
        }
    }

    async fn line(&self, lane: &Lane) -> Option<Arc<Line>> {
        match lane.live() {
            Some(line) => Some(line),
            None => Box::pin(self.new_line(lane)).await,
        }
    }

    async fn new_line(&self, lane: &Lane) -> Option<Arc<Line>> {
        let _only = lane.connecting.lock().await;
        if let Some(line) = lane.live() {
            return Some(line);
        }
        // Why it cannot be made, the ordinary way will say.
        let line = Arc::new(self.connect().await.ok()?);
        *lane.slot() = Some(Arc::clone(&line));
        Some(line)
    }

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
    fn slot(&self) -> std::sync::MutexGuard<'_, Option<Arc<Line>>> {
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
