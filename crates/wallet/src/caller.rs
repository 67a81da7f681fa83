//! Callers and operators: making their keys, and knowing them by their keys.

mod cache;

pub(crate) use cache::KeyCache;
use cache::Known;
pub use cache::REVOCATION_DELAY;

use crate::error::WalletError;
use crate::tenant::checked_name;
use crate::wallet::{Inner, Wallet};
use coffer_core::actor::{Actor, Asker};
use coffer_core::audit::AuditVerb;
use coffer_core::bearer::BearerKind;
use coffer_core::caller::{Caller, CallerVerb, KeyHolder, Operator};
use coffer_core::id::{CallerId, ConnectionId, IntegrationId, OperatorId, TenantId};
use coffer_core::page::{Page, PageRequest};
use coffer_core::secret::ExposeSecret;
use coffer_core::{OperatorScope, SecretText, SystemScope, TenantScope};
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;

/// What a new caller may do.
#[derive(Debug, Clone)]
pub struct NewCaller {
    /// What people call it.
    pub name: String,
    /// What it may do: at least one verb.
    pub verbs: Vec<CallerVerb>,
    /// On connections of which integrations; `None` is all of them.
    pub integrations: Option<Vec<IntegrationId>>,
    /// On which connections; `None` is all of them.
    pub connections: Option<Vec<ConnectionId>>,
    /// How long its key works: at most [`NewCaller::LONGEST`].
    pub lifetime: Duration,
}

impl NewCaller {
    /// The longest that a key works: two years.
    pub const LONGEST: Duration = Duration::from_secs(2 * 365 * 24 * 3600);
    /// How long a key works if nobody says otherwise: 90 days.
    pub const USUAL: Duration = Duration::from_secs(90 * 24 * 3600);
}

/// Who holds the key of a request.
#[derive(Debug, Clone)]
pub enum Principal {
    /// A caller, in its tenant.
    Caller(Arc<Caller>),
    /// An operator, above tenants.
    Operator(Arc<Operator>),
}

impl Principal {
    /// Who asks, for the audit log.
    pub fn asker(&self, request: impl Into<String>) -> Asker {
        match self {
            Self::Caller(caller) => Asker {
                actor: Actor::Caller(caller.id),
                tenant: caller.tenant,
                request: request.into(),
            },
            Self::Operator(operator) => Asker {
                actor: Actor::Operator(operator.id),
                tenant: TenantId::INSTALLATION,
                request: request.into(),
            },
        }
    }
}

impl Principal {
    /// The scope of a caller that has this right.
    ///
    /// # Errors
    /// [`WalletError::Forbidden`] for a caller without it, and for an operator: operators have no access to a
    /// tenant's connections.
    pub fn scope_for(&self, verb: CallerVerb) -> Result<TenantScope, WalletError> {
        match self {
            Self::Caller(caller) if caller.may(verb) => Ok(TenantScope::assume(
                caller.tenant,
                "the caller's key was authenticated",
            )),
            Self::Caller(_) | Self::Operator(_) => Err(WalletError::Forbidden(verb.as_str())),
        }
    }

    /// The scope of an operator.
    ///
    /// # Errors
    /// [`WalletError::Forbidden`] for a caller.
    pub fn operator_scope(&self) -> Result<OperatorScope, WalletError> {
        match self {
            Self::Operator(_) => Ok(OperatorScope::assume("the operator's key was authenticated")),
            Self::Caller(_) => Err(WalletError::Forbidden("operator")),
        }
    }

    /// Whether a connection is within reach.
    pub fn reaches(&self, integration: IntegrationId, connection: ConnectionId) -> bool {
        match self {
            Self::Caller(caller) => caller.reaches(integration, connection),
            Self::Operator(_) => false,
        }
    }
}

impl Wallet {
    /// Who holds this key. A key that is in use is known without asking the database; one that was revoked on another
    /// replica stops working within [`REVOCATION_DELAY`], on this one at once.
    ///
    /// # Errors
    /// [`WalletError::Unauthenticated`] for a key that is malformed, unknown, expired or revoked: the same for all.
    pub async fn authenticate(&self, key: &str) -> Result<Principal, WalletError> {
        if !BearerKind::ApiKey.matches(key) {
            return Err(WalletError::Unauthenticated);
        }
        let inner = &self.inner;
        let hash = inner.bearer_hash(BearerKind::ApiKey, key).await?;
        let now = inner.now();
        let principal = match inner.key_cache.get(&hash, now) {
            Some(Known::Live(principal)) => principal,
            Some(Known::Revoked) => return Err(WalletError::Unauthenticated),
            None => {
                let scope = SystemScope::assume("the tenant is known only once the key is");
                let holder = inner.stores.callers.find_by_key(&scope, &hash).await?;
                let principal = match holder.ok_or(WalletError::Unauthenticated)? {
                    KeyHolder::Caller(caller) => Principal::Caller(Arc::new(caller)),
                    KeyHolder::Operator(operator) => Principal::Operator(Arc::new(operator)),
                };
                inner.key_cache.put(hash, principal.clone(), now);
                principal
            }
        };
        let live = match &principal {
            Principal::Caller(caller) => caller.is_live(now),
            Principal::Operator(operator) => operator.is_live(now),
        };
        if live {
            Ok(principal)
        } else {
            Err(WalletError::Unauthenticated)
        }
    }

    /// Makes a caller. The key is in the answer and nowhere else.
    ///
    /// # Errors
    /// [`WalletError::Invalid`]; a duplicate name; an unknown tenant.
    pub async fn create_caller(
        &self,
        scope: &TenantScope,
        asker: &Asker,
        new: NewCaller,
    ) -> Result<(Caller, SecretText), WalletError> {
        let inner = &self.inner;
        let mut verbs = new.verbs;
        verbs.sort();
        verbs.dedup();
        if verbs.is_empty() {
            return Err(WalletError::invalid(
                "verbs",
                "name at least one of what the caller may do",
            ));
        }
        checked_lifetime(new.lifetime)?;
        let key = inner.new_key().await?;
        let caller = Caller {
            tenant: scope.tenant(),
            id: CallerId::new(&*inner.clock, &*inner.random),
            name: checked_name("name", &new.name)?,
            key_hash: key.hash,
            key_hint: key.hint,
            verbs,
            integrations: new.integrations,
            connections: new.connections,
            created_at: inner.now(),
            expires_at: inner.now().plus(new.lifetime),
            revoked_at: None,
        };
        let asker = Asker {
            tenant: scope.tenant(),
            ..asker.clone()
        };
        let verbs: Vec<_> = caller.verbs.iter().map(|verb| verb.as_str()).collect();
        let audit = inner.audit(
            &asker,
            AuditVerb::CallerCreate,
            caller.id.uuid(),
            json!({ "name": caller.name, "verbs": verbs }),
        );
        inner.stores.callers.create(scope, &caller, &audit).await?;
        Ok((caller, key.secret))
    }

    /// The callers of a tenant, oldest first.
    ///
    /// # Errors
    /// The store's.
    pub async fn callers(&self, scope: &TenantScope, page: PageRequest) -> Result<Page<Caller>, WalletError> {
        Ok(self.inner.stores.callers.list(scope, page).await?)
    }

    /// The caller with this id.
    ///
    /// # Errors
    /// [`WalletError::NotFound`].
    pub async fn caller(&self, scope: &TenantScope, id: CallerId) -> Result<Caller, WalletError> {
        self.inner
            .stores
            .callers
            .find(scope, id)
            .await?
            .ok_or(WalletError::NotFound("caller"))
    }

    /// Revokes a caller: here at once, on other replicas within [`REVOCATION_DELAY`].
    ///
    /// # Errors
    /// [`WalletError::Store`] with `NotFound`.
    pub async fn revoke_caller(
        &self,
        scope: &TenantScope,
        asker: &Asker,
        id: CallerId,
    ) -> Result<Caller, WalletError> {
        let inner = &self.inner;
        let asker = Asker {
            tenant: scope.tenant(),
            ..asker.clone()
        };
        let audit = inner.audit(&asker, AuditVerb::CallerRevoke, id.uuid(), json!({}));
        let caller = inner
            .stores
            .callers
            .revoke(scope, id, inner.now(), &audit)
            .await?;
        inner.key_cache.revoke(&caller.key_hash, inner.now());
        Ok(caller)
    }

    /// Makes an operator. The key is in the answer and nowhere else.
    ///
    /// # Errors
    /// [`WalletError::Invalid`]; a duplicate name.
    pub async fn create_operator(
        &self,
        scope: &OperatorScope,
        asker: &Asker,
        name: &str,
        lifetime: Duration,
    ) -> Result<(Operator, SecretText), WalletError> {
        let inner = &self.inner;
        checked_lifetime(lifetime)?;
        let key = inner.new_key().await?;
        let operator = Operator {
            id: OperatorId::new(&*inner.clock, &*inner.random),
            name: checked_name("name", name)?,
            key_hash: key.hash,
            key_hint: key.hint,
            created_at: inner.now(),
            expires_at: inner.now().plus(lifetime),
            revoked_at: None,
        };
        let asker = Asker {
            tenant: TenantId::INSTALLATION,
            ..asker.clone()
        };
        let audit = inner.audit(
            &asker,
            AuditVerb::OperatorCreate,
            operator.id.uuid(),
            json!({ "name": operator.name }),
        );
        inner
            .stores
            .callers
            .create_operator(scope, &operator, &audit)
            .await?;
        Ok((operator, key.secret))
    }

    /// The operators, oldest first.
    ///
    /// # Errors
    /// The store's.
    pub async fn operators(
        &self,
        scope: &OperatorScope,
        page: PageRequest,
    ) -> Result<Page<Operator>, WalletError> {
        Ok(self.inner.stores.callers.list_operators(scope, page).await?)
    }

    /// Revokes an operator's key.
    ///
    /// # Errors
    /// [`WalletError::Store`] with `NotFound`.
    pub async fn revoke_operator(
        &self,
        scope: &OperatorScope,
        asker: &Asker,
        id: OperatorId,
    ) -> Result<Operator, WalletError> {
        let inner = &self.inner;
        let asker = Asker {
            tenant: TenantId::INSTALLATION,
            ..asker.clone()
        };
        let audit = inner.audit(&asker, AuditVerb::OperatorRevoke, id.uuid(), json!({}));
        let operator = inner
            .stores
            .callers
            .revoke_operator(scope, id, inner.now(), &audit)
            .await?;
        inner.key_cache.revoke(&operator.key_hash, inner.now());
        Ok(operator)
    }
}

struct NewKey {
    secret: SecretText,
    hash: coffer_core::SecretHash,
    hint: String,
}

impl Inner {
    async fn new_key(&self) -> Result<NewKey, WalletError> {
        let secret = BearerKind::ApiKey.generate(&*self.random);
        let hash = self
            .bearer_hash(BearerKind::ApiKey, secret.expose_secret())
            .await?;
        Ok(NewKey {
            hint: hint(secret.expose_secret()),
            secret,
            hash,
        })
    }
}

/// The last four characters of a secret: what a person may see of it.
pub(crate) fn hint(secret: &str) -> String {
    let count = secret.chars().count();
    // Of a short secret, four characters would be too much.
    if count < 12 {
        String::new()
    } else {
        secret.chars().skip(count - 4).collect()
    }
}

fn checked_lifetime(lifetime: Duration) -> Result<(), WalletError> {
    if lifetime < Duration::from_secs(60) || lifetime > NewCaller::LONGEST {
        return Err(WalletError::invalid(
            "expires_in",
            "give a time between one minute and two years",
        ));
    }
    Ok(())
}
