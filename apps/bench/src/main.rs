#![doc = include_str!("../README.md")]

mod api;
mod constant;
mod error;
mod flows;
mod journey;
mod seed;
mod spread;

use clap::{Parser, Subcommand};
use error::Error;
use journey::Journey;
use std::io::Write as _;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use url::Url;

/// Seeds, drives, and compares.
#[derive(Debug, Parser)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Make tenants, callers and, on demand, connections.
    Seed {
        #[command(flatten)]
        between: Between,
        /// A file with an operator's key.
        #[arg(long)]
        operator_key_file: PathBuf,
        /// How many tenants.
        #[arg(long, default_value_t = 100)]
        tenants: u32,
        /// Connect an account of each.
        #[arg(long)]
        connect: bool,
    },
    /// Run authorization flows at once.
    Flows {
        #[command(flatten)]
        between: Between,
        /// What `seed` printed.
        #[arg(long)]
        keys: PathBuf,
        /// How many flows.
        #[arg(long, default_value_t = 200)]
        flows: usize,
    },
    /// Serve one body to every token request.
    Constant {
        /// Where.
        #[arg(long)]
        listen: SocketAddr,
        /// The file with the body.
        #[arg(long)]
        body: PathBuf,
    },
}

/// Where flows go.
#[derive(Debug, clap::Args)]
struct Between {
    /// The server.
    #[arg(long)]
    server: Url,
    /// The simulator's issuer.
    #[arg(long)]
    simulator: Url,
    /// The integration, by its id.
    #[arg(long)]
    integration: String,
}

impl Between {
    fn journey(self) -> Result<Journey, Error> {
        Journey::new(self.server, &self.simulator, self.integration)
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    let done = run(Arguments::parse().command).await;
    let (text, mut to): (String, Box<dyn std::io::Write>) = match &done {
        Ok(text) => (text.clone(), Box::new(std::io::stdout())),
        Err(error) => (
            format!("coffer-bench: {}\n", error::chain(error)),
            Box::new(std::io::stderr()),
        ),
    };
    match (to.write_all(text.as_bytes()), done) {
        (Ok(()), Ok(_)) => ExitCode::SUCCESS,
        (Ok(()) | Err(_), _) => ExitCode::FAILURE,
    }
}

/// Runs a command, and gives what it has to say.
async fn run(command: Command) -> Result<String, Error> {
    match command {
        Command::Seed {
            between,
            operator_key_file,
            tenants,
            connect,
        } => seed::seed(between.journey()?, &operator_key_file, tenants, connect).await,
        Command::Flows { between, keys, flows } => flows::flows(between.journey()?, &keys, flows).await,
        Command::Constant { listen, body } => constant::serve(listen, &body).await,
    }
}
