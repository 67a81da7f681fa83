//! Callers: services with an API key. A caller makes others with no more rights than its own; an operator makes the
//! first one of a tenant.

use crate::access::{Call, Granted, Listing};
use crate::answer::{Answer, Items, create as once, ok};
use crate::app::App;
use crate::error::ApiError;
use actix_web::web::Data;
use coffer_core::caller::{Caller, CallerVerb};
use coffer_core::id::{ConnectionId, IntegrationId};
use coffer_core::secret::ExposeSecret;
use coffer_core::{Clock as _, SystemClock, TenantScope, Timestamp};
use coffer_wallet::{NewCaller as Wanted, WalletError};
use serde::{Deserialize, Serialize};
use std::time::Duration;
use utoipa::ToSchema;
use uuid::Uuid;

/// What a caller may do.
#[derive(Debug, Clone, Copy, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Verb {
    /// Take access tokens.
    Token,
    /// Refresh on demand, and make the sample call.
    Refresh,
    /// See connections, their state and attempts.
    Read,
    /// Make connect sessions and redeem their results; make users.
    Connect,
    /// Disconnect.
    Disconnect,
    /// Make, test, change and enable integrations.
    Integrations,
    /// Make and revoke callers with no more rights than its own.
    Callers,
    /// Read the audit log.
    Audit,
}

impl From<Verb> for CallerVerb {
    fn from(verb: Verb) -> Self {
        match verb {
            Verb::Token => Self::Token,
            Verb::Refresh => Self::Refresh,
            Verb::Read => Self::Read,
            Verb::Connect => Self::Connect,
            Verb::Disconnect => Self::Disconnect,
            Verb::Integrations => Self::Integrations,
            Verb::Callers => Self::Callers,
            Verb::Audit => Self::Audit,
        }
    }
}

/// A caller to make.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewCaller {
    /// What people call it, unique in the tenant.
    #[schema(min_length = 1, max_length = 200, example = "billing")]
    name: String,
    /// What it may do.
    #[schema(min_items = 1)]
    verbs: Vec<Verb>,
    /// On connections of which integrations; all where it is not said.
    integrations: Option<Vec<Uuid>>,
    /// On which connections; all where it is not said.
    connections: Option<Vec<Uuid>>,
    /// How long the key works, in seconds: 90 days where it is not said.
    #[schema(minimum = 60, maximum = 63_072_000)]
    expires_in: Option<u64>,
}

/// A caller.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CallerView {
    /// Its id.
    id: Uuid,
    /// What people call it.
    name: String,
    /// The last four characters of its key.
    key_hint: String,
    /// What it may do.
    #[schema(value_type = Vec<Verb>)]
    verbs: Vec<CallerVerb>,
    /// On connections of which integrations; `null` is all.
    integrations: Option<Vec<Uuid>>,
    /// On which connections; `null` is all.
    connections: Option<Vec<Uuid>>,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// When its key stops working.
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
    /// When it was revoked. Servers that know the key stop accepting it within 5 seconds.
    #[schema(value_type = Option<String>, format = DateTime)]
    revoked_at: Option<Timestamp>,
}

/// A caller that was just made.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MadeCaller {
    #[serde(flatten)]
    caller: CallerView,
    /// The key. It is shown this once.
    #[schema(example = "cfr_...")]
    key: String,
}

impl From<Caller> for CallerView {
    fn from(caller: Caller) -> Self {
        Self {
            id: caller.id.uuid(),
            name: caller.name,
            key_hint: caller.key_hint,
            verbs: caller.verbs,
            integrations: caller
                .integrations
                .map(|ids| ids.into_iter().map(IntegrationId::uuid).collect()),
            connections: caller
                .connections
                .map(|ids| ids.into_iter().map(ConnectionId::uuid).collect()),
            created_at: caller.created_at,
            expires_at: caller.expires_at,
            revoked_at: caller.revoked_at,
        }
    }
}

impl From<NewCaller> for Wanted {
    fn from(new: NewCaller) -> Self {
        Self {
            name: new.name,
            verbs: new.verbs.into_iter().map(CallerVerb::from).collect(),
            integrations: new
                .integrations
                .map(|ids| ids.into_iter().map(IntegrationId::from_uuid).collect()),
            connections: new
                .connections
                .map(|ids| ids.into_iter().map(ConnectionId::from_uuid).collect()),
            lifetime: lifetime(new.expires_in),
        }
    }
}

/// How long a key works.
pub(super) fn lifetime(expires_in: Option<u64>) -> Duration {
    expires_in.map_or(Wanted::USUAL, Duration::from_secs)
}

/// Makes a caller in one's own tenant, with no more rights than one's own.
#[utoipa::path(post, path = "/v1/callers", tag = "callers", request_body = NewCaller,
    responses((status = 201, description = "The caller, with its key", body = MadeCaller)))]
pub(crate) async fn create(app: Data<App>, call: Call<NewCaller>) -> Answer {
    once(app, call, async |app: &App, by: &Granted, new: NewCaller| {
        let wanted = Wanted::from(new);
        let own = by
            .caller()
            .ok_or(ApiError::Internal("a caller's route without a caller"))?;
        // A second less, so that the new key's life, which begins a moment later, does not outlast one's own.
        let left = own
            .expires_at
            .since(SystemClock.now())
            .saturating_sub(Duration::from_secs(1));
        let least = Wanted {
            lifetime: wanted.lifetime.min(left),
            ..wanted
        };
        within(
            own,
            &least.verbs,
            least.integrations.as_deref(),
            least.connections.as_deref(),
        )?;
        made(app, by, &by.scope, least).await
    })
    .await
}

async fn made(app: &App, by: &Granted, scope: &TenantScope, wanted: Wanted) -> Result<MadeCaller, ApiError> {
    let (caller, key) = app.wallet.create_caller(scope, &by.asker, wanted).await?;
    Ok(MadeCaller {
        caller: caller.into(),
        key: key.expose_secret().to_owned(),
    })
}

/// Whether these rights are within one's own.
fn within(
    own: &Caller,
    verbs: &[CallerVerb],
    integrations: Option<&[IntegrationId]>,
    connections: Option<&[ConnectionId]>,
) -> Result<(), ApiError> {
    fn inside<T: PartialEq>(own: Option<&[T]>, wanted: Option<&[T]>) -> bool {
        match (own, wanted) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some(own), Some(wanted)) => wanted.iter().all(|id| own.contains(id)),
        }
    }
    if let Some(verb) = verbs.iter().find(|verb| !own.may(**verb)) {
        return Err(WalletError::Forbidden(verb.as_str()).into());
    }
    if inside(own.integrations.as_deref(), integrations) && inside(own.connections.as_deref(), connections) {
        Ok(())
    } else {
        Err(WalletError::Forbidden("reach beyond its own").into())
    }
}

/// Lists the callers of one's own tenant, oldest first. A caller that is limited to some integrations or
/// connections may not.
#[utoipa::path(get, path = "/v1/callers", tag = "callers", params(Listing),
    responses((status = 200, description = "A page of callers", body = Items<CallerView>)))]
pub(crate) async fn list(app: Data<App>, by: Granted) -> Answer {
    by.unlimited("callers beyond its reach")?;
    let page = by.query::<Listing>()?.page()?;
    ok(&Items::of(
        app.wallet.callers(&by.scope, page).await?,
        CallerView::from,
    ))
}

/// Shows a caller.
#[utoipa::path(get, path = "/v1/callers/{caller}", tag = "callers",
    params(("caller" = Uuid, Path, description = "The caller's id")),
    responses((status = 200, description = "The caller", body = CallerView)))]
pub(crate) async fn find(app: Data<App>, by: Granted) -> Answer {
    ok(&CallerView::from(
        app.wallet.caller(&by.scope, by.id("caller")?).await?,
    ))
}

/// Revokes a caller with no more rights than one's own.
#[utoipa::path(delete, path = "/v1/callers/{caller}", tag = "callers",
    params(("caller" = Uuid, Path, description = "The caller's id")),
    responses((status = 200, description = "The caller, revoked", body = CallerView)))]
pub(crate) async fn revoke(app: Data<App>, by: Granted) -> Answer {
    let id = by.id("caller")?;
    let own = by
        .caller()
        .ok_or(ApiError::Internal("a caller's route without a caller"))?;
    let other = app.wallet.caller(&by.scope, id).await?;
    within(
        own,
        &other.verbs,
        other.integrations.as_deref(),
        other.connections.as_deref(),
    )?;
    ok(&CallerView::from(
        app.wallet.revoke_caller(&by.scope, &by.asker, id).await?,
    ))
}

/// Makes a caller in a tenant.
#[utoipa::path(post, path = "/v1/tenants/{tenant}/callers", tag = "tenants", request_body = NewCaller,
    params(("tenant" = String, Path, description = "The tenant's id, or its external id")),
    responses((status = 201, description = "The caller, with its key", body = MadeCaller)))]
pub(crate) async fn create_of_tenant(app: Data<App>, call: Call<NewCaller>) -> Answer {
    once(app, call, async |app: &App, by: &Granted, new: NewCaller| {
        made(app, by, &tenant_scope(app, by).await?, new.into()).await
    })
    .await
}

/// Lists the callers of a tenant, oldest first.
#[utoipa::path(get, path = "/v1/tenants/{tenant}/callers", tag = "tenants",
    params(("tenant" = String, Path, description = "The tenant's id, or its external id"), Listing),
    responses((status = 200, description = "A page of callers", body = Items<CallerView>)))]
pub(crate) async fn list_of_tenant(app: Data<App>, by: Granted) -> Answer {
    let page = by.query::<Listing>()?.page()?;
    let scope = tenant_scope(&app, &by).await?;
    ok(&Items::of(
        app.wallet.callers(&scope, page).await?,
        CallerView::from,
    ))
}

/// Revokes a caller of a tenant.
#[utoipa::path(delete, path = "/v1/tenants/{tenant}/callers/{caller}", tag = "tenants",
    params(("tenant" = String, Path, description = "The tenant's id, or its external id"),
        ("caller" = Uuid, Path, description = "The caller's id")),
    responses((status = 200, description = "The caller, revoked", body = CallerView)))]
pub(crate) async fn revoke_of_tenant(app: Data<App>, by: Granted) -> Answer {
    let scope = tenant_scope(&app, &by).await?;
    ok(&CallerView::from(
        app.wallet
            .revoke_caller(&scope, &by.asker, by.id("caller")?)
            .await?,
    ))
}

async fn tenant_scope(app: &App, by: &Granted) -> Result<TenantScope, ApiError> {
    let tenant = app.wallet.tenant(&by.operator()?, by.path_text("tenant")).await?;
    Ok(TenantScope::assume(
        tenant.id,
        "an operator manages the callers of every tenant",
    ))
}
