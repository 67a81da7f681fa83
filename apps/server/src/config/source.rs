//! Where settings come from: the environment, and a file below it. Unknown names are found here.

use super::error::ConfigProblem;
use super::nearest::nearest;
use super::variable::{VARIABLES, Variable};
use coffer_core::SecretText;
use coffer_core::secret::secret_text;
use config::{Environment, File, FileFormat, Value, ValueKind};
use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

/// The other name of `COFFER_KEY` (requirement P24).
const KEY_ALIAS: &str = "INTEGRATION_ENCRYPTION_KEY";

/// The environment, and the file that it or the command line names.
#[derive(Default)]
pub struct Source {
    environment: BTreeMap<String, String>,
    file: Option<PathBuf>,
}

/// What is set, by the variable's name.
pub(super) struct Raw {
    pub(super) values: BTreeMap<&'static str, SecretText>,
    /// Secrets that were named by a file, where the file itself still has to be read by somebody else.
    pub(super) files: BTreeMap<&'static str, PathBuf>,
    pub(super) problems: Vec<ConfigProblem>,
}

impl Source {
    /// The environment of this process.
    pub fn of_process() -> Self {
        let texts = std::env::vars_os().filter_map(|(name, value)| {
            Some((name.into_string().ok()?, value.to_string_lossy().into_owned()))
        });
        Self::of(texts)
    }

    /// These variables and no others.
    pub fn of<N: Into<String>, V: Into<String>>(variables: impl IntoIterator<Item = (N, V)>) -> Self {
        let environment = variables
            .into_iter()
            .map(|(name, value)| (name.into(), value.into()))
            .collect();
        Self {
            environment,
            file: None,
        }
    }

    /// Reads this file, whatever `COFFER_CONFIG` says.
    #[must_use]
    pub fn with_file(mut self, file: Option<PathBuf>) -> Self {
        if file.is_some() {
            self.file = file;
        }
        self
    }

    /// Sets a variable, as an option of the command line does.
    #[must_use]
    pub fn set(mut self, name: &str, value: impl Into<String>) -> Self {
        self.environment.insert(name.to_owned(), value.into());
        self
    }

    /// Whether the environment names this variable.
    pub(crate) fn names(&self, name: &str) -> bool {
        self.variable(name).is_some()
    }

    /// The variables that end like this: `_CLIENT_ID` of provider clients (requirement P24).
    pub(super) fn ending(&self, suffix: &str) -> impl Iterator<Item = (&str, &str)> {
        self.environment
            .iter()
            .filter(|(name, value)| {
                !value.is_empty() && !name.starts_with(Variable::PREFIX) && !name.starts_with(KEY_ALIAS)
            })
            .filter_map(move |(name, value)| Some((name.strip_suffix(suffix)?, value.as_str())))
            .filter(|(name, _)| !name.is_empty())
    }

    pub(super) fn variable(&self, name: &str) -> Option<&str> {
        self.environment
            .get(name)
            .map(String::as_str)
            .filter(|value| !value.is_empty())
    }

    pub(super) fn read(&self) -> Raw {
        let mut raw = Raw {
            values: BTreeMap::new(),
            files: BTreeMap::new(),
            problems: Vec::new(),
        };
        let file = self
            .file
            .clone()
            .or_else(|| self.variable("COFFER_CONFIG").map(PathBuf::from));
        let merged = file
            .as_deref()
            .map_or(Ok(None), read_file)
            .and_then(|text| self.merge(text));
        // What is wrong with the file must not hide what is wrong, or right, in the environment.
        let values = merged.or_else(|problem| {
            raw.problems.push(problem);
            self.merge(None)
        });
        match values {
            Ok(values) => values
                .into_iter()
                .for_each(|(key, value)| self.take(&mut raw, &key, value)),
            Err(problem) => raw.problems.push(problem),
        }
        self.take_alias(&mut raw);
        raw
    }

    fn merge(&self, file: Option<String>) -> Result<BTreeMap<String, Value>, ConfigProblem> {
        let ours = self
            .environment
            .iter()
            .filter(|(name, _)| name.starts_with(Variable::PREFIX));
        let ours: HashMap<String, String> = ours.map(|(name, value)| (name.clone(), value.clone())).collect();
        let environment = Environment::with_prefix("COFFER")
            .ignore_empty(true)
            .source(Some(ours));
        let mut builder = config::Config::builder();
        if let Some(text) = file {
            builder = builder.add_source(File::from_str(&text, FileFormat::Toml));
        }
        let merged = builder.add_source(environment).build();
        merged
            .and_then(config::Config::try_deserialize)
            .map_err(|error| ConfigProblem {
                setting: "COFFER_CONFIG".into(),
                message: format!(
                    "the file is not TOML as it is expected: {}",
                    without_quote(&error.to_string())
                ),
            })
    }

    fn take(&self, raw: &mut Raw, key: &str, value: Value) {
        let name = format!("{}{}", Variable::PREFIX, key.to_ascii_uppercase());
        let setting = if self.environment.contains_key(&name) {
            name.clone()
        } else {
            format!("`{key}` in the file")
        };
        let mut refuse = |message: String| {
            raw.problems.push(ConfigProblem {
                setting: setting.clone(),
                message,
            })
        };
        let direct = Variable::named(&name);
        let by_file = name
            .strip_suffix("_FILE")
            .and_then(Variable::named)
            .filter(|variable| variable.secret);
        let Some(text) = text_of(value) else {
            return refuse("write a text, a number, a switch or a list of texts".into());
        };
        match (direct, by_file) {
            (Some(variable), _) => {
                if raw.files.contains_key(variable.name) {
                    return refuse(format!("it is set, and so is {}_FILE; choose one", variable.name));
                }
                raw.values.insert(variable.name, secret_text(text));
            }
            (None, Some(variable)) if raw.values.contains_key(variable.name) => {
                refuse(format!("it is set, and so is {}; choose one", variable.name));
            }
            (None, Some(variable)) => {
                raw.files.insert(variable.name, PathBuf::from(text));
            }
            (None, None) => refuse(unknown(&name)),
        }
    }

    fn take_alias(&self, raw: &mut Raw) {
        let key_is_set = raw.values.contains_key("COFFER_KEY") || raw.files.contains_key("COFFER_KEY");
        let file_name = format!("{KEY_ALIAS}_FILE");
        let (text, file) = (self.variable(KEY_ALIAS), self.variable(&file_name));
        match (text, file) {
            (None, None) => {}
            _ if key_is_set => raw.problems.push(ConfigProblem {
                setting: KEY_ALIAS.into(),
                message: "it is another name of COFFER_KEY, which is set too; choose one".into(),
            }),
            (Some(text), _) => drop(raw.values.insert("COFFER_KEY", secret_text(text.to_owned()))),
            (None, Some(file)) => drop(raw.files.insert("COFFER_KEY", PathBuf::from(file))),
        }
    }
}

impl std::fmt::Debug for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Source")
            .field("file", &self.file)
            .finish_non_exhaustive()
    }
}

fn read_file(path: &Path) -> Result<Option<String>, ConfigProblem> {
    std::fs::read_to_string(path)
        .map(Some)
        .map_err(|error| ConfigProblem {
            setting: "COFFER_CONFIG".into(),
            message: format!("the file {} cannot be read: {error}", path.display()),
        })
}

/// Lists are written with commas in the environment; in the file both ways are good.
fn text_of(value: Value) -> Option<String> {
    match &value.kind {
        ValueKind::Array(items) => {
            let texts: Option<Vec<String>> =
                items.iter().map(|item| item.clone().into_string().ok()).collect();
            texts.map(|texts| texts.join(","))
        }
        ValueKind::Nil | ValueKind::Table(_) => None,
        ValueKind::Boolean(_)
        | ValueKind::I64(_)
        | ValueKind::I128(_)
        | ValueKind::U64(_)
        | ValueKind::U128(_)
        | ValueKind::Float(_)
        | ValueKind::String(_) => value.into_string().ok(),
    }
}

fn unknown(name: &str) -> String {
    if let Some(variable) = name.strip_suffix("_FILE").and_then(Variable::named) {
        return format!(
            "there is no such setting: only secrets can be given as a file; set {}",
            variable.name
        );
    }
    match nearest(name, VARIABLES.iter().map(|variable| variable.name)).and_then(Variable::named) {
        Some(near) => {
            format!(
                "there is no such setting; did you mean {} (`{}` in the file)?",
                near.name,
                near.key()
            )
        }
        None => "there is no such setting; docs/configuration.md lists them all".to_owned(),
    }
}

/// A TOML error shows the line that it is about, which may hold a secret: only its first and last line are kept.
fn without_quote(text: &str) -> String {
    let kept = text
        .lines()
        .filter(|line| !line.contains('|') && !line.trim().is_empty());
    kept.collect::<Vec<_>>().join("; ")
}
