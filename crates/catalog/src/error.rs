//! Why a provider file was refused.

use coffer_core::ErrorKind;
use std::fmt;

/// A provider file that cannot be used. Each variant names the file; the problems name the member and what to write.
#[derive(Debug, thiserror::Error)]
pub enum CatalogError {
    /// The file is not TOML, or a member is unknown, missing or of the wrong type. The source says where.
    #[error("{file}: cannot be read as a provider")]
    Parse {
        /// The file's name.
        file: String,
        /// What the TOML reader says, with line and column.
        #[source]
        source: Box<toml::de::Error>,
    },
    /// The file is readable and breaks rules.
    #[error("{file}: {}", Listed(.problems))]
    Invalid {
        /// The file's name.
        file: String,
        /// Every rule that is broken, in the order of the file's schema.
        problems: Vec<Problem>,
    },
    /// Two files of the same set describe the same provider.
    #[error("{file}: provider {id} is already described by {other}; give it another id")]
    Duplicate {
        /// The file's name.
        file: String,
        /// The id that both have.
        id: String,
        /// The other file.
        other: String,
    },
}

/// One broken rule of a provider file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The member, such as `endpoints.token` or `fields.client_id.pattern`.
    pub field: String,
    /// What is wrong with it.
    pub message: String,
    /// What to write instead.
    pub hint: String,
}

impl CatalogError {
    /// The kind: a file is wrong as it stands.
    pub const fn kind(&self) -> ErrorKind {
        match self {
            Self::Parse { .. } | Self::Invalid { .. } => ErrorKind::Invalid,
            Self::Duplicate { .. } => ErrorKind::Conflict,
        }
    }

    /// The stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Parse { .. } => "provider_file_unreadable",
            Self::Invalid { .. } => "provider_file_invalid",
            Self::Duplicate { .. } => "provider_duplicate",
        }
    }

    /// The file at fault.
    pub fn file(&self) -> &str {
        match self {
            Self::Parse { file, .. } | Self::Invalid { file, .. } | Self::Duplicate { file, .. } => file,
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}; {}", self.field, self.message, self.hint)
    }
}

struct Listed<'a>(&'a [Problem]);

impl fmt::Display for Listed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str(" | ")?;
            }
            problem.fmt(f)?;
        }
        Ok(())
    }
}
