use super::{CliError, OPERATOR, asker, output};
use crate::compose::Composed;
use coffer_core::id::TenantId;
use coffer_core::page::PageRequest;

/// What `tenants` does.
#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// Make a tenant, and print its id.
    Create {
        /// Your product's name for it, unique in the installation.
        #[arg(long, value_name = "ID")]
        external_id: String,
        /// What people call it; the external id where it is not said.
        #[arg(long)]
        name: Option<String>,
    },
    /// List the tenants.
    List,
}

pub(super) async fn run(command: Command, composed: &Composed) -> Result<(), CliError> {
    let wallet = &composed.wallet;
    match command {
        Command::Create { external_id, name } => {
            let name = name.as_deref().unwrap_or(&external_id);
            let tenant = wallet
                .create_tenant(&OPERATOR, &asker(TenantId::INSTALLATION), &external_id, name)
                .await?;
            output::line(&tenant.id.to_string())?;
        }
        Command::List => {
            let mut rows = Vec::new();
            let mut page = PageRequest::new(PageRequest::MAX, None);
            loop {
                let found = wallet.tenants(&OPERATOR, page).await?;
                rows.extend(found.items.into_iter().map(|tenant| {
                    vec![
                        tenant.id.to_string(),
                        tenant.created_at.to_string(),
                        tenant.external_id,
                        tenant.name,
                    ]
                }));
                let Some(next) = found.next else { break };
                page.after = Some(next);
            }
            output::table(&["ID", "CREATED", "EXTERNAL ID", "NAME"], &rows)?;
        }
    }
    Ok(())
}
