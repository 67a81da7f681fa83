use crate::error::known;
use crate::schema::audit;
use crate::types::{Id, Json, Time};
use coffer_core::StoreError;
use coffer_core::audit::{AuditEntry, AuditVerb};
use diesel::prelude::*;

#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = audit)]
pub(crate) struct AuditRow {
    pub(crate) tenant_id: Id,
    pub(crate) id: Id,
    pub(crate) at: Time,
    pub(crate) actor: String,
    pub(crate) verb: String,
    pub(crate) target: Id,
    pub(crate) detail: Json<serde_json::Value>,
    pub(crate) request: String,
}

impl From<&AuditEntry> for AuditRow {
    fn from(entry: &AuditEntry) -> Self {
        Self {
            tenant_id: entry.tenant.into(),
            id: entry.id.into(),
            at: entry.at.into(),
            actor: entry.actor.to_string(),
            verb: entry.verb.as_str().to_owned(),
            target: Id(entry.target),
            detail: Json(entry.detail.clone()),
            request: entry.request.clone(),
        }
    }
}

impl TryFrom<AuditRow> for AuditEntry {
    type Error = StoreError;

    fn try_from(row: AuditRow) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.id.into(),
            tenant: row.tenant_id.into(),
            at: row.at.into(),
            actor: known(row.actor.parse().ok(), "an audit row of an unknown actor")?,
            verb: known(
                AuditVerb::parse(&row.verb),
                "an audit row with a verb without a name",
            )?,
            target: row.target.0,
            detail: row.detail.0,
            request: row.request,
        })
    }
}
