use super::{bytes, fingerprint};
use crate::error::known;
use crate::schema::connections;
use crate::types::{Id, Json, Time};
use coffer_core::connection::{Connection, ConnectionState, Reason, Revocation};
use coffer_core::integration::IntegrationRef;
use coffer_core::{Sealed, StoreError};
use diesel::prelude::*;

#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = connections, treat_none_as_default_value = false)]
pub(crate) struct ConnectionRow {
    pub(crate) tenant_id: Id,
    pub(crate) id: Id,
    pub(crate) user_id: Option<Id>,
    pub(crate) integration_tenant_id: Id,
    pub(crate) integration_id: Id,
    pub(crate) provider: String,
    pub(crate) state: String,
    pub(crate) reason: Option<Json<Reason>>,
    pub(crate) revocation: String,
    pub(crate) subject: Option<Vec<u8>>,
    pub(crate) identity: Option<Vec<u8>>,
    pub(crate) scopes: Json<Vec<String>>,
    pub(crate) scopes_missing: Json<Vec<String>>,
    pub(crate) created_at: Time,
    pub(crate) updated_at: Time,
}

impl From<&Connection> for ConnectionRow {
    fn from(connection: &Connection) -> Self {
        Self {
            tenant_id: connection.tenant.into(),
            id: connection.id.into(),
            user_id: connection.user.map(Id::of),
            integration_tenant_id: connection.integration.owner.into(),
            integration_id: connection.integration.id.into(),
            provider: connection.provider.clone(),
            state: connection.state.as_str().to_owned(),
            reason: connection.reason.clone().map(Json),
            revocation: connection.revocation.as_str().to_owned(),
            subject: connection.subject.map(|subject| subject.0.to_vec()),
            identity: bytes(connection.identity.as_ref()),
            scopes: Json(connection.scopes.clone()),
            scopes_missing: Json(connection.scopes_missing.clone()),
            created_at: connection.created_at.into(),
            updated_at: connection.updated_at.into(),
        }
    }
}

impl TryFrom<ConnectionRow> for Connection {
    type Error = StoreError;

    fn try_from(row: ConnectionRow) -> Result<Self, StoreError> {
        Ok(Self {
            tenant: row.tenant_id.into(),
            id: row.id.into(),
            user: row.user_id.map(Into::into),
            integration: IntegrationRef {
                owner: row.integration_tenant_id.into(),
                id: row.integration_id.into(),
            },
            provider: row.provider,
            state: connection_state(&row.state)?,
            reason: row.reason.map(|json| json.0),
            revocation: known(
                Revocation::parse(&row.revocation),
                "a connection with a revocation without a name",
            )?,
            subject: row.subject.map(fingerprint).transpose()?,
            identity: row.identity.map(Sealed::from_envelope),
            scopes: row.scopes.0,
            scopes_missing: row.scopes_missing.0,
            created_at: row.created_at.into(),
            updated_at: row.updated_at.into(),
        })
    }
}

pub(crate) fn connection_state(name: &str) -> Result<ConnectionState, StoreError> {
    known(
        ConnectionState::parse(name),
        "a connection in a state without a name",
    )
}
