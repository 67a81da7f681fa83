//! Transactions: each has a name, a scope and an access, and runs through one macro, on either database.

use coffer_core::StoreError;
use coffer_core::id::TenantId;

/// What a transaction is called, for whom it is, and what it does.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Spec {
    pub(crate) name: &'static str,
    pub(crate) who: Who,
    pub(crate) access: Access,
}

/// On whose behalf.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Who {
    /// Inside one tenant.
    Tenant(TenantId),
    /// Before the tenant is known: only what `queries/system.rs` has.
    System,
}

/// What it does with the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    /// It writes.
    Write,
    /// It reads with more than one statement, which must see the same state.
    Read,
    /// It reads with one statement.
    ReadOne,
}

impl Spec {
    pub(crate) fn write(name: &'static str, tenant: TenantId) -> Self {
        Self {
            name,
            who: Who::Tenant(tenant),
            access: Access::Write,
        }
    }

    pub(crate) fn read(name: &'static str, tenant: TenantId) -> Self {
        Self {
            name,
            who: Who::Tenant(tenant),
            access: Access::Read,
        }
    }

    pub(crate) fn read_one(name: &'static str, tenant: TenantId) -> Self {
        Self {
            name,
            who: Who::Tenant(tenant),
            access: Access::ReadOne,
        }
    }

    pub(crate) fn system(name: &'static str, access: Access) -> Self {
        Self {
            name,
            who: Who::System,
            access,
        }
    }
}

/// What the end of a transaction comes to.
pub(crate) enum Ended<R> {
    Done(Result<R, StoreError>),
    /// The database rolled it back and may take it if it is tried again.
    Again,
}

/// How often a transaction is tried that the database itself rolled back.
pub(crate) const TRIES: u8 = 3;

/// Runs one query function in a named transaction of its own, in a task that outlives the caller.
///
/// The arguments are evaluated for each try.
macro_rules! tx {
    ($store:expr, $spec:expr, $module:ident :: $function:ident ( $($arg:expr),* $(,)? )) => {{
        let spec: $crate::tx::Spec = $spec;
        match &$store.inner.backend {
            $crate::store::Backend::Postgres(backend) => {
                $crate::tx::run!($store, spec, backend, postgres, $module::$function($($arg),*))
            }
            $crate::store::Backend::Sqlite(backend) => {
                $crate::tx::run!($store, spec, backend, sqlite, $module::$function($($arg),*))
            }
        }
    }};
}

macro_rules! run {
    ($store:expr, $spec:ident, $backend:ident, $dialect:ident, $module:ident :: $function:ident ( $($arg:expr),* )) => {{
        let backend = ::std::sync::Arc::clone($backend);
        $store.run($spec.name, async move {
            for left in (0..$crate::tx::TRIES).rev() {
                let mut tx = backend.begin($spec).await?;
                let result = $crate::$dialect::queries::$module::$function(tx.conn(), $($arg),*).await;
                match tx.end(result, left).await {
                    $crate::tx::Ended::Done(result) => return result,
                    $crate::tx::Ended::Again => {}
                }
            }
            Err(::coffer_core::StoreError::Unavailable("the transaction was rolled back each time".into()))
        }).await
    }};
}

pub(crate) use {run, tx};
