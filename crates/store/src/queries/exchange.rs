//! The commit of a code exchange: a pending connection with its slots and tokens.

use super::flow::{exchange_attempt, require_user};
use super::refresh::{end_open, insert_token};
use super::{Conn, audit, integration, lock_flow};
use crate::error::Fault;
use crate::rows::{ConnectionRow, SlotRow};
use crate::schema::{connections, credential_slots, flows};
use crate::types::{Id, Time};
use coffer_core::StoreError;
use coffer_core::audit::AuditEntry;
use coffer_core::connection::AttemptOutcome;
use coffer_core::ports::ExchangeCommit;
use diesel::prelude::{ExpressionMethods, QueryDsl};
use diesel_async::RunQueryDsl;

pub(crate) async fn commit(
    c: &mut Conn,
    tenant: Id,
    commit: &ExchangeCommit,
    entry: &AuditEntry,
) -> Result<(), Fault> {
    let attempt = exchange_attempt(c, tenant, commit.attempt.into()).await?;
    let flow = lock_flow(c, tenant, commit.flow.into())
        .await?
        .ok_or(StoreError::NotFound("flow"))?;
    if let Some(result) = flow.result_hash {
        let repeated = result == commit.result.result_hash.0;
        return if repeated {
            Ok(())
        } else {
            Err(StoreError::Stale("flow").into())
        };
    }
    check(tenant, commit)?;
    integration::require(c, tenant, commit.connection.integration).await?;
    require_user(c, tenant, commit.connection.user.map(Id::of)).await?;
    end_open(c, &attempt, AttemptOutcome::Succeeded, None, commit.at).await?;
    insert(c, tenant, commit).await?;
    diesel::update(flows::table.find((tenant, flow.id)))
        .set((
            flows::result_connection_id.eq(Some(Id::of(commit.result.connection))),
            flows::result_hash.eq(Some(commit.result.result_hash.0.as_slice())),
            flows::result_expires_at.eq(Some(Time(commit.result.expires_at))),
            flows::redeemed_at.eq(commit.result.redeemed_at.map(Time)),
        ))
        .execute(c)
        .await?;
    audit::write(c, entry).await
}

/// Whether everything in the commit belongs to one new connection of the tenant.
fn check(tenant: Id, commit: &ExchangeCommit) -> Result<(), StoreError> {
    let id = commit.connection.id;
    let slots = &commit.slots;
    let foreign =
        Id::of(commit.connection.tenant) != tenant || slots.iter().any(|slot| Id::of(slot.tenant) != tenant);
    if foreign {
        return Err(StoreError::NotFound("tenant"));
    }
    if commit.result.connection != id || slots.iter().any(|slot| slot.connection != id) {
        return Err(StoreError::NotFound("connection"));
    }
    let known = |token: &coffer_core::connection::AccessToken| slots.iter().any(|slot| slot.id == token.slot);
    if commit.tokens.iter().all(known) {
        Ok(())
    } else {
        Err(StoreError::NotFound("slot"))
    }
}

async fn insert(c: &mut Conn, tenant: Id, commit: &ExchangeCommit) -> Result<(), Fault> {
    diesel::insert_into(connections::table)
        .values(ConnectionRow::from(&commit.connection))
        .execute(c)
        .await?;
    for slot in &commit.slots {
        diesel::insert_into(credential_slots::table)
            .values(SlotRow::from(slot))
            .execute(c)
            .await?;
    }
    for token in &commit.tokens {
        insert_token(c, tenant, token).await?;
    }
    Ok(())
}
