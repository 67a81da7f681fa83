//! Tenants and the users in them.

use crate::error::WalletError;
use crate::wallet::{Inner, Wallet};
use coffer_core::actor::Asker;
use coffer_core::audit::AuditVerb;
use coffer_core::id::{TenantId, UserId};
use coffer_core::page::{Page, PageRequest};
use coffer_core::tenant::{Tenant, User};
use coffer_core::{OperatorScope, TenantScope};
use serde_json::json;

impl Wallet {
    /// Makes a tenant. `external_id` is the embedding product's name for it, `name` what people call it.
    ///
    /// # Errors
    /// [`WalletError::Invalid`] for an empty, overlong or unprintable text; a duplicate external id.
    pub async fn create_tenant(
        &self,
        scope: &OperatorScope,
        asker: &Asker,
        external_id: &str,
        name: &str,
    ) -> Result<Tenant, WalletError> {
        let inner = &self.inner;
        let tenant = Tenant {
            id: TenantId::new(&*inner.clock, &*inner.random),
            external_id: checked_name("external_id", external_id)?,
            name: checked_name("name", name)?,
            created_at: inner.now(),
        };
        let audit = inner.audit(
            asker,
            AuditVerb::TenantCreate,
            tenant.id.uuid(),
            json!({ "external_id": tenant.external_id }),
        );
        inner.stores.tenants.create(scope, &tenant, &audit).await?;
        Ok(tenant)
    }

    /// The tenant with this id, or else with this external id.
    ///
    /// # Errors
    /// [`WalletError::NotFound`].
    pub async fn tenant(
        &self,
        scope: &OperatorScope,
        id_or_external_id: &str,
    ) -> Result<Tenant, WalletError> {
        let tenants = &self.inner.stores.tenants;
        if let Ok(id) = id_or_external_id.parse()
            && let Some(tenant) = tenants.find(scope, id).await?
        {
            return Ok(tenant);
        }
        tenants
            .find_by_external_id(scope, id_or_external_id)
            .await?
            .ok_or(WalletError::NotFound("tenant"))
    }

    /// All tenants, oldest first.
    ///
    /// # Errors
    /// The store's.
    pub async fn tenants(
        &self,
        scope: &OperatorScope,
        page: PageRequest,
    ) -> Result<Page<Tenant>, WalletError> {
        Ok(self.inner.stores.tenants.list(scope, page).await?)
    }

    /// The user with this external id, made where there is none.
    ///
    /// # Errors
    /// [`WalletError::Invalid`] for an empty, overlong or unprintable external id.
    pub async fn ensure_user(&self, asker: &Asker, external_id: &str) -> Result<User, WalletError> {
        let inner = &self.inner;
        let user = User {
            tenant: asker.tenant,
            id: UserId::new(&*inner.clock, &*inner.random),
            external_id: checked_name("user", external_id)?,
            created_at: inner.now(),
        };
        let audit = inner.audit(asker, AuditVerb::UserCreate, user.id.uuid(), json!({}));
        Ok(inner
            .stores
            .tenants
            .ensure_user(&Inner::scope(asker), &user, &audit)
            .await?)
    }

    /// The user with this id.
    ///
    /// # Errors
    /// [`WalletError::NotFound`].
    pub async fn user(&self, scope: &TenantScope, id: UserId) -> Result<User, WalletError> {
        self.inner
            .stores
            .tenants
            .find_user(scope, id)
            .await?
            .ok_or(WalletError::NotFound("user"))
    }

    /// The users of a tenant, oldest first.
    ///
    /// # Errors
    /// The store's.
    pub async fn users(&self, scope: &TenantScope, page: PageRequest) -> Result<Page<User>, WalletError> {
        Ok(self.inner.stores.tenants.list_users(scope, page).await?)
    }
}

/// A name as people give it: 1 to 200 characters, none of them a control character, no blanks at either end.
pub(crate) fn checked_name(field: &'static str, text: &str) -> Result<String, WalletError> {
    let text = text.trim();
    let length = text.chars().count();
    if length == 0 || length > 200 {
        return Err(WalletError::invalid(field, "give 1 to 200 characters"));
    }
    if text.chars().any(char::is_control) {
        return Err(WalletError::invalid(
            field,
            "leave out line breaks and other control characters",
        ));
    }
    Ok(text.to_owned())
}
