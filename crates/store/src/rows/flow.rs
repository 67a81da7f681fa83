use super::{secret_hash, time, timestamp};
use crate::error::corrupt;
use crate::schema::flows;
use crate::types::{Id, Json, Time};
use coffer_core::flow::{Flow, FlowResult};
use coffer_core::integration::IntegrationRef;
use coffer_core::{Sealed, StoreError};
use diesel::prelude::*;

#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = flows, treat_none_as_default_value = false)]
pub(crate) struct FlowRow {
    pub(crate) tenant_id: Id,
    pub(crate) id: Id,
    pub(crate) session_id: Id,
    pub(crate) integration_tenant_id: Id,
    pub(crate) integration_id: Id,
    pub(crate) state_hash: Vec<u8>,
    pub(crate) browser_hash: Vec<u8>,
    pub(crate) secrets: Vec<u8>,
    pub(crate) redirect_uri: String,
    pub(crate) issuer: Option<String>,
    pub(crate) scopes: Json<Vec<String>>,
    pub(crate) created_at: Time,
    pub(crate) expires_at: Time,
    pub(crate) consumed_at: Option<Time>,
    pub(crate) result_connection_id: Option<Id>,
    pub(crate) result_hash: Option<Vec<u8>>,
    pub(crate) result_expires_at: Option<Time>,
    pub(crate) redeemed_at: Option<Time>,
}

impl From<&Flow> for FlowRow {
    fn from(flow: &Flow) -> Self {
        let result = flow.result.as_ref();
        Self {
            tenant_id: flow.tenant.into(),
            id: flow.id.into(),
            session_id: flow.session.into(),
            integration_tenant_id: flow.integration.owner.into(),
            integration_id: flow.integration.id.into(),
            state_hash: flow.state_hash.0.to_vec(),
            browser_hash: flow.browser_hash.0.to_vec(),
            secrets: flow.secrets.as_bytes().to_vec(),
            redirect_uri: flow.redirect_uri.clone(),
            issuer: flow.issuer.clone(),
            scopes: Json(flow.scopes.clone()),
            created_at: flow.created_at.into(),
            expires_at: flow.expires_at.into(),
            consumed_at: time(flow.consumed_at),
            result_connection_id: result.map(|result| result.connection.into()),
            result_hash: result.map(|result| result.result_hash.0.to_vec()),
            result_expires_at: result.map(|result| result.expires_at.into()),
            redeemed_at: time(result.and_then(|result| result.redeemed_at)),
        }
    }
}

impl TryFrom<FlowRow> for Flow {
    type Error = StoreError;

    fn try_from(row: FlowRow) -> Result<Self, StoreError> {
        let result = match (row.result_connection_id, row.result_hash, row.result_expires_at) {
            (Some(connection), Some(hash), Some(expires_at)) => Some(FlowResult {
                connection: connection.into(),
                result_hash: secret_hash(hash)?,
                expires_at: expires_at.into(),
                redeemed_at: timestamp(row.redeemed_at),
            }),
            (None, None, None) => None,
            (_, _, _) => return Err(corrupt("half a result of a flow")),
        };
        Ok(Self {
            tenant: row.tenant_id.into(),
            id: row.id.into(),
            session: row.session_id.into(),
            integration: IntegrationRef {
                owner: row.integration_tenant_id.into(),
                id: row.integration_id.into(),
            },
            state_hash: secret_hash(row.state_hash)?,
            browser_hash: secret_hash(row.browser_hash)?,
            secrets: Sealed::from_envelope(row.secrets),
            redirect_uri: row.redirect_uri,
            issuer: row.issuer,
            scopes: row.scopes.0,
            created_at: row.created_at.into(),
            expires_at: row.expires_at.into(),
            consumed_at: timestamp(row.consumed_at),
            result,
        })
    }
}
