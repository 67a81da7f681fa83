use super::Conn;
use crate::error::Fault;
use crate::rows::{DataKeyRow, WrapRow};
use crate::schema::{data_key_wraps, data_keys};
use crate::types::Id;
use coffer_core::StoreError;
use coffer_core::data_key::{DataKey, DataKeyPurpose, DataKeyState};
use diesel::prelude::{ExpressionMethods, OptionalExtension, QueryDsl, SelectableHelper};
use diesel_async::RunQueryDsl;

pub(crate) async fn active(
    c: &mut Conn,
    tenant: Id,
    purpose: DataKeyPurpose,
) -> Result<Option<DataKey>, Fault> {
    let row: Option<DataKeyRow> = data_keys::table
        .filter(data_keys::tenant_id.eq(tenant))
        .filter(data_keys::purpose.eq(purpose.as_str()))
        .filter(data_keys::state.eq(DataKeyState::Active.as_str()))
        .select(DataKeyRow::as_select())
        .get_result(c)
        .await
        .optional()?;
    with_wraps(c, row).await
}

pub(crate) async fn find(c: &mut Conn, tenant: Id, id: Id) -> Result<Option<DataKey>, Fault> {
    let row: Option<DataKeyRow> = data_keys::table
        .find((tenant, id))
        .select(DataKeyRow::as_select())
        .get_result(c)
        .await
        .optional()?;
    with_wraps(c, row).await
}

pub(crate) async fn create_first(c: &mut Conn, key: &DataKey) -> Result<DataKey, Fault> {
    let key = DataKey {
        state: DataKeyState::Active,
        ..key.clone()
    };
    if let Some(faster) = active(c, key.tenant.into(), key.purpose).await? {
        return Ok(faster);
    }
    // Two replicas may come here at once; the index of active keys lets one of them in.
    let made = diesel::insert_into(data_keys::table)
        .values(DataKeyRow::from(&key))
        .on_conflict_do_nothing()
        .execute(c)
        .await?;
    if made == 0 {
        let faster = active(c, key.tenant.into(), key.purpose).await?;
        return Ok(faster.ok_or(StoreError::Duplicate("data key of this id"))?);
    }
    for wrap in WrapRow::of(&key) {
        diesel::insert_into(data_key_wraps::table)
            .values(wrap)
            .execute(c)
            .await?;
    }
    Ok(key)
}

async fn with_wraps(c: &mut Conn, row: Option<DataKeyRow>) -> Result<Option<DataKey>, Fault> {
    let Some(row) = row else {
        return Ok(None);
    };
    let wraps: Vec<WrapRow> = data_key_wraps::table
        .filter(data_key_wraps::tenant_id.eq(row.tenant_id))
        .filter(data_key_wraps::data_key_id.eq(row.id))
        .order(data_key_wraps::position.asc())
        .select(WrapRow::as_select())
        .load(c)
        .await?;
    Ok(Some(row.with(wraps)?))
}
