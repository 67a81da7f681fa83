use super::{CliError, OPERATOR, asker, output};
use crate::compose::Composed;
use crate::config::parse_duration;
use coffer_core::id::{OperatorId, TenantId};
use coffer_core::page::PageRequest;
use coffer_core::secret::ExposeSecret;
use std::time::Duration;

/// What `operators` does.
#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// Make an operator, and print the key: it is shown this once.
    Create {
        /// What people call the operator.
        #[arg(long)]
        name: String,
        /// How long the key works: 12h, 90d, at most 730d.
        #[arg(long, value_name = "TIME", default_value = "90d", value_parser = parse_duration)]
        expires_in: Duration,
    },
    /// List the operators.
    List,
    /// Revoke an operator's key. Servers stop accepting it within 5 seconds.
    Revoke {
        /// The operator's id.
        id: OperatorId,
    },
}

pub(super) async fn run(command: Command, composed: &Composed) -> Result<(), CliError> {
    let (wallet, asker) = (&composed.wallet, asker(TenantId::INSTALLATION));
    match command {
        Command::Create { name, expires_in } => {
            let (operator, key) = wallet
                .create_operator(&OPERATOR, &asker, &name, expires_in)
                .await?;
            output::line(key.expose_secret())?;
            output::note(&format!(
                "operator {} ({}), until {}",
                operator.id, operator.name, operator.expires_at
            ));
        }
        Command::List => {
            let mut rows = Vec::new();
            let mut page = PageRequest::new(PageRequest::MAX, None);
            loop {
                let found = wallet.operators(&OPERATOR, page).await?;
                rows.extend(found.items.into_iter().map(|operator| {
                    let revoked = operator
                        .revoked_at
                        .map_or_else(|| "-".to_owned(), |at| at.to_string());
                    let hint = format!("...{}", operator.key_hint);
                    vec![
                        operator.id.to_string(),
                        hint,
                        operator.expires_at.to_string(),
                        revoked,
                        operator.name,
                    ]
                }));
                let Some(next) = found.next else { break };
                page.after = Some(next);
            }
            output::table(&["ID", "KEY", "EXPIRES", "REVOKED", "NAME"], &rows)?;
        }
        Command::Revoke { id } => {
            let revoked = wallet.revoke_operator(&OPERATOR, &asker, id).await?;
            output::note(&format!("operator {} ({}) is revoked", revoked.id, revoked.name));
        }
    }
    Ok(())
}
