//! Extra parameters of each step.

use crate::template::ValueTemplate;
use serde::Deserialize;
use std::collections::BTreeMap;

/// Parameters beyond those of the standard. One whose variable is not set is left out; a list variable repeats it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Parameters {
    /// Of the authorization request's query.
    pub authorize: BTreeMap<String, ValueTemplate>,
    /// Of the code exchange's body.
    pub token: BTreeMap<String, ValueTemplate>,
    /// Of the refresh's body.
    pub refresh: BTreeMap<String, ValueTemplate>,
    /// Of the revocation's body.
    pub revoke: BTreeMap<String, ValueTemplate>,
}
