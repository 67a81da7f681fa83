//! A grant, its tokens, and what each rotation class does with them.

mod class;
mod view;

pub(crate) use class::Presented;
pub use view::{GrantView, LiveTokens};

use super::client::Behaviour;
use super::token::TokenHash;
use coffer_core::Timestamp;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Why a grant ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RevokedBy {
    /// The client revoked a token (RFC 7009).
    Client,
    /// A spent refresh token was used again (R5, or R2 after its grace).
    RefreshReuse,
    /// The authorization code was used again (RFC 6749, section 4.1.2).
    CodeReuse,
    /// The person, or whoever has the admin routes.
    Person,
}

/// What one person allowed one client.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Grant {
    pub(crate) id: u64,
    pub(crate) client_id: String,
    pub(crate) sub: String,
    pub(crate) scopes: Vec<String>,
    pub(crate) granted_at: Timestamp,
    pub(crate) revoked: Option<(Timestamp, RevokedBy)>,
    /// The newest generation of refresh token; 0 where none was issued yet.
    pub(crate) generation: u32,
    refresh: Vec<RefreshToken>,
    access: Vec<AccessToken>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct RefreshToken {
    hash: TokenHash,
    generation: u32,
    /// When it was issued or last used: the idle time counts from here.
    touched_at: Timestamp,
    /// When it was first used.
    spent_at: Option<Timestamp>,
    /// R3: a later pair has been used.
    retired: bool,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct AccessToken {
    hash: TokenHash,
    /// The generation of the refresh token that came with it.
    generation: u32,
    expires_at: Timestamp,
}

impl Grant {
    pub(crate) fn new(id: u64, client_id: &str, sub: &str, scopes: Vec<String>, now: Timestamp) -> Self {
        Self {
            id,
            client_id: client_id.to_owned(),
            sub: sub.to_owned(),
            scopes,
            granted_at: now,
            revoked: None,
            generation: 0,
            refresh: Vec::new(),
            access: Vec::new(),
        }
    }

    /// Adds a refresh token of the next generation, and says which that is.
    pub(crate) fn add_refresh(&mut self, hash: TokenHash, now: Timestamp, keep: usize) -> u32 {
        self.generation = self.generation.saturating_add(1);
        make_room(&mut self.refresh, keep);
        self.refresh.push(RefreshToken {
            hash,
            generation: self.generation,
            touched_at: now,
            spent_at: None,
            retired: false,
        });
        self.generation
    }

    /// Adds the access token that goes with the newest refresh token.
    pub(crate) fn add_access(&mut self, hash: TokenHash, rules: &Behaviour, now: Timestamp, keep: usize) {
        if rules.refresh_kills_access {
            self.access.clear();
        }
        self.access.retain(|token| now < token.expires_at);
        make_room(&mut self.access, keep);
        self.access.push(AccessToken {
            hash,
            generation: self.generation,
            expires_at: now.plus(Duration::from_secs(rules.access_token_secs)),
        });
    }

    /// Whether the access token works; at R3 its first use retires the refresh tokens before its pair.
    pub(crate) fn use_access(&mut self, hash: TokenHash, rules: &Behaviour, now: Timestamp) -> bool {
        let Some(generation) = self.live_access(hash, now) else {
            return false;
        };
        self.prove(generation, rules);
        true
    }

    fn live_access(&self, hash: TokenHash, now: Timestamp) -> Option<u32> {
        self.access
            .iter()
            .find(|token| token.hash == hash && self.revoked.is_none() && now < token.expires_at)
            .map(|token| token.generation)
    }

    /// When a live access token expires.
    pub(crate) fn access_expiry(&self, hash: TokenHash, now: Timestamp) -> Option<Timestamp> {
        self.live_access(hash, now)?;
        self.access
            .iter()
            .find(|token| token.hash == hash)
            .map(|token| token.expires_at)
    }

    /// Whether a token is one of this grant's, live or not.
    pub(crate) fn knows(&self, hash: TokenHash) -> bool {
        self.generation_of(hash).is_some() || self.access.iter().any(|token| token.hash == hash)
    }

    /// The generation of a refresh token of this grant, live or not.
    pub(crate) fn generation_of(&self, hash: TokenHash) -> Option<u32> {
        self.refresh
            .iter()
            .find(|token| token.hash == hash)
            .map(|token| token.generation)
    }

    /// Ends everything. The first reason stands.
    pub(crate) fn revoke(&mut self, by: RevokedBy, now: Timestamp) {
        self.revoked.get_or_insert((now, by));
        self.access.clear();
    }

    /// Ends one access token; whether it was there.
    pub(crate) fn revoke_access(&mut self, hash: TokenHash) -> bool {
        let before = self.access.len();
        self.access.retain(|token| token.hash != hash);
        self.access.len() < before
    }
}

/// Forgets the oldest, so that one more makes no more than `keep`.
fn make_room<T>(tokens: &mut Vec<T>, keep: usize) {
    let surplus = tokens.len().saturating_add(1).saturating_sub(keep.max(1));
    tokens.drain(..surplus.min(tokens.len()));
}
