//! Regions with hosts of their own.

use serde::Deserialize;
use std::collections::BTreeMap;

/// A closed set of regions, each with values that templates use as `{region.name}`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Regions {
    /// The enum field in which the integration names its region. Its choices are exactly the regions.
    pub field: String,
    /// By region, the values by name. Every region has the same names.
    pub values: BTreeMap<String, BTreeMap<String, String>>,
}
