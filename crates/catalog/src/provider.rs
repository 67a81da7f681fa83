//! A provider: one TOML file. The members that matter to a caller are small structs, a file each.

pub mod api;
pub mod call;
pub mod capability;
pub mod capture;
pub mod classify;
pub mod client;
pub mod endpoints;
pub mod identity;
pub mod lifetime;
pub mod oidc;
pub mod parameters;
pub mod pkce;
pub mod region;
pub mod response;
pub mod revoke;
pub mod rotation;
pub mod scopes;

mod id;

pub use id::{ProviderId, ProviderIdError};

use crate::config::Config;
use crate::field::Field;
use crate::template::{TemplateError, Variables};
use capability::Capabilities;
use classify::{ErrorRule, Step, Verdict};
use endpoints::Endpoint;
use serde::Deserialize;
use std::collections::BTreeMap;
use url::Url;

/// A provider as its file describes it. Only [`crate::Catalog`] makes one, after validation.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Provider {
    /// The version of the file's schema: 1.
    pub schema: u32,
    /// The name in URLs and in the database.
    pub id: ProviderId,
    /// The name for people.
    pub name: String,
    /// The provider's own documentation of its OAuth service.
    pub documentation: Url,
    /// What kind of credential a connection holds.
    pub kind: CredentialKind,
    /// Hidden from lists unless asked for.
    #[serde(default)]
    pub hidden: bool,
    /// Facts in this file that nobody could check against the provider's documents. A provider with such facts has
    /// to be hidden.
    #[serde(default)]
    pub unverified: Vec<String>,
    /// What an administrator should know before he enables it.
    #[serde(default)]
    pub notes: Vec<String>,
    /// OpenID Connect: the issuer and what follows from it. Absent for plain OAuth 2.
    pub oidc: Option<oidc::Oidc>,
    /// Where the endpoints are, as far as discovery does not say.
    #[serde(default)]
    pub endpoints: endpoints::Endpoints,
    /// How the client authenticates and writes its requests.
    #[serde(default)]
    pub client: client::Client,
    /// Extra parameters of each step.
    #[serde(default)]
    pub parameters: parameters::Parameters,
    /// Proof Key for Code Exchange.
    #[serde(default)]
    pub pkce: pkce::Pkce,
    /// Scopes and how they are written.
    #[serde(default)]
    pub scopes: scopes::Scopes,
    /// Parameters of the callback and members of token responses that are kept with the connection.
    #[serde(default)]
    pub captures: Vec<capture::Capture>,
    /// Where things stand in a token response.
    #[serde(default)]
    pub response: response::Response,
    /// How this provider's errors are read; the first match wins, before the defaults of [`classify::classify`].
    #[serde(default)]
    pub errors: Vec<ErrorRule>,
    /// What happens to refresh tokens and old access tokens on a refresh.
    #[serde(default)]
    pub rotation: rotation::Rotation,
    /// How long things live, and how many of them may.
    #[serde(default)]
    pub lifetime: lifetime::Lifetime,
    /// How an access token is presented to the provider's API.
    #[serde(default)]
    pub api: api::Api,
    /// How to learn whose account it is.
    #[serde(default)]
    pub identity: identity::Identity,
    /// The cheap call of a smoke test.
    pub verify: Option<call::HttpCall>,
    /// How a grant is given back.
    #[serde(default)]
    pub revoke: revoke::Revoke,
    /// Regions with hosts of their own.
    pub regions: Option<region::Regions>,
    /// The configuration form, in the order in which it is shown.
    pub fields: Vec<Field>,
}

/// What kind of credential a connection of this provider holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CredentialKind {
    /// Tokens of the OAuth 2 authorization-code grant (RFC 6749, section 4.1).
    Oauth2,
}

impl Provider {
    /// The field of this name.
    pub fn field(&self, name: &str) -> Option<&Field> {
        self.fields.iter().find(|field| field.name == name)
    }

    /// The capture of this name.
    pub fn capture(&self, name: &str) -> Option<&capture::Capture> {
        self.captures.iter().find(|capture| capture.name == name)
    }

    /// The values that this provider's templates can use: the integration's fields, the region's hosts, and what was
    /// captured for the connection (empty before there is one).
    ///
    /// # Errors
    /// A captured value breaks the rule of its capture, or has none in this file.
    pub fn variables(
        &self,
        config: &Config,
        captured: &BTreeMap<String, String>,
    ) -> Result<Variables, TemplateError> {
        Variables::of(self, config, captured)
    }

    /// Where an endpoint is, or `None` when this file and configuration do not say: then discovery does, or the
    /// provider has none.
    ///
    /// # Errors
    /// A value cannot stand where the template has it.
    pub fn endpoint(&self, endpoint: Endpoint, variables: &Variables) -> Result<Option<Url>, TemplateError> {
        match self.endpoints.template(endpoint) {
            Some(template) => template.resolve(variables),
            None => Ok(None),
        }
    }

    /// The issuer identifier, exactly as it is written, for comparison character by character (RFC 8414, section 3.3;
    /// RFC 9207, section 2.4). `None` without OpenID Connect.
    ///
    /// # Errors
    /// A value cannot stand where the template has it.
    pub fn issuer(&self, variables: &Variables) -> Result<Option<String>, TemplateError> {
        match &self.oidc {
            Some(oidc) => oidc.issuer.resolve_text(variables),
            None => Ok(None),
        }
    }

    /// Where the issuer's metadata is. `None` without OpenID Connect.
    ///
    /// # Errors
    /// A value cannot stand where the template has it.
    pub fn metadata_url(&self, variables: &Variables) -> Result<Option<Url>, TemplateError> {
        match &self.oidc {
            Some(oidc) => oidc.metadata_url(variables),
            None => Ok(None),
        }
    }

    /// The only origin that may see the client secret: the token endpoint's (THR-44). `None` when discovery decides;
    /// then the origin has to be remembered when the integration is registered.
    ///
    /// # Errors
    /// A value cannot stand where the template has it.
    pub fn secret_origin(&self, variables: &Variables) -> Result<Option<url::Origin>, TemplateError> {
        Ok(self.endpoint(Endpoint::Token, variables)?.map(|url| url.origin()))
    }

    /// Reads a refusal: this file's rules first, then the defaults of RFC 6749, section 5.2.
    pub fn classify(&self, step: Step, status: u16, code: Option<&str>) -> Verdict {
        self.errors
            .iter()
            .find(|rule| rule.matches(step, status, code))
            .map_or_else(
                || Verdict {
                    meaning: classify::classify(step, status, code),
                    hint: None,
                },
                |rule| Verdict {
                    meaning: rule.means,
                    hint: rule.hint.clone(),
                },
            )
    }

    /// What this provider can do at most. What a connection can do follows from its configuration
    /// ([`Provider::capabilities_of`]), from discovery, and from whether it has a refresh token.
    pub fn capabilities(&self) -> Capabilities {
        Capabilities::at_most(self)
    }

    /// What an integration with this configuration can do, as far as the file knows.
    pub fn capabilities_of(&self, config: &Config) -> Capabilities {
        Capabilities::of(self, config)
    }
}
