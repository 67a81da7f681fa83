//! Connections: where each stands, why, and what to do next.

mod view;

pub(crate) use view::{AttemptView, ConnectionView};

use crate::access::{Granted, Listing, page};
use crate::answer::{Answer, Items, ok};
use crate::app::App;
use crate::error::ApiError;
use actix_web::web::Data;
use coffer_core::connection::ConnectionState;
use coffer_core::id::{ConnectionId, IntegrationId, UserId};
use coffer_core::ports::ConnectionFilter;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

/// Which connections are listed.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ConnectionListing {
    /// Of this person.
    user: Option<Uuid>,
    /// Of this integration.
    integration: Option<Uuid>,
    /// In this stored state. `refreshing` is never stored.
    #[param(value_type = Option<StateName>)]
    state: Option<ConnectionState>,
    /// How many at most.
    #[param(minimum = 1, maximum = 100, default = 50)]
    limit: Option<u16>,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
}

/// Where a connection stands.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
#[expect(
    dead_code,
    reason = "it describes coffer_core::connection::ConnectionState, which knows nothing of OpenAPI"
)]
pub(crate) enum StateName {
    /// Authorised, but the one-time result was not yet redeemed.
    Pending,
    /// In order.
    Fresh,
    /// A refresh is under way.
    Refreshing,
    /// The last refresh failed for a passing reason.
    BackingOff,
    /// A person has to consent again.
    ConsentRequired,
    /// The provider refuses the integration's client.
    IntegrationBlocked,
    /// The provider has not answered properly for a while.
    ProviderUnavailable,
    /// It is not known whether the refresh token that is held still lives.
    Quarantined,
    /// Disconnected.
    Revoked,
}

/// Lists the connections within reach, oldest first. A page may be shorter than asked for.
#[utoipa::path(get, path = "/v1/connections", tag = "connections", params(ConnectionListing),
    responses((status = 200, description = "A page of connections", body = Items<ConnectionView>)))]
pub(crate) async fn list(app: Data<App>, by: Granted) -> Answer {
    let wanted: ConnectionListing = by.query()?;
    let filter = ConnectionFilter {
        user: wanted.user.map(UserId::from_uuid),
        integration: wanted.integration.map(IntegrationId::from_uuid),
        state: wanted.state,
    };
    let page = page(wanted.limit, wanted.cursor.as_deref())?;
    ok(&Items::of(
        app.wallet.connections(&by.principal, &filter, page).await?,
        ConnectionView::from,
    ))
}

/// Shows a connection.
#[utoipa::path(get, path = "/v1/connections/{connection}", tag = "connections",
    params(("connection" = Uuid, Path, description = "The connection's id")),
    responses((status = 200, description = "The connection", body = ConnectionView)))]
pub(crate) async fn find(app: Data<App>, by: Granted) -> Answer {
    ok(&ConnectionView::from(
        app.wallet.connection(&by.principal, by.id("connection")?).await?,
    ))
}

/// Lists what was tried at the provider, newest first.
#[utoipa::path(get, path = "/v1/connections/{connection}/attempts", tag = "connections",
    params(("connection" = Uuid, Path, description = "The connection's id"), Listing),
    responses((status = 200, description = "A page of attempts", body = Items<AttemptView>)))]
pub(crate) async fn attempts(app: Data<App>, by: Granted) -> Answer {
    let page = by.query::<Listing>()?.page()?;
    let found = app
        .wallet
        .attempts(&by.principal, by.id("connection")?, page)
        .await?;
    ok(&Items::of(found, AttemptView::from))
}

/// Disconnects: no token is served any more, and the provider is asked to revoke the grant.
#[utoipa::path(post, path = "/v1/connections/{connection}/disconnect", tag = "connections",
    params(("connection" = Uuid, Path, description = "The connection's id")),
    responses((status = 200, description = "The connection, disconnected", body = ConnectionView)))]
pub(crate) async fn disconnect(app: Data<App>, by: Granted) -> Answer {
    end(&app, &by).await
}

/// The same as `disconnect`.
#[utoipa::path(delete, path = "/v1/connections/{connection}", tag = "connections",
    params(("connection" = Uuid, Path, description = "The connection's id")),
    responses((status = 200, description = "The connection, disconnected", body = ConnectionView)))]
pub(crate) async fn delete(app: Data<App>, by: Granted) -> Answer {
    end(&app, &by).await
}

async fn end(app: &App, by: &Granted) -> Answer {
    let id: ConnectionId = by.id("connection")?;
    let ended = app.wallet.disconnect(&by.principal, &by.asker, id).await;
    ok(&ConnectionView::from(ended.map_err(ApiError::from)?))
}
