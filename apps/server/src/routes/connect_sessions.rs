//! Connect sessions: a caller's back end makes one, sends the user's browser to its link, and redeems the one-time
//! result that comes back.

use super::connections::ConnectionView;
use crate::access::{Call, Granted};
use crate::answer::{Answer, create as once, ok};
use crate::app::App;
use crate::error::ApiError;
use actix_web::web::Data;
use coffer_core::id::{ConnectionId, IntegrationId};
use coffer_core::secret::ExposeSecret;
use coffer_core::{SecretText, Timestamp};
use coffer_wallet::{NewConnectSession as Wanted, WalletError};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// A connect session to make.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewConnectSession {
    /// The integration to connect.
    integration: Uuid,
    /// The person, by your product's name; made where it is new.
    #[schema(min_length = 1, max_length = 200, example = "user-42")]
    user: Option<String>,
    /// The connection to authorise again.
    connection: Option<Uuid>,
    /// Scopes to ask for; the integration's own where there are none.
    #[serde(default)]
    #[schema(max_items = 100)]
    scopes: Vec<String>,
    /// Where the browser goes afterwards: a URL of a registered origin, with the state of the user's page in it.
    #[schema(max_length = 2000, example = "https://app.example.com/settings?draft=7")]
    return_to: String,
}

/// A connect session.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ConnectSessionView {
    /// Its id.
    id: Uuid,
    /// Send the user's browser here. It opens once, and whoever opens it is who consents.
    #[schema(example = "https://coffer.example.com/connect/cfs_...")]
    link: String,
    /// When it can no longer be opened.
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
}

/// A one-time result.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Redemption {
    /// `coffer_result`, as it came with the browser.
    #[schema(value_type = String, example = "cfx_...")]
    result: SecretText,
}

/// Makes a connect session.
#[utoipa::path(post, path = "/v1/connect-sessions", tag = "connect", request_body = NewConnectSession,
    responses((status = 201, description = "The session, with its link", body = ConnectSessionView)))]
pub(crate) async fn create(app: Data<App>, call: Call<NewConnectSession>) -> Answer {
    once(
        app,
        call,
        async |app: &App, by: &Granted, new: NewConnectSession| {
            let wanted = Wanted {
                integration: IntegrationId::from_uuid(new.integration),
                user: new.user,
                connection: new.connection.map(ConnectionId::from_uuid),
                scopes: new.scopes,
                return_to: new.return_to,
            };
            check_reach(by, &wanted)?;
            let made = app.wallet.create_connect_session(&by.asker, wanted).await?;
            Ok(ConnectSessionView {
                id: made.session.id.uuid(),
                link: made.link.expose_secret().to_owned(),
                expires_at: made.session.expires_at,
            })
        },
    )
    .await
}

/// A caller that is limited to some connections authorises only those again.
fn check_reach(by: &Granted, wanted: &Wanted) -> Result<(), ApiError> {
    if !by.reaches_integration(wanted.integration) {
        return Err(WalletError::NotFound("integration").into());
    }
    let Some(allowed) = by.caller().and_then(|caller| caller.connections.as_ref()) else {
        return Ok(());
    };
    match wanted.connection {
        Some(connection) if allowed.contains(&connection) => Ok(()),
        Some(_) => Err(WalletError::NotFound("connection").into()),
        None => Err(WalletError::Forbidden("connections beyond its reach").into()),
    }
}

/// Redeems the one-time result: the connection is in use from now on.
#[utoipa::path(post, path = "/v1/connect-sessions/redeem", tag = "connect", request_body = Redemption,
    responses((status = 200, description = "The connection", body = ConnectionView)))]
pub(crate) async fn redeem(app: Data<App>, call: Call<Redemption>) -> Answer {
    let redeemed = app
        .wallet
        .redeem(&call.by.asker, call.body.result.expose_secret())
        .await?;
    ok(&ConnectionView::from(redeemed))
}
