use crate::error::known;
use crate::schema::{data_key_wraps, data_keys};
use crate::types::{Id, Time};
use coffer_core::StoreError;
use coffer_core::data_key::{DataKey, DataKeyPurpose, DataKeyState, KeyWrap};
use diesel::prelude::*;

#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = data_keys)]
pub(crate) struct DataKeyRow {
    pub(crate) tenant_id: Id,
    pub(crate) id: Id,
    pub(crate) version: i32,
    pub(crate) purpose: String,
    pub(crate) state: String,
    pub(crate) created_at: Time,
}

impl From<&DataKey> for DataKeyRow {
    fn from(key: &DataKey) -> Self {
        Self {
            tenant_id: key.tenant.into(),
            id: key.id.into(),
            version: i32::try_from(key.version).unwrap_or(i32::MAX),
            purpose: key.purpose.as_str().to_owned(),
            state: key.state.as_str().to_owned(),
            created_at: key.created_at.into(),
        }
    }
}

impl DataKeyRow {
    pub(crate) fn with(self, wraps: Vec<WrapRow>) -> Result<DataKey, StoreError> {
        Ok(DataKey {
            tenant: self.tenant_id.into(),
            id: self.id.into(),
            version: u32::try_from(self.version).unwrap_or(0),
            purpose: known(
                DataKeyPurpose::parse(&self.purpose),
                "a data key for a purpose without a name",
            )?,
            state: known(
                DataKeyState::parse(&self.state),
                "a data key in a state without a name",
            )?,
            created_at: self.created_at.into(),
            wraps: wraps.into_iter().map(Into::into).collect(),
        })
    }
}

#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = data_key_wraps)]
pub(crate) struct WrapRow {
    pub(crate) tenant_id: Id,
    pub(crate) data_key_id: Id,
    pub(crate) position: i32,
    pub(crate) kek: String,
    pub(crate) blob: Vec<u8>,
}

impl WrapRow {
    pub(crate) fn of(key: &DataKey) -> Vec<Self> {
        (0..)
            .zip(&key.wraps)
            .map(|(position, wrap)| Self {
                tenant_id: key.tenant.into(),
                data_key_id: key.id.into(),
                position,
                kek: wrap.kek.clone(),
                blob: wrap.blob.clone(),
            })
            .collect()
    }
}

impl From<WrapRow> for KeyWrap {
    fn from(row: WrapRow) -> Self {
        Self {
            kek: row.kek,
            blob: row.blob,
        }
    }
}
