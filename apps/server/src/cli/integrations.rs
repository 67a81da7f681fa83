use super::{CliError, OPERATOR, asker, callers, output};
use crate::compose::Composed;
use coffer_catalog::{FieldKind, InputValue, Provider};
use coffer_core::TenantScope;
use coffer_core::id::IntegrationId;
use coffer_core::page::PageRequest;
use coffer_wallet::{Values, WalletError};
use std::io::Read as _;
use std::process::ExitCode;
use zeroize::Zeroizing;

/// What `integrations` does.
#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// Store an integration as a draft, and print its id and its redirect URI.
    Create {
        #[command(flatten)]
        owner: Owner,
        /// The provider: google, github, generic-oidc, generic-oauth2, simulator, or one of your own.
        #[arg(long)]
        provider: String,
        /// What people call it, unique for its owner; the provider's name where it is not said.
        #[arg(long)]
        name: Option<String>,
        /// A field that is not secret. Give it again for each; lists are written with commas.
        #[arg(long, value_name = "NAME=VALUE", value_parser = pair)]
        set: Vec<(String, String)>,
        /// A secret field, and the file that holds it; `-` is standard input.
        #[arg(long, value_name = "NAME=FILE", value_parser = pair)]
        secret_file: Vec<(String, String)>,
        /// Enable it at once.
        #[arg(long)]
        enable: bool,
    },
    /// Test an integration against its provider. Exits with 1 where a check fails.
    Test {
        #[command(flatten)]
        owner: Owner,
        /// The integration's id.
        id: IntegrationId,
    },
    /// Put an integration into use.
    Enable {
        #[command(flatten)]
        owner: Owner,
        /// The integration's id.
        id: IntegrationId,
    },
    /// Take an integration out of use: no new connections; existing ones go on.
    Disable {
        #[command(flatten)]
        owner: Owner,
        /// The integration's id.
        id: IntegrationId,
    },
    /// List integrations: of a tenant with the shared ones, or the shared ones alone.
    List {
        #[command(flatten)]
        owner: Owner,
    },
}

/// Whose integration it is.
#[derive(Debug, clap::Args)]
pub(super) struct Owner {
    /// The tenant's id, or its external id. Without it, the integration is shared by all tenants.
    #[arg(long)]
    tenant: Option<String>,
}

fn pair(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("write NAME=VALUE")?;
    Ok((name.to_owned(), value.to_owned()))
}

pub(super) async fn run(command: Command, composed: &Composed) -> Result<ExitCode, CliError> {
    let wallet = &composed.wallet;
    match command {
        Command::Create {
            owner,
            provider,
            name,
            set,
            secret_file,
            enable,
        } => {
            let scope = scope(composed, &owner).await?;
            let entry = composed
                .catalog
                .find(&provider)
                .ok_or_else(|| unknown(composed, &provider))?;
            let values = values(entry, set, secret_file)?;
            let name = name.unwrap_or_else(|| entry.name.clone());
            let asker = asker(scope.tenant());
            let made = wallet
                .create_integration(&scope, &asker, &provider, &name, values)
                .await;
            let made = made.map_err(with_fields)?;
            output::line(&made.id.to_string())?;
            output::note(&format!(
                "register this redirect URI at the provider: {}",
                wallet.redirect_uri(made.id)
            ));
            if enable {
                wallet
                    .enable_integration(&scope, &asker, made.id)
                    .await
                    .map_err(with_fields)?;
                output::note("it is enabled");
            } else {
                output::note("it is a draft: test it, then enable it");
            }
        }
        Command::Test { owner, id } => return test(composed, &scope(composed, &owner).await?, id).await,
        Command::Enable { owner, id } => {
            let scope = scope(composed, &owner).await?;
            let asker = asker(scope.tenant());
            let now = wallet
                .enable_integration(&scope, &asker, id)
                .await
                .map_err(with_fields)?;
            output::note(&format!("{} is {}", now.name, now.state.as_str()));
        }
        Command::Disable { owner, id } => {
            let scope = scope(composed, &owner).await?;
            let now = wallet
                .disable_integration(&scope, &asker(scope.tenant()), id)
                .await?;
            output::note(&format!("{} is {}", now.name, now.state.as_str()));
        }
        Command::List { owner } => list(composed, &scope(composed, &owner).await?).await?,
    }
    Ok(ExitCode::SUCCESS)
}

async fn scope(composed: &Composed, owner: &Owner) -> Result<TenantScope, CliError> {
    match &owner.tenant {
        Some(tenant) => callers::scope(composed, tenant).await,
        None => Ok(OPERATOR.installation()),
    }
}

fn unknown(composed: &Composed, provider: &str) -> CliError {
    let known: Vec<&str> = composed
        .catalog
        .iter()
        .map(|provider| provider.id.as_str())
        .collect();
    CliError::Usage(format!(
        "there is no provider {provider}; there are {}",
        known.join(", ")
    ))
}

/// The values of the form. A secret on the command line would stand in the shell's history and in the process list.
fn values(
    provider: &Provider,
    set: Vec<(String, String)>,
    secret_file: Vec<(String, String)>,
) -> Result<Values, CliError> {
    let mut values = Values::new();
    for (name, text) in set {
        let kind = provider.field(&name).map(|field| field.kind);
        let value = match kind {
            Some(FieldKind::Secret) => {
                return Err(CliError::Usage(format!(
                    "{name} is secret: give it by --secret-file {name}=FILE"
                )));
            }
            Some(FieldKind::Bool) => InputValue::Flag(text.parse().map_err(|_| {
                CliError::Usage(format!("{name} is a switch: write {name}=true or {name}=false"))
            })?),
            Some(FieldKind::List) => {
                InputValue::list(text.split(',').map(str::trim).filter(|item| !item.is_empty()))
            }
            Some(FieldKind::Text | FieldKind::Url | FieldKind::Enum | FieldKind::Pointer) | None => {
                InputValue::text(text)
            }
        };
        values.insert(name, value);
    }
    for (name, file) in secret_file {
        let mut text = Zeroizing::new(String::new());
        if file == "-" {
            std::io::stdin().read_to_string(&mut text).map(drop)
        } else {
            std::fs::File::open(&file)
                .and_then(|mut file| file.read_to_string(&mut text))
                .map(drop)
        }
        .map_err(CliError::io(format!("{name}: {file} cannot be read")))?;
        values.insert(name, InputValue::text(text.trim()));
    }
    Ok(values)
}

/// Each wrong field on a line of its own.
fn with_fields(error: WalletError) -> CliError {
    let WalletError::Fields(errors) = &error else {
        return error.into();
    };
    let lines: Vec<String> = errors
        .iter()
        .map(|error| format!("  {error}: {}", error.hint))
        .collect();
    CliError::Usage(format!(
        "the configuration is not complete or not right:\n{}",
        lines.join("\n")
    ))
}

async fn test(composed: &Composed, scope: &TenantScope, id: IntegrationId) -> Result<ExitCode, CliError> {
    let tested = composed
        .wallet
        .test_integration(scope, &asker(scope.tenant()), id)
        .await
        .map_err(with_fields)?;
    let Some(report) = tested.last_test else {
        return Ok(ExitCode::FAILURE);
    };
    let rows: Vec<Vec<String>> = report
        .checks
        .into_iter()
        .map(|check| {
            vec![
                if check.ok { "ok" } else { "fail" }.to_owned(),
                check.name,
                check.message,
            ]
        })
        .collect();
    output::table(&["", "CHECK", "FOUND"], &rows)?;
    Ok(if report.ok {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

async fn list(composed: &Composed, scope: &TenantScope) -> Result<(), CliError> {
    let mut rows = Vec::new();
    let mut page = PageRequest::new(PageRequest::MAX, None);
    loop {
        let found = composed.wallet.integrations(scope, page).await?;
        rows.extend(found.items.into_iter().map(|integration| {
            let owner = if integration.owner.is_installation() {
                "shared"
            } else {
                "tenant"
            };
            let state = integration.state.as_str().to_owned();
            vec![
                integration.id.to_string(),
                owner.to_owned(),
                state,
                integration.provider,
                integration.name,
            ]
        }));
        let Some(next) = found.next else { break };
        page.after = Some(next);
    }
    output::table(&["ID", "OWNER", "STATE", "PROVIDER", "NAME"], &rows)
}
