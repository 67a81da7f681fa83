//! The catalogue: what can be connected, and what its configuration form asks for (requirements P2, P23).

use crate::access::Granted;
use crate::answer::{Answer, ok};
use crate::app::App;
use actix_web::web::Data;
use coffer_catalog::Provider;
use coffer_catalog::provider::capability::Capabilities;
use coffer_wallet::WalletError;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// A provider in the list.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ProviderSummary<'a> {
    /// Its id.
    #[schema(value_type = String, example = "google")]
    id: &'a str,
    /// Its name for people.
    #[schema(value_type = String, example = "Google")]
    name: &'a str,
    /// What kind of credential its connections hold: `oauth2`.
    #[schema(value_type = String, example = "oauth2")]
    kind: coffer_catalog::provider::CredentialKind,
    /// What works with it at most.
    capabilities: CapabilitiesView,
}

/// A provider, with its form.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ProviderView<'a> {
    #[serde(flatten)]
    summary: ProviderSummary<'a>,
    /// The provider's own documentation.
    #[schema(value_type = String, format = "uri")]
    documentation: &'a url::Url,
    /// What to know before it is enabled.
    #[schema(value_type = Vec<String>)]
    notes: &'a [String],
    /// The scopes that are asked for where the integration names none.
    #[schema(value_type = Vec<String>)]
    default_scopes: &'a [String],
    /// The fields of the configuration form, in the order in which it is shown.
    #[schema(value_type = Vec<FieldView>)]
    fields: &'a [coffer_catalog::Field],
}

/// What works, so that a user interface offers only that.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
pub(crate) struct CapabilitiesView {
    /// Access tokens can be renewed without a person.
    can_refresh: bool,
    /// A grant can be given back at the provider.
    revoke: bool,
    /// A token's state can be asked.
    introspect: bool,
    /// A person can consent on another device.
    device_grant: bool,
    /// There is a smoke test.
    test: bool,
}

impl From<Capabilities> for CapabilitiesView {
    fn from(all: Capabilities) -> Self {
        let Capabilities {
            can_refresh,
            revoke,
            introspect,
            device_grant,
            test,
        } = all;
        Self {
            can_refresh,
            revoke,
            introspect,
            device_grant,
            test,
        }
    }
}

/// A field of a configuration form. Only for the OpenAPI document: what is sent is the catalogue's own.
#[derive(ToSchema)]
#[expect(
    dead_code,
    reason = "it describes coffer_catalog::Field, which knows nothing of OpenAPI"
)]
pub(crate) struct FieldView {
    /// The name.
    name: String,
    /// `text`, `url`, `secret`, `enum`, `bool`, `list` or `pointer`.
    #[schema(rename = "type")]
    kind: String,
    /// The label for people.
    label: String,
    /// Whether it has to be set.
    required: bool,
    /// Whether it has to be set unless another field has a certain value.
    required_unless: Option<RequiredUnlessView>,
    /// A regular expression that the whole text has to match.
    pattern: Option<String>,
    /// What it is for, and where an administrator finds it.
    help: Option<String>,
    /// An example for the empty input.
    example: Option<String>,
    /// The part of the form: `client`, `endpoints`, `access`, `identity`, `advanced`.
    group: String,
    /// The value when nothing is given.
    default: Option<super::integrations::ConfigValue>,
    /// The choices of an `enum`.
    choices: Option<Vec<ChoiceView>>,
}

/// A condition that makes a field optional.
#[derive(ToSchema)]
#[expect(
    dead_code,
    reason = "it describes coffer_catalog's type, which knows nothing of OpenAPI"
)]
pub(crate) struct RequiredUnlessView {
    /// The other field.
    field: String,
    /// Its value.
    is: super::integrations::ConfigValue,
}

/// A choice of an `enum`.
#[derive(ToSchema)]
#[expect(
    dead_code,
    reason = "it describes coffer_catalog's type, which knows nothing of OpenAPI"
)]
pub(crate) struct ChoiceView {
    /// The value.
    value: String,
    /// The label for people.
    label: String,
}

/// Which providers are listed.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ProviderFilter {
    /// Whether hidden ones are listed, too.
    hidden: Option<bool>,
}

/// The providers. There are few, so there are no pages.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Providers<'a> {
    /// The providers, by id.
    items: Vec<ProviderSummary<'a>>,
}

fn summary(provider: &Provider) -> ProviderSummary<'_> {
    ProviderSummary {
        id: provider.id.as_str(),
        name: &provider.name,
        kind: provider.kind,
        capabilities: provider.capabilities().into(),
    }
}

/// Lists the providers.
#[utoipa::path(get, path = "/v1/providers", tag = "providers", params(ProviderFilter),
    responses((status = 200, description = "The providers", body = Providers<'_>)))]
pub(crate) async fn list(app: Data<App>, by: Granted) -> Answer {
    let hidden = by.query::<ProviderFilter>()?.hidden.unwrap_or(false);
    let shown = app
        .wallet
        .catalog()
        .iter()
        .filter(|provider| hidden || !provider.hidden);
    ok(&Providers {
        items: shown.map(summary).collect(),
    })
}

/// Shows a provider with its configuration form.
#[utoipa::path(get, path = "/v1/providers/{provider}", tag = "providers",
    params(("provider" = String, Path, description = "The provider's id", example = "google")),
    responses((status = 200, description = "The provider", body = ProviderView<'_>)))]
pub(crate) async fn find(app: Data<App>, by: Granted) -> Answer {
    let found = app.wallet.catalog().find(by.path_text("provider"));
    let provider = found.ok_or(WalletError::NotFound("provider"))?;
    ok(&ProviderView {
        summary: summary(provider),
        documentation: &provider.documentation,
        notes: &provider.notes,
        default_scopes: &provider.scopes.default,
        fields: &provider.fields,
    })
}
