//! PostgreSQL: two pools, one of the role that serves requests and one of the role that looks things up before the
//! tenant is known.

mod connect;
mod grants;
mod inspect;
mod lane;
mod migrate;
mod target;
mod tls;
pub(crate) mod transaction;
mod wire;

#[path = "queries.rs"]
pub(crate) mod queries;

pub(crate) use connect::{Backend, Conn, Urls};

use crate::db_time::DbNow;
use crate::rows::{ConnectionRow, FlowRow, SlotRow};
use crate::schema::{connections, credential_slots, flows};
use crate::types::{Id, Time};
use diesel::QueryResult;
use diesel::prelude::{OptionalExtension, QueryDsl, SelectableHelper};
use diesel_async::RunQueryDsl;

// Foreign keys share-lock the key of the row that they refer to; NO KEY UPDATE does not stand in their way.

async fn lock_slot(c: &mut Conn, tenant: Id, id: Id) -> QueryResult<Option<(SlotRow, Time)>> {
    credential_slots::table
        .find((tenant, id))
        .select((SlotRow::as_select(), DbNow))
        .for_no_key_update()
        .get_result(c)
        .await
        .optional()
}

async fn lock_connection(c: &mut Conn, tenant: Id, id: Id) -> QueryResult<Option<ConnectionRow>> {
    connections::table
        .find((tenant, id))
        .select(ConnectionRow::as_select())
        .for_no_key_update()
        .get_result(c)
        .await
        .optional()
}

async fn lock_flow(c: &mut Conn, tenant: Id, id: Id) -> QueryResult<Option<FlowRow>> {
    flows::table
        .find((tenant, id))
        .select(FlowRow::as_select())
        .for_no_key_update()
        .get_result(c)
        .await
        .optional()
}

#[cfg(test)]
mod tests;
