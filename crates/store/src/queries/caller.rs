use super::Conn;
use super::audit;
use crate::error::Fault;
use crate::page::{after, limit};
use crate::rows::CallerRow;
use crate::schema::callers;
use crate::types::{Id, Time};
use coffer_core::audit::AuditEntry;
use coffer_core::caller::Caller;
use coffer_core::page::{Page, PageRequest};
use coffer_core::{StoreError, Timestamp};
use diesel::prelude::{ExpressionMethods, OptionalExtension, QueryDsl, SelectableHelper};
use diesel_async::RunQueryDsl;

pub(crate) async fn create(c: &mut Conn, caller: &Caller, entry: &AuditEntry) -> Result<(), Fault> {
    diesel::insert_into(callers::table)
        .values(CallerRow::from(caller))
        .execute(c)
        .await?;
    audit::write(c, entry).await
}

pub(crate) async fn find(c: &mut Conn, tenant: Id, id: Id) -> Result<Option<Caller>, Fault> {
    let row: Option<CallerRow> = callers::table
        .find((tenant, id))
        .select(CallerRow::as_select())
        .get_result(c)
        .await
        .optional()?;
    Ok(row.map(TryInto::try_into).transpose()?)
}

pub(crate) async fn list(c: &mut Conn, tenant: Id, page: PageRequest) -> Result<Page<Caller>, Fault> {
    let rows: Vec<CallerRow> = callers::table
        .filter(callers::tenant_id.eq(tenant))
        .filter(callers::id.gt(after(page)))
        .order(callers::id.asc())
        .limit(limit(page))
        .select(CallerRow::as_select())
        .load(c)
        .await?;
    let callers = rows
        .into_iter()
        .map(TryInto::try_into)
        .collect::<Result<_, _>>()?;
    Ok(Page::from_overfull(callers, page.limit, |caller: &Caller| {
        caller.id.uuid()
    }))
}

pub(crate) async fn revoke(
    c: &mut Conn,
    tenant: Id,
    id: Id,
    at: Timestamp,
    entry: &AuditEntry,
) -> Result<Caller, Fault> {
    let live = callers::table
        .find((tenant, id))
        .filter(callers::revoked_at.is_null());
    let revoked = diesel::update(live)
        .set(callers::revoked_at.eq(Some(Time(at))))
        .execute(c)
        .await?;
    let caller = find(c, tenant, id).await?.ok_or(StoreError::NotFound("caller"))?;
    if revoked > 0 {
        audit::write(c, entry).await?;
    }
    Ok(caller)
}
