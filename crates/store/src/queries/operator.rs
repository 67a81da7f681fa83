//! Operators belong to the installation, and are written inside it.

use super::Conn;
use super::audit;
use crate::error::Fault;
use crate::page::{after, limit};
use crate::rows::OperatorRow;
use crate::schema::operators;
use crate::types::{Id, Time};
use coffer_core::audit::AuditEntry;
use coffer_core::caller::Operator;
use coffer_core::page::{Page, PageRequest};
use coffer_core::{StoreError, Timestamp};
use diesel::prelude::{ExpressionMethods, OptionalExtension, QueryDsl, SelectableHelper};
use diesel_async::RunQueryDsl;

pub(crate) async fn create(c: &mut Conn, operator: &Operator, entry: &AuditEntry) -> Result<(), Fault> {
    diesel::insert_into(operators::table)
        .values(OperatorRow::from(operator))
        .execute(c)
        .await?;
    audit::write(c, entry).await
}

pub(crate) async fn list(c: &mut Conn, tenant: Id, page: PageRequest) -> Result<Page<Operator>, Fault> {
    let rows: Vec<OperatorRow> = operators::table
        .filter(operators::tenant_id.eq(tenant))
        .filter(operators::id.gt(after(page)))
        .order(operators::id.asc())
        .limit(limit(page))
        .select(OperatorRow::as_select())
        .load(c)
        .await?;
    let operators = rows
        .into_iter()
        .map(TryInto::try_into)
        .collect::<Result<_, _>>()?;
    Ok(Page::from_overfull(
        operators,
        page.limit,
        |operator: &Operator| operator.id.uuid(),
    ))
}

pub(crate) async fn revoke(
    c: &mut Conn,
    tenant: Id,
    id: Id,
    at: Timestamp,
    entry: &AuditEntry,
) -> Result<Operator, Fault> {
    let live = operators::table
        .find((tenant, id))
        .filter(operators::revoked_at.is_null());
    let revoked = diesel::update(live)
        .set(operators::revoked_at.eq(Some(Time(at))))
        .execute(c)
        .await?;
    let row: Option<OperatorRow> = operators::table
        .find((tenant, id))
        .select(OperatorRow::as_select())
        .get_result(c)
        .await
        .optional()?;
    let operator = row.ok_or(StoreError::NotFound("operator"))?.try_into()?;
    if revoked > 0 {
        audit::write(c, entry).await?;
    }
    Ok(operator)
}
