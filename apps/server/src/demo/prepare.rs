//! What the demo needs in its database: a tenant, a caller, the simulator's integration. Each is
//! looked for before it is made, so that a start after a kill at any point goes on where the other one stopped.

use super::error::DemoError;
use super::folder::Folder;
use super::simulator::{CLIENT, PATH, Simulator};
use super::state::Prepared;
use coffer_catalog::InputValue;
use coffer_core::actor::{Actor, Asker};
use coffer_core::caller::CallerVerb;
use coffer_core::id::TenantId;
use coffer_core::integration::{Integration, IntegrationState};
use coffer_core::page::PageRequest;
use coffer_core::secret::ExposeSecret as _;
use coffer_core::tenant::Tenant;
use coffer_core::{OperatorScope, SecretText, SecureRandom, TenantScope};
use coffer_wallet::{NewCaller, Values, Wallet, WalletError};
use std::collections::BTreeMap;

const TENANT: &str = "demo";
const PROVIDER: &str = "simulator";
const INTEGRATION: &str = "Simulator (demo)";

/// What preparing works with.
pub(super) struct Preparation<'a> {
    pub(super) wallet: &'a Wallet,
    pub(super) folder: &'a Folder,
    pub(super) simulator: &'a Simulator,
    pub(super) random: &'a dyn SecureRandom,
}

impl Preparation<'_> {
    /// Finds or makes everything but the sample connection, for which the server has to listen.
    pub(super) async fn run(&self) -> Result<Prepared, DemoError> {
        let operator = OperatorScope::assume("the demo is started by who owns its data folder");
        let tenant = self.tenant(&operator).await?;
        let scope = TenantScope::assume(tenant.id, "the demo's own tenant");
        let key = self.caller(&scope).await?;
        let integration = self.integration(&operator).await?;
        Ok(Prepared {
            key,
            integration: integration.id,
        })
    }

    async fn tenant(&self, operator: &OperatorScope) -> Result<Tenant, DemoError> {
        match self.wallet.tenant(operator, TENANT).await {
            Err(WalletError::NotFound(_)) => {
                let asker = asker(TenantId::INSTALLATION);
                Ok(self
                    .wallet
                    .create_tenant(operator, &asker, TENANT, "Demo")
                    .await?)
            }
            found => Ok(found?),
        }
    }

    /// The caller whose key lies in the folder. Where that key is gone, or no longer good, there is a new caller and
    /// the others are revoked: nobody can use a key that is lost, unless somebody has found it.
    async fn caller(&self, scope: &TenantScope) -> Result<SecretText, DemoError> {
        if let Some(key) = self.folder.read_caller_key()? {
            match self.wallet.authenticate(key.expose_secret()).await {
                Ok(principal)
                    if principal
                        .scope_for(CallerVerb::Token)
                        .is_ok_and(|own| own == *scope) =>
                {
                    return Ok(key);
                }
                Ok(_) | Err(WalletError::Unauthenticated) => {}
                Err(error) => return Err(error.into()),
            }
        }
        let asker = asker(scope.tenant());
        let callers = self
            .wallet
            .callers(scope, PageRequest::new(PageRequest::MAX, None))
            .await?
            .items;
        for caller in callers.iter().filter(|caller| caller.revoked_at.is_none()) {
            self.wallet.revoke_caller(scope, &asker, caller.id).await?;
        }
        let new = NewCaller {
            name: format!("demo {}", callers.len().saturating_add(1)),
            verbs: CallerVerb::ALL.to_vec(),
            integrations: None,
            connections: None,
            lifetime: NewCaller::LONGEST,
        };
        let (_, key) = self.wallet.create_caller(scope, &asker, new).await?;
        self.folder.write_caller_key(&key)?;
        Ok(key)
    }

    /// The integration of the simulator, shared by all tenants, and its client there. The two know each other by a
    /// secret that only they have: where one of them is new, or the port is, both get a new one.
    async fn integration(&self, operator: &OperatorScope) -> Result<Integration, DemoError> {
        let (scope, asker) = (operator.installation(), asker(TenantId::INSTALLATION));
        let base_url = self.base_url()?;
        let known = self.find_integration(&scope).await?;
        if let Some(integration) = &known
            && integration.state == IntegrationState::Enabled
            && integration
                .config
                .get("base_url")
                .and_then(|value| value.as_str())
                == Some(base_url.as_str())
            && self.simulator.knows(&self.wallet.redirect_uri(integration.id))
        {
            return Ok(integration.clone());
        }
        let secret = self.new_secret();
        let values = values(&base_url, &secret);
        let integration = match known {
            None => {
                self.wallet
                    .create_integration(&scope, &asker, PROVIDER, INTEGRATION, values)
                    .await?
            }
            Some(known) => {
                self.wallet
                    .move_integration(operator, &asker, known.id, values)
                    .await?
            }
        };
        let redirect_uri = self.wallet.redirect_uri(integration.id);
        self.simulator
            .register(self.folder, &secret, &redirect_uri)
            .await?;
        Ok(self
            .wallet
            .enable_integration(&scope, &asker, integration.id)
            .await?)
    }

    async fn find_integration(&self, scope: &TenantScope) -> Result<Option<Integration>, DemoError> {
        let page = self
            .wallet
            .integrations(scope, PageRequest::new(PageRequest::MAX, None))
            .await?;
        Ok(page
            .items
            .into_iter()
            .find(|found| found.provider == PROVIDER && found.name == INTEGRATION))
    }

    fn base_url(&self) -> Result<String, DemoError> {
        let url = self.wallet.public_url().join(PATH);
        Ok(url
            .map_err(|_| DemoError::Sample("the server's own URL has no path below it"))?
            .to_string())
    }

    fn new_secret(&self) -> SecretText {
        coffer_envelope::LocalKey::generate(self.random)
    }
}

/// Who does all this, for the audit log.
pub(super) fn asker(tenant: TenantId) -> Asker {
    Asker {
        actor: Actor::CommandLine,
        tenant,
        request: "demo-start".to_owned(),
    }
}

fn values(base_url: &str, secret: &SecretText) -> Values {
    BTreeMap::from([
        ("client_id".to_owned(), InputValue::text(CLIENT)),
        ("client_secret".to_owned(), InputValue::Text(secret.clone())),
        ("base_url".to_owned(), InputValue::text(base_url)),
        ("rotation_class".to_owned(), InputValue::text("single_use_family")),
    ])
}
