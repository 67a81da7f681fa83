//! The contract of the ports, on each database.

mod sqlite_memory {
    coffer_core::store_contract!(crate::fixture::memory);
}

mod sqlite_file {
    coffer_core::store_contract!(crate::fixture::file);
}

mod postgres {
    coffer_core::store_contract!(crate::fixture::postgres);
}

/// One URL for all roles: for trying out.
mod postgres_one_role {
    coffer_core::store_contract!(crate::fixture::postgres_one_role);
}
