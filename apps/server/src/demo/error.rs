//! Why the demo does not start. Each message says what to do.

use crate::compose::ComposeError;
use crate::config::ConfigError;
use coffer_simulator::SimulatorError;
use coffer_wallet::WalletError;
use std::io;
use std::path::PathBuf;

/// Why the demo does not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DemoError {
    /// Something else listens there.
    #[error("port {0} on 127.0.0.1 is taken; stop what listens there, or choose another port with --port")]
    PortTaken(u16),
    /// It cannot listen.
    #[error("cannot listen on port {port} of 127.0.0.1; choose another port with --port")]
    Listen {
        /// The port.
        port: u16,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A file or folder.
    #[error("{} cannot be used; choose another folder with --data-dir", path.display())]
    Folder {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The folder is somebody else's.
    #[error("{} has other things in it; choose an empty folder, or a new one, with --data-dir", .0.display())]
    FolderInUse(PathBuf),
    /// There is data, and the key that sealed it is gone.
    #[error(
        "{} is gone, and the data is sealed under it; put the file back, or remove the folder {} to begin anew",
        key.display(), folder.display()
    )]
    KeyLost {
        /// The key's file.
        key: PathBuf,
        /// The data folder.
        folder: PathBuf,
    },
    /// The configuration that the demo writes for itself.
    #[error("the demo's own configuration cannot be used")]
    Config(#[from] ConfigError),
    /// The parts do not fit together.
    #[error("the demo cannot be put together")]
    Compose(#[from] ComposeError),
    /// The simulated provider.
    #[error("the simulated provider cannot be used")]
    Simulator(#[from] SimulatorError),
    /// The sample data.
    #[error("the demo's data cannot be prepared")]
    Wallet(#[from] WalletError),
    /// The sample connection.
    #[error("the sample connection cannot be made: {0}")]
    Sample(&'static str),
}
