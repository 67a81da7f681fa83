//! What access tokens are good for: userinfo (OIDC Core, section 5.3) and a small API.

use super::Endpoint;
use crate::model::arrival::Parsed;
use crate::model::identity::{Defect, profile};
use crate::model::ledger::{Note, Verdict};
use crate::model::outcome::Reply;
use crate::model::provider::{Moment, Provider};
use crate::model::refusal::RefusalCode;
use coffer_core::rotation::RotationClass;
use serde_json::{Value, json};
use std::sync::Arc;

impl Provider {
    pub(crate) fn resource(&mut self, parsed: &Parsed, at: Moment<'_>, note: &mut Note) -> Reply {
        let Some(presented) = parsed.presented else {
            note.verdict = Verdict::Refused(RefusalCode::InvalidToken);
            return Reply::json(401, &json!({ "error": "invalid_token" }))
                .header("www-authenticate", "Bearer");
        };
        let id = presented.number.unwrap_or(0);
        let client = self
            .grants
            .get(&id)
            .and_then(|grant| self.client(&grant.client_id));
        let used = client.zip(self.grants.get_mut(&id)).and_then(|(client, grant)| {
            let works = grant.use_access(presented.hash, &client.behaviour, at.now);
            works.then_some((client, grant.sub.clone(), grant.scopes.clone()))
        });
        let Some((client, sub, scopes)) = used else {
            note.verdict = Verdict::Refused(RefusalCode::InvalidToken);
            return Reply::json(401, &json!({ "error": "invalid_token" })).header(
                "www-authenticate",
                "Bearer error=\"invalid_token\", error_description=\"expired, revoked or unknown\"",
            );
        };
        note.client_id = Some(Arc::from(client.client_id.as_str()));
        note.grant = Some(id);
        if client.behaviour.rotation == RotationClass::RetireOnProof {
            self.changed();
        }
        let sub = match client.behaviour.defect {
            Some(Defect::UserinfoSubject) => "sim-somebody-else".to_owned(),
            Some(_) | None => sub,
        };
        Reply::json(200, &self.person(parsed.endpoint, &sub, &scopes))
    }

    fn person(&self, endpoint: Endpoint, sub: &str, scopes: &[String]) -> Value {
        let account = self.account(sub);
        if endpoint == Endpoint::Api {
            return json!({
                "id": sub,
                "login": account.map(|account| &account.username),
                "name": account.map(|account| &account.name),
                "email": account.map(|account| &account.email),
            });
        }
        let mut members = account.map_or_else(serde_json::Map::new, |account| profile(account, scopes));
        members.insert("sub".to_owned(), sub.into());
        Value::Object(members)
    }
}
