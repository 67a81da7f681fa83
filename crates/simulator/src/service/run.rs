use super::Service;
use crate::SimulatorError;
use actix_web::dev::ServerHandle;
use actix_web::{App, HttpServer};
use std::net::{SocketAddr, TcpListener};
use tokio::task::JoinHandle;

/// A service that runs alone. Dropping it leaves it running; [`Running::stop`] ends it.
#[derive(Debug)]
pub struct Running {
    address: SocketAddr,
    handle: ServerHandle,
    task: JoinHandle<std::io::Result<()>>,
}

impl Service {
    /// Serves on this listener with one thread, from within a tokio runtime. Signals are the caller's.
    ///
    /// The issuer must be the address that clients use; for port 0 bind the listener first, then make the provider with
    /// the port that it got.
    ///
    /// # Errors
    /// [`SimulatorError::Listen`].
    pub fn run(self, listener: TcpListener) -> Result<Running, SimulatorError> {
        let address = listener.local_addr().map_err(SimulatorError::Listen)?;
        let server = HttpServer::new(move || App::new().configure(|config| self.mount(config)))
            .workers(1)
            .disable_signals()
            .shutdown_timeout(5)
            .listen(listener)
            .map_err(SimulatorError::Listen)?
            .run();
        let handle = server.handle();
        Ok(Running {
            address,
            handle,
            task: tokio::spawn(server),
        })
    }
}

impl Running {
    /// Where it listens.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Stops: no new connection, what is under way has five seconds to finish.
    ///
    /// # Errors
    /// [`SimulatorError::Listen`] where the server had ended with an error.
    pub async fn stop(self) -> Result<(), SimulatorError> {
        self.handle.stop(true).await;
        self.wait().await
    }

    /// Waits until it ends.
    ///
    /// # Errors
    /// [`SimulatorError::Listen`] where it ends with an error.
    pub async fn wait(self) -> Result<(), SimulatorError> {
        let ended = self.task.await.map_err(std::io::Error::other);
        ended.flatten().map_err(SimulatorError::Listen)
    }
}
