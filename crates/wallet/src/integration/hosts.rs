//! Where a configuration sends what is secret: a change that leads the stored secrets to another host must not carry
//! them along (THR-44).

use crate::error::WalletError;
use crate::wallet::Inner;
use coffer_catalog::provider::endpoints::Endpoint;
use coffer_catalog::{Config, FieldError, FieldKind, FieldValue, Provider, Variables};
use coffer_core::connection::{ConnectionState, Revocation};
use coffer_core::id::IntegrationId;
use coffer_core::integration::{Integration, IntegrationState};
use coffer_core::page::PageRequest;
use coffer_core::ports::ConnectionFilter;
use coffer_core::{SecretText, TenantScope};
use std::collections::{BTreeMap, BTreeSet};
use url::Url;

/// The endpoints that see the client secret, a code or a token of a connection by the client's own request.
const TOLD: [Endpoint; 4] = [
    Endpoint::Token,
    Endpoint::Refresh,
    Endpoint::Revoke,
    Endpoint::Introspect,
];

/// Where secrets go with a configuration.
struct Hosts {
    /// The origins of the endpoints, and the issuer and its metadata as a whole: whoever answers there names endpoints.
    told: BTreeSet<String>,
    /// The origin of each field that is a URL.
    fields: BTreeMap<String, String>,
}

impl Hosts {
    /// What does not resolve is no host: then the next configuration brings a new one.
    fn of(provider: &Provider, public: &BTreeMap<String, FieldValue>) -> Self {
        let config = Config::from_parts(public.clone(), BTreeMap::new());
        let variables = provider
            .variables(&config, &BTreeMap::new())
            .unwrap_or_else(|_| Variables::default());
        let endpoint = |endpoint| provider.endpoint(endpoint, &variables).ok().flatten();
        let mut told: BTreeSet<String> = TOLD
            .into_iter()
            .filter_map(endpoint)
            .map(|url| origin(&url))
            .collect();
        told.extend(provider.issuer(&variables).ok().flatten());
        told.extend(provider.metadata_url(&variables).ok().flatten().map(String::from));
        let urls = provider
            .fields
            .iter()
            .filter(|field| field.kind == FieldKind::Url);
        let fields = urls.filter_map(|field| {
            let url = Url::parse(config.text(&field.name)?).ok()?;
            Some((field.name.clone(), origin(&url)))
        });
        Self {
            told,
            fields: fields.collect(),
        }
    }

    /// Whether `next` sends anything where this does not.
    fn leads_to(&self, next: &Self) -> bool {
        let known = |field: &String, origin: &String| {
            self.fields.get(field) == Some(origin) || self.told.contains(origin)
        };
        !next.told.is_subset(&self.told) || next.fields.iter().any(|(field, origin)| !known(field, origin))
    }
}

fn origin(url: &Url) -> String {
    url.origin().ascii_serialization()
}

/// Whether a new configuration sends secrets or tokens to a host that the old one does not name.
pub(super) fn moved(
    provider: &Provider,
    old: &BTreeMap<String, FieldValue>,
    new: &BTreeMap<String, FieldValue>,
) -> bool {
    Hosts::of(provider, old).leads_to(&Hosts::of(provider, new))
}

/// When a configuration may lead to another host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Move {
    /// While no connection uses the integration.
    Unused,
    /// Always: who runs the installation says that it is the same provider at another address.
    SameProvider,
}

impl Inner {
    /// Refuses a configuration that leads to another host, unless nothing of the old one would go there.
    pub(super) async fn check_move(
        &self,
        scope: &TenantScope,
        integration: &Integration,
        stored: &BTreeMap<String, SecretText>,
        entered: &BTreeMap<String, SecretText>,
        allowed: Move,
    ) -> Result<(), WalletError> {
        let missing = not_entered(stored, entered);
        if !missing.is_empty() {
            return Err(WalletError::Fields(missing));
        }
        match allowed {
            Move::Unused => {}
            Move::SameProvider => return Ok(()),
        }
        // Whether tenants have connections with a shared one is theirs to know; a draft has none.
        let shared = integration.owner.is_installation() && integration.state != IntegrationState::Draft;
        if shared || self.has_tokens(scope, integration.id).await? {
            return Err(WalletError::precondition(
                "integration_in_use",
                "connections use this integration, and their tokens belong to its host; make another integration for \
                 the new host and connect the accounts there",
            ));
        }
        Ok(())
    }

    /// Whether a connection uses the integration, or was disconnected and still has tokens to be revoked.
    async fn has_tokens(&self, scope: &TenantScope, id: IntegrationId) -> Result<bool, WalletError> {
        let filter = ConnectionFilter {
            integration: Some(id),
            ..ConnectionFilter::default()
        };
        let mut after = None;
        loop {
            let page = PageRequest::new(PageRequest::MAX, after);
            let found = self.stores.connections.list(scope, &filter, page).await?;
            let mut all = found.items.iter().map(|view| &view.connection);
            if all.any(|connection| {
                connection.state != ConnectionState::Revoked
                    || matches!(connection.revocation, Revocation::Requested | Revocation::Failed)
            }) {
                return Ok(true);
            }
            after = match found.next {
                Some(next) => Some(next),
                None => return Ok(false),
            };
        }
    }
}

/// An error for each stored secret that was not entered again.
fn not_entered(
    stored: &BTreeMap<String, SecretText>,
    entered: &BTreeMap<String, SecretText>,
) -> Vec<FieldError> {
    let missing = stored.keys().filter(|field| !entered.contains_key(*field));
    missing
        .map(|field| FieldError {
            field: field.clone(),
            code: "enter_again",
            message: "has to be entered again, because it would go to another host".to_owned(),
            hint: "enter the secret that belongs to the new host, or leave the addresses as they are"
                .to_owned(),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use coffer_catalog::Catalog;

    fn texts(values: &[(&str, &str)]) -> BTreeMap<String, FieldValue> {
        let value = |(name, text): &(&str, &str)| ((*name).to_owned(), FieldValue::Text((*text).to_owned()));
        values.iter().map(value).collect()
    }

    fn moves(provider: &str, old: &[(&str, &str)], new: &[(&str, &str)]) -> bool {
        let catalog = Catalog::builtin().unwrap();
        let provider = catalog
            .iter()
            .find(|entry| entry.id.as_str() == provider)
            .unwrap();
        moved(provider, &texts(old), &texts(new))
    }

    #[test]
    fn thr_44_another_host_of_any_endpoint_is_a_move() {
        let old = [
            ("authorize_url", "https://login.example/authorize"),
            ("token_url", "https://id.example/token"),
        ];
        let with = |name: &'static str, url: &'static str| {
            let mut new = old.to_vec();
            new.retain(|(field, _)| *field != name);
            new.push((name, url));
            moves("generic-oauth2", &old, &new)
        };
        assert!(with("token_url", "https://evil.example/token"));
        assert!(with("token_url", "http://id.example/token"), "another scheme");
        assert!(with("token_url", "https://id.example:8443/token"), "another port");
        assert!(
            with("token_url", "https://login.example/token"),
            "a host for browsers only"
        );
        for field in ["revoke_url", "introspect_url", "userinfo_url", "authorize_url"] {
            assert!(with(field, "https://evil.example/x"), "{field}");
            assert!(!with(field, "https://id.example/x"), "{field}");
        }
        assert!(!with("token_url", "https://id.example/v2/token"));
        assert!(!with("audience", "https://api.example"), "no request goes there");
    }

    #[test]
    fn thr_44_another_issuer_is_a_move_although_the_host_is_the_same() {
        let old = [("issuer", "https://id.example/one")];
        assert!(moves(
            "generic-oidc",
            &old,
            &[("issuer", "https://id.example/two")]
        ));
        let url = ("discovery_url", "https://id.example/elsewhere");
        assert!(moves("generic-oidc", &old, &[old[0], url]));
        assert!(!moves("generic-oidc", &old, &old));
    }
}
