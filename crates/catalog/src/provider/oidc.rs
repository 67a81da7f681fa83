//! OpenID Connect.

use crate::provider::endpoints::Endpoint;
use crate::setting::Setting;
use crate::template::{TemplateError, UrlTemplate, Variables};
use serde::Deserialize;
use url::Url;

/// What OpenID Connect adds. The metadata is at the issuer's `/.well-known/openid-configuration` (OpenID Connect
/// Discovery 1.0, section 4) unless `discovery` says otherwise, and fills in the endpoints that the file leaves out.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Oidc {
    /// The issuer identifier, compared exactly with `iss`.
    pub issuer: UrlTemplate,
    /// The metadata document, where it is not at the usual place.
    pub discovery: Option<UrlTemplate>,
    /// Whether a `nonce` is sent and checked (OpenID Connect Core 1.0, section 3.1.2.1).
    #[serde(default = "yes")]
    pub nonce: bool,
    /// Whether the authorization response carries `iss` (RFC 9207). When `true` a response without it is refused; when
    /// `false`, the metadata's `authorization_response_iss_parameter_supported` decides.
    #[serde(default)]
    pub response_iss: bool,
    /// The optional endpoints that this provider's metadata names, or may name: they count as capabilities.
    #[serde(default)]
    pub optional_endpoints: Vec<Endpoint>,
    /// Signature algorithms that an ID token may have.
    #[serde(default = "algorithms")]
    pub id_token_algorithms: Vec<String>,
    /// A claim of the ID token that has to equal a field's value, when that field is set: Google's hosted domain.
    #[serde(default)]
    pub require_claims: Vec<RequiredClaim>,
    /// Whether `id_token` is always in the token response, so that one without it is refused.
    #[serde(default = "yes_setting")]
    pub id_token_required: Setting<bool>,
}

const WELL_KNOWN: &str = "/.well-known/openid-configuration";

impl Oidc {
    /// Where the metadata is: `discovery`, or the issuer, without its last slash, and the well-known path.
    pub(crate) fn metadata_url(&self, variables: &Variables) -> Result<Option<Url>, TemplateError> {
        if let Some(discovery) = &self.discovery
            && let Some(url) = discovery.resolve(variables)?
        {
            return Ok(Some(url));
        }
        let issuer = self.issuer.resolve(variables)?;
        Ok(issuer.map(|mut url| {
            url.set_path(&format!("{}{WELL_KNOWN}", url.path().trim_end_matches('/')));
            url
        }))
    }
}

/// A claim that has to equal what the integration says.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RequiredClaim {
    /// The claim's name, such as `hd`.
    pub claim: String,
    /// The field that has its value. Not set: not checked.
    pub field: String,
}

const fn yes() -> bool {
    true
}

const fn yes_setting() -> Setting<bool> {
    Setting::Fixed(true)
}

fn algorithms() -> Vec<String> {
    vec!["RS256".to_owned(), "ES256".to_owned()]
}
