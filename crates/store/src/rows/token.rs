use super::connection::connection_state;
use super::integration::integration_state;
use super::{time, timestamp};
use crate::error::corrupt;
use crate::schema::access_tokens;
use crate::types::{Id, Json, Time, count, stored};
use coffer_core::connection::{AccessToken, Reason, TokenView};
use coffer_core::integration::IntegrationRef;
use coffer_core::{Sealed, StoreError};
use diesel::prelude::*;

#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = access_tokens, treat_none_as_default_value = false)]
pub(crate) struct AccessTokenRow {
    pub(crate) tenant_id: Id,
    pub(crate) id: Id,
    pub(crate) slot_id: Id,
    pub(crate) audience: String,
    pub(crate) token: Vec<u8>,
    pub(crate) generation: i64,
    pub(crate) token_type: String,
    pub(crate) issued_at: Time,
    pub(crate) expires_at: Option<Time>,
}

impl AccessTokenRow {
    pub(crate) fn of(tenant: Id, token: &AccessToken) -> Self {
        Self {
            tenant_id: tenant,
            id: Id(token.id),
            slot_id: token.slot.into(),
            audience: token.audience.clone(),
            token: token.token.as_bytes().to_vec(),
            generation: stored(token.generation),
            token_type: token.token_type.clone(),
            issued_at: token.issued_at.into(),
            expires_at: time(token.expires_at),
        }
    }
}

impl From<AccessTokenRow> for AccessToken {
    fn from(row: AccessTokenRow) -> Self {
        Self {
            id: row.id.0,
            slot: row.slot_id.into(),
            audience: row.audience,
            token: Sealed::from_envelope(row.token),
            generation: count(row.generation),
            token_type: row.token_type,
            issued_at: row.issued_at.into(),
            expires_at: timestamp(row.expires_at),
        }
    }
}

/// The columns of [`crate::token_view::TokenViewQuery`], in its order.
#[derive(Debug, Queryable)]
pub(crate) struct TokenViewRow {
    pub(crate) integration_tenant_id: Id,
    pub(crate) integration_id: Id,
    pub(crate) provider: String,
    pub(crate) state: String,
    pub(crate) integration_state: String,
    pub(crate) reason: Option<Json<Reason>>,
    pub(crate) scopes: Json<Vec<String>>,
    pub(crate) slot_id: Id,
    pub(crate) refreshable: bool,
    pub(crate) generation: i64,
    pub(crate) refresh_expires_at: Option<Time>,
    pub(crate) not_before: Option<Time>,
    pub(crate) token_id: Option<Id>,
    pub(crate) token: Option<Vec<u8>>,
    pub(crate) token_generation: Option<i64>,
    pub(crate) token_type: Option<String>,
    pub(crate) issued_at: Option<Time>,
    pub(crate) expires_at: Option<Time>,
}

impl TokenViewRow {
    pub(crate) fn into_view(self, audience: &str) -> Result<TokenView, StoreError> {
        let slot = self.slot_id.into();
        let access = match (
            self.token_id,
            self.token,
            self.token_generation,
            self.token_type,
            self.issued_at,
        ) {
            (Some(id), Some(token), Some(generation), Some(token_type), Some(issued_at)) => {
                Some(AccessToken {
                    id: id.0,
                    slot,
                    audience: audience.to_owned(),
                    token: Sealed::from_envelope(token),
                    generation: count(generation),
                    token_type,
                    issued_at: issued_at.into(),
                    expires_at: timestamp(self.expires_at),
                })
            }
            (None, ..) => None,
            (Some(_), ..) => return Err(corrupt("half an access token")),
        };
        Ok(TokenView {
            integration: IntegrationRef {
                owner: self.integration_tenant_id.into(),
                id: self.integration_id.into(),
            },
            provider: self.provider,
            state: connection_state(&self.state)?,
            integration_state: integration_state(&self.integration_state)?,
            reason: self.reason.map(|json| json.0),
            scopes: self.scopes.0,
            slot,
            refreshable: self.refreshable,
            generation: count(self.generation),
            refresh_expires_at: timestamp(self.refresh_expires_at),
            not_before: timestamp(self.not_before),
            access,
        })
    }
}
