//! SIGTERM and SIGINT: the first ends a server in good order, the second at once.

use super::CliError;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// Both signals. Each value of this type sees all of them.
pub(super) struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    pub(super) fn new() -> Result<Self, CliError> {
        let failed = "signals cannot be received";
        Ok(Self {
            terminate: signal(SignalKind::terminate()).map_err(CliError::io(failed))?,
            interrupt: signal(SignalKind::interrupt()).map_err(CliError::io(failed))?,
        })
    }

    /// The next one.
    pub(super) async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }

    /// The one after the next.
    pub(super) async fn second(&mut self) {
        self.next().await;
        self.next().await;
    }
}
