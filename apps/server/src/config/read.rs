//! From texts to types, with all problems collected.

use super::duration::parse_duration;
use super::error::ConfigProblem;
use super::source::Raw;
use coffer_core::SecretText;
use coffer_core::secret::{ExposeSecret, secret_text};
use std::fmt::Display;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

/// Reads settings one by one; a wrong one is noted, and its default is used to go on and find the others.
pub(super) struct Reader {
    raw: Raw,
}

impl Reader {
    pub(super) fn new(raw: Raw) -> Self {
        Self { raw }
    }

    pub(super) fn refuse(&mut self, name: &str, message: impl Into<String>) {
        self.raw.problems.push(ConfigProblem {
            setting: name.to_owned(),
            message: message.into(),
        });
    }

    pub(super) fn problems(self) -> Vec<ConfigProblem> {
        self.raw.problems
    }

    pub(super) fn is_set(&self, name: &str) -> bool {
        self.raw.values.contains_key(name) || self.raw.files.contains_key(name)
    }

    pub(super) fn file(&self, name: &str) -> Option<PathBuf> {
        self.raw.files.get(name).cloned()
    }

    /// A secret: its value, or what its file holds, without white space around it.
    pub(super) fn secret(&mut self, name: &str) -> Option<SecretText> {
        if let Some(value) = self.raw.values.get(name) {
            return Some(value.clone());
        }
        let path = self.raw.files.get(name)?.clone();
        match std::fs::read_to_string(&path).map(zeroize::Zeroizing::new) {
            Ok(text) => Some(secret_text(text.trim().to_owned())),
            Err(error) => {
                self.refuse(
                    &format!("{name}_FILE"),
                    format!("the file {} cannot be read: {error}", path.display()),
                );
                None
            }
        }
    }

    /// A secret that stands in the setting itself.
    pub(super) fn secret_value(&self, name: &str) -> Option<SecretText> {
        self.raw.values.get(name).cloned()
    }

    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.raw.values.get(name).map(ExposeSecret::expose_secret)
    }

    pub(super) fn path(&self, name: &str) -> Option<PathBuf> {
        self.text(name).map(PathBuf::from)
    }

    /// A value, or the default where it is not set or wrong.
    pub(super) fn value<T>(
        &mut self,
        name: &str,
        default: T,
        read: impl FnOnce(&str) -> Result<T, String>,
    ) -> T {
        match self.text(name).map(read) {
            None => default,
            Some(Ok(value)) => value,
            Some(Err(message)) => {
                self.refuse(name, message);
                default
            }
        }
    }

    pub(super) fn optional<T>(
        &mut self,
        name: &str,
        read: impl FnOnce(&str) -> Result<T, String>,
    ) -> Option<T> {
        self.value(name, None, |text| read(text).map(Some))
    }

    pub(super) fn duration(&mut self, name: &str, default: Duration) -> Duration {
        self.value(name, default, parse_duration)
    }

    pub(super) fn list<T: FromStr>(&mut self, name: &str, how: &str) -> Vec<T>
    where
        T::Err: Display,
    {
        self.value(name, Vec::new(), |text| {
            let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
            items
                .map(|item| item.parse().map_err(|error| format!("{error}; {how}")))
                .collect()
        })
    }
}

/// One of a few words.
pub(super) fn choice<T: Copy>(text: &str, choices: &[(&str, T)]) -> Result<T, String> {
    let found = choices
        .iter()
        .find(|(word, _)| *word == text)
        .map(|(_, value)| *value);
    found.ok_or_else(|| {
        let words: Vec<&str> = choices.iter().map(|(word, _)| *word).collect();
        format!("write one of {}", words.join(", "))
    })
}

/// A number within bounds.
pub(super) fn number(text: &str, least: usize, most: usize) -> Result<usize, String> {
    let number = text
        .trim()
        .parse()
        .ok()
        .filter(|number| (least..=most).contains(number));
    number.ok_or_else(|| format!("write a whole number between {least} and {most}"))
}
