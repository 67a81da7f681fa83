//! The database's own clock, by which leases live and die.

use crate::types::SqlTime;
use diesel::QueryResult;
use diesel::expression::{AppearsOnTable, Expression, SelectableExpression, ValidGrouping, is_aggregate};
use diesel::pg::Pg;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::sql_types::BigInt;
use diesel::sqlite::Sqlite;
use std::time::Duration;

/// Now, in microseconds on PostgreSQL and in milliseconds on SQLite.
#[derive(Debug, Clone, Copy, QueryId)]
pub(crate) struct DbNow;

/// Now plus so many microseconds.
#[derive(Debug, Clone, Copy, QueryId)]
pub(crate) struct DbIn {
    micros: i64,
}

impl DbIn {
    pub(crate) fn after(wait: Duration) -> Self {
        Self {
            micros: i64::try_from(wait.as_micros())
                .unwrap_or(i64::MAX / 4)
                .min(i64::MAX / 4),
        }
    }
}

const SQLITE_NOW: &str = "(CAST(round(unixepoch('subsec') * 1000) AS INTEGER) * 1000)";

impl QueryFragment<Pg> for DbNow {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql("clock_timestamp()");
        Ok(())
    }
}

impl QueryFragment<Sqlite> for DbNow {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Sqlite>) -> QueryResult<()> {
        out.push_sql(SQLITE_NOW);
        Ok(())
    }
}

impl QueryFragment<Pg> for DbIn {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql("(clock_timestamp() + ");
        out.push_bind_param::<BigInt, i64>(&self.micros)?;
        out.push_sql(" * interval '1 microsecond')");
        Ok(())
    }
}

impl QueryFragment<Sqlite> for DbIn {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Sqlite>) -> QueryResult<()> {
        out.push_sql("(");
        out.push_sql(SQLITE_NOW);
        out.push_sql(" + ");
        out.push_bind_param::<BigInt, i64>(&self.micros)?;
        out.push_sql(")");
        Ok(())
    }
}

macro_rules! time_expression {
    ($($name:ident)*) => {$(
        impl Expression for $name {
            type SqlType = SqlTime;
        }
        impl<T> AppearsOnTable<T> for $name {}
        impl<T> SelectableExpression<T> for $name {}
        impl<G> ValidGrouping<G> for $name {
            type IsAggregate = is_aggregate::Never;
        }
    )*};
}

time_expression! { DbNow DbIn }
