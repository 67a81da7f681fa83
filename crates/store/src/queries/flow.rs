//! Connect sessions and flows, inside their tenant.

use super::{Conn, audit, integration};
use crate::error::Fault;
use crate::page::purge_limit;
use crate::rows::{AttemptRow, FlowRow, SessionRow};
use crate::schema::{attempts, connect_sessions, connections, flows, users};
use crate::types::{Id, Time};
use coffer_core::audit::AuditEntry;
use coffer_core::connection::{Attempt, AttemptOutcome, Reason};
use coffer_core::flow::{ConnectSession, Flow};
use coffer_core::ports::SESSIONS_KEPT;
use coffer_core::{SecretHash, StoreError, Timestamp};
use diesel::dsl::exists;
use diesel::prelude::{
    BoolExpressionMethods, ExpressionMethods, JoinOnDsl, OptionalExtension, QueryDsl, SelectableHelper,
};
use diesel_async::RunQueryDsl;

pub(crate) async fn create_session(
    c: &mut Conn,
    session: &ConnectSession,
    entry: &AuditEntry,
) -> Result<(), Fault> {
    let tenant = session.tenant.into();
    integration::require(c, tenant, session.integration).await?;
    require_user(c, tenant, session.user.map(Id::of)).await?;
    if let Some(id) = session.connection.map(Id::of) {
        let there = exists(connections::table.find((tenant, id)));
        let there: bool = diesel::select(there).get_result(c).await?;
        require(there, "connection")?;
    }
    purge(c, tenant, session.created_at.minus(SESSIONS_KEPT)).await?;
    diesel::insert_into(connect_sessions::table)
        .values(SessionRow::from(session))
        .execute(c)
        .await?;
    audit::write(c, entry).await
}

/// Deletes sessions that expired before this time; their flows go with them.
async fn purge(c: &mut Conn, tenant: Id, before: Timestamp) -> Result<(), Fault> {
    let expired: Vec<Id> = connect_sessions::table
        .filter(connect_sessions::tenant_id.eq(tenant))
        .filter(connect_sessions::expires_at.lt(Time(before)))
        .order((connect_sessions::expires_at.asc(), connect_sessions::id.asc()))
        .limit(purge_limit())
        .select(connect_sessions::id)
        .load(c)
        .await?;
    if !expired.is_empty() {
        let gone = connect_sessions::table
            .filter(connect_sessions::tenant_id.eq(tenant))
            .filter(connect_sessions::id.eq_any(expired));
        diesel::delete(gone).execute(c).await?;
    }
    Ok(())
}

pub(crate) async fn begin(c: &mut Conn, flow: &Flow, entry: &AuditEntry) -> Result<(), Fault> {
    let tenant = flow.tenant.into();
    integration::require(c, tenant, flow.integration).await?;
    let session = connect_sessions::table.find((tenant, Id::of(flow.session)));
    let opened = diesel::update(session.filter(connect_sessions::opened_at.is_null()))
        .set(connect_sessions::opened_at.eq(Some(Time(flow.created_at))))
        .execute(c)
        .await?;
    if opened == 0 {
        let there: bool = diesel::select(exists(session)).get_result(c).await?;
        require(there, "connect session")?;
        return Err(StoreError::Stale("connect session").into());
    }
    diesel::insert_into(flows::table)
        .values(FlowRow::from(flow))
        .execute(c)
        .await?;
    audit::write(c, entry).await
}

pub(crate) async fn consume(
    c: &mut Conn,
    tenant: Id,
    id: Id,
    at: Timestamp,
    attempt: Option<&Attempt>,
    entry: Option<&AuditEntry>,
) -> Result<(), Fault> {
    let flow = flows::table.find((tenant, id));
    let consumed = diesel::update(flow.filter(flows::consumed_at.is_null()))
        .set(flows::consumed_at.eq(Some(Time(at))))
        .execute(c)
        .await?;
    if consumed == 0 {
        let there: bool = diesel::select(exists(flow)).get_result(c).await?;
        require(there, "flow")?;
        return Err(StoreError::Stale("flow").into());
    }
    if let Some(attempt) = attempt {
        diesel::insert_into(attempts::table)
            .values(AttemptRow::from(attempt))
            .execute(c)
            .await?;
    }
    match entry {
        Some(entry) => audit::write(c, entry).await,
        None => Ok(()),
    }
}

pub(crate) async fn fail_exchange(
    c: &mut Conn,
    tenant: Id,
    id: Id,
    outcome: AttemptOutcome,
    reason: &Reason,
    entry: &AuditEntry,
) -> Result<(), Fault> {
    let attempt = exchange_attempt(c, tenant, id).await?;
    if attempt.outcome.is_some() {
        return Ok(());
    }
    super::refresh::end(c, &attempt, outcome, Some(reason), reason.at).await?;
    audit::write(c, entry).await
}

pub(crate) async fn find_by_result(
    c: &mut Conn,
    tenant: Id,
    result: &SecretHash,
) -> Result<Option<(Flow, ConnectSession)>, Fault> {
    let row: Option<(FlowRow, SessionRow)> = flows::table
        .inner_join(
            connect_sessions::table.on(connect_sessions::tenant_id
                .eq(flows::tenant_id)
                .and(connect_sessions::id.eq(flows::session_id))),
        )
        .filter(flows::tenant_id.eq(tenant))
        .filter(flows::result_hash.eq(Some(result.0.as_slice())))
        .select((FlowRow::as_select(), SessionRow::as_select()))
        .get_result(c)
        .await
        .optional()?;
    Ok(match row {
        Some((flow, session)) => Some((flow.try_into()?, session.try_into()?)),
        None => None,
    })
}

/// The attempt with this id, whatever it belongs to.
pub(crate) async fn exchange_attempt(c: &mut Conn, tenant: Id, id: Id) -> Result<AttemptRow, Fault> {
    let row: Option<AttemptRow> = attempts::table
        .find((tenant, id))
        .select(AttemptRow::as_select())
        .get_result(c)
        .await
        .optional()?;
    Ok(row.ok_or(StoreError::NotFound("attempt"))?)
}

pub(crate) async fn require_user(c: &mut Conn, tenant: Id, user: Option<Id>) -> Result<(), Fault> {
    let Some(id) = user else {
        return Ok(());
    };
    let there: bool = diesel::select(exists(users::table.find((tenant, id))))
        .get_result(c)
        .await?;
    require(there, "user")
}

fn require(there: bool, what: &'static str) -> Result<(), Fault> {
    if there {
        Ok(())
    } else {
        Err(StoreError::NotFound(what).into())
    }
}
