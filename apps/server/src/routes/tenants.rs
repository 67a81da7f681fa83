//! Tenants: the operator's.

use crate::access::{Call, Granted, Listing};
use crate::answer::{Answer, Items, create as once, ok};
use crate::app::App;
use actix_web::web::Data;
use coffer_core::Timestamp;
use coffer_core::tenant::Tenant;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// A tenant to make.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewTenant {
    /// The name that your product has for it, unique in the installation.
    #[schema(min_length = 1, max_length = 200, example = "acme")]
    external_id: String,
    /// What people call it.
    #[schema(min_length = 1, max_length = 200, example = "Acme Corporation")]
    name: String,
}

/// A tenant.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TenantView {
    /// Its id.
    id: Uuid,
    /// The name that your product has for it.
    external_id: String,
    /// What people call it.
    name: String,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
}

impl From<Tenant> for TenantView {
    fn from(tenant: Tenant) -> Self {
        Self {
            id: tenant.id.uuid(),
            external_id: tenant.external_id,
            name: tenant.name,
            created_at: tenant.created_at,
        }
    }
}

/// Makes a tenant.
#[utoipa::path(post, path = "/v1/tenants", tag = "tenants", request_body = NewTenant,
    responses((status = 201, description = "The tenant", body = TenantView)))]
pub(crate) async fn create(app: Data<App>, call: Call<NewTenant>) -> Answer {
    once(app, call, async |app: &App, by: &Granted, new: NewTenant| {
        let made = app
            .wallet
            .create_tenant(&by.operator()?, &by.asker, &new.external_id, &new.name)
            .await?;
        Ok(TenantView::from(made))
    })
    .await
}

/// Lists the tenants, oldest first.
#[utoipa::path(get, path = "/v1/tenants", tag = "tenants", params(Listing),
    responses((status = 200, description = "A page of tenants", body = Items<TenantView>)))]
pub(crate) async fn list(app: Data<App>, by: Granted) -> Answer {
    let page = by.query::<Listing>()?.page()?;
    ok(&Items::of(
        app.wallet.tenants(&by.operator()?, page).await?,
        TenantView::from,
    ))
}

/// Shows a tenant.
#[utoipa::path(get, path = "/v1/tenants/{tenant}", tag = "tenants",
    params(("tenant" = String, Path, description = "The tenant's id, or its external id")),
    responses((status = 200, description = "The tenant", body = TenantView)))]
pub(crate) async fn find(app: Data<App>, by: Granted) -> Answer {
    ok(&TenantView::from(
        app.wallet.tenant(&by.operator()?, by.path_text("tenant")).await?,
    ))
}
