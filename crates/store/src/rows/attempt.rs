use super::{fingerprint, time, timestamp};
use crate::error::known;
use crate::schema::attempts;
use crate::types::{Id, Json, Time, count, stored};
use coffer_core::StoreError;
use coffer_core::connection::{Attempt, AttemptKind, AttemptOutcome, Reason};
use diesel::prelude::*;

#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = attempts, treat_none_as_default_value = false)]
pub(crate) struct AttemptRow {
    pub(crate) tenant_id: Id,
    pub(crate) id: Id,
    pub(crate) kind: String,
    pub(crate) connection_id: Option<Id>,
    pub(crate) slot_id: Option<Id>,
    pub(crate) generation: i64,
    pub(crate) epoch: i64,
    pub(crate) fingerprint: Vec<u8>,
    pub(crate) started_at: Time,
    pub(crate) outcome: Option<String>,
    pub(crate) reason: Option<Json<Reason>>,
    pub(crate) finished_at: Option<Time>,
}

impl From<&Attempt> for AttemptRow {
    fn from(attempt: &Attempt) -> Self {
        Self {
            tenant_id: attempt.tenant.into(),
            id: attempt.id.into(),
            kind: attempt.kind.as_str().to_owned(),
            connection_id: attempt.connection.map(Id::of),
            slot_id: attempt.slot.map(Id::of),
            generation: stored(attempt.generation),
            epoch: stored(attempt.epoch),
            fingerprint: attempt.fingerprint.0.to_vec(),
            started_at: attempt.started_at.into(),
            outcome: attempt.outcome.map(|outcome| outcome.as_str().to_owned()),
            reason: attempt.reason.clone().map(Json),
            finished_at: time(attempt.finished_at),
        }
    }
}

impl AttemptRow {
    pub(crate) fn succeeded(&self) -> bool {
        self.outcome.as_deref() == Some(AttemptOutcome::Succeeded.as_str())
    }
}

impl TryFrom<AttemptRow> for Attempt {
    type Error = StoreError;

    fn try_from(row: AttemptRow) -> Result<Self, StoreError> {
        let outcome = row.outcome.map(|name| {
            known(
                AttemptOutcome::parse(&name),
                "an attempt with an outcome without a name",
            )
        });
        Ok(Self {
            tenant: row.tenant_id.into(),
            id: row.id.into(),
            kind: known(
                AttemptKind::parse(&row.kind),
                "an attempt of a kind without a name",
            )?,
            connection: row.connection_id.map(Into::into),
            slot: row.slot_id.map(Into::into),
            generation: count(row.generation),
            epoch: count(row.epoch),
            fingerprint: fingerprint(row.fingerprint)?,
            started_at: row.started_at.into(),
            outcome: outcome.transpose()?,
            reason: row.reason.map(|json| json.0),
            finished_at: timestamp(row.finished_at),
        })
    }
}
