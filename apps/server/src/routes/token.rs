//! Tokens: the hot path, refresh on demand, and the smoke test.

use crate::access::{Call, Granted};
use crate::answer::{Answer, ok};
use crate::app::App;
use crate::error::ApiError;
use crate::problem::ProblemReason;
use actix_web::HttpResponse;
use actix_web::web::Data;
use coffer_core::secret::ExposeSecret;
use coffer_core::{Clock as _, SystemClock, Timestamp};
use coffer_wallet::{SmokeTest, TokenGrant, TokenRequest};
use serde::{Deserialize, Serialize};
use std::time::Duration;
use utoipa::ToSchema;

/// What is wanted of a token. No body at all, or `null`, is the same as `{}`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TokenWish {
    /// How much longer it must live, in seconds: 60 where it is not said. More than the provider's tokens can have is
    /// cut, and `min_ttl_capped` says so.
    #[schema(minimum = 0, maximum = 31_536_000)]
    min_ttl: Option<u32>,
}

/// An access token.
#[derive(Serialize, ToSchema)]
pub(crate) struct TokenView<'a> {
    /// The access token.
    #[schema(value_type = String)]
    access_token: &'a str,
    /// How to present it.
    #[schema(value_type = String, example = "Bearer")]
    token_type: &'a str,
    /// When it dies; `null`: it does not expire.
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_at: Option<Timestamp>,
    /// How many seconds that is from now.
    expires_in: Option<u64>,
    /// A token of a higher generation takes the place of one of a lower.
    generation: u64,
    /// The scopes that were granted.
    #[schema(value_type = Vec<String>)]
    scopes: &'a [String],
    /// The catalogue entry.
    #[schema(value_type = String, example = "google")]
    provider: &'a str,
    /// The remaining life that was asked for, in seconds, after it was cut.
    min_ttl: u64,
    /// Whether it had to be cut.
    min_ttl_capped: bool,
}

/// What a smoke test found.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SmokeTestView {
    /// Whether the provider accepted the token.
    ok: bool,
    /// The HTTP status of the provider's answer.
    status: u16,
    /// The beginning of the provider's answer, as text. Escape it where you show it.
    summary: Option<String>,
    /// Whether the connection was refreshed and the call repeated, because the first answer was 401.
    refreshed: bool,
    /// Why it failed.
    reason: Option<ProblemReason>,
    /// The generation of the token that was used last.
    generation: u64,
}

impl From<SmokeTest> for SmokeTestView {
    fn from(found: SmokeTest) -> Self {
        Self {
            ok: found.ok,
            status: found.status,
            summary: found.summary,
            refreshed: found.refreshed,
            reason: found.reason.as_ref().map(ProblemReason::from),
            generation: found.generation,
        }
    }
}

/// Gives an access token with enough life left. The connection is refreshed first where that is needed.
#[utoipa::path(post, path = "/v1/connections/{connection}/token", tag = "tokens",
    request_body(content = Option<TokenWish>),
    params(("connection" = Uuid, Path, description = "The connection's id")),
    responses((status = 200, description = "The token", body = TokenView<'_>)))]
pub(crate) async fn token(app: Data<App>, call: Call<Option<TokenWish>>) -> Answer {
    let by = &call.by;
    let min_ttl = call
        .body
        .as_ref()
        .and_then(|wish| wish.min_ttl)
        .map(|seconds| Duration::from_secs(seconds.into()));
    let id = by.id("connection")?;
    let grant = app
        .wallet
        .token(&by.principal, &by.asker, id, TokenRequest { min_ttl })
        .await?;
    told(&grant)
}

/// Refreshes a connection whatever the age of its token, and gives the new one.
#[utoipa::path(post, path = "/v1/connections/{connection}/refresh", tag = "tokens",
    params(("connection" = Uuid, Path, description = "The connection's id")),
    responses((status = 200, description = "The new token", body = TokenView<'_>)))]
pub(crate) async fn refresh(app: Data<App>, by: Granted) -> Answer {
    told(
        &app.wallet
            .refresh(&by.principal, &by.asker, by.id("connection")?)
            .await?,
    )
}

/// Calls the provider with the connection's token. On 401 the connection is refreshed and the call repeated, once.
#[utoipa::path(post, path = "/v1/connections/{connection}/smoke-test", tag = "tokens",
    params(("connection" = Uuid, Path, description = "The connection's id")),
    responses((status = 200, description = "What was found", body = SmokeTestView)))]
pub(crate) async fn smoke_test(app: Data<App>, by: Granted) -> Answer {
    let found = app
        .wallet
        .smoke_test(&by.principal, &by.asker, by.id("connection")?)
        .await?;
    ok(&SmokeTestView::from(found))
}

fn told(grant: &TokenGrant) -> Result<HttpResponse, ApiError> {
    ok(&TokenView {
        access_token: grant.access_token.expose_secret(),
        token_type: &grant.token_type,
        expires_at: grant.expires_at,
        expires_in: grant.expires_at.map(|at| at.since(SystemClock.now()).as_secs()),
        generation: grant.generation,
        scopes: &grant.scopes,
        provider: &grant.provider,
        min_ttl: grant.min_ttl.as_secs(),
        min_ttl_capped: grant.min_ttl_capped,
    })
}
