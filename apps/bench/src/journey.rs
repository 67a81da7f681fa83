//! One authorization flow, with the user's browser and the user played here.

use crate::api::{Answer, Took, Web, at, parse};
use crate::error::Error;
use coffer_core::SecretText;
use coffer_core::http::{HttpRequest, Method};
use coffer_core::secret::secret_bytes;
use serde_json::json;
use url::Url;

/// The routes of a flow, in their order.
pub(crate) const STEPS: [&str; 5] = ["create session", "open link", "callback", "redeem", "token"];

/// Where flows go.
#[derive(Debug, Clone)]
pub(crate) struct Journey {
    pub(crate) web: Web,
    pub(crate) server: Url,
    pub(crate) integration: String,
}

/// A flow that came to its end.
#[derive(Debug)]
pub(crate) struct Arrived {
    pub(crate) connection: String,
    /// In the order of [`STEPS`].
    pub(crate) took: [Took; 5],
}

impl Journey {
    /// Flows between this server and this provider.
    pub(crate) fn new(server: Url, simulator: &Url, integration: String) -> Result<Self, Error> {
        Ok(Self {
            web: Web::new(&[&server, simulator])?,
            server,
            integration,
        })
    }

    /// Connects an account of this user.
    pub(crate) async fn run(&self, key: &str, user: &str) -> Result<Arrived, Error> {
        let [create, open, back, redeem, token] = STEPS;
        let made = self.create(create, key, user).await?;
        let opened = self
            .web
            .send(
                open,
                HttpRequest::new(Method::Get, parse(&made.text("link")?)?),
                303,
            )
            .await?;
        let callback = self.consent(opened.location()?).await?;
        let request =
            HttpRequest::new(Method::Get, callback).header("cookie", SecretText::from(opened.cookie()?));
        let returned = self.web.send(back, request, 303).await?;
        let result = result(&returned)?;
        let redeemed = self
            .post(
                redeem,
                "v1/connect-sessions/redeem",
                key,
                &json!({ "result": result }),
            )
            .await?;
        let connection = redeemed.text("id")?;
        let route = format!("v1/connections/{connection}/token");
        let served = self.post(token, &route, key, &json!({})).await?;
        served.text("access_token")?;
        Ok(Arrived {
            connection,
            took: [made.took, opened.took, returned.took, redeemed.took, served.took],
        })
    }

    async fn create(&self, step: &'static str, key: &str, user: &str) -> Result<Answer, Error> {
        let return_to = at(&self.server, "done?page=7")?;
        let wish = json!({ "integration": self.integration, "user": user, "return_to": return_to });
        self.web
            .post(step, at(&self.server, "v1/connect-sessions")?, key, &wish, 201)
            .await
    }

    async fn post(
        &self,
        step: &'static str,
        path: &str,
        key: &str,
        body: &serde_json::Value,
    ) -> Result<Answer, Error> {
        self.web.post(step, at(&self.server, path)?, key, body, 200).await
    }

    /// Alice allows it, at the provider.
    async fn consent(&self, page: Url) -> Result<Url, Error> {
        let form = secret_bytes(b"account=alice&decision=allow".to_vec());
        let request = HttpRequest::new(Method::Post, page).body("application/x-www-form-urlencoded", form);
        self.web.send("consent", request, 303).await?.location()
    }
}

fn result(returned: &Answer) -> Result<String, Error> {
    let url = returned.location()?;
    let member = |name: &str| {
        url.query_pairs()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.into_owned())
    };
    match (member("page").as_deref(), member("coffer_result")) {
        (Some("7"), Some(result)) => Ok(result),
        (Some(_) | None, _) => Err(Error::Missing {
            step: "callback",
            what: "coffer_result and page=7",
        }),
    }
}
