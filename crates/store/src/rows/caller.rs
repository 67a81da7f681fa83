use super::{secret_hash, time, timestamp};
use crate::schema::{callers, operators};
use crate::types::{Id, Json, Time};
use coffer_core::StoreError;
use coffer_core::caller::{Caller, CallerVerb, Operator};
use coffer_core::id::{ConnectionId, IntegrationId, TenantId};
use diesel::prelude::*;

#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = callers, treat_none_as_default_value = false)]
pub(crate) struct CallerRow {
    pub(crate) tenant_id: Id,
    pub(crate) id: Id,
    pub(crate) name: String,
    pub(crate) key_hash: Vec<u8>,
    pub(crate) key_hint: String,
    pub(crate) verbs: Json<Vec<CallerVerb>>,
    pub(crate) integrations: Option<Json<Vec<IntegrationId>>>,
    pub(crate) connections: Option<Json<Vec<ConnectionId>>>,
    pub(crate) created_at: Time,
    pub(crate) expires_at: Time,
    pub(crate) revoked_at: Option<Time>,
}

impl From<&Caller> for CallerRow {
    fn from(caller: &Caller) -> Self {
        Self {
            tenant_id: caller.tenant.into(),
            id: caller.id.into(),
            name: caller.name.clone(),
            key_hash: caller.key_hash.0.to_vec(),
            key_hint: caller.key_hint.clone(),
            verbs: Json(caller.verbs.clone()),
            integrations: caller.integrations.clone().map(Json),
            connections: caller.connections.clone().map(Json),
            created_at: caller.created_at.into(),
            expires_at: caller.expires_at.into(),
            revoked_at: time(caller.revoked_at),
        }
    }
}

impl TryFrom<CallerRow> for Caller {
    type Error = StoreError;

    fn try_from(row: CallerRow) -> Result<Self, StoreError> {
        Ok(Self {
            tenant: row.tenant_id.into(),
            id: row.id.into(),
            name: row.name,
            key_hash: secret_hash(row.key_hash)?,
            key_hint: row.key_hint,
            verbs: row.verbs.0,
            integrations: row.integrations.map(|json| json.0),
            connections: row.connections.map(|json| json.0),
            created_at: row.created_at.into(),
            expires_at: row.expires_at.into(),
            revoked_at: timestamp(row.revoked_at),
        })
    }
}

/// Operators belong to the installation.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = operators, treat_none_as_default_value = false)]
pub(crate) struct OperatorRow {
    pub(crate) tenant_id: Id,
    pub(crate) id: Id,
    pub(crate) name: String,
    pub(crate) key_hash: Vec<u8>,
    pub(crate) key_hint: String,
    pub(crate) created_at: Time,
    pub(crate) expires_at: Time,
    pub(crate) revoked_at: Option<Time>,
}

impl From<&Operator> for OperatorRow {
    fn from(operator: &Operator) -> Self {
        Self {
            tenant_id: TenantId::INSTALLATION.into(),
            id: operator.id.into(),
            name: operator.name.clone(),
            key_hash: operator.key_hash.0.to_vec(),
            key_hint: operator.key_hint.clone(),
            created_at: operator.created_at.into(),
            expires_at: operator.expires_at.into(),
            revoked_at: time(operator.revoked_at),
        }
    }
}

impl TryFrom<OperatorRow> for Operator {
    type Error = StoreError;

    fn try_from(row: OperatorRow) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.id.into(),
            name: row.name,
            key_hash: secret_hash(row.key_hash)?,
            key_hint: row.key_hint,
            created_at: row.created_at.into(),
            expires_at: row.expires_at.into(),
            revoked_at: timestamp(row.revoked_at),
        })
    }
}
