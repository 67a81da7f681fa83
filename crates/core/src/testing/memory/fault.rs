use crate::error::BoxError;
use std::collections::{HashMap, VecDeque};

/// How a call of a [`crate::testing::MemoryStore`] is made to fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Nothing is done; the answer is [`crate::StoreError::Unavailable`].
    Unavailable,
    /// The work is done, and then the answer is [`crate::StoreError::CommitUnknown`]. Work that cannot be done answers
    /// with its own error.
    CommitUnknown,
    /// Nothing is done; the answer is [`crate::StoreError::Corrupt`].
    Corrupt,
    /// Nothing is done, and there is no answer at all.
    Hang,
}

macro_rules! methods {
    ($($variant:ident = $port:literal $name:literal,)*) => {
        /// A method of the ports, for faults and counters.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Method {
            $(#[doc = concat!("`", $port, "::", $name, "`")] $variant,)*
        }

        impl Method {
            /// All of them, port by port.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// Port and method, such as `FlowStore::redeem`.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => concat!($port, "::", $name),)* }
            }
        }
    };
}

methods! {
    CreateTenant = "TenantStore" "create",
    FindTenant = "TenantStore" "find",
    FindTenantByExternalId = "TenantStore" "find_by_external_id",
    ListTenants = "TenantStore" "list",
    EnsureUser = "TenantStore" "ensure_user",
    FindUser = "TenantStore" "find_user",
    FindUserByExternalId = "TenantStore" "find_user_by_external_id",
    ListUsers = "TenantStore" "list_users",
    CreateIntegration = "IntegrationStore" "create",
    UpdateIntegration = "IntegrationStore" "update",
    FindIntegration = "IntegrationStore" "find",
    ListIntegrations = "IntegrationStore" "list",
    DeleteIntegration = "IntegrationStore" "delete",
    BlockIntegration = "IntegrationStore" "block",
    FindByKey = "CallerStore" "find_by_key",
    CreateCaller = "CallerStore" "create",
    FindCaller = "CallerStore" "find",
    ListCallers = "CallerStore" "list",
    RevokeCaller = "CallerStore" "revoke",
    CreateOperator = "CallerStore" "create_operator",
    ListOperators = "CallerStore" "list_operators",
    RevokeOperator = "CallerStore" "revoke_operator",
    AppendAudit = "AuditStore" "append",
    ListAudit = "AuditStore" "list",
    TakeIdempotencyKey = "IdempotencyStore" "take",
    KeepAnswer = "IdempotencyStore" "keep",
    GiveBackIdempotencyKey = "IdempotencyStore" "give_back",
    CreateSession = "FlowStore" "create_session",
    FindSession = "FlowStore" "find_session",
    BeginFlow = "FlowStore" "begin",
    FindFlowByState = "FlowStore" "find_by_state",
    ConsumeFlow = "FlowStore" "consume",
    CommitExchange = "FlowStore" "commit_exchange",
    FailExchange = "FlowStore" "fail_exchange",
    FindFlowByResult = "FlowStore" "find_by_result",
    Redeem = "FlowStore" "redeem",
    ReadTokenView = "ConnectionStore" "token_view",
    FindConnection = "ConnectionStore" "find",
    ListConnections = "ConnectionStore" "list",
    FindBySubject = "ConnectionStore" "find_by_subject",
    Lease = "ConnectionStore" "lease",
    Renew = "ConnectionStore" "renew",
    Release = "ConnectionStore" "release",
    Intend = "ConnectionStore" "intend",
    CommitRefresh = "ConnectionStore" "commit_refresh",
    Fail = "ConnectionStore" "fail",
    Disconnect = "ConnectionStore" "disconnect",
    LeaseForRevoke = "ConnectionStore" "lease_for_revoke",
    EndRevoke = "ConnectionStore" "end_revoke",
    ListAttempts = "ConnectionStore" "attempts",
    ActiveDataKey = "DataKeyStore" "active",
    FindDataKey = "DataKeyStore" "find",
    CreateFirstDataKey = "DataKeyStore" "create_first",
    Ping = "StoreHealth" "ping",
}

/// The cause of an injected fault.
pub(super) fn injected() -> BoxError {
    "a fault that a test asked for".into()
}

#[derive(Default)]
pub(super) struct Faults {
    planned: HashMap<Option<Method>, VecDeque<Fault>>,
    calls: HashMap<Method, u64>,
}

impl Faults {
    pub(super) fn plan(&mut self, method: Option<Method>, fault: Fault, times: usize) {
        let queue = self.planned.entry(method).or_default();
        queue.extend(std::iter::repeat_n(fault, times));
    }

    pub(super) fn clear(&mut self) {
        self.planned.clear();
    }

    pub(super) fn calls(&self, method: Method) -> u64 {
        self.calls.get(&method).copied().unwrap_or(0)
    }

    /// Counts a call, and says how it is to fail.
    pub(super) fn next(&mut self, method: Method) -> Option<Fault> {
        *self.calls.entry(method).or_default() += 1;
        [Some(method), None]
            .into_iter()
            .find_map(|key| self.planned.get_mut(&key).and_then(VecDeque::pop_front))
    }
}
