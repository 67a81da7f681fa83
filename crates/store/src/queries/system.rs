//! Everything that is done before or above a tenant. On PostgreSQL these statements, and no others, run as the system
//! role, which is granted just what they need (`postgres/grants.rs`):
//!
//! 1. `key_holder`: whose key has this hash (callers, operators).
//! 2. `session_by_token`: the connect session with this token's hash.
//! 3. `flow_by_state`: the flow with this state's hash, and its session.
//! 4. `create_tenant`, `find_tenant`, `tenant_by_external_id`, `list_tenants`: for operators.
//! 5. `block_integration`: what a provider said about a client concerns all tenants that use it.

use super::Conn;
use super::audit;
use crate::error::Fault;
use crate::page::{after, limit};
use crate::rows::{CallerRow, FlowRow, OperatorRow, SessionRow, TenantRow};
use crate::schema::{callers, connect_sessions, flows, integrations, operators, tenants};
use crate::types::{Id, Json, Time, stored};
use coffer_core::audit::AuditEntry;
use coffer_core::caller::KeyHolder;
use coffer_core::connection::Reason;
use coffer_core::flow::{ConnectSession, Flow};
use coffer_core::id::TenantId;
use coffer_core::integration::{IntegrationRef, IntegrationState};
use coffer_core::page::{Page, PageRequest};
use coffer_core::tenant::Tenant;
use coffer_core::{SecretHash, StoreError};
use diesel::prelude::{
    BoolExpressionMethods, ExpressionMethods, JoinOnDsl, OptionalExtension, QueryDsl, SelectableHelper,
};
use diesel_async::RunQueryDsl;

pub(crate) async fn key_holder(c: &mut Conn, key: &SecretHash) -> Result<Option<KeyHolder>, Fault> {
    let caller: Option<CallerRow> = callers::table
        .filter(callers::key_hash.eq(key.0.as_slice()))
        .select(CallerRow::as_select())
        .get_result(c)
        .await
        .optional()?;
    if let Some(row) = caller {
        return Ok(Some(KeyHolder::Caller(row.try_into()?)));
    }
    let operator: Option<OperatorRow> = operators::table
        .filter(operators::key_hash.eq(key.0.as_slice()))
        .select(OperatorRow::as_select())
        .get_result(c)
        .await
        .optional()?;
    Ok(operator
        .map(|row| row.try_into().map(KeyHolder::Operator))
        .transpose()?)
}

pub(crate) async fn session_by_token(
    c: &mut Conn,
    token: &SecretHash,
) -> Result<Option<ConnectSession>, Fault> {
    let row: Option<SessionRow> = connect_sessions::table
        .filter(connect_sessions::token_hash.eq(token.0.as_slice()))
        .select(SessionRow::as_select())
        .get_result(c)
        .await
        .optional()?;
    Ok(row.map(TryInto::try_into).transpose()?)
}

pub(crate) async fn flow_by_state(
    c: &mut Conn,
    state: &SecretHash,
) -> Result<Option<(Flow, ConnectSession)>, Fault> {
    let row: Option<(FlowRow, SessionRow)> = flows::table
        .inner_join(
            connect_sessions::table.on(connect_sessions::tenant_id
                .eq(flows::tenant_id)
                .and(connect_sessions::id.eq(flows::session_id))),
        )
        .filter(flows::state_hash.eq(state.0.as_slice()))
        .select((FlowRow::as_select(), SessionRow::as_select()))
        .get_result(c)
        .await
        .optional()?;
    Ok(match row {
        Some((flow, session)) => Some((flow.try_into()?, session.try_into()?)),
        None => None,
    })
}

pub(crate) async fn create_tenant(c: &mut Conn, tenant: &Tenant, entry: &AuditEntry) -> Result<(), Fault> {
    diesel::insert_into(tenants::table)
        .values(TenantRow::from(tenant))
        .execute(c)
        .await?;
    audit::write(c, entry).await
}

pub(crate) async fn find_tenant(c: &mut Conn, id: TenantId) -> Result<Option<Tenant>, Fault> {
    let row: Option<TenantRow> = tenants::table
        .find(Id::of(id))
        .filter(tenants::tenant_id.ne(Id::of(TenantId::INSTALLATION)))
        .select(TenantRow::as_select())
        .get_result(c)
        .await
        .optional()?;
    Ok(row.map(Into::into))
}

pub(crate) async fn tenant_by_external_id(c: &mut Conn, external_id: &str) -> Result<Option<Tenant>, Fault> {
    let row: Option<TenantRow> = tenants::table
        .filter(tenants::external_id.eq(external_id))
        .filter(tenants::tenant_id.ne(Id::of(TenantId::INSTALLATION)))
        .select(TenantRow::as_select())
        .get_result(c)
        .await
        .optional()?;
    Ok(row.map(Into::into))
}

pub(crate) async fn list_tenants(c: &mut Conn, page: PageRequest) -> Result<Page<Tenant>, Fault> {
    let rows: Vec<TenantRow> = tenants::table
        .filter(tenants::tenant_id.ne(Id::of(TenantId::INSTALLATION)))
        .filter(tenants::tenant_id.gt(after(page)))
        .order(tenants::tenant_id.asc())
        .limit(limit(page))
        .select(TenantRow::as_select())
        .load(c)
        .await?;
    Ok(Page::from_overfull(rows, page.limit, |row| row.tenant_id.0).map(Into::into))
}

pub(crate) async fn block_integration(
    c: &mut Conn,
    integration: IntegrationRef,
    version: u64,
    reason: &Reason,
    entry: &AuditEntry,
) -> Result<bool, Fault> {
    let enabled = integrations::table
        .find((Id::of(integration.owner), Id::of(integration.id)))
        .filter(integrations::version.eq(stored(version)))
        .filter(integrations::state.eq(IntegrationState::Enabled.as_str()));
    let blocked = diesel::update(enabled)
        .set((
            integrations::state.eq(IntegrationState::Blocked.as_str()),
            integrations::reason.eq(Some(Json(reason.clone()))),
            integrations::updated_at.eq(Time(entry.at)),
        ))
        .execute(c)
        .await?;
    if blocked == 0 {
        return Ok(false);
    }
    if entry.tenant != integration.owner {
        return Err(StoreError::NotFound("tenant").into());
    }
    audit::write(c, entry).await?;
    Ok(true)
}
