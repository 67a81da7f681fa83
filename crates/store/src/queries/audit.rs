use super::Conn;
use crate::error::Fault;
use crate::page::{before, limit};
use crate::rows::AuditRow;
use crate::schema::audit;
use crate::types::Id;
use coffer_core::audit::AuditEntry;
use coffer_core::page::{Page, PageRequest};
use diesel::prelude::{ExpressionMethods, QueryDsl, SelectableHelper};
use diesel_async::RunQueryDsl;

/// Writes the row of a change, in the change's own transaction.
pub(crate) async fn write(c: &mut Conn, entry: &AuditEntry) -> Result<(), Fault> {
    diesel::insert_into(audit::table)
        .values(AuditRow::from(entry))
        .execute(c)
        .await?;
    Ok(())
}

pub(crate) async fn list(c: &mut Conn, tenant: Id, page: PageRequest) -> Result<Page<AuditEntry>, Fault> {
    let rows: Vec<AuditRow> = audit::table
        .filter(audit::tenant_id.eq(tenant))
        .filter(audit::id.lt(before(page)))
        .order(audit::id.desc())
        .limit(limit(page))
        .select(AuditRow::as_select())
        .load(c)
        .await?;
    let entries = rows
        .into_iter()
        .map(TryInto::try_into)
        .collect::<Result<_, _>>()?;
    Ok(Page::from_overfull(entries, page.limit, |entry: &AuditEntry| {
        entry.id.uuid()
    }))
}
