//! A fresh database with the roles that the server knows.

use coffer_core::secret::{ExposeSecret as _, SecretText, secret_text};
use coffer_core::{SecureRandom as _, SystemRandom};
use tokio_postgres::config::Host;
use tokio_postgres::{Config, NoTls};

use super::{Error, Server};

/// A database of one test, empty, and three roles that exist for it alone. Both are gone when this is dropped.
///
/// The names are random, so that tests run beside each other, in one process or in many.
#[derive(Debug)]
pub struct Database {
    name: String,
    owner: Role,
    app: Role,
    system: Role,
    superuser: SecretText,
}

/// One who may log in to the database.
#[derive(Debug)]
pub struct Role {
    /// Its name, for `GRANT` and policies; it needs no quotes.
    pub name: String,
    /// Where it connects, as `postgres://ROLE@127.0.0.1:PORT/DATABASE`.
    pub url: SecretText,
}

impl Database {
    /// Makes a database in the server that this process shares.
    ///
    /// # Panics
    /// Where there is no PostgreSQL, with the name of the package to install: a test that needs a database must not
    /// pass without one.
    pub async fn create() -> Self {
        let made = match Server::shared().await {
            Ok(server) => Self::create_in(server).await,
            Err(error) => Err(error),
        };
        match made {
            Ok(database) => database,
            #[expect(
                clippy::panic,
                reason = "a test must not go on, or be skipped, without its database"
            )]
            Err(error) => panic!("{}", chain(&error)),
        }
    }

    /// Makes a database in this server.
    ///
    /// # Errors
    /// The server cannot be reached, or its user may not create roles and databases.
    pub async fn create_in(server: &Server) -> Result<Self, Error> {
        let name = random_name();
        let superuser = config(server.superuser_url())?;
        let role = |kind: &str| Role::new(&superuser, &name, kind);
        let database = Self {
            owner: role("owner"),
            app: role("app"),
            system: role("system"),
            superuser: url(&superuser, superuser.get_user().unwrap_or("postgres"), &name),
            name: name.clone(),
        };
        run(&superuser, &database.creation()).await?;
        Ok(database)
    }

    /// Owns the database and so its schema; for migrations.
    #[must_use]
    pub fn owner(&self) -> &Role {
        &self.owner
    }

    /// Owns nothing and does not bypass row-level security; for requests.
    #[must_use]
    pub fn app(&self) -> &Role {
        &self.app
    }

    /// Owns nothing and bypasses row-level security; for the few statements that have no tenant yet.
    #[must_use]
    pub fn system(&self) -> &Role {
        &self.system
    }

    /// Where the superuser connects to this database, for tests that read the catalogue or break something.
    #[must_use]
    pub fn superuser_url(&self) -> &SecretText {
        &self.superuser
    }

    /// Runs statements in this database as its superuser: to break something.
    ///
    /// # Errors
    /// The server refuses one.
    pub async fn as_superuser(&self, statements: &str) -> Result<(), Error> {
        run(&config(&self.superuser)?, &[statements.to_owned()]).await
    }

    fn creation(&self) -> Vec<String> {
        let (name, owner, app, system) = (&self.name, &self.owner.name, &self.app.name, &self.system.name);
        vec![
            format!("CREATE ROLE {owner} LOGIN NOBYPASSRLS"),
            format!("CREATE ROLE {app} LOGIN NOBYPASSRLS"),
            format!("CREATE ROLE {system} LOGIN BYPASSRLS"),
            format!("CREATE DATABASE {name} OWNER {owner}"),
            format!("REVOKE ALL ON DATABASE {name} FROM PUBLIC"),
            format!("GRANT CONNECT ON DATABASE {name} TO {app}, {system}"),
        ]
    }

    /// Every row of every table as text, to look for what must not be there. Bytes are hexadecimal.
    ///
    /// # Errors
    /// The server refuses a query.
    pub async fn dump(&self) -> Result<String, Error> {
        let refused = |statement: &str, source| Error::Refused {
            statement: statement.to_owned(),
            source,
        };
        let (client, connection) = config(&self.superuser)?
            .connect(NoTls)
            .await
            .map_err(|e| refused("to connect", e))?;
        let driver = tokio::spawn(connection);
        let tables = "SELECT format('%I.%I', schemaname, tablename) FROM pg_tables \
                      WHERE schemaname NOT IN ('pg_catalog', 'information_schema') ORDER BY 1";
        let tables = client.query(tables, &[]).await.map_err(|e| refused(tables, e))?;
        let mut dump = String::new();
        for table in tables {
            let table: String = table.get(0);
            let rows = format!("SELECT t::text FROM {table} t");
            for row in client.query(&rows, &[]).await.map_err(|e| refused(&rows, e))? {
                let text: String = row.get(0);
                dump.push_str(&format!("{table}: {text}\n"));
            }
        }
        drop(client);
        driver.await.ok();
        Ok(dump)
    }

    fn removal(&self) -> Vec<String> {
        let (name, owner, app, system) = (&self.name, &self.owner.name, &self.app.name, &self.system.name);
        vec![
            format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"),
            format!("DROP ROLE IF EXISTS {owner}, {app}, {system}"),
        ]
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let (superuser, removal) = (self.superuser.clone(), self.removal());
        // A thread of its own: the test's runtime may be paused, or gone. What fails here goes with the server.
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .ok()?;
            let mut config = config(&superuser).ok()?;
            runtime.block_on(run(config.dbname("postgres"), &removal)).ok()
        });
        thread.join().ok();
    }
}

impl Role {
    fn new(superuser: &Config, database: &str, kind: &str) -> Self {
        let name = format!("{database}_{kind}");
        let url = url(superuser, &name, database);
        Self { name, url }
    }
}

async fn run(config: &Config, statements: &[String]) -> Result<(), Error> {
    let refused = |statement: &str, source| Error::Refused {
        statement: statement.to_owned(),
        source,
    };
    let (client, connection) = config
        .connect(NoTls)
        .await
        .map_err(|e| refused("to connect", e))?;
    let driver = tokio::spawn(connection);
    for statement in statements {
        client
            .batch_execute(statement)
            .await
            .map_err(|e| refused(statement, e))?;
    }
    drop(client);
    driver.await.ok();
    Ok(())
}

fn config(url: &SecretText) -> Result<Config, Error> {
    url.expose_secret().parse().map_err(|source| Error::Refused {
        statement: "its URL".to_owned(),
        source,
    })
}

/// The same server, as another user and in another database.
fn url(superuser: &Config, user: &str, database: &str) -> SecretText {
    let port = superuser.get_ports().first().copied().unwrap_or(5432);
    let host = superuser.get_hosts().iter().find_map(|host| match host {
        Host::Tcp(name) => Some(name.as_str()),
        Host::Unix(_) => None,
    });
    secret_text(format!(
        "postgres://{user}@{}:{port}/{database}",
        host.unwrap_or("127.0.0.1")
    ))
}

fn random_name() -> String {
    let mut bytes = [0; 8];
    SystemRandom.fill(&mut bytes);
    format!("coffer_{:016x}", u64::from_be_bytes(bytes))
}

fn chain(error: &dyn std::error::Error) -> String {
    let sources = std::iter::successors(error.source(), |e| e.source());
    sources.fold(error.to_string(), |text, source| format!("{text}: {source}"))
}
