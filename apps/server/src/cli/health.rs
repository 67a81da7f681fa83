use super::{CliError, output};
use crate::config::{Config, LISTEN, Source};
use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// What `health` takes.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Where the server listens, as far as this machine sees it [env: COFFER_LISTEN].
    #[arg(long, value_name = "ADDRESS:PORT")]
    address: Option<SocketAddr>,
}

pub(super) async fn run(args: Args, source: &Source) -> Result<ExitCode, CliError> {
    let address = args.address.unwrap_or_else(|| listen(source));
    match tokio::time::timeout(Duration::from_secs(5), ask(address)).await {
        Ok(Ok(true)) => Ok(ExitCode::SUCCESS),
        Ok(Ok(false)) => {
            output::note(&format!(
                "the server at {address} is not ready; GET /health says why"
            ));
            Ok(ExitCode::FAILURE)
        }
        Ok(Err(source)) => Err(CliError::Io {
            what: format!("no server answers at {address}"),
            source,
        }),
        Err(_) => Err(CliError::Usage(format!(
            "the server at {address} did not answer in time"
        ))),
    }
}

/// Where the configuration says that it listens; a server that listens everywhere is asked on this machine.
fn listen(source: &Source) -> SocketAddr {
    let mut address = Config::read(source).map_or(LISTEN, |config| config.listen);
    if address.ip().is_unspecified() {
        address.set_ip(LISTEN.ip());
    }
    address
}

/// One line of HTTP to our own server on this machine; not worth a client.
async fn ask(address: SocketAddr) -> std::io::Result<bool> {
    let mut stream = TcpStream::connect(address).await?;
    let request = format!("GET /ready HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut answer = Vec::new();
    stream.take(4096).read_to_end(&mut answer).await?;
    Ok(answer.starts_with(b"HTTP/1.1 204"))
}
