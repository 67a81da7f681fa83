//! The registry of places where sealed bytes may lie. The numbers are part of the authenticated data of every
//! envelope: they are never reused and never renumbered, and a table may be renamed without breaking one.

use crate::id::TenantId;
use uuid::Uuid;

macro_rules! codes {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $code:literal,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum $name { $($(#[$vdoc])* $variant,)* }

        impl $name {
            /// All of them, in the order of their codes.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The number that stands in authenticated data.
            pub const fn code(self) -> u16 {
                match self { $(Self::$variant => $code,)* }
            }
        }
    };
}

codes! {
    /// The table (or other store) that holds a cell.
    Table {
        /// `integrations`
        Integrations = 1,
        /// `connections`
        Connections = 2,
        /// `credential_slots`
        CredentialSlots = 3,
        /// `access_tokens`
        AccessTokens = 4,
        /// `flows`
        Flows = 5,
        /// `idempotency_keys`
        IdempotencyKeys = 6,
    }
}

codes! {
    /// The column of a cell.
    Column {
        /// The secret fields of an integration's configuration, as JSON.
        IntegrationSecrets = 1,
        /// Who the account at the provider is, as JSON.
        ConnectionIdentity = 2,
        /// A refresh token.
        RefreshToken = 3,
        /// An access token.
        AccessToken = 4,
        /// What a flow must remember until its callback, as JSON: PKCE verifier and nonce.
        FlowSecrets = 5,
        /// An answer kept for an idempotency key.
        IdempotentAnswer = 6,
    }
}

codes! {
    /// What a record key is derived for. Different purposes never share a key.
    Purpose {
        /// A provider's tokens.
        ProviderToken = 1,
        /// A provider client's secret and other configuration.
        IntegrationConfig = 2,
        /// Personal data of an account holder.
        Identity = 3,
        /// The state of a flow that is under way.
        FlowState = 4,
        /// An answer kept for an idempotency key.
        IdempotentAnswer = 5,
    }
}

/// The one place where a plaintext belongs. Everything in it is authenticated: an envelope opened at any other place
/// fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Cell {
    /// Whose data it is, and so whose data key seals it.
    pub tenant: TenantId,
    /// The table.
    pub table: Table,
    /// The row.
    pub row: Uuid,
    /// The column.
    pub column: Column,
    /// What the record key is for.
    pub purpose: Purpose,
    /// The generation of the row's secret; 0 where it has none. An older ciphertext put back into the same cell does
    /// not open.
    pub generation: u64,
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn codes_are_distinct_and_never_zero() {
        let tables: HashSet<u16> = Table::ALL.iter().map(|t| t.code()).collect();
        let columns: HashSet<u16> = Column::ALL.iter().map(|c| c.code()).collect();
        let purposes: HashSet<u16> = Purpose::ALL.iter().map(|p| p.code()).collect();
        assert_eq!(
            (tables.len(), columns.len(), purposes.len()),
            (Table::ALL.len(), Column::ALL.len(), Purpose::ALL.len())
        );
        assert!(
            [tables, columns, purposes]
                .iter()
                .all(|codes| !codes.contains(&0))
        );
    }
}
