//! Proof Key for Code Exchange (RFC 7636).

use crate::setting::Setting;
use serde::{Deserialize, Serialize};

/// Whether PKCE is used. Only S256 exists here: `plain` protects nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Pkce {
    /// The method.
    pub method: Setting<PkceMethod>,
    /// Why it is off: a link to the provider's own words, or what was tried. Required when the file fixes `off`.
    pub evidence: Option<String>,
}

/// A PKCE method.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PkceMethod {
    /// SHA-256 of the verifier.
    #[default]
    S256,
    /// None: state and nonce alone defend the flow (OA-C02).
    Off,
}
