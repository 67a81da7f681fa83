//! On whose behalf a store is asked. Every method of a store takes a scope first; a foreign id is *not found*.

use crate::id::TenantId;

/// The right to act inside one tenant. It comes from an authenticated request, or from [`TenantScope::assume`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TenantScope {
    tenant: TenantId,
}

impl TenantScope {
    /// Acts inside `tenant` without a request that proved the right to. The reason is for the reader: search for
    /// `TenantScope::assume` to see every place that does so.
    pub const fn assume(tenant: TenantId, reason: &'static str) -> Self {
        let _ = reason;
        Self { tenant }
    }

    /// The tenant.
    pub const fn tenant(&self) -> TenantId {
        self.tenant
    }
}

/// The right of who runs the installation: tenants, operators, shared integrations. It gives no access to a tenant's
/// connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OperatorScope {
    _private: (),
}

impl OperatorScope {
    /// Acts as the operator without a request that proved the right to: for the command line, where whoever holds the
    /// database's URL is the operator.
    pub const fn assume(reason: &'static str) -> Self {
        let _ = reason;
        Self { _private: () }
    }

    /// The operator's own tenant, the installation: what lies there is shared by all.
    pub const fn installation(&self) -> TenantScope {
        TenantScope {
            tenant: TenantId::INSTALLATION,
        }
    }
}

/// The right to look something up before the tenant is known, by the hash of a 256-bit secret, and to claim due work
/// across tenants. What it may do is a short list of statements.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SystemScope {
    _private: (),
}

impl SystemScope {
    /// Acts across tenants; the reason is for the reader.
    pub const fn assume(reason: &'static str) -> Self {
        let _ = reason;
        Self { _private: () }
    }
}
