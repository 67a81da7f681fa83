//! Typed identifiers: UUID version 7 (RFC 9562, section 5.7), made by us before the insert, so that the
//! authenticated data of an envelope is known when it is sealed.
//!
//! A version 7 id reveals when it was made. That is fine for a row's name and wrong for a bearer secret: those are
//! [`crate::bearer`]'s.

use crate::{Clock, SecureRandom};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;
use uuid::Uuid;

/// A text that is not an id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an id: expected a UUID such as 01890a5d-ac96-774b-bcce-b302099a8057")]
pub struct IdError;

/// Makes the id of a row that has no type of its own: an access token, a kept answer.
pub fn row(clock: &dyn Clock, random: &dyn SecureRandom) -> Uuid {
    v7(clock, random)
}

fn v7(clock: &dyn Clock, random: &dyn SecureRandom) -> Uuid {
    let mut bytes = [0_u8; 10];
    random.fill(&mut bytes);
    uuid::Builder::from_unix_timestamp_millis(clock.now().unix_millis(), &bytes).into_uuid()
}

macro_rules! id {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Uuid);

        impl $name {
            /// Makes a new id from the time and the random source.
            pub fn new(clock: &dyn Clock, random: &dyn SecureRandom) -> Self {
                Self(v7(clock, random))
            }

            /// Takes an id that was read from a store or a request.
            pub const fn from_uuid(id: Uuid) -> Self {
                Self(id)
            }

            /// The id as a UUID.
            pub const fn uuid(self) -> Uuid {
                self.0
            }

            /// The sixteen bytes of the id, as they stand in authenticated data.
            pub const fn as_bytes(&self) -> &[u8; 16] {
                self.0.as_bytes()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({})", stringify!($name), self.0)
            }
        }

        impl FromStr for $name {
            type Err = IdError;
            fn from_str(text: &str) -> Result<Self, IdError> {
                Uuid::try_parse(text).map(Self).map_err(|_| IdError)
            }
        }
    )*};
}

id! {
    /// A customer organisation. The installation itself is one too.
    TenantId;
    /// A person in a tenant.
    UserId;
    /// A provider configured with a client id and secret.
    IntegrationId;
    /// One authorised account of one tenant at one provider.
    ConnectionId;
    /// A credential slot of a connection.
    SlotId;
    /// One try to get tokens from a provider (exchange, refresh or revocation).
    AttemptId;
    /// One run of the authorization-code flow.
    FlowId;
    /// A short-lived, single-use invitation to authorise.
    ConnectSessionId;
    /// A data encryption key.
    DataKeyId;
    /// Who runs the installation.
    OperatorId;
    /// A service with an API key.
    CallerId;
    /// A row of the audit log.
    AuditId;
    /// A running server process: the owner of leases.
    ReplicaId;
}

impl TenantId {
    /// The installation, which is a tenant too: it owns the integrations that are shared by all, the signing keys
    /// and the peppers. Its id is fixed, so that row-level-security policies can name it.
    pub const INSTALLATION: Self = Self(Uuid::from_u128(0x00c0_ffe2_0000_7000_8000_0000_0000_0001));

    /// Whether this is the installation.
    pub fn is_installation(self) -> bool {
        self == Self::INSTALLATION
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{SystemClock, SystemRandom};

    #[test]
    fn ids_are_version_7_and_differ() {
        let (a, b) = (
            ConnectionId::new(&SystemClock, &SystemRandom),
            ConnectionId::new(&SystemClock, &SystemRandom),
        );
        assert_ne!(a, b);
        assert_eq!(a.uuid().get_version_num(), 7);
        assert_eq!(TenantId::INSTALLATION.uuid().get_version_num(), 7);
    }

    #[test]
    fn text_form_round_trips_and_garbage_is_refused() {
        let id = TenantId::new(&SystemClock, &SystemRandom);
        assert_eq!(id.to_string().parse::<TenantId>(), Ok(id));
        assert_eq!("../etc".parse::<TenantId>(), Err(IdError));
    }
}
