//! What is wrong with a field.

use crate::field::{Field, FieldKind};
use crate::provider::Provider;
use serde::Serialize;

/// One field's error, for the form to show beside it. No member repeats the value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error)]
#[error("{field}: {message}")]
pub struct FieldError {
    /// The field's name.
    pub field: String,
    /// The stable code: `required`, `unknown_field`, `wrong_type`, `pattern`, `not_a_choice`, `not_a_url`,
    /// `not_https`, `not_a_pointer`, `too_long`, `control_characters`, `unusable`, and `enter_again` for a stored secret that
    /// would go to another host.
    pub code: &'static str,
    /// What is wrong, in one sentence.
    pub message: String,
    /// What to write.
    pub hint: String,
}

impl FieldError {
    pub(super) fn new(field: &Field, code: &'static str, message: &str, hint: impl Into<String>) -> Self {
        Self {
            field: field.name.clone(),
            code,
            message: message.to_owned(),
            hint: hint.into(),
        }
    }

    pub(super) fn required(field: &Field) -> Self {
        let hint = match (&field.required_unless, field.help.is_empty()) {
            (_, false) => field.help.clone(),
            (Some(unless), true) => format!("fill it in, or choose another {}", unless.field),
            (None, true) => "fill it in".to_owned(),
        };
        Self::new(field, "required", "has to be filled in", hint)
    }

    pub(super) fn unknown(name: String, provider: &Provider) -> Self {
        let known: Vec<&str> = provider.fields.iter().map(|field| field.name.as_str()).collect();
        Self {
            field: name,
            code: "unknown_field",
            message: format!("is not a field of {}", provider.id),
            hint: format!("leave it out; the fields are {}", known.join(", ")),
        }
    }

    pub(super) fn wrong_type(field: &Field) -> Self {
        let hint = match field.kind {
            FieldKind::Text | FieldKind::Url | FieldKind::Secret | FieldKind::Enum | FieldKind::Pointer => {
                "write a string"
            }
            FieldKind::Bool => "write true or false",
            FieldKind::List => "write a list of strings",
        };
        Self::new(field, "wrong_type", "is of the wrong type", hint)
    }
}
