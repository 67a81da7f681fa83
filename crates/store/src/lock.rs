//! One server for one SQLite file.

use crate::Error;
use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};

/// Keeps a second server off a SQLite file, for as long as it lives. The operating system gives it back when the
/// process ends, however it ends. Commands that make one change and exit need no lock: SQLite's own is enough.
#[derive(Debug)]
pub struct ServerLock {
    _file: File,
}

impl ServerLock {
    /// Takes the lock of the database file at `path`, in a file beside it whose name ends with `.lock`.
    ///
    /// # Errors
    /// [`Error::InUse`] where another server has it; [`Error::File`] where the lock file cannot be made.
    pub fn acquire(path: &Path) -> Result<Self, Error> {
        let failed = |source| Error::File {
            path: path.to_owned(),
            source,
        };
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(false);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(lock_path(path)).map_err(failed)?;
        match file.try_lock() {
            Ok(()) => Ok(Self { _file: file }),
            Err(TryLockError::WouldBlock) => Err(Error::InUse {
                path: path.to_owned(),
            }),
            Err(TryLockError::Error(source)) => Err(failed(source)),
        }
    }
}

fn lock_path(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    PathBuf::from(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn second_server_on_one_file_is_refused_by_name_until_the_first_has_gone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("coffer.db");
        let first = ServerLock::acquire(&path).unwrap();
        let refused = ServerLock::acquire(&path).unwrap_err();
        assert!(matches!(refused, Error::InUse { .. }));
        assert!(refused.to_string().contains("coffer.db"), "{refused}");
        drop(first);
        ServerLock::acquire(&path).unwrap();
    }
}
