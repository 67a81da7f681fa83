//! The commands. Keys and ids go to standard output and nothing else does, so that a script can take them; what is
//! for people goes to standard error.

mod callers;
mod health;
mod integrations;
mod keys;
mod operators;
mod output;
mod serve;
mod signals;
mod simulate;
mod tenants;

use crate::compose::{ComposeError, Composed};
use crate::config::{Config, ConfigError, Source};
use clap::{Parser, Subcommand};
use coffer_core::OperatorScope;
use coffer_core::actor::{Actor, Asker};
use coffer_core::id::TenantId;
use signals::Signals;
use std::path::PathBuf;
use std::process::ExitCode;

/// What whoever runs a command may do.
const OPERATOR: OperatorScope =
    OperatorScope::assume("whoever has the database's URL and the key is the operator");

/// A multi-tenant OAuth token wallet.
#[derive(Debug, Parser)]
#[command(name = "coffer-server", version, propagate_version = true)]
#[command(
    after_help = "Settings come from the environment (COFFER_...) and a file; docs/configuration.md lists them.\n\
    First steps: keys generate, migrate, serve; then operators create, tenants create, callers create."
)]
pub struct Cli {
    /// A TOML file with settings; the environment wins over it [env: COFFER_CONFIG].
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve the HTTP API until SIGTERM or SIGINT; a second signal ends it at once.
    Serve(serve::Args),
    /// Bring the database's schema up to date. Several may run at once: they wait for each other.
    Migrate,
    /// Look at everything that could be wrong: database, roles, keys, clock, addresses, files. Exits with 1 where
    /// something is.
    Doctor {
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Make a key encryption key.
    #[command(subcommand)]
    Keys(keys::Command),
    /// Print the OpenAPI document of the HTTP API.
    Openapi,
    /// Operators run the installation: tenants, shared integrations, the callers of tenants.
    #[command(subcommand)]
    Operators(operators::Command),
    /// Tenants are customer organisations.
    #[command(subcommand)]
    Tenants(tenants::Command),
    /// Callers are services with an API key, allowed some things in one tenant.
    #[command(subcommand)]
    Callers(callers::Command),
    /// Integrations are providers configured with a client, for one tenant or for all.
    #[command(subcommand)]
    Integrations(integrations::Command),
    /// Run everything in one process with nothing to set up: server, database, simulated provider, and a page.
    Demo(crate::demo::DemoOptions),
    /// Run the provider simulator alone.
    Simulate(simulate::Args),
    /// Ask a running server whether it is ready: for container health checks. Exits with 1 where it is not.
    Health(health::Args),
}

/// Why a command failed. The message is for people.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CliError {
    /// A setting.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The parts do not fit together.
    #[error(transparent)]
    Compose(#[from] ComposeError),
    /// The server does not start.
    #[error(transparent)]
    Start(#[from] crate::server::StartError),
    /// The wallet refused.
    #[error(transparent)]
    Wallet(#[from] coffer_wallet::WalletError),
    /// The database.
    #[error("the database cannot be used")]
    Store(#[from] coffer_store::Error),
    /// The demonstration.
    #[error(transparent)]
    Demo(#[from] crate::demo::DemoError),
    /// The simulator.
    #[error("the simulator does not run")]
    Simulator(#[from] coffer_simulator::SimulatorError),
    /// A file or a stream.
    #[error("{what}")]
    Io {
        /// Which, and what to do.
        what: String,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// An option of the command.
    #[error("{0}")]
    Usage(String),
}

impl CliError {
    fn io(what: impl Into<String>) -> impl FnOnce(std::io::Error) -> Self {
        let what = what.into();
        |source| Self::Io { what, source }
    }
}

/// Runs the command line, to its exit code.
pub async fn run(cli: Cli) -> ExitCode {
    match dispatch(cli).await {
        Ok(code) => code,
        Err(error) => {
            output::failure(&error);
            ExitCode::FAILURE
        }
    }
}

async fn dispatch(cli: Cli) -> Result<ExitCode, CliError> {
    let source = Source::of_process().with_file(cli.config);
    match cli.command {
        Command::Serve(args) => return serve::run(args, source).await,
        Command::Migrate => migrate(&settings(&source)?).await?,
        Command::Doctor { json } => return crate::doctor::run(&source, json).await,
        Command::Keys(command) => keys::run(command)?,
        Command::Openapi => output::line(&crate::openapi::text())?,
        Command::Operators(command) => operators::run(command, &open(&source).await?).await?,
        Command::Tenants(command) => tenants::run(command, &open(&source).await?).await?,
        Command::Callers(command) => callers::run(command, &open(&source).await?).await?,
        Command::Integrations(command) => return integrations::run(command, &open(&source).await?).await,
        Command::Demo(options) => return demo(&options).await,
        Command::Simulate(args) => simulate::run(args).await?,
        Command::Health(args) => return health::run(args, &source).await,
    }
    Ok(ExitCode::SUCCESS)
}

/// The settings of a command, with its log: only what is wrong, unless COFFER_LOG says more.
fn settings(source: &Source) -> Result<Config, ConfigError> {
    let mut config = Config::read(source)?;
    if !source.names("COFFER_LOG") {
        config.log.filter = "warn".into();
    }
    crate::log::start(&config.log);
    Ok(config)
}

async fn open(source: &Source) -> Result<Composed, CliError> {
    Ok(Composed::open(&settings(source)?).await?)
}

async fn demo(options: &crate::demo::DemoOptions) -> Result<ExitCode, CliError> {
    let mut signals = Signals::new()?;
    let mut second = Signals::new()?;
    let ended = crate::demo::run(options, async move { signals.next().await });
    tokio::select! {
        ended = ended => ended.map(|()| ExitCode::SUCCESS).map_err(CliError::from),
        () = second.second() => Ok(ExitCode::FAILURE),
    }
}

async fn migrate(config: &Config) -> Result<(), CliError> {
    // A key that cannot be read is better found now than at the first start.
    let store = Composed::store(config).await?;
    let ran = store.migrate().await?;
    Composed::over(config, store)?;
    output::note(&format!("{ran} migration(s) run; the database is up to date"));
    Ok(())
}

/// Who asks, for the audit log of a tenant.
fn asker(tenant: TenantId) -> Asker {
    Asker {
        actor: Actor::CommandLine,
        tenant,
        request: "command-line".into(),
    }
}
