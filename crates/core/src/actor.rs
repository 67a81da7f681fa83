//! Who did something.

use crate::id::{CallerId, OperatorId, TenantId};
use std::fmt;
use std::str::FromStr;
use uuid::Uuid;

/// Who did something, as the audit log has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Actor {
    /// Who runs the installation.
    Operator(OperatorId),
    /// A service with an API key.
    Caller(CallerId),
    /// A person's browser, in the middle of a flow that was proven to be its own.
    Browser,
    /// The server itself.
    System,
    /// The command line, on the machine of the server.
    CommandLine,
}

impl Actor {
    /// The kind of actor: `operator`, `caller`, `browser`, `system`, `command_line`.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Operator(_) => "operator",
            Self::Caller(_) => "caller",
            Self::Browser => "browser",
            Self::System => "system",
            Self::CommandLine => "command_line",
        }
    }

    /// The id of the actor, where it has one.
    pub const fn id(&self) -> Option<Uuid> {
        match self {
            Self::Operator(id) => Some(id.uuid()),
            Self::Caller(id) => Some(id.uuid()),
            Self::Browser | Self::System | Self::CommandLine => None,
        }
    }
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.id() {
            Some(id) => write!(f, "{}:{id}", self.kind()),
            None => f.write_str(self.kind()),
        }
    }
}

/// A text that names no actor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an actor")]
pub struct ActorError;

impl FromStr for Actor {
    type Err = ActorError;

    fn from_str(text: &str) -> Result<Self, ActorError> {
        let (kind, id) = text.split_once(':').unwrap_or((text, ""));
        match (kind, id) {
            ("operator", id) => id.parse().map(Self::Operator).map_err(|_| ActorError),
            ("caller", id) => id.parse().map(Self::Caller).map_err(|_| ActorError),
            ("browser", "") => Ok(Self::Browser),
            ("system", "") => Ok(Self::System),
            ("command_line", "") => Ok(Self::CommandLine),
            _ => Err(ActorError),
        }
    }
}

/// Who asks, for which tenant, and under which correlation id: what every change takes along into the audit log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asker {
    /// Who.
    pub actor: Actor,
    /// Whose data it is about.
    pub tenant: TenantId,
    /// The correlation id of the request (requirement O3), at most 64 characters.
    pub request: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_form_round_trips() {
        for actor in [
            Actor::Caller(CallerId::from_uuid(Uuid::from_u128(7))),
            Actor::Browser,
            Actor::System,
        ] {
            assert_eq!(actor.to_string().parse(), Ok(actor));
        }
        assert_eq!("caller:".parse::<Actor>(), Err(ActorError));
        assert_eq!("browser:x".parse::<Actor>(), Err(ActorError));
    }
}
