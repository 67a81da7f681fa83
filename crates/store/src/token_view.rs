//! The hot statement: what a token read needs, in one row. Its text is fixed, so that building it costs nothing, and
//! each connection prepares it once.

use crate::types::{Id, SqlBytes, SqlId, SqlJson, SqlText, SqlTime};
use diesel::QueryResult;
use diesel::backend::Backend;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::serialize::ToSql;
use diesel::sql_types::{BigInt, Bool, HasSqlType, Nullable};

/// The view of one connection's default slot, with the access token for one audience. Of a connection that is pending
/// or revoked it has no token.
#[derive(Debug, Clone)]
pub(crate) struct TokenViewQuery {
    pub(crate) tenant: Id,
    pub(crate) connection: Id,
    pub(crate) audience: String,
}

const COLUMNS_AND_AUDIENCE: &str = "SELECT c.integration_tenant_id, c.integration_id, c.provider, c.state, i.state, \
     c.reason, c.scopes, s.id, s.refresh IS NOT NULL, s.generation, s.refresh_expires_at, s.not_before, a.id, a.token, \
     a.generation, a.token_type, a.issued_at, a.expires_at \
     FROM connections c \
     JOIN integrations i ON i.tenant_id = c.integration_tenant_id AND i.id = c.integration_id \
     JOIN credential_slots s ON s.tenant_id = c.tenant_id AND s.connection_id = c.id AND s.name = 'default' \
     LEFT JOIN access_tokens a ON a.tenant_id = s.tenant_id AND a.slot_id = s.id \
     AND c.state NOT IN ('pending', 'revoked') AND a.audience = ";

const TENANT: &str = " WHERE c.tenant_id = ";
const CONNECTION: &str = " AND c.id = ";

/// The statement as PostgreSQL prepares it: audience, tenant, connection.
pub(crate) fn prepared_sql() -> String {
    format!("{COLUMNS_AND_AUDIENCE}$1{TENANT}$2{CONNECTION}$3")
}

impl<DB> QueryFragment<DB> for TokenViewQuery
where
    DB: Backend + HasSqlType<SqlId>,
    Id: ToSql<SqlId, DB>,
    String: ToSql<SqlText, DB>,
{
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        out.push_sql(COLUMNS_AND_AUDIENCE);
        out.push_bind_param::<SqlText, String>(&self.audience)?;
        out.push_sql(TENANT);
        out.push_bind_param::<SqlId, Id>(&self.tenant)?;
        out.push_sql(CONNECTION);
        out.push_bind_param::<SqlId, Id>(&self.connection)
    }
}

impl QueryId for TokenViewQuery {
    type QueryId = Self;
    const HAS_STATIC_QUERY_ID: bool = true;
}

impl Query for TokenViewQuery {
    type SqlType = (
        SqlId,
        SqlId,
        SqlText,
        SqlText,
        SqlText,
        Nullable<SqlJson>,
        SqlJson,
        SqlId,
        Bool,
        BigInt,
        Nullable<SqlTime>,
        Nullable<SqlTime>,
        Nullable<SqlId>,
        Nullable<SqlBytes>,
        Nullable<BigInt>,
        Nullable<SqlText>,
        Nullable<SqlTime>,
        Nullable<SqlTime>,
    );
}
