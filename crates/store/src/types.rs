//! SQL types that both databases have, each in its native form, and the values that go in and out of them.
//!
//! The object ids of PostgreSQL are fixed, so that no connection has to look them up.

use coffer_core::Timestamp;
use diesel::backend::Backend;
use diesel::deserialize::{self, FromSql, FromSqlRow};
use diesel::expression::AsExpression;
use diesel::pg::{Pg, PgValue};
use diesel::query_builder::QueryId;
use diesel::serialize::{self, IsNull, Output, ToSql};
use diesel::sql_types::{BigInt, Binary, SqlType, Text};
use diesel::sqlite::Sqlite;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::io::Write as _;
use uuid::Uuid;

/// `uuid`, or sixteen bytes.
#[derive(SqlType, QueryId, Clone, Copy, Debug)]
#[diesel(postgres_type(oid = 2950, array_oid = 2951), sqlite_type(name = "Binary"))]
pub struct SqlId;

/// `timestamptz`, or microseconds since 1970.
#[derive(SqlType, QueryId, Clone, Copy, Debug)]
#[diesel(postgres_type(oid = 1184, array_oid = 1185), sqlite_type(name = "Long"))]
pub struct SqlTime;

/// `jsonb`, or text.
#[derive(SqlType, QueryId, Clone, Copy, Debug)]
#[diesel(postgres_type(oid = 3802, array_oid = 3807), sqlite_type(name = "Text"))]
pub struct SqlJson;

/// The id of a row.
#[derive(AsExpression, FromSqlRow, Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[diesel(sql_type = SqlId)]
pub(crate) struct Id(pub(crate) Uuid);

/// A point in time.
#[derive(AsExpression, FromSqlRow, Clone, Copy, Debug, PartialEq, Eq)]
#[diesel(sql_type = SqlTime)]
pub(crate) struct Time(pub(crate) Timestamp);

/// A value as JSON.
#[derive(AsExpression, FromSqlRow, Clone, Debug)]
#[diesel(sql_type = SqlJson)]
pub(crate) struct Json<T: std::fmt::Debug>(pub(crate) T);

/// From 1970 to 2000, where PostgreSQL begins to count.
const EPOCH_SHIFT: i64 = 946_684_800_000_000;

impl ToSql<SqlId, Pg> for Id {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
        out.write_all(self.0.as_bytes())?;
        Ok(IsNull::No)
    }
}

impl FromSql<SqlId, Pg> for Id {
    fn from_sql(value: PgValue<'_>) -> deserialize::Result<Self> {
        Ok(Self(Uuid::from_slice(value.as_bytes())?))
    }
}

impl ToSql<SqlId, Sqlite> for Id {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Sqlite>) -> serialize::Result {
        out.set_value(self.0.as_bytes().as_slice());
        Ok(IsNull::No)
    }
}

impl FromSql<SqlId, Sqlite> for Id {
    fn from_sql(mut value: <Sqlite as Backend>::RawValue<'_>) -> deserialize::Result<Self> {
        Ok(Self(Uuid::from_slice(value.read_blob())?))
    }
}

impl ToSql<SqlTime, Pg> for Time {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
        let micros = self.0.unix_micros().saturating_sub(EPOCH_SHIFT);
        out.write_all(&micros.to_be_bytes())?;
        Ok(IsNull::No)
    }
}

impl FromSql<SqlTime, Pg> for Time {
    fn from_sql(value: PgValue<'_>) -> deserialize::Result<Self> {
        <i64 as FromSql<BigInt, Pg>>::from_sql(value).map(Self::from_postgres)
    }
}

impl ToSql<SqlTime, Sqlite> for Time {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Sqlite>) -> serialize::Result {
        out.set_value(self.0.unix_micros());
        Ok(IsNull::No)
    }
}

impl FromSql<SqlTime, Sqlite> for Time {
    fn from_sql(mut value: <Sqlite as Backend>::RawValue<'_>) -> deserialize::Result<Self> {
        Ok(Self(Timestamp::from_unix_micros(value.read_long())))
    }
}

impl<T: Serialize + std::fmt::Debug> ToSql<SqlJson, Pg> for Json<T> {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
        out.write_all(&[1])?;
        serde_json::to_writer(out, &self.0)?;
        Ok(IsNull::No)
    }
}

impl<T: DeserializeOwned + std::fmt::Debug> FromSql<SqlJson, Pg> for Json<T> {
    fn from_sql(value: PgValue<'_>) -> deserialize::Result<Self> {
        Self::from_jsonb(value.as_bytes())
    }
}

impl<T: Serialize + std::fmt::Debug> ToSql<SqlJson, Sqlite> for Json<T> {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Sqlite>) -> serialize::Result {
        out.set_value(serde_json::to_string(&self.0)?);
        Ok(IsNull::No)
    }
}

impl<T: DeserializeOwned + std::fmt::Debug> FromSql<SqlJson, Sqlite> for Json<T> {
    fn from_sql(mut value: <Sqlite as Backend>::RawValue<'_>) -> deserialize::Result<Self> {
        Ok(Self(serde_json::from_str(value.read_text())?))
    }
}

impl Time {
    /// From microseconds since 2000.
    pub(crate) fn from_postgres(micros: i64) -> Self {
        Self(Timestamp::from_unix_micros(micros.saturating_add(EPOCH_SHIFT)))
    }
}

impl<T: DeserializeOwned + std::fmt::Debug> Json<T> {
    /// From the binary format of `jsonb`: a version, and the text.
    pub(crate) fn from_jsonb(bytes: &[u8]) -> deserialize::Result<Self> {
        match bytes.split_first() {
            Some((1, text)) => Ok(Self(serde_json::from_slice(text)?)),
            Some(_) | None => Err("a jsonb value of an unknown version".into()),
        }
    }
}

impl Id {
    /// The row of a typed id.
    pub(crate) fn of(id: impl Into<Self>) -> Self {
        id.into()
    }
}

macro_rules! ids {
    ($($name:ident)*) => {$(
        impl From<coffer_core::id::$name> for Id {
            fn from(id: coffer_core::id::$name) -> Self {
                Self(id.uuid())
            }
        }
        impl From<Id> for coffer_core::id::$name {
            fn from(id: Id) -> Self {
                Self::from_uuid(id.0)
            }
        }
    )*};
}

ids! {
    TenantId UserId IntegrationId ConnectionId SlotId AttemptId FlowId ConnectSessionId DataKeyId OperatorId CallerId
    AuditId ReplicaId
}

impl From<Timestamp> for Time {
    fn from(time: Timestamp) -> Self {
        Self(time)
    }
}

impl From<Time> for Timestamp {
    fn from(time: Time) -> Self {
        time.0
    }
}

/// A count that only grows, as a database keeps it. No row lives long enough to reach the end.
pub(crate) fn stored(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// A count as it was stored; it is never negative.
pub(crate) fn count(stored: i64) -> u64 {
    u64::try_from(stored).unwrap_or(0)
}

/// Both kinds of text and bytes, spelled once for hand-written statements.
pub(crate) type SqlText = Text;
/// Bytes.
pub(crate) type SqlBytes = Binary;
