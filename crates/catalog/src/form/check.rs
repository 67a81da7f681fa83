//! The check of one value, and of the endpoints that all of them make up.

use super::{FieldError, InputValue};
use crate::config::{Config, FieldValue};
use crate::field::{Field, FieldKind, whole_pattern};
use crate::pointer::Pointer;
use crate::provider::Provider;
use crate::provider::endpoints::Endpoint;
use crate::template::{TemplateError, base_url};
use coffer_core::SecretText;
use coffer_core::secret::ExposeSecret;
use std::collections::{BTreeMap, BTreeSet};

const MAXIMUM_BYTES: usize = 4096;
const MAXIMUM_ELEMENTS: usize = 200;

/// A value that is right for its field.
pub(super) enum Checked {
    Public(FieldValue),
    Secret(SecretText),
}

/// Checks one value. `plain_http_hosts` may be named with http besides the loopback ones.
pub(super) fn check(
    field: &Field,
    value: InputValue,
    plain_http_hosts: &BTreeSet<String>,
) -> Result<Checked, FieldError> {
    match (field.kind, value) {
        (FieldKind::Secret, InputValue::Text(secret)) => {
            text(field, secret.expose_secret())?;
            Ok(Checked::Secret(secret))
        }
        (FieldKind::Bool, InputValue::Flag(flag)) => Ok(Checked::Public(FieldValue::Flag(flag))),
        (FieldKind::List, InputValue::List(list)) => elements(field, &list),
        (
            FieldKind::Text | FieldKind::Url | FieldKind::Enum | FieldKind::Pointer,
            InputValue::Text(value),
        ) => {
            let value = text(field, value.expose_secret())?;
            by_kind(field, value, plain_http_hosts)?;
            Ok(Checked::Public(FieldValue::Text(value.to_owned())))
        }
        (
            FieldKind::Text
            | FieldKind::Url
            | FieldKind::Secret
            | FieldKind::Enum
            | FieldKind::Bool
            | FieldKind::List
            | FieldKind::Pointer,
            InputValue::Nothing | InputValue::Flag(_) | InputValue::Text(_) | InputValue::List(_),
        ) => Err(FieldError::wrong_type(field)),
    }
}

/// Whether the form would take this value for the field.
pub(crate) fn is_value_of(field: &Field, value: &FieldValue) -> bool {
    let input = match value {
        FieldValue::Flag(flag) => InputValue::Flag(*flag),
        FieldValue::Text(text) => InputValue::text(text.as_str()),
        FieldValue::List(list) => InputValue::list(list.iter().map(String::as_str)),
    };
    check(field, input, &BTreeSet::new()).is_ok()
}

fn elements(field: &Field, list: &[SecretText]) -> Result<Checked, FieldError> {
    if list.len() > MAXIMUM_ELEMENTS {
        return Err(FieldError::new(
            field,
            "too_long",
            "has too many elements",
            "write at most 200",
        ));
    }
    let mut kept: Vec<String> = Vec::with_capacity(list.len());
    for element in list {
        let element = text(field, element.expose_secret())?;
        if element.is_empty() {
            return Err(FieldError::new(
                field,
                "pattern",
                "has an empty element",
                "leave it out",
            ));
        }
        if !kept.iter().any(|other| other == element) {
            kept.push(element.to_owned());
        }
    }
    Ok(Checked::Public(FieldValue::List(kept)))
}

/// What holds for every text: length, characters, pattern.
fn text<'a>(field: &Field, value: &'a str) -> Result<&'a str, FieldError> {
    if value.len() > MAXIMUM_BYTES {
        return Err(FieldError::new(
            field,
            "too_long",
            "is too long",
            "write at most 4096 bytes",
        ));
    }
    if value.chars().any(char::is_control) || value.trim() != value {
        let message = "has control characters, or spaces around it";
        return Err(FieldError::new(
            field,
            "control_characters",
            message,
            "copy it again, on one line",
        ));
    }
    match field.pattern.as_deref().and_then(whole_pattern) {
        Some(pattern) if !pattern.is_match(value) => Err(FieldError::new(
            field,
            "pattern",
            "does not have the form that this provider uses",
            field
                .example
                .as_ref()
                .map_or_else(|| field.help.clone(), |example| format!("such as {example}")),
        )),
        Some(_) | None => Ok(value),
    }
}

fn by_kind(field: &Field, value: &str, plain_http_hosts: &BTreeSet<String>) -> Result<(), FieldError> {
    match field.kind {
        FieldKind::Url => url(field, value, plain_http_hosts),
        FieldKind::Enum if field.choices.iter().any(|choice| choice.value == value) => Ok(()),
        FieldKind::Enum => {
            let choices: Vec<&str> = field.choices.iter().map(|choice| choice.value.as_str()).collect();
            let hint = format!("write one of {}", choices.join(", "));
            Err(FieldError::new(
                field,
                "not_a_choice",
                "is not one of the choices",
                hint,
            ))
        }
        FieldKind::Pointer => Pointer::parse(value).map(|_| ()).map_err(|_| {
            let hint = "write a slash before each member, such as /user/email";
            FieldError::new(field, "not_a_pointer", "is not a JSON Pointer", hint)
        }),
        FieldKind::Text | FieldKind::Secret | FieldKind::Bool | FieldKind::List => Ok(()),
    }
}

fn url(field: &Field, value: &str, plain_http_hosts: &BTreeSet<String>) -> Result<(), FieldError> {
    let url = base_url(&field.name, value).map_err(|error| {
        FieldError::new(field, "not_a_url", "is not a URL that can be used", rule(&error))
    })?;
    let host = url.host_str().unwrap_or_default();
    let plain = matches!(host, "localhost" | "127.0.0.1" | "[::1]") || plain_http_hosts.contains(host);
    if url.scheme() == "https" || plain {
        Ok(())
    } else {
        let hint = "write https://, or have the operator allow this host without TLS";
        Err(FieldError::new(
            field,
            "not_https",
            "has to start with https://",
            hint,
        ))
    }
}

fn rule(error: &TemplateError) -> String {
    match error {
        TemplateError::Value { rule, .. } | TemplateError::Slot { rule, .. } => (*rule).to_owned(),
        TemplateError::Syntax | TemplateError::NotUrl | TemplateError::UnknownCapture(_) => error.to_string(),
    }
}

/// Every endpoint template that can be filled in has to come out as a URL.
pub(super) fn endpoints(provider: &Provider, config: &Config) -> Vec<FieldError> {
    let Ok(variables) = provider.variables(config, &BTreeMap::new()) else {
        return Vec::new();
    };
    let issuer = provider
        .oidc
        .iter()
        .flat_map(|oidc| [Some(&oidc.issuer), oidc.discovery.as_ref()])
        .flatten();
    let templates = Endpoint::ALL
        .into_iter()
        .filter_map(|endpoint| provider.endpoints.template(endpoint));
    let mut errors: Vec<FieldError> = Vec::new();
    for template in issuer.chain(templates) {
        let Err(TemplateError::Value { variable, rule }) = template.resolve(&variables) else {
            continue;
        };
        let Some(field) = provider.field(&variable) else {
            continue;
        };
        if !errors.iter().any(|error| error.field == variable) {
            errors.push(FieldError::new(
                field,
                "unusable",
                "cannot be used in this provider's URLs",
                rule,
            ));
        }
    }
    errors
}
