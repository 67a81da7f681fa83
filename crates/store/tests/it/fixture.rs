//! A store on a database of the test's own, which goes when the fixture goes.

use coffer_core::ports::Stores;
use coffer_store::{Database, PoolSizes, Store, StoreConfig};
use coffer_testkit::postgres::Database as Postgres;
use std::path::PathBuf;
use std::sync::Arc;
use tempfile::TempDir;

/// A migrated store.
pub struct Fixture {
    pub store: Arc<Store>,
    stores: Stores,
    pub place: Place,
}

/// What keeps the database alive.
pub enum Place {
    Memory,
    File(TempDir),
    Postgres(Postgres),
}

impl AsRef<Stores> for Fixture {
    fn as_ref(&self) -> &Stores {
        &self.stores
    }
}

impl Fixture {
    pub async fn open(config: StoreConfig, place: Place) -> Self {
        let store = Arc::new(Store::connect(config).await.unwrap());
        store.migrate().await.unwrap();
        store.schema_state().await.unwrap().require_current().unwrap();
        Self {
            stores: Stores::of(&store),
            store,
            place,
        }
    }

    pub fn stores(&self) -> &Stores {
        &self.stores
    }

    pub fn file(&self) -> PathBuf {
        match &self.place {
            Place::File(folder) => folder.path().join("coffer.db"),
            Place::Memory | Place::Postgres(_) => panic!("not in a file"),
        }
    }

    pub fn database(&self) -> &Postgres {
        match &self.place {
            Place::Postgres(database) => database,
            Place::Memory | Place::File(_) => panic!("not in PostgreSQL"),
        }
    }
}

pub async fn memory() -> Fixture {
    Fixture::open(StoreConfig::new(Database::SqliteMemory), Place::Memory).await
}

pub async fn file() -> Fixture {
    let folder = tempfile::tempdir().unwrap();
    let config = file_config(&folder);
    Fixture::open(config, Place::File(folder)).await
}

pub fn file_config(folder: &TempDir) -> StoreConfig {
    StoreConfig::new(Database::Sqlite {
        path: folder.path().join("coffer.db"),
    })
}

pub async fn postgres() -> Fixture {
    let database = Postgres::create().await;
    let config = postgres_config(&database);
    Fixture::open(config, Place::Postgres(database)).await
}

/// Small pools: many tests share one server.
pub fn postgres_config(database: &Postgres) -> StoreConfig {
    with_small_pools(StoreConfig::new(Database::Postgres {
        app_url: database.app().url.clone(),
        system_url: Some(database.system().url.clone()),
        owner_url: Some(database.owner().url.clone()),
    }))
}

pub async fn postgres_one_role() -> Fixture {
    let database = Postgres::create().await;
    let config = with_small_pools(StoreConfig::new(Database::Postgres {
        app_url: database.owner().url.clone(),
        system_url: None,
        owner_url: None,
    }));
    Fixture::open(config, Place::Postgres(database)).await
}

fn with_small_pools(mut config: StoreConfig) -> StoreConfig {
    config.pools = PoolSizes {
        app: 4,
        system: 2,
        readers: 2,
    };
    config
}
