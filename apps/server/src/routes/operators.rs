//! Operators: who runs the installation.

use super::callers::lifetime;
use crate::access::{Call, Granted, Listing};
use crate::answer::{Answer, Items, create as once, ok};
use crate::app::App;
use actix_web::web::Data;
use coffer_core::Timestamp;
use coffer_core::caller::Operator;
use coffer_core::secret::ExposeSecret;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// An operator to make.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewOperator {
    /// What people call the operator.
    #[schema(min_length = 1, max_length = 200, example = "ops")]
    name: String,
    /// How long the key works, in seconds: 90 days where it is not said.
    #[schema(minimum = 60, maximum = 63_072_000)]
    expires_in: Option<u64>,
}

/// An operator.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OperatorView {
    /// The operator's id.
    id: Uuid,
    /// What people call the operator.
    name: String,
    /// The last four characters of the key.
    key_hint: String,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// When the key stops working.
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
    /// When it was revoked.
    #[schema(value_type = Option<String>, format = DateTime)]
    revoked_at: Option<Timestamp>,
}

/// An operator that was just made.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MadeOperator {
    #[serde(flatten)]
    operator: OperatorView,
    /// The key. It is shown this once.
    #[schema(example = "cfr_...")]
    key: String,
}

impl From<Operator> for OperatorView {
    fn from(operator: Operator) -> Self {
        Self {
            id: operator.id.uuid(),
            name: operator.name,
            key_hint: operator.key_hint,
            created_at: operator.created_at,
            expires_at: operator.expires_at,
            revoked_at: operator.revoked_at,
        }
    }
}

/// Makes an operator.
#[utoipa::path(post, path = "/v1/operators", tag = "operators", request_body = NewOperator,
    responses((status = 201, description = "The operator, with the key", body = MadeOperator)))]
pub(crate) async fn create(app: Data<App>, call: Call<NewOperator>) -> Answer {
    once(app, call, async |app: &App, by: &Granted, new: NewOperator| {
        let lifetime = lifetime(new.expires_in);
        let (made, key) = app
            .wallet
            .create_operator(&by.operator()?, &by.asker, &new.name, lifetime)
            .await?;
        Ok(MadeOperator {
            operator: made.into(),
            key: key.expose_secret().to_owned(),
        })
    })
    .await
}

/// Lists the operators, oldest first.
#[utoipa::path(get, path = "/v1/operators", tag = "operators", params(Listing),
    responses((status = 200, description = "A page of operators", body = Items<OperatorView>)))]
pub(crate) async fn list(app: Data<App>, by: Granted) -> Answer {
    let page = by.query::<Listing>()?.page()?;
    ok(&Items::of(
        app.wallet.operators(&by.operator()?, page).await?,
        OperatorView::from,
    ))
}

/// Revokes an operator's key.
#[utoipa::path(delete, path = "/v1/operators/{operator}", tag = "operators",
    params(("operator" = Uuid, Path, description = "The operator's id")),
    responses((status = 200, description = "The operator, revoked", body = OperatorView)))]
pub(crate) async fn revoke(app: Data<App>, by: Granted) -> Answer {
    let revoked = app
        .wallet
        .revoke_operator(&by.operator()?, &by.asker, by.id("operator")?)
        .await?;
    ok(&OperatorView::from(revoked))
}
