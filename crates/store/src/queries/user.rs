use super::Conn;
use super::audit;
use crate::error::Fault;
use crate::page::{after, limit};
use crate::rows::UserRow;
use crate::schema::users;
use crate::types::Id;
use coffer_core::StoreError;
use coffer_core::audit::AuditEntry;
use coffer_core::page::{Page, PageRequest};
use coffer_core::tenant::User;
use diesel::prelude::{ExpressionMethods, OptionalExtension, QueryDsl, SelectableHelper};
use diesel_async::RunQueryDsl;

pub(crate) async fn ensure(c: &mut Conn, user: &User, entry: &AuditEntry) -> Result<User, Fault> {
    let tenant = user.tenant.into();
    if let Some(there) = find_by_external_id(c, tenant, &user.external_id).await? {
        return Ok(there);
    }
    let made = diesel::insert_into(users::table)
        .values(UserRow::from(user))
        .on_conflict_do_nothing()
        .execute(c)
        .await?;
    if made == 0 {
        // Another replica was faster, unless the id is taken.
        let faster = find_by_external_id(c, tenant, &user.external_id).await?;
        return Ok(faster.ok_or(StoreError::Duplicate("user of this id"))?);
    }
    audit::write(c, entry).await?;
    Ok(user.clone())
}

pub(crate) async fn find(c: &mut Conn, tenant: Id, id: Id) -> Result<Option<User>, Fault> {
    let row: Option<UserRow> = users::table
        .find((tenant, id))
        .select(UserRow::as_select())
        .get_result(c)
        .await
        .optional()?;
    Ok(row.map(Into::into))
}

pub(crate) async fn find_by_external_id(
    c: &mut Conn,
    tenant: Id,
    external_id: &str,
) -> Result<Option<User>, Fault> {
    let row: Option<UserRow> = users::table
        .filter(users::tenant_id.eq(tenant))
        .filter(users::external_id.eq(external_id))
        .select(UserRow::as_select())
        .get_result(c)
        .await
        .optional()?;
    Ok(row.map(Into::into))
}

pub(crate) async fn list(c: &mut Conn, tenant: Id, page: PageRequest) -> Result<Page<User>, Fault> {
    let rows: Vec<UserRow> = users::table
        .filter(users::tenant_id.eq(tenant))
        .filter(users::id.gt(after(page)))
        .order(users::id.asc())
        .limit(limit(page))
        .select(UserRow::as_select())
        .load(c)
        .await?;
    Ok(Page::from_overfull(rows, page.limit, |row| row.id.0).map(Into::into))
}
