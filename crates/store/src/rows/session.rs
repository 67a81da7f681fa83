use super::{secret_hash, time, timestamp};
use crate::schema::connect_sessions;
use crate::types::{Id, Json, Time};
use coffer_core::StoreError;
use coffer_core::flow::ConnectSession;
use coffer_core::integration::IntegrationRef;
use diesel::prelude::*;

#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = connect_sessions, treat_none_as_default_value = false)]
pub(crate) struct SessionRow {
    pub(crate) tenant_id: Id,
    pub(crate) id: Id,
    pub(crate) token_hash: Vec<u8>,
    pub(crate) integration_tenant_id: Id,
    pub(crate) integration_id: Id,
    pub(crate) user_id: Option<Id>,
    pub(crate) connection_id: Option<Id>,
    pub(crate) scopes: Json<Vec<String>>,
    pub(crate) return_to: String,
    pub(crate) created_at: Time,
    pub(crate) expires_at: Time,
    pub(crate) opened_at: Option<Time>,
}

impl From<&ConnectSession> for SessionRow {
    fn from(session: &ConnectSession) -> Self {
        Self {
            tenant_id: session.tenant.into(),
            id: session.id.into(),
            token_hash: session.token_hash.0.to_vec(),
            integration_tenant_id: session.integration.owner.into(),
            integration_id: session.integration.id.into(),
            user_id: session.user.map(Id::of),
            connection_id: session.connection.map(Id::of),
            scopes: Json(session.scopes.clone()),
            return_to: session.return_to.clone(),
            created_at: session.created_at.into(),
            expires_at: session.expires_at.into(),
            opened_at: time(session.opened_at),
        }
    }
}

impl TryFrom<SessionRow> for ConnectSession {
    type Error = StoreError;

    fn try_from(row: SessionRow) -> Result<Self, StoreError> {
        Ok(Self {
            tenant: row.tenant_id.into(),
            id: row.id.into(),
            token_hash: secret_hash(row.token_hash)?,
            integration: IntegrationRef {
                owner: row.integration_tenant_id.into(),
                id: row.integration_id.into(),
            },
            user: row.user_id.map(Into::into),
            connection: row.connection_id.map(Into::into),
            scopes: row.scopes.0,
            return_to: row.return_to,
            created_at: row.created_at.into(),
            expires_at: row.expires_at.into(),
            opened_at: timestamp(row.opened_at),
        })
    }
}
