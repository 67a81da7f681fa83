use super::{Grant, RevokedBy};
use crate::model::client::Behaviour;
use coffer_core::Timestamp;
use serde::Serialize;

/// A grant as a test or an operator sees it: no token, no hash.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct GrantView {
    /// Its number.
    pub id: u64,
    /// The client.
    pub client_id: String,
    /// The account's subject.
    pub sub: String,
    /// The scopes that were granted.
    pub scopes: Vec<String>,
    /// When.
    pub granted_at: Timestamp,
    /// When and why it ended.
    pub revoked: Option<(Timestamp, RevokedBy)>,
    /// The newest generation of refresh token that was issued.
    pub generation: u32,
    /// What would be accepted now.
    pub live: LiveTokens,
}

/// The tokens of a grant that work.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct LiveTokens {
    /// The generations of the refresh tokens, oldest first.
    pub refresh: Vec<u32>,
    /// The generations of the access tokens, oldest first.
    pub access: Vec<u32>,
}

impl Grant {
    pub(crate) fn view(&self, rules: &Behaviour, now: Timestamp) -> GrantView {
        GrantView {
            id: self.id,
            client_id: self.client_id.clone(),
            sub: self.sub.clone(),
            scopes: self.scopes.clone(),
            granted_at: self.granted_at,
            revoked: self.revoked,
            generation: self.generation,
            live: LiveTokens {
                refresh: self.live_refresh(rules, now),
                access: self.live_access_generations(now),
            },
        }
    }

    fn live_access_generations(&self, now: Timestamp) -> Vec<u32> {
        self.access
            .iter()
            .filter(|token| self.revoked.is_none() && now < token.expires_at)
            .map(|token| token.generation)
            .collect()
    }
}
