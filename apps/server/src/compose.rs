//! The crates, put together: store, key ring, guarded client, OAuth client, wallet.

use crate::config::{Config, DatabaseConfig, KeyConfig, KeyText};
use crate::timing::Booked;
use coffer_catalog::{Catalog, CatalogError};
use coffer_core::id::TenantId;
use coffer_core::ports::{StoreHealth, Stores};
use coffer_core::secret::ExposeSecret;
use coffer_core::{Clock, SecureRandom, SystemClock, SystemRandom};
use coffer_envelope::{EnvelopeError, KeyRing, LocalKey, LocalKeyError, LocalKeySource};
use coffer_http::{BuildError, GuardedClient};
use coffer_store::{Database, ServerLock, Store, StoreConfig};
use coffer_wallet::{Parts, Tasks, Wallet, WalletError};
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The parts that a command or a server works with.
pub struct Composed {
    /// The domain.
    pub wallet: Wallet,
    /// The database.
    pub store: Arc<Store>,
    /// Data keys.
    pub keys: KeyRing,
    /// The providers.
    pub catalog: Arc<Catalog>,
}

/// Why the parts do not fit together. Each message says what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ComposeError {
    /// The database.
    #[error("the database cannot be used")]
    Store(#[from] coffer_store::Error),
    /// The key encryption key.
    #[error("{setting} cannot be used")]
    Key {
        /// Which setting.
        setting: &'static str,
        /// Why.
        #[source]
        source: LocalKeyError,
    },
    /// The configured key is not the one that sealed the data, or cannot be asked.
    #[error("the data cannot be opened, and nothing was touched")]
    Sealed(#[source] EnvelopeError),
    /// A provider file.
    #[error("a provider file cannot be used")]
    Catalog(#[from] CatalogError),
    /// A file or folder that a setting names.
    #[error("{setting}: {} cannot be read", path.display())]
    File {
        /// Which setting.
        setting: &'static str,
        /// Which file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The guarded client.
    #[error("COFFER_HTTP_ALLOW or COFFER_HTTP_CA_FILE cannot be used")]
    Http(#[from] BuildError),
    /// The wallet.
    #[error("the wallet cannot be put together")]
    Wallet(#[from] WalletError),
}

impl Composed {
    /// Puts everything together for a database whose schema is current, under the key that sealed its data. Nothing
    /// is changed unless `config.migrate` is set.
    ///
    /// # Errors
    /// [`ComposeError`].
    pub async fn open(config: &Config) -> Result<Self, ComposeError> {
        let store = Self::store(config).await?;
        if config.migrate {
            let ran = store.migrate().await?;
            tracing::info!(migrations = ran, "the database is migrated");
        }
        store.schema_state().await?.require_current()?;
        let composed = Self::over(config, store)?;
        composed
            .keys
            .check(TenantId::INSTALLATION)
            .await
            .map_err(ComposeError::Sealed)?;
        Ok(composed)
    }

    /// Opens the database, whatever its schema.
    ///
    /// # Errors
    /// [`ComposeError::Store`].
    pub async fn store(config: &Config) -> Result<Arc<Store>, ComposeError> {
        let mut settings = StoreConfig::new(database(&config.database));
        settings.pools.app = config.database.connections;
        Ok(Arc::new(Store::connect(settings).await?))
    }

    /// Puts the rest together over a database. Nothing is asked of it.
    ///
    /// # Errors
    /// [`ComposeError`].
    pub fn over(config: &Config, store: Arc<Store>) -> Result<Self, ComposeError> {
        let (clock, random): (Arc<dyn Clock>, Arc<dyn SecureRandom>) =
            (Arc::new(SystemClock), Arc::new(SystemRandom));
        let catalog = Arc::new(catalog(config.providers_dir.as_deref())?);
        let keys = KeyRing::for_installation(
            &config.keys.installation,
            Arc::new(key_source(&config.keys, &random)?),
            store.clone(),
            clock.clone(),
            random.clone(),
            config.keys.cache,
        );
        let http = Arc::new(Booked(Arc::new(http_client(config)?)));
        let wallet = Wallet::new(Parts {
            stores: Stores::of(&store),
            keys: keys.clone(),
            catalog: catalog.clone(),
            oauth: coffer_oauth::Client::new(http, clock.clone(), random.clone()),
            clock,
            random,
            settings: config.settings,
            public_url: config.public_url.clone(),
            return_origins: config.return_origins.clone(),
            tasks: Tasks::on(tokio::runtime::Handle::current()),
        })?;
        Ok(Self {
            wallet,
            store,
            keys,
            catalog,
        })
    }

    /// The database's answer to "how are you", as a port.
    pub(crate) fn ping(&self) -> Arc<dyn StoreHealth> {
        self.store.clone()
    }
}

impl fmt::Debug for Composed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Composed")
            .field("wallet", &self.wallet)
            .finish_non_exhaustive()
    }
}

/// Which database the configuration means.
pub(crate) fn database(config: &DatabaseConfig) -> Database {
    match config.url.expose_secret().strip_prefix("sqlite:") {
        Some(":memory:") => Database::SqliteMemory,
        Some(path) => Database::Sqlite {
            path: PathBuf::from(path.strip_prefix("//").unwrap_or(path)),
        },
        None => Database::Postgres {
            app_url: config.url.clone(),
            system_url: config.system_url.clone(),
            owner_url: config.owner_url.clone(),
        },
    }
}

/// Keeps a second server off a SQLite file. PostgreSQL serves any number of them.
///
/// # Errors
/// [`ComposeError::Store`] where another server has it.
pub fn lock(config: &Config) -> Result<Option<ServerLock>, ComposeError> {
    match database(&config.database) {
        Database::Sqlite { path } => Ok(Some(ServerLock::acquire(&path)?)),
        Database::SqliteMemory | Database::Postgres { .. } => Ok(None),
    }
}

/// The key encryption keys, read and checked.
pub(crate) fn key_source(
    config: &KeyConfig,
    random: &Arc<dyn SecureRandom>,
) -> Result<LocalKeySource, ComposeError> {
    let primary = match &config.primary {
        KeyText::Text(text) => LocalKey::parse(text).map_err(|source| ComposeError::Key {
            setting: "COFFER_KEY",
            source,
        }),
        KeyText::File(path) => LocalKey::from_file(path).map_err(|source| ComposeError::Key {
            setting: "COFFER_KEY_FILE",
            source,
        }),
    };
    let mut source = LocalKeySource::new(primary?, Arc::clone(random));
    for text in &config.readers {
        let key = LocalKey::parse(text).map_err(|source| ComposeError::Key {
            setting: "COFFER_READ_KEYS",
            source,
        })?;
        source = source.with_reader(key);
    }
    Ok(source)
}

fn catalog(folder: Option<&Path>) -> Result<Catalog, ComposeError> {
    let Some(folder) = folder else {
        return Ok(Catalog::builtin()?);
    };
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |source| ComposeError::File {
            setting: "COFFER_PROVIDERS_DIR",
            path,
            source,
        }
    };
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(failed(folder))? {
        let path = entry.map_err(failed(folder))?.path();
        if path.extension().is_some_and(|extension| extension == "toml") {
            let text = std::fs::read_to_string(&path).map_err(failed(&path))?;
            files.push((path.display().to_string(), text));
        }
    }
    files.sort();
    Ok(Catalog::with_overrides(files)?)
}

fn http_client(config: &Config) -> Result<GuardedClient, ComposeError> {
    let mut builder = GuardedClient::builder();
    for allowance in &config.http_allow {
        builder = builder.allow(allowance.clone());
    }
    if let Some(path) = &config.http_ca_file {
        let failed = |source| ComposeError::File {
            setting: "COFFER_HTTP_CA_FILE",
            path: path.clone(),
            source,
        };
        builder = builder.extra_roots(std::fs::read(path).map_err(failed)?);
    }
    Ok(builder.build()?)
}
