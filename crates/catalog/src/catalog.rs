//! The set of providers.

use crate::error::CatalogError;
use crate::provider::{Provider, ProviderId};
use crate::validate::validate;
use std::collections::BTreeMap;

const BUILTIN: [(&str, &str); 5] = [
    (
        "generic-oauth2.toml",
        include_str!("../providers/generic-oauth2.toml"),
    ),
    (
        "generic-oidc.toml",
        include_str!("../providers/generic-oidc.toml"),
    ),
    ("github.toml", include_str!("../providers/github.toml")),
    ("google.toml", include_str!("../providers/google.toml")),
    ("simulator.toml", include_str!("../providers/simulator.toml")),
];

/// The providers by id, in the order of their ids.
#[derive(Debug, Clone, PartialEq)]
pub struct Catalog {
    providers: BTreeMap<ProviderId, Provider>,
}

impl Catalog {
    /// The built-in providers.
    ///
    /// # Errors
    /// A built-in file is wrong, which the tests of this crate rule out.
    pub fn builtin() -> Result<Self, CatalogError> {
        Ok(Self {
            providers: read(BUILTIN)?,
        })
    }

    /// The built-in providers and an operator's own files, given as name and text. A file with a built-in provider's
    /// id replaces that provider.
    ///
    /// # Errors
    /// A file cannot be read, breaks rules, or has the id of another of these files. Nothing is taken over then.
    pub fn with_overrides<N, T>(files: impl IntoIterator<Item = (N, T)>) -> Result<Self, CatalogError>
    where
        N: AsRef<str>,
        T: AsRef<str>,
    {
        let mut catalog = Self::builtin()?;
        catalog.providers.extend(read(files)?);
        Ok(catalog)
    }

    /// The provider with this id.
    pub fn get(&self, id: &ProviderId) -> Option<&Provider> {
        self.providers.get(id)
    }

    /// The provider with this id, given as text. A text that is no id names no provider.
    pub fn find(&self, id: &str) -> Option<&Provider> {
        id.parse().ok().and_then(|id| self.get(&id))
    }

    /// All providers, hidden ones too, in the order of their ids.
    pub fn iter(&self) -> impl Iterator<Item = &Provider> {
        self.providers.values()
    }

    /// The providers that a list shows.
    pub fn visible(&self) -> impl Iterator<Item = &Provider> {
        self.iter().filter(|provider| !provider.hidden)
    }
}

/// Reads and validates one provider file. `file` is the name that errors give.
///
/// # Errors
/// The file cannot be read or breaks rules.
pub fn parse_provider(file: &str, text: &str) -> Result<Provider, CatalogError> {
    let provider: Provider = toml::from_str(text).map_err(|source| CatalogError::Parse {
        file: file.to_owned(),
        source: Box::new(source),
    })?;
    let problems = validate(&provider);
    if problems.is_empty() {
        Ok(provider)
    } else {
        Err(CatalogError::Invalid {
            file: file.to_owned(),
            problems,
        })
    }
}

fn read<N: AsRef<str>, T: AsRef<str>>(
    files: impl IntoIterator<Item = (N, T)>,
) -> Result<BTreeMap<ProviderId, Provider>, CatalogError> {
    let mut names: BTreeMap<ProviderId, String> = BTreeMap::new();
    let mut providers = BTreeMap::new();
    for (file, text) in files {
        let provider = parse_provider(file.as_ref(), text.as_ref())?;
        if let Some(other) = names.insert(provider.id.clone(), file.as_ref().to_owned()) {
            return Err(CatalogError::Duplicate {
                file: file.as_ref().to_owned(),
                id: provider.id.to_string(),
                other,
            });
        }
        providers.insert(provider.id.clone(), provider);
    }
    Ok(providers)
}
