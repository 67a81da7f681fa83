//! Customer organisations and the people in them.

use crate::Timestamp;
use crate::id::{TenantId, UserId};

/// A customer organisation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tenant {
    /// Its id.
    pub id: TenantId,
    /// The name that the embedding product has for it, unique in the installation; at most 200 characters.
    pub external_id: String,
    /// What people call it; at most 200 characters.
    pub name: String,
    /// When it was made.
    pub created_at: Timestamp,
}

/// A person in a tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// Whose user it is.
    pub tenant: TenantId,
    /// The user's id.
    pub id: UserId,
    /// The name that the embedding product has for the user, unique in the tenant; at most 200 characters.
    pub external_id: String,
    /// When the user was made.
    pub created_at: Timestamp,
}
