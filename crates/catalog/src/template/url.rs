//! URL templates.

mod fill;
mod host;
mod shape;

use super::{TemplateError, Variables};
use ::url::Url;
pub(crate) use fill::base_url;
pub(crate) use host::{host_suffix_is_safe, is_label};
use serde::Deserialize;
pub(crate) use shape::{Shape, Slot};

/// A URL with variables, or several of which the first counts whose variables are all set:
/// `["{base_url}/oauth/token", "https://provider.example/oauth/token"]`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "OneOrMany")]
pub struct UrlTemplate {
    alternatives: Vec<Alternative>,
}

/// One of the URLs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Alternative {
    pub(crate) text: String,
    pub(crate) shape: Shape,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

impl UrlTemplate {
    /// Reads a template.
    ///
    /// # Errors
    /// It is not an https URL, or has a variable where none may stand.
    pub fn parse(text: &str) -> Result<Self, TemplateError> {
        Ok(Self {
            alternatives: vec![Alternative::parse(text)?],
        })
    }

    /// The URL, or `None` when no alternative has all its variables set.
    ///
    /// # Errors
    /// A value cannot stand where the template has it. There is no fallback to the next alternative then.
    pub fn resolve(&self, variables: &Variables) -> Result<Option<Url>, TemplateError> {
        self.chosen(variables)
            .map(|alternative| fill::fill(&alternative.shape, variables))
            .transpose()
    }

    /// The URL as text, exactly as it was written: an issuer identifier is compared character by character, and a URL
    /// parser would add a slash to `https://issuer.example`.
    ///
    /// # Errors
    /// As [`UrlTemplate::resolve`].
    pub fn resolve_text(&self, variables: &Variables) -> Result<Option<String>, TemplateError> {
        self.chosen(variables)
            .map(|alternative| fill::fill_text(&alternative.shape, variables))
            .transpose()
    }

    /// The origin of the URL (RFC 6454): what a secret is bound to (THR-44).
    ///
    /// # Errors
    /// As [`UrlTemplate::resolve`].
    pub fn origin(&self, variables: &Variables) -> Result<Option<::url::Origin>, TemplateError> {
        Ok(self.resolve(variables)?.map(|url| url.origin()))
    }

    /// The texts as they are written in the file.
    pub fn texts(&self) -> impl Iterator<Item = &str> {
        self.alternatives
            .iter()
            .map(|alternative| alternative.text.as_str())
    }

    fn chosen(&self, variables: &Variables) -> Option<&Alternative> {
        let is_set = |name: &str| variables.text(name).is_some();
        self.alternatives
            .iter()
            .find(|alternative| alternative.variables().all(is_set))
    }

    pub(crate) fn alternatives(&self) -> &[Alternative] {
        &self.alternatives
    }
}

impl Alternative {
    fn parse(text: &str) -> Result<Self, TemplateError> {
        Ok(Self {
            text: text.to_owned(),
            shape: Shape::parse(text)?,
        })
    }

    /// Its variables with their slots.
    pub(crate) fn variables(&self) -> impl Iterator<Item = &str> {
        self.shape.slots().map(|(name, _)| name)
    }
}

impl TryFrom<OneOrMany> for UrlTemplate {
    type Error = TemplateError;
    fn try_from(texts: OneOrMany) -> Result<Self, TemplateError> {
        let texts = match texts {
            OneOrMany::One(text) => vec![text],
            OneOrMany::Many(texts) if texts.is_empty() => return Err(TemplateError::NotUrl),
            OneOrMany::Many(texts) => texts,
        };
        let alternatives = texts
            .iter()
            .map(|text| Alternative::parse(text))
            .collect::<Result<_, _>>()?;
        Ok(Self { alternatives })
    }
}

#[cfg(test)]
mod tests;
