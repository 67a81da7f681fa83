//! How the parts are (requirement O4). The answer is kept for a second, so that asking often costs nothing.

use crate::compose::Composed;
use coffer_core::id::TenantId;
use coffer_core::ports::StoreHealth;
use coffer_core::{Clock as _, SystemClock, Timestamp};
use coffer_envelope::{EnvelopeError, KeyRing};
use serde::Serialize;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Mutex;
use tokio::time::{Instant, timeout};
use utoipa::ToSchema;

/// How long an answer is kept.
const KEPT: Duration = Duration::from_secs(1);

/// How long a key source that works is not asked again: each time costs it an unwrapping.
const KEY_KEPT: Duration = Duration::from_secs(10);

/// How long a part may take to answer.
const PATIENCE: Duration = Duration::from_secs(3);

/// How far the database's clock may be from ours before somebody should look.
pub(crate) const CLOCK_WARN: Duration = Duration::from_secs(5);

/// Looks at the parts.
pub struct Health {
    store: Arc<dyn StoreHealth>,
    keys: KeyRing,
    providers: usize,
    last: Mutex<Option<(Instant, Report)>>,
    /// When the key source last worked, and how that was told.
    key: Mutex<Option<(Instant, Part)>>,
}

/// How the parts are.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Report {
    /// `ok`, or `failing` where a part fails.
    pub status: Status,
    /// The version of the server.
    #[schema(example = "0.1.0")]
    pub version: &'static str,
    /// The parts.
    pub parts: Parts,
}

/// The parts.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Parts {
    /// The database.
    pub database: Part,
    /// The key source.
    pub key_source: Part,
    /// The catalogue of providers.
    pub catalog: Part,
    /// The clock, compared with the database's.
    pub clock: Part,
}

/// How a part is.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Part {
    /// `ok`, `warning` or `failing`.
    pub status: Status,
    /// More about it. Nothing secret, no address.
    pub detail: String,
}

/// How something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// In order.
    Ok,
    /// It works, but somebody should look.
    Warning,
    /// It does not work.
    Failing,
}

impl Part {
    fn new(status: Status, detail: impl Into<String>) -> Self {
        Self {
            status,
            detail: detail.into(),
        }
    }
}

impl Health {
    /// Looks at these parts.
    pub fn new(composed: &Composed) -> Self {
        Self::of(
            composed.ping(),
            composed.keys.clone(),
            composed.catalog.iter().count(),
        )
    }

    fn of(store: Arc<dyn StoreHealth>, keys: KeyRing, providers: usize) -> Self {
        Self {
            store,
            keys,
            providers,
            last: Mutex::default(),
            key: Mutex::default(),
        }
    }

    /// How the parts are now, or were less than a second ago.
    pub async fn report(&self) -> Report {
        let mut last = self.last.lock().await;
        if let Some((at, report)) = last.as_ref()
            && at.elapsed() < KEPT
        {
            return report.clone();
        }
        let report = self.look().await;
        *last = Some((Instant::now(), report.clone()));
        report
    }

    async fn look(&self) -> Report {
        let (database, clock) = self.database().await;
        let key_source = match database.status {
            Status::Ok | Status::Warning => self.key_source().await,
            Status::Failing => unknown(),
        };
        let parts = Parts {
            database,
            key_source,
            catalog: Part::new(Status::Ok, format!("{} providers", self.providers)),
            clock,
        };
        let all = [&parts.database, &parts.key_source, &parts.catalog, &parts.clock];
        let failing = all.iter().any(|part| part.status == Status::Failing);
        Report {
            status: if failing { Status::Failing } else { Status::Ok },
            version: env!("CARGO_PKG_VERSION"),
            parts,
        }
    }

    async fn database(&self) -> (Part, Part) {
        let began = Instant::now();
        match timeout(PATIENCE, self.store.ping()).await {
            Ok(Ok(theirs)) => {
                let took = began.elapsed();
                let database = Part::new(Status::Ok, format!("answered in {} ms", took.as_millis()));
                (database, clock_part(SystemClock.now(), theirs, took))
            }
            Ok(Err(error)) => {
                tracing::warn!(code = error.code(), "the database does not answer a health check");
                (Part::new(Status::Failing, error.to_string()), unknown())
            }
            Err(_) => (Part::new(Status::Failing, "it did not answer in time"), unknown()),
        }
    }

    /// Whether the key source itself opens the data, and not only a key that is kept in memory.
    async fn key_source(&self) -> Part {
        let mut last = self.key.lock().await;
        if let Some((at, part)) = last.as_ref()
            && at.elapsed() < KEY_KEPT
        {
            return part.clone();
        }
        let look = async {
            if self.keys.check(TenantId::INSTALLATION).await?.is_none() {
                // There is none in a new installation: making it is a proof, too.
                self.keys.lookup_key(TenantId::INSTALLATION).await?;
            }
            Ok(())
        };
        let look: Result<Result<(), EnvelopeError>, _> = timeout(PATIENCE, look).await;
        let part = match look {
            Ok(Ok(())) => Part::new(Status::Ok, format!("{} opens the data", self.keys.kek_ref())),
            Ok(Err(error)) => {
                tracing::warn!(code = error.code(), "the key source fails a health check");
                Part::new(Status::Failing, error.code())
            }
            Err(_) => Part::new(Status::Failing, "it did not answer in time"),
        };
        *last = (part.status == Status::Ok).then(|| (Instant::now(), part.clone()));
        part
    }
}

fn unknown() -> Part {
    Part::new(Status::Warning, "not known while the database does not answer")
}

fn clock_part(ours: Timestamp, theirs: Timestamp, took: Duration) -> Part {
    let apart = apart(ours, theirs).saturating_sub(took);
    if apart > CLOCK_WARN {
        Part::new(
            Status::Warning,
            format!("{} s away from the database's", apart.as_secs()),
        )
    } else {
        Part::new(Status::Ok, "together with the database's")
    }
}

/// How far two clocks are apart.
pub(crate) fn apart(a: Timestamp, b: Timestamp) -> Duration {
    a.since(b).max(b.since(a))
}

impl std::fmt::Debug for Health {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Health")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use coffer_core::SystemRandom;
    use coffer_core::ports::Stores;
    use coffer_core::testing::{FakeClock, MemoryStore};
    use coffer_envelope::testing::{Fault, FaultySource};
    use coffer_envelope::{CachePolicy, LocalKey, LocalKeySource};

    #[tokio::test(start_paused = true)]
    async fn a_key_source_that_is_down_is_told_although_its_keys_are_in_memory() {
        let clock = Arc::new(FakeClock::default());
        let stores = Stores::of(&Arc::new(MemoryStore::new(clock.clone())));
        let random = Arc::new(SystemRandom);
        let key = LocalKey::parse(&LocalKey::generate(&SystemRandom)).unwrap();
        let source = Arc::new(FaultySource::new(Arc::new(LocalKeySource::new(
            key,
            random.clone(),
        ))));
        let keys = KeyRing::new(
            source.clone(),
            stores.data_keys,
            clock,
            random,
            CachePolicy::STANDARD,
        );
        keys.lookup_key(TenantId::INSTALLATION).await.unwrap();
        let health = Health::of(stores.health, keys.clone(), 1);
        assert_eq!(health.report().await.parts.key_source.status, Status::Ok);
        source.set(Some(Fault::Denied));
        keys.lookup_key(TenantId::INSTALLATION).await.unwrap();
        tokio::time::advance(KEY_KEPT).await;
        let report = health.report().await;
        assert_eq!(
            (report.status, report.parts.key_source.status),
            (Status::Failing, Status::Failing)
        );
        source.set(None);
        tokio::time::advance(KEPT).await;
        assert_eq!(health.report().await.status, Status::Ok);
    }

    #[test]
    fn a_clock_that_is_off_in_either_direction_is_a_warning() {
        let now = Timestamp::from_unix_secs(1_000);
        let minute = Duration::from_secs(60);
        for theirs in [now.plus(minute), now.minus(minute)] {
            assert_eq!(clock_part(now, theirs, Duration::ZERO).status, Status::Warning);
        }
        assert_eq!(
            clock_part(now, now.plus(Duration::from_secs(4)), Duration::ZERO).status,
            Status::Ok
        );
    }
}
