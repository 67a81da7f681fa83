//! Why a template could not be read or filled in. No message repeats a value: it may be long, hostile or private.

/// A template that is not one, or a value that cannot stand where a template has it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    /// A brace without its partner, or a name that is none.
    #[error("not a template: write variables as {{name}}, in lower-case letters, digits and underscores")]
    Syntax,
    /// A variable stands where none may.
    #[error("{{{variable}}} cannot stand there: {rule}")]
    Slot {
        /// The variable.
        variable: String,
        /// The rule that it breaks.
        rule: &'static str,
    },
    /// What is around the variables is not an https URL.
    #[error("not an https URL: write https://host/path, without user name or fragment")]
    NotUrl,
    /// A value that cannot stand where the template has it.
    #[error("the value of {variable} cannot be used in a URL: {rule}")]
    Value {
        /// The variable.
        variable: String,
        /// The rule that it breaks.
        rule: &'static str,
    },
    /// A captured value that this provider's file does not know.
    #[error("{0} is not captured by this provider")]
    UnknownCapture(String),
}

impl TemplateError {
    /// The stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Syntax => "template_syntax",
            Self::Slot { .. } => "template_slot",
            Self::NotUrl => "template_not_url",
            Self::Value { .. } => "template_value",
            Self::UnknownCapture(_) => "template_unknown_capture",
        }
    }

    pub(crate) fn value(variable: &str, rule: &'static str) -> Self {
        Self::Value {
            variable: variable.to_owned(),
            rule,
        }
    }

    pub(crate) fn slot(variable: &str, rule: &'static str) -> Self {
        Self::Slot {
            variable: variable.to_owned(),
            rule,
        }
    }
}
