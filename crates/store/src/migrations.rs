//! What the schema of a database is, compared with what this version needs.

use crate::Error;
use diesel::backend::Backend;
use diesel::migration::{Migration, MigrationSource};
use diesel_migrations::EmbeddedMigrations;

/// How a database's schema compares with this version's.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum SchemaState {
    /// Just what this version needs.
    Current,
    /// Migrations are missing: all of them in a new database, some where a migration run was cut short.
    Pending {
        /// Their versions, oldest first.
        missing: Vec<String>,
    },
    /// A newer version has been here.
    Newer {
        /// The versions of the migrations that this version does not have.
        unknown: Vec<String>,
    },
}

impl SchemaState {
    /// Refuses to go on with any schema but the one that this version needs.
    ///
    /// # Errors
    /// [`Error::Pending`] or [`Error::Newer`], which say what to do.
    pub fn require_current(self) -> Result<(), Error> {
        match self {
            Self::Current => Ok(()),
            Self::Pending { missing } => Err(Error::Pending {
                missing: missing.len(),
            }),
            Self::Newer { unknown } => Err(Error::Newer { unknown }),
        }
    }

    pub(crate) fn refuse_newer(self) -> Result<(), Error> {
        match self {
            Self::Current | Self::Pending { .. } => Ok(()),
            Self::Newer { unknown } => Err(Error::Newer { unknown }),
        }
    }
}

pub(crate) fn compare<DB: Backend>(embedded: EmbeddedMigrations, applied: &[String]) -> SchemaState {
    let migrations: Vec<Box<dyn Migration<DB>>> = embedded.migrations().unwrap_or_default();
    let needed: Vec<String> = migrations
        .iter()
        .map(|migration| migration.name().version().to_string())
        .collect();
    let unknown: Vec<String> = applied
        .iter()
        .filter(|version| !needed.contains(version))
        .cloned()
        .collect();
    if !unknown.is_empty() {
        return SchemaState::Newer { unknown };
    }
    let mut missing: Vec<String> = needed
        .into_iter()
        .filter(|version| !applied.contains(version))
        .collect();
    missing.sort();
    if missing.is_empty() {
        SchemaState::Current
    } else {
        SchemaState::Pending { missing }
    }
}
