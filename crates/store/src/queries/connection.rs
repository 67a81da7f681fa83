use super::Conn;
use super::{audit, lock_connection};
use crate::db_time::DbNow;
use crate::error::Fault;
use crate::page::{after, before, limit};
use crate::rows::{AccessTokenRow, AttemptRow, ConnectionRow, SlotRow, integration_state};
use crate::schema::{access_tokens, attempts, connections, credential_slots, integrations};
use crate::types::{Id, Json, Time};
use coffer_core::audit::AuditEntry;
use coffer_core::connection::{
    AccessToken, Attempt, ConnectionState, ConnectionView, Reason, Revocation, Slot,
};
use coffer_core::id::ConnectionId;
use coffer_core::integration::IntegrationRef;
use coffer_core::page::{Page, PageRequest};
use coffer_core::ports::ConnectionFilter;
use coffer_core::{Fingerprint, StoreError, Timestamp};
use diesel::prelude::{
    BoolExpressionMethods, ExpressionMethods, JoinOnDsl, OptionalExtension, QueryDsl, SelectableHelper,
};
use diesel_async::RunQueryDsl;

pub(crate) async fn find(c: &mut Conn, tenant: Id, id: Id) -> Result<Option<ConnectionView>, Fault> {
    let row: Option<(ConnectionRow, String)> = connections::table
        .inner_join(
            integrations::table.on(integrations::tenant_id
                .eq(connections::integration_tenant_id)
                .and(integrations::id.eq(connections::integration_id))),
        )
        .filter(connections::tenant_id.eq(tenant))
        .filter(connections::id.eq(id))
        .select((ConnectionRow::as_select(), integrations::state))
        .get_result(c)
        .await
        .optional()?;
    let Some(row) = row else {
        return Ok(None);
    };
    let slots = credential_slots::table
        .filter(credential_slots::tenant_id.eq(tenant))
        .filter(credential_slots::connection_id.eq(id))
        .order(credential_slots::id.asc())
        .select((SlotRow::as_select(), DbNow))
        .load(c)
        .await?;
    let tokens = access_tokens::table
        .inner_join(
            credential_slots::table.on(credential_slots::tenant_id
                .eq(access_tokens::tenant_id)
                .and(credential_slots::id.eq(access_tokens::slot_id))),
        )
        .filter(credential_slots::tenant_id.eq(tenant))
        .filter(access_tokens::tenant_id.eq(tenant))
        .filter(credential_slots::connection_id.eq(id))
        .order(access_tokens::id.asc())
        .select(AccessTokenRow::as_select())
        .load(c)
        .await?;
    view(row, &slots, &tokens).map(Some)
}

pub(crate) async fn list(
    c: &mut Conn,
    tenant: Id,
    filter: &ConnectionFilter,
    page: PageRequest,
) -> Result<Page<ConnectionView>, Fault> {
    let mut wanted = connections::table
        .inner_join(
            integrations::table.on(integrations::tenant_id
                .eq(connections::integration_tenant_id)
                .and(integrations::id.eq(connections::integration_id))),
        )
        .filter(connections::tenant_id.eq(tenant))
        .filter(connections::id.gt(after(page)))
        .order(connections::id.asc())
        .limit(limit(page))
        .select((ConnectionRow::as_select(), integrations::state))
        .into_boxed();
    if let Some(user) = filter.user {
        wanted = wanted.filter(connections::user_id.eq(Some(Id::of(user))));
    }
    if let Some(integration) = filter.integration {
        wanted = wanted.filter(connections::integration_id.eq(Id::of(integration)));
    }
    if let Some(state) = filter.state {
        wanted = wanted.filter(connections::state.eq(state.as_str()));
    }
    let rows: Vec<(ConnectionRow, String)> = wanted.load(c).await?;
    let page = Page::from_overfull(rows, page.limit, |(row, _)| row.id.0);
    Ok(Page {
        items: views(c, tenant, page.items).await?,
        next: page.next,
    })
}

/// Adds the slots and tokens to connections, in their order.
async fn views(
    c: &mut Conn,
    tenant: Id,
    rows: Vec<(ConnectionRow, String)>,
) -> Result<Vec<ConnectionView>, Fault> {
    let ids: Vec<Id> = rows.iter().map(|(row, _)| row.id).collect();
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let slots: Vec<(SlotRow, Time)> = credential_slots::table
        .filter(credential_slots::tenant_id.eq(tenant))
        .filter(credential_slots::connection_id.eq_any(ids))
        .order(credential_slots::id.asc())
        .select((SlotRow::as_select(), DbNow))
        .load(c)
        .await?;
    let slot_ids: Vec<Id> = slots.iter().map(|(slot, _)| slot.id).collect();
    let tokens: Vec<AccessTokenRow> = access_tokens::table
        .filter(access_tokens::tenant_id.eq(tenant))
        .filter(access_tokens::slot_id.eq_any(slot_ids))
        .order(access_tokens::id.asc())
        .select(AccessTokenRow::as_select())
        .load(c)
        .await?;
    rows.into_iter().map(|row| view(row, &slots, &tokens)).collect()
}

/// A connection with those of these slots and tokens that are its own.
fn view(
    (row, integration): (ConnectionRow, String),
    slots: &[(SlotRow, Time)],
    tokens: &[AccessTokenRow],
) -> Result<ConnectionView, Fault> {
    let mine: Vec<&(SlotRow, Time)> = slots
        .iter()
        .filter(|(slot, _)| slot.connection_id == row.id)
        .collect();
    let leased = mine
        .iter()
        .any(|(slot, now)| slot.lease_until.is_some_and(|until| now.0 < until.0));
    let tokens = tokens
        .iter()
        .filter(|token| mine.iter().any(|(slot, _)| slot.id == token.slot_id));
    Ok(ConnectionView {
        connection: row.try_into()?,
        tokens: tokens.cloned().map(AccessToken::from).collect(),
        slots: mine
            .iter()
            .map(|(slot, _)| Slot::try_from(slot.clone()))
            .collect::<Result<_, _>>()?,
        integration_state: integration_state(&integration)?,
        leased,
    })
}

pub(crate) async fn find_by_subject(
    c: &mut Conn,
    tenant: Id,
    integration: IntegrationRef,
    user: Option<Id>,
    subject: Fingerprint,
) -> Result<Option<ConnectionId>, Fault> {
    let of_account = connections::table
        .filter(connections::tenant_id.eq(tenant))
        .filter(connections::integration_tenant_id.eq(Id::of(integration.owner)))
        .filter(connections::integration_id.eq(Id::of(integration.id)))
        .filter(connections::subject.eq(Some(subject.0.as_slice())))
        .filter(connections::state.ne(ConnectionState::Pending.as_str()))
        .select(connections::id);
    let found: Option<Id> = match user {
        Some(user) => {
            let of_user = of_account.filter(connections::user_id.eq(Some(user)));
            of_user.get_result(c).await.optional()?
        }
        None => {
            let of_nobody = of_account.filter(connections::user_id.is_null());
            of_nobody.get_result(c).await.optional()?
        }
    };
    Ok(found.map(Into::into))
}

pub(crate) async fn disconnect(
    c: &mut Conn,
    tenant: Id,
    id: Id,
    at: Timestamp,
    entry: &AuditEntry,
) -> Result<bool, Fault> {
    let row = lock_connection(c, tenant, id)
        .await?
        .ok_or(StoreError::NotFound("connection"))?;
    if row.state == ConnectionState::Revoked.as_str() {
        return Ok(false);
    }
    diesel::update(connections::table.find((tenant, id)))
        .set((
            connections::state.eq(ConnectionState::Revoked.as_str()),
            connections::reason.eq(None::<Json<Reason>>),
            connections::revocation.eq(Revocation::Requested.as_str()),
            connections::updated_at.eq(Time(at)),
        ))
        .execute(c)
        .await?;
    audit::write(c, entry).await?;
    Ok(true)
}

pub(crate) async fn attempts(
    c: &mut Conn,
    tenant: Id,
    id: Id,
    page: PageRequest,
) -> Result<Page<Attempt>, Fault> {
    let rows: Vec<AttemptRow> = attempts::table
        .filter(attempts::tenant_id.eq(tenant))
        .filter(attempts::connection_id.eq(Some(id)))
        .filter(attempts::id.lt(before(page)))
        .order(attempts::id.desc())
        .limit(limit(page))
        .select(AttemptRow::as_select())
        .load(c)
        .await?;
    let attempts = rows
        .into_iter()
        .map(TryInto::try_into)
        .collect::<Result<_, _>>()?;
    Ok(Page::from_overfull(attempts, page.limit, |row: &Attempt| {
        row.id.uuid()
    }))
}
