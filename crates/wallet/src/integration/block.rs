//! A provider that refuses an integration's client: all its connections stop, with one alarm (INV9).

use crate::error::WalletError;
use crate::persist::Insist;
use crate::wallet::Inner;
use coffer_core::SystemScope;
use coffer_core::actor::Asker;
use coffer_core::audit::{AuditEntry, AuditVerb};
use coffer_core::connection::Reason;
use coffer_core::id::TenantId;
use coffer_core::integration::{Integration, IntegrationRef};
use serde_json::json;

/// Why an integration is blocked, as this tenant may know it. What a provider said of a shared one was the answer to
/// somebody else's request: its words are the owner's alone.
pub fn told_reason(tenant: TenantId, integration: &Integration) -> Option<Reason> {
    let reason = integration.reason.clone()?;
    if tenant == integration.owner {
        return Some(reason);
    }
    Some(Reason {
        message:
            "The provider refuses the client of this shared integration. Its operator has to correct it."
                .into(),
        ..reason
    })
}

impl Inner {
    /// Blocks an enabled integration, where `version` of it, which was refused, is still the one in use. Who noticed it stands in the owner's audit log.
    pub(crate) async fn block(
        &self,
        asker: &Asker,
        integration: IntegrationRef,
        version: u64,
        reason: &Reason,
    ) -> Result<(), WalletError> {
        let detail =
            json!({ "code": reason.code, "provider_code": reason.provider_code, "message": reason.message });
        let audit = AuditEntry {
            tenant: integration.owner,
            ..self.audit(asker, AuditVerb::IntegrationBlock, integration.id.uuid(), detail)
        };
        let system =
            SystemScope::assume("a shared integration is the installation's, and its client was refused");
        let store = &self.stores.integrations;
        let blocked = self
            .persist("blocking", Insist::UntilDrained, || {
                store.block(&system, integration, version, reason, &audit)
            })
            .await?;
        if blocked {
            tracing::error!(
                integration = %integration.id,
                shared = integration.owner == TenantId::INSTALLATION,
                provider_code = reason.provider_code.as_deref(),
                "the provider refuses this integration's client; its connections are not refreshed until it is mended"
            );
        }
        Ok(())
    }
}
