//! The hot statement's parameters and row in PostgreSQL's binary format, without a query builder in between.

use crate::error::corrupt;
use crate::rows::TokenViewRow;
use crate::types::{Id, Json, Time};
use bytes::BytesMut;
use coffer_core::StoreError;
use coffer_core::error::BoxError;
use serde::de::DeserializeOwned;
use tokio_postgres::Row;
use tokio_postgres::types::{FromSql, IsNull, ToSql, Type, to_sql_checked};
use uuid::Uuid;

/// A parameter that is in the binary format already. Its `Debug` shows nothing, as the driver may log it.
pub(super) struct RawParam<'a>(pub(super) &'a [u8]);

impl std::fmt::Debug for RawParam<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("RawParam")
    }
}

impl ToSql for RawParam<'_> {
    fn to_sql(&self, _: &Type, out: &mut BytesMut) -> Result<IsNull, BoxError> {
        out.extend_from_slice(self.0);
        Ok(IsNull::No)
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

/// A column as it came.
struct Raw<'a>(&'a [u8]);

impl<'a> FromSql<'a> for Raw<'a> {
    fn from_sql(_: &Type, bytes: &'a [u8]) -> Result<Self, BoxError> {
        Ok(Self(bytes))
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}

/// The columns of the hot statement, in their order.
pub(super) fn decode(row: &Row) -> Result<TokenViewRow, StoreError> {
    let column = Columns(row);
    Ok(TokenViewRow {
        integration_tenant_id: column.needed(0, id)?,
        integration_id: column.needed(1, id)?,
        provider: column.needed(2, text)?,
        state: column.needed(3, text)?,
        integration_state: column.needed(4, text)?,
        reason: column.optional(5, json)?,
        scopes: column.needed(6, json)?,
        slot_id: column.needed(7, id)?,
        refreshable: column.needed(8, |bytes| Some(bytes == [1]))?,
        generation: column.needed(9, integer)?,
        refresh_expires_at: column.optional(10, time)?,
        not_before: column.optional(11, time)?,
        token_id: column.optional(12, id)?,
        token: column.optional(13, |bytes| Some(bytes.to_vec()))?,
        token_generation: column.optional(14, integer)?,
        token_type: column.optional(15, text)?,
        issued_at: column.optional(16, time)?,
        expires_at: column.optional(17, time)?,
    })
}

struct Columns<'a>(&'a Row);

impl Columns<'_> {
    fn optional<T>(&self, at: usize, read: impl Fn(&[u8]) -> Option<T>) -> Result<Option<T>, StoreError> {
        let raw: Option<Raw<'_>> = self
            .0
            .try_get(at)
            .map_err(|error| StoreError::Corrupt(Box::new(error)))?;
        raw.map(|raw| read(raw.0).ok_or_else(|| corrupt("a column of the hot statement cannot be read")))
            .transpose()
    }

    fn needed<T>(&self, at: usize, read: impl Fn(&[u8]) -> Option<T>) -> Result<T, StoreError> {
        self.optional(at, read)?
            .ok_or_else(|| corrupt("a column of the hot statement is NULL"))
    }
}

fn id(bytes: &[u8]) -> Option<Id> {
    Uuid::from_slice(bytes).ok().map(Id)
}

fn text(bytes: &[u8]) -> Option<String> {
    std::str::from_utf8(bytes).ok().map(str::to_owned)
}

fn integer(bytes: &[u8]) -> Option<i64> {
    bytes.try_into().ok().map(i64::from_be_bytes)
}

fn time(bytes: &[u8]) -> Option<Time> {
    integer(bytes).map(Time::from_postgres)
}

fn json<T: DeserializeOwned + std::fmt::Debug>(bytes: &[u8]) -> Option<Json<T>> {
    Json::from_jsonb(bytes).ok()
}
