//! How long tokens live, and how many of them may.

use serde::Deserialize;

/// Lifetimes and limits. Durations are in seconds.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Lifetime {
    /// How long an access token lives when the response does not say.
    pub access_token_seconds: Option<u32>,
    /// Whether an access token whose response has no `expires_in` never expires. Not together with
    /// `access_token_seconds`.
    pub no_expiry: bool,
    /// How long before its end an access token is refreshed.
    pub refresh_margin_seconds: u32,
    /// How old an access token has to be before a refresh is accepted (Exact Online).
    pub minimum_age_seconds: u32,
    /// How long a refresh token lives when it is not used.
    pub refresh_idle_seconds: Option<u32>,
    /// How long a refresh token lives at most, however often it is used.
    pub refresh_absolute_seconds: Option<u32>,
    /// How many live refresh tokens an account may have for one client; one more silently kills the oldest.
    pub live_refresh_tokens: Option<u32>,
    /// How many access tokens may be got in a time.
    pub mint_budget: Option<MintBudget>,
}

/// A limit of the provider on how often it issues access tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MintBudget {
    /// How many.
    pub count: u32,
    /// In how many seconds.
    pub per_seconds: u32,
}

impl Default for Lifetime {
    fn default() -> Self {
        Self {
            access_token_seconds: None,
            no_expiry: false,
            refresh_margin_seconds: 300,
            minimum_age_seconds: 0,
            refresh_idle_seconds: None,
            refresh_absolute_seconds: None,
            live_refresh_tokens: None,
            mint_budget: None,
        }
    }
}
