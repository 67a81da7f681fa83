use super::{bytes, time, timestamp};
use crate::error::known;
use crate::schema::integrations;
use crate::types::{Id, Json, Time, count, stored};
use coffer_core::connection::Reason;
use coffer_core::integration::{Integration, IntegrationState, TestReport};
use coffer_core::{Sealed, StoreError};
use diesel::prelude::*;
use std::collections::BTreeMap;

#[derive(Debug, Clone, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = integrations, primary_key(tenant_id, id))]
#[diesel(treat_none_as_default_value = false, treat_none_as_null = true)]
pub(crate) struct IntegrationRow {
    pub(crate) tenant_id: Id,
    pub(crate) id: Id,
    pub(crate) provider: String,
    pub(crate) name: String,
    pub(crate) state: String,
    pub(crate) reason: Option<Json<Reason>>,
    pub(crate) config: Json<BTreeMap<String, serde_json::Value>>,
    pub(crate) secrets: Option<Vec<u8>>,
    pub(crate) secret_hints: Json<BTreeMap<String, String>>,
    pub(crate) secrets_set_at: Option<Time>,
    pub(crate) version: i64,
    pub(crate) last_test: Option<Json<TestReport>>,
    pub(crate) created_at: Time,
    pub(crate) updated_at: Time,
}

impl From<&Integration> for IntegrationRow {
    fn from(integration: &Integration) -> Self {
        Self {
            tenant_id: integration.owner.into(),
            id: integration.id.into(),
            provider: integration.provider.clone(),
            name: integration.name.clone(),
            state: integration.state.as_str().to_owned(),
            reason: integration.reason.clone().map(Json),
            config: Json(integration.config.clone()),
            secrets: bytes(integration.secrets.as_ref()),
            secret_hints: Json(integration.secret_hints.clone()),
            secrets_set_at: time(integration.secrets_set_at),
            version: stored(integration.version),
            last_test: integration.last_test.clone().map(Json),
            created_at: integration.created_at.into(),
            updated_at: integration.updated_at.into(),
        }
    }
}

impl TryFrom<IntegrationRow> for Integration {
    type Error = StoreError;

    fn try_from(row: IntegrationRow) -> Result<Self, StoreError> {
        Ok(Self {
            owner: row.tenant_id.into(),
            id: row.id.into(),
            provider: row.provider,
            name: row.name,
            state: integration_state(&row.state)?,
            reason: row.reason.map(|json| json.0),
            config: row.config.0,
            secrets: row.secrets.map(Sealed::from_envelope),
            secret_hints: row.secret_hints.0,
            secrets_set_at: timestamp(row.secrets_set_at),
            version: count(row.version),
            last_test: row.last_test.map(|json| json.0),
            created_at: row.created_at.into(),
            updated_at: row.updated_at.into(),
        })
    }
}

pub(crate) fn integration_state(name: &str) -> Result<IntegrationState, StoreError> {
    known(
        IntegrationState::parse(name),
        "an integration in a state without a name",
    )
}
