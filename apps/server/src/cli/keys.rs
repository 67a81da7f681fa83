use super::{CliError, output};
use coffer_core::SystemRandom;
use coffer_core::secret::ExposeSecret;
use coffer_envelope::LocalKey;
use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::{Path, PathBuf};

/// What `keys` does.
#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// Make a key for COFFER_KEY or COFFER_KEY_FILE. Whoever has it and the database has the tokens; who loses it has
    /// lost them.
    Generate {
        /// Write it to this new file, readable by its owner only, instead of printing it.
        #[arg(long, value_name = "FILE")]
        to: Option<PathBuf>,
    },
}

pub(super) fn run(command: Command) -> Result<(), CliError> {
    let Command::Generate { to } = command;
    let key = LocalKey::generate(&SystemRandom);
    let name = LocalKey::parse(&key)
        .map(|parsed| parsed.kek_ref().to_owned())
        .unwrap_or_default();
    match to {
        Some(path) => write(&path, key.expose_secret())?,
        None => output::line(key.expose_secret())?,
    }
    output::note(&format!(
        "made {name}; keep a copy where the database's backups are not"
    ));
    Ok(())
}

fn write(path: &Path, key: &str) -> Result<(), CliError> {
    let failed = || CliError::io(format!("the file {} cannot be made", path.display()));
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path).map_err(failed())?;
    writeln!(file, "{key}")
        .and_then(|()| file.sync_all())
        .map_err(failed())
}
