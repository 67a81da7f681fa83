//! Templates of parameters, headers and body members.

use super::parse::{Piece, pieces};
use super::{TemplateError, Variables};
use coffer_core::SecretText;
use coffer_core::secret::{ExposeSecret, secret_text};
use serde::Deserialize;

/// A text with variables. It is not encoded: whoever writes the query, header or body does that.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct ValueTemplate {
    text: String,
    pieces: Vec<Piece>,
}

impl ValueTemplate {
    /// Reads a template.
    ///
    /// # Errors
    /// A brace without its partner, or a variable with a name that is none.
    pub fn parse(text: &str) -> Result<Self, TemplateError> {
        Ok(Self {
            text: text.to_owned(),
            pieces: pieces(text)?,
        })
    }

    /// The text without secrets, or `None` when a variable is not set or secret.
    pub fn resolve(&self, variables: &Variables) -> Option<String> {
        self.join(|name| variables.text(name))
    }

    /// The values: one, or as many as the list that the template consists of has. Empty when a variable is not set.
    pub fn resolve_all(&self, variables: &Variables) -> Vec<String> {
        if let [Piece::Variable(name)] = self.pieces.as_slice()
            && let Some(list) = variables.list(name)
        {
            return list.to_vec();
        }
        self.resolve(variables).into_iter().collect()
    }

    /// The text, in which secrets may stand too, or `None` when a variable is not set.
    pub fn resolve_secret(&self, variables: &Variables) -> Option<SecretText> {
        self.join(|name| {
            variables
                .text(name)
                .or_else(|| variables.secret(name).map(ExposeSecret::expose_secret))
        })
        .map(secret_text)
    }

    /// The names of its variables.
    pub fn variables(&self) -> impl Iterator<Item = &str> {
        self.pieces.iter().filter_map(|piece| match piece {
            Piece::Literal(_) => None,
            Piece::Variable(name) => Some(name.as_str()),
        })
    }

    /// The text as it is written in the file.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    fn join<'a>(&'a self, value: impl Fn(&'a str) -> Option<&'a str>) -> Option<String> {
        let parts: Option<Vec<&str>> = self
            .pieces
            .iter()
            .map(|piece| match piece {
                Piece::Literal(text) => Some(text.as_str()),
                Piece::Variable(name) => value(name),
            })
            .collect();
        parts.map(|parts| parts.concat())
    }
}

impl TryFrom<String> for ValueTemplate {
    type Error = TemplateError;
    fn try_from(text: String) -> Result<Self, TemplateError> {
        Self::parse(&text)
    }
}
