//! How an integration is told.

use crate::problem::ProblemReason;
use coffer_core::Timestamp;
use coffer_core::id::TenantId;
use coffer_core::integration::{Integration, IntegrationState, TestReport};
use coffer_wallet::told_reason;
use serde::Serialize;
use std::collections::BTreeMap;
use url::Url;
use utoipa::ToSchema;
use uuid::Uuid;

/// A value of a configuration field: a text, a switch, a list of texts, or `null` for nothing.
#[derive(ToSchema)]
#[serde(untagged)]
#[expect(
    dead_code,
    reason = "it describes coffer_catalog's values, which know nothing of OpenAPI"
)]
pub(crate) enum ConfigValue {
    /// A switch.
    Flag(bool),
    /// A text, or a secret.
    Text(Option<String>),
    /// Several texts.
    List(Vec<String>),
}

/// An integration.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct IntegrationView {
    /// Its id.
    id: Uuid,
    /// Whether it is the operator's, for all tenants.
    shared: bool,
    /// The catalogue entry.
    #[schema(example = "google")]
    provider: String,
    /// What people call it.
    name: String,
    /// `draft`, `enabled`, `disabled` or `blocked`.
    #[schema(value_type = String, example = "enabled")]
    state: IntegrationState,
    /// What the provider said when it refused the client, while the integration is blocked for it. A tenant sees the
    /// codes alone of a shared one.
    reason: Option<ProblemReason>,
    /// The fields that are not secret. A tenant sees none of a shared one.
    #[schema(value_type = std::collections::HashMap<String, ConfigValue>)]
    config: BTreeMap<String, serde_json::Value>,
    /// Which secrets are set: the last four characters of each, where it is long enough to show them. A tenant
    /// sees none of a shared one.
    secrets: BTreeMap<String, String>,
    /// When the secrets were last written.
    #[schema(value_type = Option<String>, format = DateTime)]
    secrets_set_at: Option<Timestamp>,
    /// The redirect URI to register at the provider.
    #[schema(value_type = String, format = "uri")]
    redirect_uri: Url,
    /// Grows with every change.
    version: u64,
    /// What the last test found.
    last_test: Option<TestView>,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// When it was last changed.
    #[schema(value_type = String, format = DateTime)]
    updated_at: Timestamp,
}

impl IntegrationView {
    pub(super) fn of(integration: Integration, redirect_uri: Url) -> Self {
        Self {
            id: integration.id.uuid(),
            shared: integration.owner.is_installation(),
            provider: integration.provider,
            name: integration.name,
            state: integration.state,
            reason: integration.reason.as_ref().map(ProblemReason::from),
            config: integration.config,
            secrets: integration.secret_hints,
            secrets_set_at: integration.secrets_set_at,
            redirect_uri,
            version: integration.version,
            last_test: integration.last_test.map(TestView::from),
            created_at: integration.created_at,
            updated_at: integration.updated_at,
        }
    }

    /// What a tenant sees: all of its own; of a shared one neither values nor hints nor what a test found, nor what
    /// the provider said to another tenant's request.
    pub(super) fn for_tenant(tenant: TenantId, integration: Integration, redirect_uri: Url) -> Self {
        let reason = told_reason(tenant, &integration);
        let seen = Self::of(integration, redirect_uri);
        if !seen.shared {
            return seen;
        }
        Self {
            reason: reason.as_ref().map(ProblemReason::from),
            config: BTreeMap::new(),
            secrets: BTreeMap::new(),
            secrets_set_at: None,
            last_test: None,
            ..seen
        }
    }
}

/// What a connectivity test found.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TestView {
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    /// Whether every check passed.
    ok: bool,
    /// The checks, in the order in which they were made.
    checks: Vec<TestCheckView>,
}

/// A check of a connectivity test.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TestCheckView {
    /// What was checked.
    #[schema(example = "discovery")]
    name: String,
    /// Whether it passed.
    ok: bool,
    /// The configuration field at fault.
    field: Option<String>,
    /// What was found, and what to do.
    message: String,
}

impl From<TestReport> for TestView {
    fn from(report: TestReport) -> Self {
        let checks = report.checks.into_iter().map(|check| TestCheckView {
            name: check.name,
            ok: check.ok,
            field: check.field,
            message: check.message,
        });
        Self {
            at: report.at,
            ok: report.ok,
            checks: checks.collect(),
        }
    }
}
