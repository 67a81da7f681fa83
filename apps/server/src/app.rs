//! What every request can reach.

use crate::compose::Composed;
use crate::config::Config;
use crate::health::Health;
use crate::metrics::Metrics;
use crate::request_id::RequestIds;
use coffer_core::SystemRandom;
use coffer_wallet::Wallet;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// The state of the server: shared by all its threads.
#[derive(Debug)]
pub struct App {
    /// The domain.
    pub wallet: Wallet,
    /// How the parts are.
    pub health: Health,
    /// What is counted.
    pub metrics: Metrics,
    pub(crate) request_ids: RequestIds,
    pub(crate) trusted_proxies: Vec<IpAddr>,
    /// Whether browsers reach this server by https.
    pub(crate) encrypted: bool,
    /// Whether each answer says where its time went.
    pub(crate) tells_timing: bool,
    stopping: AtomicBool,
}

impl App {
    /// The state over these parts.
    pub fn new(composed: &Composed, config: &Config) -> Arc<Self> {
        Arc::new(Self {
            wallet: composed.wallet.clone(),
            health: Health::new(composed),
            metrics: Metrics::new(composed),
            request_ids: RequestIds::new(&SystemRandom),
            trusted_proxies: config.trusted_proxies.clone(),
            encrypted: config.public_url.scheme() == "https",
            tells_timing: config.server_timing,
            stopping: AtomicBool::new(false),
        })
    }

    /// Whether the server is about to stop.
    pub fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Relaxed)
    }

    /// From now on the server says that it is not ready.
    pub(crate) fn stop(&self) {
        self.stopping.store(true, Ordering::Relaxed);
    }
}
