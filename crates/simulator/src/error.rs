use coffer_core::ErrorKind;

/// What the simulator cannot do.
#[derive(Debug, thiserror::Error)]
pub enum SimulatorError {
    /// The signing key could not be made or read.
    #[error("the signing key cannot be used; delete the simulator's state file to start with a new one")]
    Key,
    /// The issuer is not a URL that endpoints can be put under.
    #[error("{0:?} is not an issuer; expected http(s)://host[:port][/path] without query or fragment")]
    Issuer(String),
    /// The saved state cannot be read.
    #[error("the saved state cannot be read; delete it to start empty")]
    State(#[source] serde_json::Error),
    /// The saved state was written by another version of the simulator.
    #[error("the saved state has version {0}, which this program does not know; delete it to start empty")]
    StateVersion(u32),
    /// The state file cannot be read or written.
    #[error("the state file {0} cannot be read or written")]
    StateFile(std::path::PathBuf, #[source] std::io::Error),
    /// A consent was refused: the authorization request is wrong, or there is no such account.
    #[error("no consent: {0}")]
    Consent(String),
    /// The server could not be started.
    #[error("the simulator cannot listen")]
    Listen(#[source] std::io::Error),
}

impl SimulatorError {
    /// The kind.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Issuer(_) | Self::Consent(_) => ErrorKind::Invalid,
            Self::State(_) | Self::StateVersion(_) => ErrorKind::Precondition,
            Self::StateFile(..) | Self::Listen(_) => ErrorKind::Unavailable,
            Self::Key => ErrorKind::Internal,
        }
    }

    /// The stable code, which is also the metric label.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Key => "simulator_key",
            Self::Issuer(_) => "simulator_issuer",
            Self::State(_) => "simulator_state",
            Self::StateVersion(_) => "simulator_state_version",
            Self::StateFile(..) => "simulator_state_file",
            Self::Consent(_) => "simulator_consent",
            Self::Listen(_) => "simulator_listen",
        }
    }
}
