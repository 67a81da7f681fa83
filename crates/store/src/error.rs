//! What goes wrong while opening a store, and the one place where diesel's errors become ours.

use coffer_core::error::BoxError;
use coffer_core::{ErrorKind, StoreError};
use diesel::result::{DatabaseErrorInformation, DatabaseErrorKind, Error as DieselError};
use std::path::PathBuf;

/// Why a store cannot be opened or migrated.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A URL that PostgreSQL cannot use. The text says which and why, and nothing of the URL itself.
    #[error("the {which} URL cannot be used: {why}")]
    Url {
        /// `app`, `system` or `owner`.
        which: &'static str,
        /// What is wrong with it, and what to write.
        why: String,
    },
    /// The certificates named by `sslrootcert` cannot be used.
    #[error("the certificates of the {which} URL cannot be read from {path}")]
    Certificates {
        /// `app`, `system` or `owner`.
        which: &'static str,
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: BoxError,
    },
    /// The file of the database cannot be made or opened.
    #[error("the database file {path} cannot be opened")]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// Another server has the file.
    #[error("another server is using the database file {path}: stop it, or give this one a file of its own")]
    InUse {
        /// The database file.
        path: PathBuf,
    },
    /// The operating system gave no threads for database work.
    #[error("the threads for database work cannot be started")]
    Runtime(#[source] std::io::Error),
    /// The database does not answer.
    #[error("the database does not answer")]
    Connect(#[source] StoreError),
    /// A migration failed. What it did was rolled back.
    #[error("the database could not be migrated; nothing of the failing step was kept")]
    Migration(#[source] BoxError),
    /// Migrations are missing.
    #[error("the database lacks {missing} migration(s) that this version needs: run `migrate`")]
    Pending {
        /// How many.
        missing: usize,
    },
    /// The database was migrated by a newer version.
    #[error(
        "the database has migrations that this version does not know ({}): run the version that made them",
        unknown.join(", ")
    )]
    Newer {
        /// Their versions.
        unknown: Vec<String>,
    },
}

impl Error {
    /// The kind.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Url { .. } | Self::Certificates { .. } => ErrorKind::Invalid,
            Self::File { .. } | Self::InUse { .. } | Self::Pending { .. } | Self::Newer { .. } => {
                ErrorKind::Precondition
            }
            Self::Runtime(_) | Self::Migration(_) => ErrorKind::Internal,
            Self::Connect(source) => source.kind(),
        }
    }

    /// The stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Url { .. } => "store_url",
            Self::Certificates { .. } => "store_certificates",
            Self::File { .. } => "store_file",
            Self::InUse { .. } => "store_in_use",
            Self::Runtime(_) => "store_runtime",
            Self::Connect(source) => source.code(),
            Self::Migration(_) => "store_migration",
            Self::Pending { .. } => "store_pending_migrations",
            Self::Newer { .. } => "store_newer_schema",
        }
    }
}

/// What a query function fails with: an answer of its own, or whatever diesel says.
#[derive(Debug)]
pub(crate) enum Fault {
    Answer(StoreError),
    Database(DieselError),
}

impl From<DieselError> for Fault {
    fn from(error: DieselError) -> Self {
        Self::Database(error)
    }
}

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Self {
        Self::Answer(error)
    }
}

impl Fault {
    pub(crate) fn into_answer(self) -> StoreError {
        match self {
            Self::Answer(answer) => answer,
            Self::Database(error) => translate(error),
        }
    }

    /// Whether the connection is as it was: nothing but our own answer, or a broken rule that the database names. After
    /// anything else it may have lost its prepared statements, or more, and is closed.
    pub(crate) fn leaves_connection_sound(&self) -> bool {
        match self {
            Self::Answer(_) => true,
            Self::Database(error) => !matches!(
                error,
                DieselError::DatabaseError(
                    DatabaseErrorKind::Unknown
                        | DatabaseErrorKind::UnableToSendCommand
                        | DatabaseErrorKind::ClosedConnection,
                    _
                ) | DieselError::BrokenTransactionManager
            ),
        }
    }

    /// Whether the whole transaction was rolled back by the database for a reason that a second try may not meet.
    pub(crate) fn is_serialization(&self) -> bool {
        match self {
            Self::Database(DieselError::DatabaseError(kind, _)) => {
                matches!(kind, DatabaseErrorKind::SerializationFailure)
            }
            Self::Database(_) | Self::Answer(_) => false,
        }
    }
}

/// A row that breaks its own rules.
pub(crate) fn corrupt(what: &'static str) -> StoreError {
    StoreError::Corrupt(what.into())
}

/// What an enum's name in a row means.
pub(crate) fn known<T>(value: Option<T>, what: &'static str) -> Result<T, StoreError> {
    value.ok_or_else(|| corrupt(what))
}

/// diesel's error as ours. The texts that are kept are the database's message, never its details, which show values.
pub(crate) fn translate(error: DieselError) -> StoreError {
    let DieselError::DatabaseError(kind, info) = error else {
        return off_the_wire(error);
    };
    if matches!(kind, DatabaseErrorKind::UniqueViolation) {
        return StoreError::Duplicate(duplicate(info.as_ref()));
    }
    if matches!(
        kind,
        DatabaseErrorKind::ForeignKeyViolation | DatabaseErrorKind::RestrictViolation
    ) {
        return StoreError::NotFound("tenant, or other thing that this refers to");
    }
    if matches!(
        kind,
        DatabaseErrorKind::NotNullViolation
            | DatabaseErrorKind::CheckViolation
            | DatabaseErrorKind::ExclusionViolation
    ) {
        return StoreError::Corrupt(message(info.as_ref()));
    }
    unknown(info.as_ref())
}

/// What diesel itself says: that its connection can no longer be used, or that a row is not what it should be.
fn off_the_wire(error: DieselError) -> StoreError {
    if matches!(
        error,
        DieselError::BrokenTransactionManager
            | DieselError::AlreadyInTransaction
            | DieselError::NotInTransaction
            | DieselError::RollbackTransaction
            | DieselError::RollbackErrorOnCommit { .. }
    ) {
        StoreError::Unavailable(Box::new(error))
    } else {
        StoreError::Corrupt(Box::new(error))
    }
}

/// Whether a unique value was taken.
pub(crate) fn is_taken(error: &DieselError) -> bool {
    matches!(
        error,
        DieselError::DatabaseError(DatabaseErrorKind::UniqueViolation, _)
    )
}

/// Whether something refers to the row, or a row refers to nothing.
pub(crate) fn is_referred_to(error: &DieselError) -> bool {
    matches!(
        error,
        DieselError::DatabaseError(
            DatabaseErrorKind::ForeignKeyViolation | DatabaseErrorKind::RestrictViolation,
            _
        )
    )
}

/// A failed COMMIT of PostgreSQL. Only where the server itself named a broken rule is it known that nothing was done.
pub(crate) fn translate_commit(error: DieselError) -> StoreError {
    if matches!(
        error,
        DieselError::BrokenTransactionManager | DieselError::RollbackErrorOnCommit { .. }
    ) {
        return StoreError::CommitUnknown(Box::new(error));
    }
    if let DieselError::DatabaseError(
        DatabaseErrorKind::UnableToSendCommand
        | DatabaseErrorKind::ClosedConnection
        | DatabaseErrorKind::Unknown,
        info,
    ) = &error
    {
        return StoreError::CommitUnknown(message(info.as_ref()));
    }
    translate(error)
}

/// What is unique, by the name of the constraint (PostgreSQL) or by its columns (SQLite).
const UNIQUE: &[(&str, &str, &str)] = &[
    (
        "tenants_external_id_key",
        "tenants.external_id",
        "tenant with this external id",
    ),
    (
        "users_external_id_key",
        "users.tenant_id, users.external_id",
        "user with this external id",
    ),
    (
        "operators_name_key",
        "operators.tenant_id, operators.name",
        "operator with this name",
    ),
    (
        "callers_name_key",
        "callers.tenant_id, callers.name",
        "caller with this name",
    ),
    (
        "integrations_name_key",
        "integrations.tenant_id, integrations.name",
        "integration with this name",
    ),
    (
        "connections_account",
        "connections.subject",
        "connection of this account",
    ),
];

fn duplicate(info: &(dyn DatabaseErrorInformation + Send + Sync)) -> &'static str {
    let constraint = info.constraint_name().unwrap_or("");
    let columns = info.message();
    UNIQUE
        .iter()
        .find(|(name, text, _)| constraint.starts_with(name) || columns.contains(text))
        .map_or("thing with this id", |(_, _, noun)| noun)
}

/// A statement that cannot be right whatever the state of the database, or a database that cannot do it now. PostgreSQL
/// says at which place a statement is wrong (42P01, 42703, 42601 and the like), in whatever language its messages are,
/// and says none where something else is: a prepared statement that is gone (26000), a time-out, a shutdown. SQLite has
/// one code for all wrong statements, and its own fixed words.
fn unknown(info: &(dyn DatabaseErrorInformation + Send + Sync)) -> StoreError {
    const SQLITE: [&str; 2] = ["no such table: ", "no such column: "];
    let is_wrong = info.statement_position().is_some()
        || SQLITE.iter().any(|wrong| info.message().starts_with(wrong))
        || info.message().ends_with(": syntax error");
    if is_wrong {
        StoreError::Corrupt(message(info))
    } else {
        StoreError::Unavailable(message(info))
    }
}

fn message(info: &(dyn DatabaseErrorInformation + Send + Sync)) -> BoxError {
    info.message().to_owned().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn database(kind: DatabaseErrorKind, text: &str) -> DieselError {
        DieselError::DatabaseError(kind, Box::new(text.to_owned()))
    }

    #[test]
    fn unique_violations_name_what_is_taken() {
        let error = translate(database(
            DatabaseErrorKind::UniqueViolation,
            "UNIQUE constraint failed: callers.tenant_id, callers.name",
        ));
        assert!(matches!(error, StoreError::Duplicate("caller with this name")));
    }

    #[test]
    fn broken_connection_is_unavailable_before_and_unknown_during_a_commit() {
        let closed = || database(DatabaseErrorKind::UnableToSendCommand, "connection closed");
        assert!(matches!(translate(closed()), StoreError::Unavailable(_)));
        assert!(matches!(translate_commit(closed()), StoreError::CommitUnknown(_)));
        let refused = database(DatabaseErrorKind::ForeignKeyViolation, "violates");
        assert!(matches!(translate_commit(refused), StoreError::NotFound(_)));
    }

    /// What PostgreSQL says of an error that has no kind of its own.
    struct Said(&'static str, Option<i32>);

    impl DatabaseErrorInformation for Said {
        fn message(&self) -> &str {
            self.0
        }
        fn details(&self) -> Option<&str> {
            None
        }
        fn hint(&self) -> Option<&str> {
            None
        }
        fn table_name(&self) -> Option<&str> {
            None
        }
        fn column_name(&self) -> Option<&str> {
            None
        }
        fn constraint_name(&self) -> Option<&str> {
            None
        }
        fn statement_position(&self) -> Option<i32> {
            self.1
        }
    }

    #[test]
    fn thr_21_prepared_statement_that_is_gone_is_no_broken_database_and_its_connection_is_closed() {
        let said =
            |text, place| DieselError::DatabaseError(DatabaseErrorKind::Unknown, Box::new(Said(text, place)));
        let gone = || said("prepared statement \"s7\" does not exist", None);
        assert!(matches!(translate(gone()), StoreError::Unavailable(_)));
        assert!(!Fault::from(gone()).leaves_connection_sound());
        let missing = said("Relation »tenants« existiert nicht", Some(15));
        assert!(matches!(translate(missing), StoreError::Corrupt(_)));
        let broken = DieselError::BrokenTransactionManager;
        assert!(matches!(translate(broken), StoreError::Unavailable(_)));
        let broken = DieselError::BrokenTransactionManager;
        assert!(matches!(translate_commit(broken), StoreError::CommitUnknown(_)));
        let taken = database(DatabaseErrorKind::UniqueViolation, "taken");
        assert!(Fault::from(taken).leaves_connection_sound());
    }

    #[test]
    fn wrong_statement_is_not_taken_for_a_database_that_is_down() {
        let missing = database(DatabaseErrorKind::Unknown, "no such table: tenants");
        assert!(matches!(translate(missing), StoreError::Corrupt(_)));
        let full = database(DatabaseErrorKind::Unknown, "database or disk is full");
        assert!(matches!(translate(full), StoreError::Unavailable(_)));
    }
}
