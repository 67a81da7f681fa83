//! The audit log of one's tenant; by an operator, of the installation.

use crate::access::{Granted, Listing};
use crate::answer::{Answer, Items, ok};
use crate::app::App;
use actix_web::web::Data;
use coffer_core::Timestamp;
use coffer_core::audit::AuditEntry;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// A row of the audit log.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AuditView {
    /// Its id; ids grow with time.
    id: Uuid,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    /// Who: `operator`, `caller`, `browser`, `system` or `command_line`.
    #[schema(example = "caller")]
    actor: &'static str,
    /// The id of who did it, where there is one.
    actor_id: Option<Uuid>,
    /// What.
    #[schema(example = "OAuthTokenRefresh")]
    verb: &'static str,
    /// The id of the thing that it was done to.
    target: Uuid,
    /// More about it.
    #[schema(value_type = Object)]
    detail: serde_json::Value,
    /// The correlation id of the request.
    request_id: String,
}

impl From<AuditEntry> for AuditView {
    fn from(entry: AuditEntry) -> Self {
        Self {
            id: entry.id.uuid(),
            at: entry.at,
            actor: entry.actor.kind(),
            actor_id: entry.actor.id(),
            verb: entry.verb.as_str(),
            target: entry.target,
            detail: entry.detail,
            request_id: entry.request,
        }
    }
}

/// Lists the audit log, newest first. A caller that is limited to some integrations or connections may not.
#[utoipa::path(get, path = "/v1/audit", tag = "audit", params(Listing),
    responses((status = 200, description = "A page of the audit log", body = Items<AuditView>)))]
pub(crate) async fn list(app: Data<App>, by: Granted) -> Answer {
    by.unlimited("audit rows beyond its reach")?;
    let page = by.query::<Listing>()?.page()?;
    ok(&Items::of(
        app.wallet.audit_log(&by.scope, page).await?,
        AuditView::from,
    ))
}
