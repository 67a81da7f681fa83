//! The audit log: one row for each change, written in the transaction of the change (requirement O2).

use crate::Timestamp;
use crate::actor::Actor;
use crate::id::{AuditId, TenantId};
use uuid::Uuid;

macro_rules! verbs {
    ($($(#[$doc:meta])* $variant:ident,)*) => {
        /// What was done.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum AuditVerb { $($(#[$doc])* $variant,)* }

        impl AuditVerb {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The stable name, as in the database and the API.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => stringify!($variant),)* }
            }

            /// The verb with this name.
            pub fn parse(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|verb| verb.as_str() == name)
            }
        }
    };
}

verbs! {
    /// An operator's key was made.
    OperatorCreate,
    /// An operator's key was revoked.
    OperatorRevoke,
    /// A tenant was made.
    TenantCreate,
    /// A user was made.
    UserCreate,
    /// A caller's key was made.
    CallerCreate,
    /// A caller's key was revoked.
    CallerRevoke,
    /// An integration was made.
    IntegrationCreate,
    /// An integration's configuration was changed.
    IntegrationUpdate,
    /// An integration was tested.
    IntegrationTest,
    /// An integration was enabled.
    IntegrationEnable,
    /// An integration was disabled.
    IntegrationDisable,
    /// An integration was deleted.
    IntegrationDelete,
    /// The provider refused the integration's client: its connections stop.
    IntegrationBlock,
    /// A connect session was made.
    ConnectSessionCreate,
    /// A browser was sent to the provider.
    OAuthAuthorize,
    /// A flow ended without a connection.
    OAuthAuthorizeFailed,
    /// A code was exchanged, and a pending connection made.
    ConnectionAuthorize,
    /// A one-time result was redeemed: the connection is in use.
    ConnectionConfirm,
    /// Tokens were refreshed.
    OAuthTokenRefresh,
    /// A refresh failed.
    OAuthTokenRefreshFailed,
    /// A connection was disconnected here.
    ConnectionDisconnect,
    /// A grant was revoked at the provider, or that was tried.
    OAuthRevoke,
    /// A sample call was made with a connection's token.
    ConnectionSmokeTest,
}

/// A row of the audit log. Nothing in it is secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditEntry {
    /// Its id; ids grow with time.
    pub id: AuditId,
    /// Whose log it is in.
    pub tenant: TenantId,
    /// When.
    pub at: Timestamp,
    /// Who.
    pub actor: Actor,
    /// What.
    pub verb: AuditVerb,
    /// The id of the thing that it was done to.
    pub target: Uuid,
    /// More about it: a JSON object with nothing secret in it.
    pub detail: serde_json::Value,
    /// The correlation id of the request.
    pub request: String,
}
