//! SQLite: one writer and a few readers on one file, each statement in place on the store's own threads.

mod connect;
mod migrate;
pub(crate) mod transaction;

#[path = "queries.rs"]
pub(crate) mod queries;

pub(crate) use connect::{Backend, Conn};

use crate::db_time::DbNow;
use crate::rows::{ConnectionRow, FlowRow, SlotRow};
use crate::schema::{connections, credential_slots, flows};
use crate::types::{Id, Time};
use diesel::QueryResult;
use diesel::prelude::{OptionalExtension, QueryDsl, SelectableHelper};
use diesel_async::RunQueryDsl;

// A writing transaction has the whole database to itself (`BEGIN IMMEDIATE`), so a lock is a plain look.

async fn lock_slot(c: &mut Conn, tenant: Id, id: Id) -> QueryResult<Option<(SlotRow, Time)>> {
    credential_slots::table
        .find((tenant, id))
        .select((SlotRow::as_select(), DbNow))
        .get_result(c)
        .await
        .optional()
}

async fn lock_connection(c: &mut Conn, tenant: Id, id: Id) -> QueryResult<Option<ConnectionRow>> {
    connections::table
        .find((tenant, id))
        .select(ConnectionRow::as_select())
        .get_result(c)
        .await
        .optional()
}

async fn lock_flow(c: &mut Conn, tenant: Id, id: Id) -> QueryResult<Option<FlowRow>> {
    flows::table
        .find((tenant, id))
        .select(FlowRow::as_select())
        .get_result(c)
        .await
        .optional()
}

#[cfg(test)]
mod tests;
