use super::{CliError, output};
use coffer_core::secret::secret_text;
use coffer_simulator::model::{ClientSetup, SigningKey};
use coffer_simulator::{Provider, Service, SharedProvider};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

/// What `simulate` takes.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Address and port to listen on: of this machine only, because anybody may consent as anybody.
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:4400")]
    listen: SocketAddr,
    /// A client's id. More, and their behaviour: PUT /_sim/clients.
    #[arg(long, requires_all = ["client_secret_file", "redirect_uri"])]
    client_id: Option<String>,
    /// The file that holds the client's secret.
    #[arg(long, value_name = "FILE")]
    client_secret_file: Option<PathBuf>,
    /// The client's redirect URI, as `integrations create` prints it. Give it again for each.
    #[arg(long, value_name = "URL")]
    redirect_uri: Vec<String>,
}

pub(super) async fn run(args: Args) -> Result<(), CliError> {
    if !args.listen.ip().is_loopback() {
        return Err(CliError::Usage(
            "the simulator listens on a loopback address only".into(),
        ));
    }
    let failed = || {
        CliError::io(format!(
            "cannot listen on {}; choose another --listen",
            args.listen
        ))
    };
    let listener = std::net::TcpListener::bind(args.listen).map_err(failed())?;
    let address = listener.local_addr().map_err(failed())?;
    let mut provider = Provider::new(&format!("http://{address}"), SigningKey::generate()?)?;
    if let (Some(id), Some(file)) = (&args.client_id, &args.client_secret_file) {
        let secret = std::fs::read_to_string(file);
        let secret = secret.map_err(CliError::io(format!("{} cannot be read", file.display())))?;
        let mut setup = ClientSetup::new(id, secret_text(secret.trim().to_owned()), "");
        setup.redirect_uris = args.redirect_uri;
        provider.set_client(setup);
    }
    let running = Service::new(SharedProvider::from(provider)).run(listener)?;
    output::line(&format!("http://{address}"))?;
    output::note("the provider simulator runs: base_url is the line above; Ctrl-C ends it");
    tokio::signal::ctrl_c()
        .await
        .map_err(CliError::io("signals cannot be received"))?;
    // A browser's idle connection must not keep us.
    match tokio::time::timeout(Duration::from_secs(5), running.stop()).await {
        Ok(stopped) => Ok(stopped?),
        Err(_) => Ok(()),
    }
}
