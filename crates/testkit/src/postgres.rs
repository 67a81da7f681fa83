//! A real PostgreSQL for tests: one throwaway server, and a fresh database for each test.

mod database;
mod server;

pub use database::{Database, Role};
pub use server::{SHARED_URL, Server};

/// Why there is no database to test with.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The script that serves PostgreSQL could not be run at all.
    #[error("cannot run the script that starts PostgreSQL: is there a shell?")]
    Shell(#[source] std::io::Error),
    /// The server did not come up; the text is what its script said.
    #[error("no PostgreSQL to test with: {0}")]
    NotStarted(String),
    /// A server is there, but it refused what the tests need.
    #[error("the PostgreSQL for tests refused: {statement}")]
    Refused {
        /// What was asked; it holds no secret.
        statement: String,
        /// What PostgreSQL answered.
        #[source]
        source: tokio_postgres::Error,
    },
}
