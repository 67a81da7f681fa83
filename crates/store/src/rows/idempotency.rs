use crate::schema::idempotency_keys;
use crate::types::{Id, Time};
use coffer_core::Sealed;
use coffer_core::idempotency::{IdempotencyKey, KeptAnswer};
use diesel::prelude::*;

#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = idempotency_keys, treat_none_as_default_value = false)]
pub(crate) struct IdempotencyRow {
    pub(crate) tenant_id: Id,
    pub(crate) id: Id,
    pub(crate) key_hash: Vec<u8>,
    pub(crate) request: Vec<u8>,
    pub(crate) created_at: Time,
    pub(crate) expires_at: Time,
    pub(crate) status: Option<i32>,
    pub(crate) body: Option<Vec<u8>>,
}

impl IdempotencyRow {
    pub(crate) fn taken(tenant: Id, key: &IdempotencyKey) -> Self {
        Self {
            tenant_id: tenant,
            id: Id(key.id),
            key_hash: key.key.0.to_vec(),
            request: key.request.0.to_vec(),
            created_at: key.created_at.into(),
            expires_at: key.expires_at.into(),
            status: None,
            body: None,
        }
    }

    pub(crate) fn answer(&self) -> Option<KeptAnswer> {
        let status = self.status.and_then(|status| u16::try_from(status).ok())?;
        self.body.as_ref().map(|body| KeptAnswer {
            id: self.id.0,
            status,
            body: Sealed::from_envelope(body.clone()),
        })
    }
}
