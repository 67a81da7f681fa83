//! Users: people in the caller's tenant.

use crate::access::{Call, Granted, Listing};
use crate::answer::{Answer, Items, create as once, ok};
use crate::app::App;
use actix_web::web::Data;
use coffer_core::Timestamp;
use coffer_core::tenant::User;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// A user to make, or to find.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewUser {
    /// The name that your product has for the user, unique in the tenant.
    #[schema(min_length = 1, max_length = 200, example = "user-42")]
    external_id: String,
}

/// A user.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct UserView {
    /// The user's id.
    id: Uuid,
    /// The name that your product has for the user.
    external_id: String,
    /// When the user was made.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
}

impl From<User> for UserView {
    fn from(user: User) -> Self {
        Self {
            id: user.id.uuid(),
            external_id: user.external_id,
            created_at: user.created_at,
        }
    }
}

/// Makes a user, or gives the one with this external id.
#[utoipa::path(post, path = "/v1/users", tag = "users", request_body = NewUser,
    responses((status = 201, description = "The user", body = UserView)))]
pub(crate) async fn create(app: Data<App>, call: Call<NewUser>) -> Answer {
    once(app, call, async |app: &App, by: &Granted, new: NewUser| {
        Ok(UserView::from(
            app.wallet.ensure_user(&by.asker, &new.external_id).await?,
        ))
    })
    .await
}

/// Lists the users, oldest first. A caller that is limited to some integrations or connections may not.
#[utoipa::path(get, path = "/v1/users", tag = "users", params(Listing),
    responses((status = 200, description = "A page of users", body = Items<UserView>)))]
pub(crate) async fn list(app: Data<App>, by: Granted) -> Answer {
    by.unlimited("users beyond its reach")?;
    let page = by.query::<Listing>()?.page()?;
    ok(&Items::of(
        app.wallet.users(&by.scope, page).await?,
        UserView::from,
    ))
}

/// Shows a user.
#[utoipa::path(get, path = "/v1/users/{user}", tag = "users",
    params(("user" = Uuid, Path, description = "The user's id")),
    responses((status = 200, description = "The user", body = UserView)))]
pub(crate) async fn find(app: Data<App>, by: Granted) -> Answer {
    ok(&UserView::from(app.wallet.user(&by.scope, by.id("user")?).await?))
}
