use super::Conn;
use super::audit;
use crate::error::{Fault, is_referred_to};
use crate::page::{after, limit};
use crate::rows::IntegrationRow;
use crate::schema::{connections, flows, integrations};
use crate::types::Id;
use coffer_core::StoreError;
use coffer_core::audit::AuditEntry;
use coffer_core::connection::ConnectionState;
use coffer_core::id::TenantId;
use coffer_core::integration::{Integration, IntegrationRef, IntegrationState};
use coffer_core::page::{Page, PageRequest};
use diesel::dsl::exists;
use diesel::prelude::{
    BoolExpressionMethods, ExpressionMethods, OptionalExtension, QueryDsl, SelectableHelper,
};
use diesel_async::RunQueryDsl;

pub(crate) async fn create(c: &mut Conn, integration: &Integration, entry: &AuditEntry) -> Result<(), Fault> {
    diesel::insert_into(integrations::table)
        .values(IntegrationRow::from(integration))
        .execute(c)
        .await?;
    audit::write(c, entry).await
}

pub(crate) async fn update(
    c: &mut Conn,
    integration: &Integration,
    read: IntegrationState,
    entry: &AuditEntry,
) -> Result<(), Fault> {
    let row = IntegrationRow::from(integration);
    let key = (row.tenant_id, row.id);
    let as_read = integrations::table
        .find(key)
        .filter(integrations::version.eq(row.version.saturating_sub(1)))
        .filter(integrations::state.eq(read.as_str()));
    let changed = diesel::update(as_read).set(row).execute(c).await?;
    if changed > 0 {
        return audit::write(c, entry).await;
    }
    let there: bool = diesel::select(exists(integrations::table.find(key)))
        .get_result(c)
        .await?;
    Err(if there {
        StoreError::Stale("integration").into()
    } else {
        StoreError::NotFound("integration").into()
    })
}

/// The tenant's own, or the installation's.
pub(crate) async fn find(c: &mut Conn, tenant: Id, id: Id) -> Result<Option<Integration>, Fault> {
    let row: Option<IntegrationRow> = integrations::table
        .filter(
            integrations::tenant_id
                .eq(tenant)
                .or(integrations::tenant_id.eq(Id::of(TenantId::INSTALLATION))),
        )
        .filter(integrations::id.eq(id))
        .select(IntegrationRow::as_select())
        .get_result(c)
        .await
        .optional()?;
    Ok(row.map(TryInto::try_into).transpose()?)
}

pub(crate) async fn list(c: &mut Conn, tenant: Id, page: PageRequest) -> Result<Page<Integration>, Fault> {
    let rows: Vec<IntegrationRow> = integrations::table
        .filter(
            integrations::tenant_id
                .eq(tenant)
                .or(integrations::tenant_id.eq(Id::of(TenantId::INSTALLATION))),
        )
        .filter(integrations::id.gt(after(page)))
        .order(integrations::id.asc())
        .limit(limit(page))
        .select(IntegrationRow::as_select())
        .load(c)
        .await?;
    let found = rows
        .into_iter()
        .map(TryInto::try_into)
        .collect::<Result<_, _>>()?;
    Ok(Page::from_overfull(found, page.limit, |row: &Integration| {
        row.id.uuid()
    }))
}

/// The connect sessions and flows of it go, too: nobody can finish them. So do revoked connections, whose tokens are
/// shredded; any other is held by its foreign key.
pub(crate) async fn delete(c: &mut Conn, tenant: Id, id: Id, entry: &AuditEntry) -> Result<(), Fault> {
    const IN_USE: StoreError = StoreError::Duplicate("connection of this integration");
    diesel::delete(
        flows::table
            .filter(flows::tenant_id.eq(tenant))
            .filter(flows::integration_tenant_id.eq(tenant))
            .filter(flows::integration_id.eq(id)),
    )
    .execute(c)
    .await?;
    diesel::delete(
        connections::table
            .filter(connections::tenant_id.eq(tenant))
            .filter(connections::integration_tenant_id.eq(tenant))
            .filter(connections::integration_id.eq(id))
            .filter(connections::state.eq(ConnectionState::Revoked.as_str())),
    )
    .execute(c)
    .await?;
    let deleted = diesel::delete(integrations::table.find((tenant, id)))
        .execute(c)
        .await
        .map_err(|error| {
            // A connection in use, or one of another tenant, which this tenant must not see.
            if is_referred_to(&error) {
                Fault::from(IN_USE)
            } else {
                Fault::from(error)
            }
        })?;
    if deleted == 0 {
        return Err(StoreError::NotFound("integration").into());
    }
    audit::write(c, entry).await
}

/// Refuses a reference to an integration that the tenant cannot see.
pub(crate) async fn require(c: &mut Conn, tenant: Id, integration: IntegrationRef) -> Result<(), Fault> {
    let owner = Id::of(integration.owner);
    let there = (owner == tenant || integration.owner.is_installation())
        && diesel::select(exists(integrations::table.find((owner, Id::of(integration.id)))))
            .get_result(c)
            .await?;
    if there {
        Ok(())
    } else {
        Err(StoreError::NotFound("integration").into())
    }
}
