//! Whether the keys open the data, and what the providers must know of each integration.

use super::{Finding, causes};
use crate::compose::Composed;
use coffer_core::id::TenantId;
use coffer_core::integration::{Integration, IntegrationState};
use coffer_core::page::PageRequest;
use coffer_core::{OperatorScope, TenantScope};
use coffer_wallet::WalletError;

/// So many tenants are looked at; a sample is enough to see a wrong key.
const TENANTS: usize = 1_000;

const REASON: &str = "doctor looks at every tenant's keys and addresses, for the operator";

pub(super) async fn look(composed: &Composed, findings: &mut Vec<Finding>) {
    match tenants(composed).await {
        Ok(tenants) => {
            findings.push(keys(composed, &tenants).await);
            if let Err(error) = integrations(composed, &tenants, findings).await {
                findings.push(Finding::fail(
                    "integrations",
                    causes(&error),
                    "see that the database answers",
                ));
            }
        }
        Err(error) => findings.push(Finding::fail(
            "tenants",
            causes(&error),
            "see that the database answers",
        )),
    }
}

async fn tenants(composed: &Composed) -> Result<Vec<TenantId>, WalletError> {
    let mut all = vec![TenantId::INSTALLATION];
    let mut page = PageRequest::new(PageRequest::MAX, None);
    while all.len() < TENANTS {
        let found = composed
            .wallet
            .tenants(&OperatorScope::assume(REASON), page)
            .await?;
        all.extend(found.items.iter().map(|tenant| tenant.id));
        let Some(next) = found.next else { break };
        page.after = Some(next);
    }
    Ok(all)
}

async fn keys(composed: &Composed, tenants: &[TenantId]) -> Finding {
    let mut opened = 0;
    for tenant in tenants {
        match composed.keys.check(*tenant).await {
            Ok(Some(_)) => opened += 1,
            Ok(None) => {}
            Err(error) => {
                let todo = "set COFFER_KEY to the key that sealed the data, or add it to COFFER_READ_KEYS";
                return Finding::fail("key source", format!("tenant {tenant}: {}", causes(&error)), todo);
            }
        }
    }
    Finding::ok(
        "key source",
        format!(
            "{} opens the data keys of {opened} tenant(s)",
            composed.keys.kek_ref()
        ),
    )
}

async fn integrations(
    composed: &Composed,
    tenants: &[TenantId],
    findings: &mut Vec<Finding>,
) -> Result<(), WalletError> {
    for tenant in tenants {
        let scope = TenantScope::assume(*tenant, REASON);
        let mut page = PageRequest::new(PageRequest::MAX, None);
        loop {
            let found = composed.wallet.integrations(&scope, page).await?;
            let own = found
                .items
                .iter()
                .filter(|integration| integration.owner == *tenant);
            findings.extend(own.map(|integration| told(composed, integration)));
            let Some(next) = found.next else { break };
            page.after = Some(next);
        }
    }
    Ok(())
}

fn told(composed: &Composed, integration: &Integration) -> Finding {
    let uri = composed.wallet.redirect_uri(integration.id);
    let (check, found) = (
        "redirect URI",
        format!("{} ({}): {uri}", integration.name, integration.provider),
    );
    match integration.state {
        IntegrationState::Enabled | IntegrationState::Disabled => Finding::ok(check, found),
        IntegrationState::Draft => {
            Finding::warn(check, found, "it is a draft: register this URI, then enable it")
        }
        IntegrationState::Blocked => Finding::warn(
            check,
            found,
            "the provider refused its client: correct id or secret, then enable it",
        ),
    }
}
