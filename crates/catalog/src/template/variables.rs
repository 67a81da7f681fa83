//! The values that templates use.

use super::TemplateError;
use crate::config::{Config, FieldValue};
use crate::provider::Provider;
use coffer_core::SecretText;
use std::collections::BTreeMap;

/// Values by name: an integration's fields, its region's values (`region.name`), and what was captured for a
/// connection. Secrets are apart: a URL template never sees them.
#[derive(Debug, Clone, Default)]
pub struct Variables {
    public: BTreeMap<String, FieldValue>,
    secret: BTreeMap<String, SecretText>,
}

impl Variables {
    pub(crate) fn of(
        provider: &Provider,
        config: &Config,
        captured: &BTreeMap<String, String>,
    ) -> Result<Self, TemplateError> {
        let mut variables = Self {
            public: config.public().clone(),
            secret: config.secrets().clone(),
        };
        variables.add_region(provider, config);
        for (name, value) in captured {
            let capture = provider
                .capture(name)
                .ok_or_else(|| TemplateError::UnknownCapture(name.clone()))?;
            capture.check(value)?;
            variables
                .public
                .insert(name.clone(), FieldValue::Text(value.clone()));
        }
        Ok(variables)
    }

    fn add_region(&mut self, provider: &Provider, config: &Config) {
        let Some(regions) = &provider.regions else { return };
        let values = config
            .text(&regions.field)
            .and_then(|region| regions.values.get(region));
        for (name, value) in values.into_iter().flatten() {
            self.public
                .insert(format!("region.{name}"), FieldValue::Text(value.clone()));
        }
    }

    /// Adds a secret for header and body templates: `access_token`, `refresh_token`.
    #[must_use]
    pub fn with_secret(mut self, name: &str, value: SecretText) -> Self {
        self.secret.insert(name.to_owned(), value);
        self
    }

    /// A public text that is not empty.
    pub fn text(&self, name: &str) -> Option<&str> {
        match self.public.get(name)? {
            FieldValue::Text(text) => Some(text.as_str()).filter(|text| !text.is_empty()),
            FieldValue::Flag(true) => Some("true"),
            FieldValue::Flag(false) => Some("false"),
            FieldValue::List(_) => None,
        }
    }

    /// A public list.
    pub fn list(&self, name: &str) -> Option<&[String]> {
        match self.public.get(name)? {
            FieldValue::List(list) => Some(list),
            FieldValue::Flag(_) | FieldValue::Text(_) => None,
        }
    }

    /// A secret.
    pub fn secret(&self, name: &str) -> Option<&SecretText> {
        self.secret.get(name)
    }

    #[cfg(test)]
    pub(crate) fn from_texts<'a>(texts: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let public = texts
            .into_iter()
            .map(|(name, value)| (name.to_owned(), FieldValue::Text(value.to_owned())))
            .collect();
        Self {
            public,
            secret: BTreeMap::new(),
        }
    }
}
