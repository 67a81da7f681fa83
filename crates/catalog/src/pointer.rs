//! Where a value stands in a JSON document: a JSON Pointer (RFC 6901).

use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::fmt;

/// A JSON Pointer, such as `/authed_user/access_token`. The empty pointer is the whole document.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Pointer(String);

/// A text that is not a JSON Pointer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a JSON Pointer: write it with a slash before each member, such as /data/access_token")]
pub struct PointerError;

impl Pointer {
    /// Reads a pointer.
    ///
    /// # Errors
    /// The text is not empty and does not start with a slash, or has a `~` that is not `~0` or `~1`.
    pub fn parse(text: &str) -> Result<Self, PointerError> {
        let escaped = text.split('~').skip(1).all(|rest| rest.starts_with(['0', '1']));
        if escaped && (text.is_empty() || text.starts_with('/')) {
            Ok(Self(text.to_owned()))
        } else {
            Err(PointerError)
        }
    }

    /// The empty pointer: the whole document.
    pub const fn whole() -> Self {
        Self(String::new())
    }

    /// The pointer to a member of the top level.
    pub fn of_member(name: &str) -> Self {
        Self(format!("/{}", name.replace('~', "~0").replace('/', "~1")))
    }

    /// The value that it points at; `null` counts as absent.
    pub fn lookup<'a>(&self, document: &'a Value) -> Option<&'a Value> {
        document.pointer(&self.0).filter(|value| !value.is_null())
    }

    /// The text form.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Pointer {
    type Error = PointerError;
    fn try_from(text: String) -> Result<Self, PointerError> {
        Self::parse(&text)
    }
}

impl From<Pointer> for String {
    fn from(pointer: Pointer) -> Self {
        pointer.0
    }
}

impl fmt::Display for Pointer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn nested_member_is_found_and_null_is_absent() {
        let document = json!({"data": {"a/b": "x", "none": null}});
        assert_eq!(
            Pointer::parse("/data/a~1b").unwrap().lookup(&document),
            Some(&json!("x"))
        );
        assert_eq!(Pointer::parse("/data/none").unwrap().lookup(&document), None);
        assert_eq!(Pointer::parse("").unwrap().lookup(&document), Some(&document));
    }

    #[test]
    fn text_without_slash_or_with_a_bare_tilde_is_refused() {
        for text in ["access_token", "$.a", "/a~", "/a~2"] {
            assert_eq!(Pointer::parse(text), Err(PointerError), "{text}");
        }
    }
}
