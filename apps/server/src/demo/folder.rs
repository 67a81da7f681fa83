//! The data folder: everything that the demo keeps, readable by its owner only.

use super::error::DemoError;
use coffer_core::secret::{ExposeSecret, secret_text};
use coffer_core::{SecretText, SecureRandom};
use coffer_envelope::LocalKey;
use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, ErrorKind, Write as _};
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

const DATABASE: &str = "coffer.db";
const KEY: &str = "coffer.key";
const CALLER_KEY: &str = "caller.key";
const SIMULATOR: &str = "simulator.json";

/// How the names of all files begin that lie there, the databases' journals and half-written ones too.
const OURS: [&str; 3] = ["coffer.", "caller.", SIMULATOR];

/// The data folder (mode 0700) and the files in it (mode 0600).
#[derive(Debug, Clone)]
pub(super) struct Folder {
    path: PathBuf,
}

impl Folder {
    /// Makes the folder, or takes the one of an earlier start. A folder with other things in it is left alone.
    pub(super) fn open(path: &Path) -> Result<Self, DemoError> {
        let failed = |source| DemoError::Folder {
            path: path.to_owned(),
            source,
        };
        let absolute = std::path::absolute(path).map_err(failed)?;
        let mut builder = DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(&absolute).map_err(failed)?;
        let folder = Self { path: absolute };
        if !folder.key().exists() && folder.has_others().map_err(failed)? {
            return Err(DemoError::FolderInUse(folder.path));
        }
        #[cfg(unix)]
        {
            let owner_only = std::os::unix::fs::PermissionsExt::from_mode(0o700);
            std::fs::set_permissions(&folder.path, owner_only).map_err(failed)?;
        }
        Ok(folder)
    }

    /// The folder at this path, as it is.
    pub(super) fn at(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
        }
    }

    fn has_others(&self) -> io::Result<bool> {
        for entry in std::fs::read_dir(&self.path)? {
            let name = entry?.file_name();
            let name = name.to_string_lossy();
            if !OURS.iter().any(|ours| name.starts_with(ours)) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Makes the key encryption key where there is none yet. Data without its key is refused: a new key would not
    /// open it.
    pub(super) fn ensure_key(&self, random: &dyn SecureRandom) -> Result<(), DemoError> {
        if self.key().exists() {
            return Ok(());
        }
        if self.database().exists() {
            return Err(DemoError::KeyLost {
                key: self.key(),
                folder: self.path.clone(),
            });
        }
        self.write(&self.key(), &LocalKey::generate(random))
    }

    /// The caller's key, where the file is there.
    pub(super) fn read_caller_key(&self) -> Result<Option<SecretText>, DemoError> {
        let path = self.caller_key();
        match std::fs::read_to_string(&path).map(Zeroizing::new) {
            Ok(text) => Ok(Some(secret_text(text.trim().to_owned()))),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(source) => Err(DemoError::Folder { path, source }),
        }
    }

    /// Keeps the caller's key.
    pub(super) fn write_caller_key(&self, key: &SecretText) -> Result<(), DemoError> {
        self.write(&self.caller_key(), key)
    }

    /// The folder itself, as an absolute path.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The SQLite file.
    pub(super) fn database(&self) -> PathBuf {
        self.path.join(DATABASE)
    }

    /// The file of the key encryption key.
    pub(super) fn key(&self) -> PathBuf {
        self.path.join(KEY)
    }

    /// The file of the caller's key.
    pub(super) fn caller_key(&self) -> PathBuf {
        self.path.join(CALLER_KEY)
    }

    /// The file of the simulated provider.
    pub(super) fn simulator(&self) -> PathBuf {
        self.path.join(SIMULATOR)
    }

    fn write(&self, path: &Path, secret: &SecretText) -> Result<(), DemoError> {
        replace(path, secret).map_err(|source| DemoError::Folder {
            path: path.to_owned(),
            source,
        })
    }
}

/// Writes a secret beside the file and then puts it in its place, so that a process that is killed leaves the old
/// file or the new one, whole.
fn replace(path: &Path, secret: &SecretText) -> io::Result<()> {
    let beside = path.with_extension("new");
    match std::fs::remove_file(&beside) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
        Ok(()) | Err(_) => {}
    }
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&beside)?;
    file.write_all(secret.expose_secret().as_bytes())?;
    file.write_all(b"\n")?;
    file.sync_all()?;
    std::fs::rename(&beside, path)?;
    match path.parent() {
        Some(folder) => File::open(folder)?.sync_all(),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use coffer_core::SystemRandom;

    #[cfg(unix)]
    fn mode(path: &Path) -> u32 {
        std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(path).unwrap().permissions()) & 0o777
    }

    #[cfg(unix)]
    #[test]
    fn the_folder_and_its_secrets_are_for_their_owner_only() {
        let temporary = tempfile::tempdir().unwrap();
        let folder = Folder::open(&temporary.path().join("data")).unwrap();
        folder.ensure_key(&SystemRandom).unwrap();
        folder.write_caller_key(&SecretText::from("a key")).unwrap();
        assert_eq!(
            (
                mode(folder.path()),
                mode(&folder.key()),
                mode(&folder.caller_key())
            ),
            (0o700, 0o600, 0o600)
        );
    }

    #[test]
    fn a_second_start_finds_the_key_of_the_first() {
        let temporary = tempfile::tempdir().unwrap();
        let path = temporary.path().join("data");
        Folder::open(&path).unwrap().ensure_key(&SystemRandom).unwrap();
        let first = std::fs::read(path.join(KEY)).unwrap();
        Folder::open(&path).unwrap().ensure_key(&SystemRandom).unwrap();
        assert_eq!(std::fs::read(path.join(KEY)).unwrap(), first);
    }

    #[test]
    fn a_folder_with_other_things_in_it_is_left_alone() {
        let temporary = tempfile::tempdir().unwrap();
        std::fs::write(temporary.path().join("letter.txt"), "dear").unwrap();
        assert!(matches!(
            Folder::open(temporary.path()),
            Err(DemoError::FolderInUse(_))
        ));
    }

    #[test]
    fn data_whose_key_is_lost_is_not_given_a_new_one() {
        let temporary = tempfile::tempdir().unwrap();
        let folder = Folder::open(temporary.path()).unwrap();
        std::fs::write(folder.database(), "data").unwrap();
        assert!(matches!(
            folder.ensure_key(&SystemRandom),
            Err(DemoError::KeyLost { .. })
        ));
        assert!(!folder.key().exists());
    }
}
