//! What was filled in, before anybody knows what is secret in it.

use coffer_core::SecretText;
use coffer_core::secret::{ExposeSecret, secret_text};
use serde::de::{Error, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use std::fmt;

/// A value of a form: a JSON string, boolean, list of strings, or `null` for nothing. Texts count as secret until the
/// field says that they are not, so that `Debug` shows none.
#[derive(Debug, Clone)]
pub enum InputValue {
    /// Nothing: the field's default.
    Nothing,
    /// A switch.
    Flag(bool),
    /// A text.
    Text(SecretText),
    /// Several texts.
    List(Vec<SecretText>),
}

impl InputValue {
    /// A text.
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text(secret_text(text.into()))
    }

    /// Several texts.
    pub fn list<T: Into<String>>(texts: impl IntoIterator<Item = T>) -> Self {
        Self::List(texts.into_iter().map(|text| secret_text(text.into())).collect())
    }

    /// Whether it counts as not filled in: nothing, an empty text, an empty list.
    pub(super) fn is_blank(&self) -> bool {
        match self {
            Self::Nothing => true,
            Self::Flag(_) => false,
            Self::Text(text) => text.expose_secret().is_empty(),
            Self::List(list) => list.is_empty(),
        }
    }
}

impl<'de> Deserialize<'de> for InputValue {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(InputVisitor)
    }
}

struct InputVisitor;

impl<'de> Visitor<'de> for InputVisitor {
    type Value = InputValue;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string, a boolean, a list of strings, or null")
    }

    fn visit_unit<E: Error>(self) -> Result<InputValue, E> {
        Ok(InputValue::Nothing)
    }

    fn visit_none<E: Error>(self) -> Result<InputValue, E> {
        Ok(InputValue::Nothing)
    }

    fn visit_bool<E: Error>(self, flag: bool) -> Result<InputValue, E> {
        Ok(InputValue::Flag(flag))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<InputValue, E> {
        Ok(InputValue::text(text))
    }

    fn visit_string<E: Error>(self, text: String) -> Result<InputValue, E> {
        Ok(InputValue::text(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<InputValue, A::Error> {
        let mut list = Vec::new();
        while let Some(text) = sequence.next_element::<SecretText>()? {
            list.push(text);
        }
        Ok(InputValue::List(list))
    }
}
