//! The Coffer server's command line.

use clap::Parser as _;
use coffer_server::cli;
use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    // The one TLS implementation of the process. It fails only where one is installed already.
    if rustls::crypto::ring::default_provider()
        .install_default()
        .is_err()
    {
        return ExitCode::FAILURE;
    }
    cli::run(cli::Cli::parse()).await
}
