//! Integrations: a provider configured for one's tenant; by an operator, for all tenants. Secrets are written and
//! never read back (requirement P1).

mod view;

pub(crate) use view::{ConfigValue, IntegrationView, TestView};

use crate::access::{Call, Granted, Listing};
use crate::answer::{Answer, Items, create as once, nothing, ok};
use crate::app::App;
use crate::error::ApiError;
use actix_web::web::Data;
use coffer_core::id::IntegrationId;
use coffer_core::integration::Integration;
use coffer_wallet::{Values, WalletError};
use serde::Deserialize;
use utoipa::ToSchema;

/// An integration to make.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewIntegration {
    /// The catalogue entry.
    #[schema(example = "google")]
    provider: String,
    /// What people call it, unique in the tenant.
    #[schema(min_length = 1, max_length = 200, example = "Google Workspace")]
    name: String,
    /// The values of the provider's fields, secrets among them.
    #[schema(value_type = HashMap<String, ConfigValue>)]
    config: Values,
}

/// What to change of an integration: something at least.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(min_properties = 1)]
pub(crate) struct IntegrationChange {
    /// Another name.
    #[schema(min_length = 1, max_length = 200)]
    name: Option<String>,
    /// All values again; secrets that are left out stay as they are.
    #[schema(value_type = Option<HashMap<String, ConfigValue>>)]
    config: Option<Values>,
}

/// A configuration that is not stored.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Configuration {
    /// The catalogue entry.
    #[schema(example = "google")]
    provider: String,
    /// The values of the provider's fields, secrets among them.
    #[schema(value_type = HashMap<String, ConfigValue>)]
    config: Values,
}

/// Stores an integration as a draft.
#[utoipa::path(post, path = "/v1/integrations", tag = "integrations", request_body = NewIntegration,
    responses((status = 201, description = "The integration", body = IntegrationView)))]
pub(crate) async fn create(app: Data<App>, call: Call<NewIntegration>) -> Answer {
    once(app, call, async |app: &App, by: &Granted, new: NewIntegration| {
        by.unlimited(BEYOND)?;
        let NewIntegration {
            provider,
            name,
            config,
        } = new;
        let made = app
            .wallet
            .create_integration(&by.scope, &by.asker, &provider, &name, config)
            .await?;
        Ok(view(app, by, made))
    })
    .await
}

/// Checks a configuration without storing it.
#[utoipa::path(post, path = "/v1/integrations/validate", tag = "integrations", request_body = Configuration,
    responses((status = 204, description = "It is complete and well-formed")))]
pub(crate) async fn validate(app: Data<App>, call: Call<Configuration>) -> Answer {
    app.wallet
        .validate_integration(&call.body.provider, call.body.config)?;
    nothing()
}

/// Tests a configuration against the provider before it is stored.
#[utoipa::path(post, path = "/v1/integrations/test", tag = "integrations", request_body = Configuration,
    responses((status = 200, description = "What was found", body = TestView)))]
pub(crate) async fn test_before(app: Data<App>, call: Call<Configuration>) -> Answer {
    let report = app
        .wallet
        .test_configuration(&call.body.provider, call.body.config)
        .await?;
    ok(&TestView::from(report))
}

/// Lists one's own integrations and the shared ones, oldest first.
#[utoipa::path(get, path = "/v1/integrations", tag = "integrations", params(Listing),
    responses((status = 200, description = "A page of integrations", body = Items<IntegrationView>)))]
pub(crate) async fn list(app: Data<App>, by: Granted) -> Answer {
    let page = by.query::<Listing>()?.page()?;
    let mut found = app.wallet.integrations(&by.scope, page).await?;
    found
        .items
        .retain(|integration| by.reaches_integration(integration.id));
    ok(&Items::of(found, |integration| view(&app, &by, integration)))
}

/// Shows an integration.
#[utoipa::path(get, path = "/v1/integrations/{integration}", tag = "integrations",
    params(("integration" = Uuid, Path, description = "The integration's id")),
    responses((status = 200, description = "The integration", body = IntegrationView)))]
pub(crate) async fn find(app: Data<App>, by: Granted) -> Answer {
    let id = reachable(&by)?;
    ok(&view(&app, &by, app.wallet.integration(&by.scope, id).await?))
}

/// Changes an integration. It stays in use if it is.
#[utoipa::path(patch, path = "/v1/integrations/{integration}", tag = "integrations", request_body = IntegrationChange,
    params(("integration" = Uuid, Path, description = "The integration's id")),
    responses((status = 200, description = "The integration", body = IntegrationView)))]
pub(crate) async fn update(app: Data<App>, call: Call<IntegrationChange>) -> Answer {
    let (by, IntegrationChange { name, config }) = (call.by, call.body);
    let id = changeable(&by)?;
    if name.is_none() && config.is_none() {
        return Err(ApiError::BodyForm("name or config has to be given".into()));
    }
    let changed = app
        .wallet
        .update_integration(&by.scope, &by.asker, id, name.as_deref(), config)
        .await?;
    ok(&view(&app, &by, changed))
}

/// Deletes an integration that no connection uses.
#[utoipa::path(delete, path = "/v1/integrations/{integration}", tag = "integrations",
    params(("integration" = Uuid, Path, description = "The integration's id")),
    responses((status = 204, description = "It is deleted")))]
pub(crate) async fn delete(app: Data<App>, by: Granted) -> Answer {
    app.wallet
        .delete_integration(&by.scope, &by.asker, changeable(&by)?)
        .await?;
    nothing()
}

/// Tests an integration against its provider, and keeps the report with it.
#[utoipa::path(post, path = "/v1/integrations/{integration}/test", tag = "integrations",
    params(("integration" = Uuid, Path, description = "The integration's id")),
    responses((status = 200, description = "The integration, with the report", body = IntegrationView)))]
pub(crate) async fn test(app: Data<App>, by: Granted) -> Answer {
    let id = changeable(&by)?;
    ok(&view(
        &app,
        &by,
        app.wallet.test_integration(&by.scope, &by.asker, id).await?,
    ))
}

/// Puts an integration into use; a blocked one is freed.
#[utoipa::path(post, path = "/v1/integrations/{integration}/enable", tag = "integrations",
    params(("integration" = Uuid, Path, description = "The integration's id")),
    responses((status = 200, description = "The integration", body = IntegrationView)))]
pub(crate) async fn enable(app: Data<App>, by: Granted) -> Answer {
    let id = changeable(&by)?;
    ok(&view(
        &app,
        &by,
        app.wallet.enable_integration(&by.scope, &by.asker, id).await?,
    ))
}

/// Takes an integration out of use: no new connections; existing ones go on.
#[utoipa::path(post, path = "/v1/integrations/{integration}/disable", tag = "integrations",
    params(("integration" = Uuid, Path, description = "The integration's id")),
    responses((status = 200, description = "The integration", body = IntegrationView)))]
pub(crate) async fn disable(app: Data<App>, by: Granted) -> Answer {
    let id = changeable(&by)?;
    ok(&view(
        &app,
        &by,
        app.wallet.disable_integration(&by.scope, &by.asker, id).await?,
    ))
}

/// The integration of the path, where the caller reaches it.
fn reachable(by: &Granted) -> Result<IntegrationId, ApiError> {
    let id = by.id("integration")?;
    if by.reaches_integration(id) {
        Ok(id)
    } else {
        Err(WalletError::NotFound("integration").into())
    }
}

/// The integration of the path, for a change: whoever is limited to some integrations or connections changes none,
/// because connections beyond its reach depend on them.
fn changeable(by: &Granted) -> Result<IntegrationId, ApiError> {
    by.unlimited(BEYOND)?;
    reachable(by)
}

const BEYOND: &str = "integrations beyond its reach";

/// The integration as this one may see it: how a shared one is configured is the operator's alone.
fn view(app: &App, by: &Granted, integration: Integration) -> IntegrationView {
    let redirect_uri = app.wallet.redirect_uri(integration.id);
    match by.caller() {
        Some(caller) => IntegrationView::for_tenant(caller.tenant, integration, redirect_uri),
        None => IntegrationView::of(integration, redirect_uri),
    }
}
