//! The hot read in one round trip: BEGIN with the tenant, the statement, and COMMIT go out together.
//!
//! That is right only while the statement is prepared already: otherwise it waits for its preparation, and COMMIT
//! overtakes it. Then it runs without a tenant, sees nothing, and the answer would be a wrong *not found*. So each
//! connection prepares the statement when it is made, and a *not found* is believed only from an ordinary transaction.

use super::connect::Checkout;
use super::transaction::begin_sql;
use super::{Backend, Conn, queries};
use crate::error::translate;
use crate::rows::TokenViewRow;
use crate::token_view::TokenViewQuery;
use crate::tx::{Ended, Spec, Who};
use crate::types::Id;
use coffer_core::StoreError;
use coffer_core::connection::TokenView;
use coffer_core::id::TenantId;
use diesel::QueryResult;
use diesel::prelude::OptionalExtension as _;
use diesel_async::{RunQueryDsl as _, SimpleAsyncConnection as _};
use uuid::Uuid;

/// What a new connection runs once, so that the statement is prepared.
pub(super) const PRIMER: TokenViewQuery = TokenViewQuery {
    tenant: Id(Uuid::nil()),
    connection: Id(Uuid::nil()),
    audience: String::new(),
};

impl Backend {
    pub(crate) async fn token_view(
        &self,
        name: &'static str,
        tenant: TenantId,
        query: TokenViewQuery,
    ) -> Result<Option<TokenView>, StoreError> {
        let conn = self.app().await?;
        match in_one_piece(conn, tenant, query.clone()).await {
            Ok(Some(row)) => row.into_view(&query.audience).map(Some),
            // Not there; or the connection is dead, or the statement ran alone. An ordinary transaction tells.
            Ok(None) | Err(_) => self.token_view_step_by_step(name, tenant, &query).await,
        }
    }

    async fn token_view_step_by_step(
        &self,
        name: &'static str,
        tenant: TenantId,
        query: &TokenViewQuery,
    ) -> Result<Option<TokenView>, StoreError> {
        let mut tx = self.begin(Spec::read_one(name, tenant)).await?;
        let found = queries::token::view(tx.conn(), query).await;
        match tx.end(found, 0).await {
            Ended::Done(found) => found,
            Ended::Again => Err(StoreError::Unavailable("the read was rolled back".into())),
        }
    }
}

async fn in_one_piece(
    mut checkout: Checkout,
    tenant: TenantId,
    query: TokenViewQuery,
) -> Result<Option<TokenViewRow>, StoreError> {
    let begin = begin_sql(Who::Tenant(tenant));
    let conn: &Conn = checkout.get();
    let (mut first, mut second, mut third) = (conn, conn, conn);
    // All three are sent when they are first polled, in this order.
    let (begun, found, committed): (_, QueryResult<TokenViewRow>, _) = futures_util::join!(
        first.batch_execute(&begin),
        query.get_result(&mut second),
        third.batch_execute("COMMIT"),
    );
    let done = begun.and(committed).and(found.optional());
    // The transaction manager knows nothing of this transaction. Where any part failed, the connection is closed.
    if done.is_ok() {
        checkout.give_back();
    }
    done.map_err(translate)
}
