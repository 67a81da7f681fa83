//! The fields of a configuration form (P2). The API returns them as they are, and a user interface builds its form.

use crate::config::FieldValue;
use serde::{Deserialize, Serialize};

/// A field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Field {
    /// The name: lower-case letters, digits and underscores.
    pub name: String,
    /// What it holds.
    #[serde(rename = "type")]
    pub kind: FieldKind,
    /// The label for people.
    pub label: String,
    /// Whether it has to be set.
    #[serde(default)]
    pub required: bool,
    /// Whether it has to be set unless another field has a certain value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub required_unless: Option<RequiredUnless>,
    /// A regular expression that a text, or each element of a list, has to match as a whole (as HTML's `pattern`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pattern: Option<String>,
    /// What it is for, and where an administrator finds it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub help: String,
    /// An example, shown in the empty input. Never a working secret.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub example: Option<String>,
    /// The part of the form that it stands in: `client`, `endpoints`, `access`, `identity`, `advanced`.
    #[serde(default = "client_group")]
    pub group: String,
    /// The value when nothing is given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default: Option<FieldValue>,
    /// The choices of an `enum`, in the order in which they are shown.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub choices: Vec<Choice>,
}

/// What a field holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FieldKind {
    /// One line of text.
    Text,
    /// A URL.
    Url,
    /// A secret: written, never read back.
    Secret,
    /// One of `choices`.
    Enum,
    /// A switch.
    Bool,
    /// Several texts.
    List,
    /// A JSON Pointer (RFC 6901).
    Pointer,
}

/// One choice of an `enum`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Choice {
    /// The value.
    pub value: String,
    /// The label for people.
    pub label: String,
}

/// A condition that makes a field optional.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RequiredUnless {
    /// The other field.
    pub field: String,
    /// Its value.
    pub is: FieldValue,
}

impl Field {
    /// Whether its value is secret.
    pub const fn is_secret(&self) -> bool {
        matches!(self.kind, FieldKind::Secret)
    }
}

/// A pattern that has to match the whole of a text, or `None` when it is not a regular expression (which validation
/// of the file refuses).
pub(crate) fn whole_pattern(pattern: &str) -> Option<regex_lite::Regex> {
    regex_lite::Regex::new(&format!("^(?:{pattern})$")).ok()
}

fn client_group() -> String {
    "client".to_owned()
}
