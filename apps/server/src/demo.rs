//! `coffer-server demo`: everything on one machine, in one process, with nothing to set up. SQLite in a data folder, a
//! key made on the first run, the provider simulator inside, a sample connection, and a page to play with.

mod action;
mod arrival;
mod browser;
mod card;
mod command;
mod error;
mod flash;
mod folder;
mod guard;
mod home;
mod log;
mod mount;
mod prepare;
mod problem;
mod provider;
mod sample;
mod simulator;
mod smoke_tests;
mod state;
mod welcome;
mod words;

pub use error::DemoError;

use crate::compose::{Composed, lock};
use crate::config::{Config, Source};
use crate::server::{Extra, Running, StartError};
use actix_web::web::Data;
use coffer_core::SystemRandom;
use coffer_core::id::ConnectionId;
use folder::Folder;
use prepare::Preparation;
use simulator::Simulator;
use state::Demo;
use std::io::ErrorKind;
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The port of a demo that was told nothing.
pub const PORT: u16 = 8080;

/// The data folder of a demo that was told nothing.
pub const DATA_DIR: &str = "coffer-data";

/// What the demo is told.
#[derive(Debug, Clone, PartialEq, Eq, clap::Args)]
pub struct DemoOptions {
    /// Where to keep everything: made on the first start, found again on the next
    #[arg(long, value_name = "PATH", default_value = DATA_DIR)]
    pub data_dir: PathBuf,
    /// The port on 127.0.0.1 to listen on
    #[arg(long, value_name = "N", default_value_t = PORT)]
    pub port: u16,
}

/// A demo that runs. Dropping it leaves it running; [`RunningDemo::stop`] ends it.
#[derive(Debug)]
pub struct RunningDemo {
    demo: Arc<Demo>,
    running: Running,
    connection: Option<ConnectionId>,
}

/// Runs the demo until `stop` is done, and says on standard output how to use it.
///
/// # Errors
/// [`DemoError`], which says what to do.
pub async fn run(options: &DemoOptions, stop: impl Future<Output = ()>) -> Result<(), DemoError> {
    crate::log::start(&config_of(options.port, &options.data_dir)?.log);
    let demo = RunningDemo::start(options).await?;
    if let Err(error) = welcome::print(&demo.welcome()) {
        tracing::warn!(%error, "standard output does not take what there is to say; the demo runs");
    }
    stop.await;
    demo.stop().await;
    Ok(())
}

impl RunningDemo {
    /// Takes the port, finds or makes what lies in the data folder, and serves. When this returns there is a sample
    /// connection, made by the whole flow, unless one was made before.
    ///
    /// # Errors
    /// [`DemoError`].
    pub async fn start(options: &DemoOptions) -> Result<Self, DemoError> {
        let (listener, port) = listen(options.port)?;
        let folder = Folder::open(&options.data_dir)?;
        folder.ensure_key(&SystemRandom)?;
        let config = config_of(port, folder.path())?;
        let lock = lock(&config)?;
        let composed = Composed::open(&config).await?;
        let base = format!("http://127.0.0.1:{port}");
        let simulator = Simulator::open(&folder, &format!("{base}{}", simulator::PATH))?;
        let preparation = Preparation {
            wallet: &composed.wallet,
            folder: &folder,
            simulator: &simulator,
            random: &SystemRandom,
        };
        let prepared = preparation.run().await?;
        let demo = Arc::new(Demo::new(composed.wallet.clone(), folder, port, prepared));
        let extra = extra(&demo, &simulator);
        let running = Running::serve(&config, &composed, listener, None, lock, Some(extra));
        let running = running.map_err(|error| started(port, error))?;
        match sample_of(&demo, &simulator).await {
            Ok(connection) => Ok(Self {
                demo,
                running,
                connection,
            }),
            Err(error) => {
                running.stop().await;
                Err(error)
            }
        }
    }

    /// The page to open.
    pub fn url(&self) -> String {
        self.demo.url("/")
    }

    /// The connection in the command line that is printed: the sample one while it gives tokens, or else another one
    /// that does.
    pub const fn connection(&self) -> Option<ConnectionId> {
        self.connection
    }

    /// What is told at the start.
    pub fn welcome(&self) -> String {
        welcome::text(&self.demo, self.connection)
    }

    /// Finishes what is under way, then ends. Answers whether all of it was finished in time.
    pub async fn stop(self) -> bool {
        self.running.stop().await
    }
}

/// Makes the sample connection where there is none, and finds the one to show.
async fn sample_of(demo: &Demo, simulator: &Simulator) -> Result<Option<ConnectionId>, DemoError> {
    sample::ensure(demo, simulator).await?;
    let caller = demo.caller().await?;
    Ok(sample::to_show(&demo.wallet, &caller.principal).await?)
}

fn extra(demo: &Arc<Demo>, simulator: &Simulator) -> Extra {
    let (demo, service) = (Data::from(Arc::clone(demo)), simulator.service.clone());
    Arc::new(move |routes| {
        mount::mount(routes, &demo);
        service.mount(routes);
    })
}

fn listen(port: u16) -> Result<(TcpListener, u16), DemoError> {
    let failed = |source| DemoError::Listen { port, source };
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).map_err(|error| {
        if error.kind() == ErrorKind::AddrInUse {
            DemoError::PortTaken(port)
        } else {
            failed(error)
        }
    })?;
    listener.set_nonblocking(true).map_err(failed)?;
    let port = listener.local_addr().map_err(failed)?.port();
    Ok((listener, port))
}

fn started(port: u16, error: StartError) -> DemoError {
    match error {
        StartError::Compose(error) => error.into(),
        StartError::Listen { source, .. } => DemoError::Listen { port, source },
        StartError::Seed(error) => error.into(),
    }
}

/// The configuration of the demo. The environment has no part in it: what stands there is for a real server.
fn config_of(port: u16, folder: &Path) -> Result<Config, DemoError> {
    let folder = Folder::at(folder);
    let source = Source::of([
        ("COFFER_LISTEN", format!("127.0.0.1:{port}")),
        (
            "COFFER_DATABASE_URL",
            format!("sqlite:{}", folder.database().display()),
        ),
        ("COFFER_KEY_FILE", folder.key().display().to_string()),
        ("COFFER_MIGRATE", "true".to_owned()),
        // The simulator, and nothing else of this machine or its network.
        ("COFFER_HTTP_ALLOW", format!("http://127.0.0.1:{port}")),
        ("COFFER_WORKERS", "2".to_owned()),
        ("COFFER_LOG", "warn".to_owned()),
        ("COFFER_LOG_FORMAT", "text".to_owned()),
    ]);
    Ok(Config::read(&source)?)
}
