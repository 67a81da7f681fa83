//! Validation of a configuration against its provider's fields (P2, P3).

mod check;
mod error;
mod input;

pub(crate) use check::is_value_of;
pub use error::FieldError;
pub use input::InputValue;

use crate::config::{Config, FieldValue};
use crate::field::{Field, RequiredUnless};
use crate::provider::Provider;
use check::{Checked, check};
use coffer_core::SecretText;
use std::collections::{BTreeMap, BTreeSet};

/// Validates what an administrator filled in, and splits it into public and secret values.
///
/// # Errors
/// Every field that is wrong, in the order of the form; names that the form does not have come last.
pub fn validate_config(
    provider: &Provider,
    values: BTreeMap<String, InputValue>,
) -> Result<Config, Vec<FieldError>> {
    Form::new(provider).validate(values)
}

/// A provider's form, about to be validated.
#[derive(Debug, Clone)]
pub struct Form<'a> {
    provider: &'a Provider,
    stored_secrets: BTreeSet<String>,
    plain_http_hosts: BTreeSet<String>,
}

impl<'a> Form<'a> {
    /// A new, empty form.
    pub const fn new(provider: &'a Provider) -> Self {
        Self {
            provider,
            stored_secrets: BTreeSet::new(),
            plain_http_hosts: BTreeSet::new(),
        }
    }

    /// The secrets that are stored already: they may be left out, and are not in the resulting [`Config`] then.
    #[must_use]
    pub fn with_stored_secrets(mut self, fields: impl IntoIterator<Item = String>) -> Self {
        self.stored_secrets = fields.into_iter().collect();
        self
    }

    /// Hosts that the operator allows to be reached without TLS. Loopback hosts are accepted here always; whether a
    /// request may go there is for the guarded client to say.
    #[must_use]
    pub fn allowing_plain_http(mut self, hosts: impl IntoIterator<Item = String>) -> Self {
        self.plain_http_hosts = hosts.into_iter().map(|host| host.to_ascii_lowercase()).collect();
        self
    }

    /// Validates the values.
    ///
    /// # Errors
    /// As [`validate_config`].
    pub fn validate(&self, mut values: BTreeMap<String, InputValue>) -> Result<Config, Vec<FieldError>> {
        let mut errors = Vec::new();
        let (mut public, mut secret) = (BTreeMap::new(), BTreeMap::new());
        for field in &self.provider.fields {
            match self.read(field, values.remove(&field.name)) {
                Ok(Some(Checked::Public(value))) => {
                    public.insert(field.name.clone(), value);
                }
                Ok(Some(Checked::Secret(value))) => {
                    secret.insert(field.name.clone(), value);
                }
                Ok(None) => {}
                Err(error) => errors.push(error),
            }
        }
        errors.extend(self.missing(&public, &secret, &errors));
        errors.extend(
            values
                .into_keys()
                .map(|name| FieldError::unknown(name, self.provider)),
        );
        if errors.is_empty() {
            self.check_urls(Config::from_parts(public, secret))
        } else {
            errors.sort_by_key(|error| self.position(&error.field));
            Err(errors)
        }
    }

    fn read(&self, field: &Field, value: Option<InputValue>) -> Result<Option<Checked>, FieldError> {
        match value.filter(|value| !value.is_blank()) {
            Some(value) => check(field, value, &self.plain_http_hosts).map(Some),
            None => Ok(field.default.clone().map(Checked::Public)),
        }
    }

    fn missing(
        &self,
        public: &BTreeMap<String, FieldValue>,
        secret: &BTreeMap<String, SecretText>,
        errors: &[FieldError],
    ) -> Vec<FieldError> {
        let is_set = |field: &Field| {
            public.contains_key(&field.name)
                || secret.contains_key(&field.name)
                || (field.is_secret() && self.stored_secrets.contains(&field.name))
                || errors.iter().any(|error| error.field == field.name)
        };
        let excused = |unless: &RequiredUnless| public.get(&unless.field) == Some(&unless.is);
        let needed = |field: &Field| {
            field.required
                || field
                    .required_unless
                    .as_ref()
                    .is_some_and(|unless| !excused(unless))
        };
        let fields = self.provider.fields.iter();
        fields
            .filter(|field| needed(field) && !is_set(field))
            .map(FieldError::required)
            .collect()
    }

    /// The fields are right one by one; now the endpoints that they make up have to be URLs.
    fn check_urls(&self, config: Config) -> Result<Config, Vec<FieldError>> {
        let errors = check::endpoints(self.provider, &config);
        if errors.is_empty() {
            Ok(config)
        } else {
            Err(errors)
        }
    }

    fn position(&self, name: &str) -> usize {
        let fields = &self.provider.fields;
        fields
            .iter()
            .position(|field| field.name == name)
            .unwrap_or(fields.len())
    }
}
