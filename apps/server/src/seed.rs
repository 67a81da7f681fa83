//! Provider clients from the environment as integrations for all tenants (requirement P24).

use crate::compose::Composed;
use crate::config::ProviderClient;
use coffer_catalog::{FieldKind, InputValue, Provider};
use coffer_core::OperatorScope;
use coffer_core::actor::{Actor, Asker};
use coffer_core::id::TenantId;
use coffer_core::secret::ExposeSecret;
use coffer_wallet::{EnvironmentClient, Values, WalletError};
use std::collections::{BTreeMap, BTreeSet};

/// Makes and enables what the environment names, where the database does not have it. A client that its provider
/// would need more for than id and secret is told about and left.
///
/// # Errors
/// The store's, and those of the key ring.
pub async fn provider_clients(
    composed: &Composed,
    clients: &BTreeMap<String, ProviderClient>,
) -> Result<(), WalletError> {
    let scope = OperatorScope::assume("who sets the environment of the server is the operator");
    let asker = Asker {
        actor: Actor::System,
        tenant: TenantId::INSTALLATION,
        request: "start".into(),
    };
    for name in unknown(composed.catalog.iter(), clients) {
        tracing::warn!(
            variable = format!("{name}_CLIENT_ID"),
            "no provider of the catalogue has this name; the client is not used"
        );
    }
    for provider in composed.catalog.iter() {
        let Some(client) = clients.get(&variable_prefix(provider)) else {
            continue;
        };
        if !takes_client(provider) {
            tracing::warn!(provider = %provider.id, "this provider takes no client from the environment");
            continue;
        }
        let client = EnvironmentClient {
            provider: provider.id.to_string(),
            values: values(client),
        };
        match composed
            .wallet
            .ensure_environment_client(&scope, &asker, client)
            .await
        {
            Ok(integration) => {
                let (id, state) = (integration.id, integration.state.as_str());
                tracing::info!(provider = %provider.id, integration = %id, state, "a provider client of the environment");
            }
            Err(WalletError::Fields(errors)) => {
                let fields: Vec<&str> = errors.iter().map(|error| error.field.as_str()).collect();
                tracing::warn!(provider = %provider.id, fields = fields.join(", "), "id and secret are not enough, or wrong, for this provider");
            }
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// The clients that are for no provider of the catalogue.
fn unknown<'a>(
    catalog: impl Iterator<Item = &'a Provider>,
    clients: &'a BTreeMap<String, ProviderClient>,
) -> impl Iterator<Item = &'a str> {
    let known: BTreeSet<String> = catalog.map(variable_prefix).collect();
    clients
        .keys()
        .map(String::as_str)
        .filter(move |name| !known.contains(*name))
}

/// `google` is configured by `GOOGLE_CLIENT_ID`.
fn variable_prefix(provider: &Provider) -> String {
    provider.id.as_str().to_ascii_uppercase().replace('-', "_")
}

fn takes_client(provider: &Provider) -> bool {
    let secret = provider
        .field("client_secret")
        .is_some_and(|field| field.kind == FieldKind::Secret);
    secret && provider.field("client_id").is_some()
}

fn values(client: &ProviderClient) -> Values {
    Values::from([
        ("client_id".to_owned(), InputValue::text(client.id.clone())),
        (
            "client_secret".to_owned(),
            InputValue::text(client.secret.expose_secret()),
        ),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;
    use coffer_catalog::Catalog;
    use coffer_core::secret::secret_text;

    #[test]
    fn p24_a_client_of_a_provider_that_nobody_knows_is_told() {
        let client = |name: &str| {
            let client = ProviderClient {
                id: "app".into(),
                secret: secret_text("secret".into()),
            };
            (name.to_owned(), client)
        };
        let clients = BTreeMap::from([client("GOOGLE"), client("MICROSOFT"), client("GENERIC_OIDC")]);
        let catalog = Catalog::builtin().unwrap();
        let told: Vec<_> = unknown(catalog.iter(), &clients).collect();
        assert_eq!(told, ["MICROSOFT"]);
    }
}
