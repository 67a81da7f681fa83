//! What works with a provider, so that a user interface offers only that (P23).

use crate::config::Config;
use crate::provider::Provider;
use crate::provider::endpoints::Endpoint;
use crate::provider::revoke::RevokeStyle;
use crate::provider::rotation::RefreshStyle;
use serde::Serialize;
use std::collections::BTreeMap;

/// What works.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Capabilities {
    /// Access tokens can be renewed without a person.
    pub can_refresh: bool,
    /// A grant can be given back at the provider.
    pub revoke: bool,
    /// A token's state can be asked (RFC 7662).
    pub introspect: bool,
    /// A person can consent on another device (RFC 8628).
    pub device_grant: bool,
    /// There is a smoke test.
    pub test: bool,
}

impl Capabilities {
    /// What the file can offer with the best configuration and discovery.
    pub(crate) fn at_most(provider: &Provider) -> Self {
        Self::computed(provider, |endpoint| {
            provider.endpoints.template(endpoint).is_some() || discovered(provider, endpoint)
        })
    }

    /// What an integration's configuration leaves of that. An endpoint that only discovery can name counts as there.
    pub(crate) fn of(provider: &Provider, config: &Config) -> Self {
        let variables = provider.variables(config, &BTreeMap::new()).ok();
        Self::computed(provider, |endpoint| {
            let resolved = variables
                .as_ref()
                .and_then(|variables| provider.endpoint(endpoint, variables).ok().flatten());
            resolved.is_some() || discovered(provider, endpoint)
        })
    }

    fn computed(provider: &Provider, has: impl Fn(Endpoint) -> bool) -> Self {
        let revoke = match provider.revoke.style {
            RevokeStyle::Rfc7009 => has(Endpoint::Revoke),
            RevokeStyle::Call => true,
            RevokeStyle::None => false,
        };
        Self {
            can_refresh: match provider.rotation.refresh {
                RefreshStyle::RefreshToken | RefreshStyle::SelfExchange | RefreshStyle::Remint => true,
                RefreshStyle::None => false,
            },
            revoke,
            introspect: has(Endpoint::Introspect),
            device_grant: has(Endpoint::Device),
            test: provider
                .verify
                .as_ref()
                .is_some_and(|call| call.url.is_some() || has(Endpoint::Userinfo)),
        }
    }
}

fn discovered(provider: &Provider, endpoint: Endpoint) -> bool {
    provider
        .oidc
        .as_ref()
        .is_some_and(|oidc| oidc.optional_endpoints.contains(&endpoint))
}
