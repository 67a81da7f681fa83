use super::CliError;
use crate::config::{Config, Source};
use crate::server::Running;
use std::process::ExitCode;
use tokio::signal::unix::{SignalKind, signal};

/// What `serve` takes.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Migrate the database first [env: COFFER_MIGRATE].
    #[arg(long)]
    migrate: bool,
    /// Address and port to listen on [env: COFFER_LISTEN].
    #[arg(long, value_name = "ADDRESS:PORT")]
    listen: Option<String>,
}

pub(super) async fn run(args: Args, source: Source) -> Result<ExitCode, CliError> {
    let source = if args.migrate {
        source.set("COFFER_MIGRATE", "true")
    } else {
        source
    };
    let source = args
        .listen
        .into_iter()
        .fold(source, |source, listen| source.set("COFFER_LISTEN", listen));
    let config = Config::read(&source)?;
    crate::log::start(&config.log);
    let failed = "signals cannot be received";
    let mut terminate = signal(SignalKind::terminate()).map_err(CliError::io(failed))?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(CliError::io(failed))?;
    let running = Running::start(&config).await?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    tokio::select! {
        finished = running.stop() => {
            if !finished {
                tracing::warn!("something was not finished in COFFER_SHUTDOWN_TIMEOUT");
            }
            Ok(ExitCode::SUCCESS)
        }
        _ = terminate.recv() => Ok(ExitCode::FAILURE),
        _ = interrupt.recv() => Ok(ExitCode::FAILURE),
    }
}
