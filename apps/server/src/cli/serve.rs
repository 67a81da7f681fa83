use super::CliError;
use super::signals::Signals;
use crate::config::{Config, Source};
use crate::server::Running;
use std::process::ExitCode;

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
    let mut signals = Signals::new()?;
    let running = Running::start(&config).await?;
    signals.next().await;
    tokio::select! {
        finished = running.stop() => {
            if !finished {
                tracing::warn!("something was not finished in COFFER_SHUTDOWN_TIMEOUT");
            }
            Ok(ExitCode::SUCCESS)
        }
        () = signals.next() => Ok(ExitCode::FAILURE),
    }
}
