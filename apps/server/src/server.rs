//! The HTTP server: listens, serves, stops without losing anything (requirement F5).

mod http;

use crate::app::App;
use crate::compose::{ComposeError, Composed, lock};
use crate::config::Config;
use crate::seed;
use actix_web::dev::ServerHandle;
use actix_web::web::ServiceConfig;
use coffer_core::Clock as _;
use coffer_core::SystemClock;
use coffer_core::ports::StoreHealth as _;
use coffer_store::ServerLock;
use futures_util::future::join_all;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinHandle;

/// More routes, beside the server's own: the demonstration's.
pub type Extra = Arc<dyn Fn(&mut ServiceConfig) + Send + Sync>;

/// A server that runs. Dropping it leaves it running; [`Running::stop`] ends it.
pub struct Running {
    address: SocketAddr,
    metrics_address: Option<SocketAddr>,
    app: Arc<App>,
    handles: Vec<ServerHandle>,
    tasks: Vec<JoinHandle<std::io::Result<()>>>,
    keys: JoinHandle<()>,
    patience: Duration,
    _lock: Option<ServerLock>,
}

/// Why a server does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The parts do not fit together.
    #[error(transparent)]
    Compose(#[from] ComposeError),
    /// The address cannot be listened on.
    #[error("cannot listen on {address}; is another server running there? Set {setting} to another address")]
    Listen {
        /// Which.
        address: SocketAddr,
        /// The setting.
        setting: &'static str,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The provider clients of the environment cannot be taken over.
    #[error("the provider clients of the environment cannot be taken over")]
    Seed(#[source] coffer_wallet::WalletError),
}

impl Running {
    /// Takes the addresses and, for SQLite, the lock of the database file; then opens the database and serves.
    ///
    /// # Errors
    /// [`StartError`]. Nothing was changed then, unless `config.migrate` is set.
    pub async fn start(config: &Config) -> Result<Self, StartError> {
        let lock = lock(config)?;
        let listener = listen(config.listen, "COFFER_LISTEN")?;
        let metrics = config
            .metrics_listen
            .map(|address| listen(address, "COFFER_METRICS_LISTEN"))
            .transpose()?;
        let composed = Composed::open(config).await?;
        check_clock(&composed).await;
        seed::provider_clients(&composed, &config.provider_clients)
            .await
            .map_err(StartError::Seed)?;
        Self::serve(config, &composed, listener, metrics, lock, None)
    }

    /// Serves these parts on this listener, with more routes.
    ///
    /// # Errors
    /// [`StartError::Listen`].
    pub fn serve(
        config: &Config,
        composed: &Composed,
        listener: TcpListener,
        metrics: Option<TcpListener>,
        lock: Option<ServerLock>,
        extra: Option<Extra>,
    ) -> Result<Self, StartError> {
        let app = App::new(composed, config);
        let address = address_of(&listener, "COFFER_LISTEN")?;
        let metrics_address = metrics
            .as_ref()
            .map(|listener| address_of(listener, "COFFER_METRICS_LISTEN"))
            .transpose()?;
        let mut servers =
            vec![http::main(config, &app, listener, extra).map_err(refused(address, "COFFER_LISTEN"))?];
        if let (Some(listener), Some(address)) = (metrics, metrics_address) {
            servers
                .push(http::metrics_only(&app, listener).map_err(refused(address, "COFFER_METRICS_LISTEN"))?);
        }
        let handles = servers.iter().map(actix_web::dev::Server::handle).collect();
        let tasks = servers.into_iter().map(tokio::spawn).collect();
        tracing::info!(address = %address, public_url = %config.public_url, "serving");
        Ok(Self {
            address,
            metrics_address,
            app,
            handles,
            tasks,
            keys: tokio::spawn(forget_keys(composed.keys.clone())),
            patience: config.shutdown_timeout,
            _lock: lock,
        })
    }

    /// Where it listens.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where it serves metrics to anybody.
    pub const fn metrics_address(&self) -> Option<SocketAddr> {
        self.metrics_address
    }

    /// The state.
    pub const fn app(&self) -> &Arc<App> {
        &self.app
    }

    /// Begins nothing new at providers and accepts no more requests, then finishes both at once, in the time of
    /// `COFFER_SHUTDOWN_TIMEOUT` altogether. Answers whether all of it was finished in time.
    pub async fn stop(self) -> bool {
        self.app.stop();
        tracing::info!("stopping");
        // Polled first, so that no request that comes in meanwhile begins anything.
        let drain = self.app.wallet.drain(self.patience);
        let serve = tokio::time::timeout(self.patience, finish(&self.handles, self.tasks));
        let (drained, served) = tokio::join!(biased; drain, serve);
        if served.is_err() {
            for handle in &self.handles {
                // It is told now; nobody waits for it any more.
                drop(handle.stop(false));
            }
        }
        self.keys.abort();
        let finished = drained && served.is_ok() && self.app.wallet.running() == 0;
        tracing::info!(finished, "stopped");
        finished
    }
}

/// Stops the listeners, once what they serve is answered.
async fn finish(handles: &[ServerHandle], tasks: Vec<JoinHandle<std::io::Result<()>>>) {
    join_all(handles.iter().map(|handle| handle.stop(true))).await;
    for task in tasks {
        if !matches!(task.await, Ok(Ok(()))) {
            tracing::warn!("a listener ended with an error");
        }
    }
}

impl std::fmt::Debug for Running {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Running({})", self.address)
    }
}

/// Takes an address.
///
/// # Errors
/// [`StartError::Listen`], which names the setting.
pub fn listen(address: SocketAddr, setting: &'static str) -> Result<TcpListener, StartError> {
    let listener = TcpListener::bind(address).map_err(refused(address, setting))?;
    listener
        .set_nonblocking(true)
        .map_err(refused(address, setting))?;
    Ok(listener)
}

fn refused(address: SocketAddr, setting: &'static str) -> impl FnOnce(std::io::Error) -> StartError {
    move |source| StartError::Listen {
        address,
        setting,
        source,
    }
}

fn address_of(listener: &TcpListener, setting: &'static str) -> Result<SocketAddr, StartError> {
    let unknown = SocketAddr::from(([0, 0, 0, 0], 0));
    listener.local_addr().map_err(refused(unknown, setting))
}

/// Data keys whose time is over are zeroized although nobody asks for them.
async fn forget_keys(keys: coffer_envelope::KeyRing) {
    let mut timer = tokio::time::interval(Duration::from_secs(60));
    loop {
        timer.tick().await;
        keys.evict_expired();
    }
}

async fn check_clock(composed: &Composed) {
    if let Ok(theirs) = composed.store.ping().await {
        let apart = crate::health::apart(SystemClock.now(), theirs);
        if apart > crate::health::CLOCK_WARN {
            let seconds = apart.as_secs();
            tracing::warn!(
                seconds,
                "this machine's clock and the database's are apart; set both by NTP"
            );
        }
    }
}
