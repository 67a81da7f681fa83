//! Putting a wallet together in a service that has nothing of it yet.

use crate::error::WalletError;
use crate::settings::Settings;
use crate::tasks::Tasks;
use crate::wallet::{Parts, Wallet};
use coffer_catalog::{Catalog, CatalogError};
use coffer_core::http::HttpClient;
use coffer_core::ports::Stores;
use coffer_core::{Clock, SecureRandom, SystemClock, SystemRandom};
use coffer_envelope::KeyRing;
use coffer_oauth::Client;
use std::sync::Arc;
use tokio::runtime::Handle;
use url::Url;

/// A wallet in the making: [`Wallet::builder`]. What is not said is as in production.
#[derive(Debug)]
pub struct Builder {
    stores: Stores,
    keys: KeyRing,
    http: Arc<dyn HttpClient>,
    catalog: Option<Catalog>,
    clock: Arc<dyn Clock>,
    random: Arc<dyn SecureRandom>,
    settings: Settings,
    public_url: Url,
    return_origins: Vec<Url>,
    tasks: Option<Tasks>,
}

impl Wallet {
    /// Begins with what has no default: the database, the keys, and the client through which providers are reached.
    /// `public_url` is where browsers reach this service: the base of connect links and redirect URIs.
    pub fn builder(stores: Stores, keys: KeyRing, http: Arc<dyn HttpClient>, public_url: Url) -> Builder {
        Builder {
            stores,
            keys,
            http,
            catalog: None,
            clock: Arc::new(SystemClock),
            random: Arc::new(SystemRandom),
            settings: Settings::default(),
            public_url,
            return_origins: Vec::new(),
            tasks: None,
        }
    }
}

impl Builder {
    /// Providers other than the built-in ones.
    #[must_use]
    pub fn catalog(mut self, catalog: Catalog) -> Self {
        self.catalog = Some(catalog);
        self
    }

    /// Another clock than the system's. Give the key ring and an in-memory store the same one.
    #[must_use]
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// Another random source than the system's.
    #[must_use]
    pub fn random(mut self, random: Arc<dyn SecureRandom>) -> Self {
        self.random = random;
        self
    }

    /// Other times of the protocol.
    #[must_use]
    pub fn settings(mut self, settings: Settings) -> Self {
        self.settings = settings;
        self
    }

    /// An origin to which a browser may be sent back, beside the service's own.
    #[must_use]
    pub fn return_origin(mut self, origin: Url) -> Self {
        self.return_origins.push(origin);
        self
    }

    /// Where work runs that must be finished once it is begun; without it, on the runtime that builds the wallet.
    #[must_use]
    pub fn tasks(mut self, tasks: Tasks) -> Self {
        self.tasks = Some(tasks);
        self
    }

    /// Builds it.
    ///
    /// # Errors
    /// As [`Wallet::new`]; [`BuildError::Catalog`] where a provider file is wrong; [`BuildError::NoRuntime`] outside
    /// tokio without [`Builder::tasks`].
    pub fn build(self) -> Result<Wallet, BuildError> {
        let catalog = match self.catalog {
            Some(catalog) => catalog,
            None => Catalog::builtin()?,
        };
        let tasks = match self.tasks {
            Some(tasks) => tasks,
            None => Tasks::on(Handle::try_current().map_err(|_| BuildError::NoRuntime)?),
        };
        let oauth = Client::new(self.http, Arc::clone(&self.clock), Arc::clone(&self.random));
        Ok(Wallet::new(Parts {
            stores: self.stores,
            keys: self.keys,
            catalog: Arc::new(catalog),
            oauth,
            clock: self.clock,
            random: self.random,
            settings: self.settings,
            public_url: self.public_url,
            return_origins: self.return_origins,
            tasks,
        })?)
    }
}

/// Why a wallet cannot be built.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// A provider file is wrong.
    #[error("the provider catalogue cannot be used")]
    Catalog(#[from] CatalogError),
    /// The parts do not fit together.
    #[error("the wallet's parts do not fit together")]
    Wallet(#[from] WalletError),
    /// There is nowhere to run what must be finished.
    #[error("there is no tokio runtime here; build the wallet inside one, or name one with `tasks`")]
    NoRuntime,
}
