//! A value that a provider file either fixes or leaves to a field of the configuration form.

use crate::config::{Config, FieldValue};
use serde::de::value::{BoolDeserializer, MapAccessDeserializer, StrDeserializer};
use serde::de::{DeserializeOwned, Error, IntoDeserializer, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use std::fmt;
use std::marker::PhantomData;

/// A fixed value, or `{ field = "name", default = value }`: what the integration's field says, else the default.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Setting<T> {
    /// The same for every integration.
    Fixed(T),
    /// The integration decides.
    Field {
        /// The field's name.
        field: String,
        /// The value when the field is not set.
        default: T,
    },
}

impl<T: Clone + DeserializeOwned> Setting<T> {
    /// The value for this integration. A stored value that `T` does not know counts as not set; validation of the
    /// provider file makes sure that the form admits only values that it knows.
    pub fn resolve(&self, config: &Config) -> T {
        match self {
            Self::Fixed(value) => value.clone(),
            Self::Field { field, default } => config
                .get(field)
                .and_then(|value| Self::read(value))
                .unwrap_or_else(|| default.clone()),
        }
    }

    /// The value as `T`, if `T` has such a value.
    pub(crate) fn read(value: &FieldValue) -> Option<T> {
        match value {
            FieldValue::Text(text) => {
                let text: StrDeserializer<'_, serde::de::value::Error> = text.as_str().into_deserializer();
                T::deserialize(text).ok()
            }
            FieldValue::Flag(flag) => {
                let flag: BoolDeserializer<serde::de::value::Error> = (*flag).into_deserializer();
                T::deserialize(flag).ok()
            }
            FieldValue::List(_) => None,
        }
    }
}

impl<T> Setting<T> {
    /// The value when nothing is configured.
    pub const fn default_value(&self) -> &T {
        match self {
            Self::Fixed(value) | Self::Field { default: value, .. } => value,
        }
    }

    /// The field that decides, if one does.
    pub fn field(&self) -> Option<&str> {
        match self {
            Self::Fixed(_) => None,
            Self::Field { field, .. } => Some(field),
        }
    }
}

impl<T: Default> Default for Setting<T> {
    fn default() -> Self {
        Self::Fixed(T::default())
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Setting<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(SettingVisitor(PhantomData))
    }
}

struct SettingVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for SettingVisitor<T> {
    type Value = Setting<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value, or { field = \"name\", default = value }")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        T::deserialize(text.into_deserializer()).map(Setting::Fixed)
    }

    fn visit_bool<E: Error>(self, flag: bool) -> Result<Self::Value, E> {
        T::deserialize(flag.into_deserializer()).map(Setting::Fixed)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        let reference = Reference::deserialize(MapAccessDeserializer::new(map))?;
        Ok(Setting::Field {
            field: reference.field,
            default: reference.default,
        })
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Reference<T> {
    field: String,
    default: T,
}
