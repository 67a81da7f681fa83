use super::{CliError, OPERATOR, asker, output};
use crate::compose::Composed;
use crate::config::parse_duration;
use coffer_core::TenantScope;
use coffer_core::caller::{Caller, CallerVerb};
use coffer_core::id::{CallerId, ConnectionId, IntegrationId};
use coffer_core::page::PageRequest;
use coffer_core::secret::ExposeSecret;
use coffer_wallet::NewCaller;
use std::time::Duration;

/// What `callers` does.
#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// Make a caller, and print its key: it is shown this once.
    Create {
        /// The tenant's id, or its external id.
        #[arg(long)]
        tenant: String,
        /// What people call it, unique in the tenant.
        #[arg(long)]
        name: String,
        /// What it may do: token, refresh, read, connect, disconnect, integrations, callers, audit. Give it again for
        /// each right.
        #[arg(long, required = true, value_name = "RIGHT", value_parser = verb)]
        verb: Vec<CallerVerb>,
        /// Only on connections of this integration. Give it again for each; all where there is none.
        #[arg(long, value_name = "ID")]
        integration: Vec<IntegrationId>,
        /// Only on this connection. Give it again for each; all where there is none.
        #[arg(long, value_name = "ID")]
        connection: Vec<ConnectionId>,
        /// How long the key works: 12h, 90d, at most 730d.
        #[arg(long, value_name = "TIME", default_value = "90d", value_parser = parse_duration)]
        expires_in: Duration,
    },
    /// List the callers of a tenant.
    List {
        /// The tenant's id, or its external id.
        #[arg(long)]
        tenant: String,
    },
    /// Revoke a caller. Servers stop accepting its key within 5 seconds.
    Revoke {
        /// The tenant's id, or its external id.
        #[arg(long)]
        tenant: String,
        /// The caller's id.
        id: CallerId,
    },
}

fn verb(text: &str) -> Result<CallerVerb, String> {
    CallerVerb::parse(text).ok_or_else(|| {
        let all: Vec<&str> = CallerVerb::ALL.iter().map(|verb| verb.as_str()).collect();
        format!("write one of {}", all.join(", "))
    })
}

pub(super) async fn run(command: Command, composed: &Composed) -> Result<(), CliError> {
    match command {
        Command::Create {
            tenant,
            name,
            verb,
            integration,
            connection,
            expires_in,
        } => {
            let scope = scope(composed, &tenant).await?;
            let new = NewCaller {
                name,
                verbs: verb,
                integrations: Some(integration).filter(|ids| !ids.is_empty()),
                connections: Some(connection).filter(|ids| !ids.is_empty()),
                lifetime: expires_in,
            };
            let (caller, key) = composed
                .wallet
                .create_caller(&scope, &asker(scope.tenant()), new)
                .await?;
            output::line(key.expose_secret())?;
            output::note(&format!(
                "caller {} ({}), until {}",
                caller.id, caller.name, caller.expires_at
            ));
        }
        Command::List { tenant } => list(composed, &scope(composed, &tenant).await?).await?,
        Command::Revoke { tenant, id } => {
            let scope = scope(composed, &tenant).await?;
            let revoked = composed
                .wallet
                .revoke_caller(&scope, &asker(scope.tenant()), id)
                .await?;
            output::note(&format!("caller {} ({}) is revoked", revoked.id, revoked.name));
        }
    }
    Ok(())
}

async fn list(composed: &Composed, scope: &TenantScope) -> Result<(), CliError> {
    let mut rows = Vec::new();
    let mut page = PageRequest::new(PageRequest::MAX, None);
    loop {
        let found = composed.wallet.callers(scope, page).await?;
        rows.extend(found.items.into_iter().map(row));
        let Some(next) = found.next else { break };
        page.after = Some(next);
    }
    output::table(&["ID", "KEY", "EXPIRES", "REVOKED", "RIGHTS", "NAME"], &rows)
}

fn row(caller: Caller) -> Vec<String> {
    let verbs: Vec<&str> = caller.verbs.iter().map(|verb| verb.as_str()).collect();
    vec![
        caller.id.to_string(),
        format!("...{}", caller.key_hint),
        caller.expires_at.to_string(),
        caller
            .revoked_at
            .map_or_else(|| "-".to_owned(), |at| at.to_string()),
        verbs.join(","),
        caller.name,
    ]
}

/// The tenant that an option names.
pub(super) async fn scope(composed: &Composed, tenant: &str) -> Result<TenantScope, CliError> {
    let tenant = composed.wallet.tenant(&OPERATOR, tenant).await?;
    Ok(TenantScope::assume(
        tenant.id,
        "the command line acts for the operator, in the tenant that was named",
    ))
}
