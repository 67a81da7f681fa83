//! The provider alone on a port: `cargo run -p coffer-simulator --example serve -- 127.0.0.1:8090`.

use coffer_core::SecretText;
use coffer_simulator::model::{ClientSetup, SigningKey};
use coffer_simulator::{Provider, Service};
use std::error::Error;
use std::net::TcpListener;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let address = std::env::args()
        .nth(1)
        .unwrap_or_else(|| "127.0.0.1:0".to_owned());
    let listener = TcpListener::bind(address)?;
    let issuer = format!("http://{}", listener.local_addr()?);
    let mut provider = Provider::new(&issuer, SigningKey::generate()?)?;
    provider.set_client(ClientSetup::new(
        "example",
        SecretText::from("example"),
        "http://127.0.0.1:8080/callback",
    ));
    report(&issuer);
    let running = Service::new(provider.into()).run(listener)?;
    tokio::signal::ctrl_c().await?;
    running.stop().await?;
    Ok(())
}

#[expect(clippy::print_stdout, reason = "it is for the person at the terminal")]
fn report(issuer: &str) {
    println!("issuer {issuer}, client \"example\" with secret \"example\"; Ctrl-C stops it");
}
