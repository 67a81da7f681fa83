use crate::schema::{tenants, users};
use crate::types::{Id, Time};
use coffer_core::tenant::{Tenant, User};
use diesel::prelude::*;

#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = tenants)]
pub(crate) struct TenantRow {
    pub(crate) tenant_id: Id,
    pub(crate) external_id: String,
    pub(crate) name: String,
    pub(crate) created_at: Time,
}

impl From<&Tenant> for TenantRow {
    fn from(tenant: &Tenant) -> Self {
        Self {
            tenant_id: tenant.id.into(),
            external_id: tenant.external_id.clone(),
            name: tenant.name.clone(),
            created_at: tenant.created_at.into(),
        }
    }
}

impl From<TenantRow> for Tenant {
    fn from(row: TenantRow) -> Self {
        Self {
            id: row.tenant_id.into(),
            external_id: row.external_id,
            name: row.name,
            created_at: row.created_at.into(),
        }
    }
}

#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = users)]
pub(crate) struct UserRow {
    pub(crate) tenant_id: Id,
    pub(crate) id: Id,
    pub(crate) external_id: String,
    pub(crate) created_at: Time,
}

impl From<&User> for UserRow {
    fn from(user: &User) -> Self {
        Self {
            tenant_id: user.tenant.into(),
            id: user.id.into(),
            external_id: user.external_id.clone(),
            created_at: user.created_at.into(),
        }
    }
}

impl From<UserRow> for User {
    fn from(row: UserRow) -> Self {
        Self {
            tenant: row.tenant_id.into(),
            id: row.id.into(),
            external_id: row.external_id,
            created_at: row.created_at.into(),
        }
    }
}
