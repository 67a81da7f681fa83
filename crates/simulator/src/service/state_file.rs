use crate::{Provider, SharedProvider, SimulatorError};
use coffer_core::SecretBytes;
use coffer_core::secret::ExposeSecret;
use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};
use tokio::sync::Mutex;

/// The file that a provider's state is kept in: readable by its owner only (mode 0600 on Unix), replaced as a whole, and
/// on the disk before a reply leaves.
#[derive(Debug)]
pub struct StateFile {
    path: PathBuf,
    /// The revision that the file has.
    written: Mutex<Option<u64>>,
}

impl StateFile {
    /// The file at this path, which need not exist yet. Its folder must.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            written: Mutex::new(None),
        }
    }

    /// The provider that was kept; `None` at the first start.
    ///
    /// # Errors
    /// [`SimulatorError::StateFile`] where the file cannot be read, or one of [`Provider::load`].
    pub fn load(&self) -> Result<Option<Provider>, SimulatorError> {
        match std::fs::read(&self.path) {
            Ok(bytes) => Provider::load(&bytes).map(Some),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(SimulatorError::StateFile(self.path.clone(), error)),
        }
    }

    /// Writes the state, unless the file has it already. Those who wait while another writes find their change written.
    ///
    /// # Errors
    /// [`SimulatorError::StateFile`] where it cannot be written; the file then has the state before.
    pub async fn write(&self, provider: &SharedProvider) -> Result<(), SimulatorError> {
        let asked = provider.with(|provider| provider.revision());
        let mut written = self.written.lock().await;
        if written.is_some_and(|revision| revision >= asked) {
            return Ok(());
        }
        let (revision, state) = provider.with(|provider| (provider.revision(), provider.save()));
        let (path, state) = (self.path.clone(), state?);
        tokio::task::spawn_blocking(move || replace(&path, &state))
            .await
            .map_err(io::Error::other)
            .flatten()
            .map_err(|error| SimulatorError::StateFile(self.path.clone(), error))?;
        *written = Some(revision);
        Ok(())
    }
}

fn replace(path: &Path, state: &SecretBytes) -> io::Result<()> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(".new");
    let mut file = private(Path::new(&beside))?;
    file.write_all(state.expose_secret())?;
    file.sync_all()?;
    std::fs::rename(&beside, path)?;
    match path.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        Some(folder) => File::open(folder)?.sync_all(),
        None => Ok(()),
    }
}

fn private(path: &Path) -> io::Result<File> {
    // One that a stopped process left behind may have any mode.
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
        Ok(()) | Err(_) => {}
    }
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}
