//! The providers to choose from, and what the others would need.

use coffer_catalog::{Catalog, Provider};
use coffer_core::id::IntegrationId;

/// A provider that is configured.
pub(super) struct Ready {
    pub(super) integration: String,
    pub(super) name: String,
    pub(super) note: &'static str,
}

/// A provider that is not.
pub(super) struct Other {
    pub(super) name: String,
    pub(super) documentation: String,
    pub(super) needs: Vec<Need>,
}

/// A field that has to be filled in.
pub(super) struct Need {
    pub(super) label: String,
    pub(super) help: String,
}

/// The simulated provider.
pub(super) fn ready(catalog: &Catalog, integration: IntegrationId) -> Vec<Ready> {
    let name = catalog
        .find("simulator")
        .map_or("Simulator", |provider| provider.name.as_str());
    vec![Ready {
        integration: integration.to_string(),
        name: name.to_owned(),
        note: "a provider inside this process; its tokens live 5 minutes",
    }]
}

/// All other providers.
pub(super) fn others(catalog: &Catalog) -> Vec<Other> {
    catalog
        .visible()
        .filter(|provider| provider.id.as_str() != "simulator")
        .map(Other::of)
        .collect()
}

impl Other {
    fn of(provider: &Provider) -> Self {
        let needed = provider
            .fields
            .iter()
            .filter(|field| field.required || field.required_unless.is_some());
        let needs = needed.map(|field| Need {
            label: field.label.clone(),
            help: field.help.clone(),
        });
        Self {
            name: provider.name.clone(),
            documentation: provider.documentation.to_string(),
            needs: needs.collect(),
        }
    }
}
