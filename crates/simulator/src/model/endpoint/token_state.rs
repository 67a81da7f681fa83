//! Revocation (RFC 7009) and introspection (RFC 7662).

use super::NOWHERE;
use crate::model::arrival::Parsed;
use crate::model::client::{Client, RevocationStyle};
use crate::model::grant::{Grant, RevokedBy};
use crate::model::ledger::{Note, Verdict};
use crate::model::outcome::Reply;
use crate::model::provider::{Moment, Provider, refused};
use crate::model::refusal::Refusal;
use crate::model::token::TokenHash;
use serde_json::json;
use std::sync::Arc;

impl Provider {
    pub(crate) fn revoke(&mut self, parsed: &Parsed, at: Moment<'_>, note: &mut Note) -> Reply {
        let client = match self.authenticated(parsed, note) {
            Ok(client) => client,
            Err(refusal) => return self.refused_as_named(parsed, refusal, note),
        };
        let style = client.behaviour.revocation;
        if style == RevocationStyle::Unsupported {
            return refused(NOWHERE, note);
        }
        // An unknown token is no error (RFC 7009, section 2.2).
        let Some((hash, id)) = self.owned(parsed, &client) else {
            return Reply::empty(200);
        };
        let Some(grant) = self.grants.get_mut(&id) else {
            return Reply::empty(200);
        };
        note.grant = Some(id);
        note.presented_generation = grant.generation_of(hash);
        let whole = grant.generation_of(hash).is_some() || style == RevocationStyle::WholeGrant;
        let ended = match whole {
            true => self.end(id, RevokedBy::Client, at),
            false => grant.revoke_access(hash),
        };
        if ended {
            note.verdict = Verdict::Revoked;
            self.changed();
        }
        Reply::empty(200)
    }

    pub(crate) fn introspect(&self, parsed: &Parsed, at: Moment<'_>, note: &mut Note) -> Reply {
        let client = match self.authenticated(parsed, note) {
            Ok(client) => client,
            Err(refusal) => return self.refused_as_named(parsed, refusal, note),
        };
        let found = self
            .owned(parsed, &client)
            .and_then(|(hash, id)| Some((hash, self.grants.get(&id)?)));
        let inactive = || Reply::json(200, &json!({ "active": false }));
        let Some((hash, grant)) = found else {
            return inactive();
        };
        note.grant = Some(grant.id);
        let expiry = grant.access_expiry(hash, at.now);
        if expiry.is_none() && !refresh_is_live(grant, hash, &client, at) {
            return inactive();
        }
        let mut body = json!({
            "active": true,
            "scope": grant.scopes.join(" "),
            "client_id": grant.client_id,
            "sub": grant.sub,
            "iss": self.issuer,
        });
        if let (Some(expiry), Some(members)) = (expiry, body.as_object_mut()) {
            members.insert("exp".to_owned(), expiry.unix_secs().into());
            members.insert("token_type".to_owned(), "Bearer".into());
        }
        Reply::json(200, &body)
    }

    fn authenticated(&self, parsed: &Parsed, note: &mut Note) -> Result<Arc<Client>, Refusal> {
        let client = self.authenticate(parsed)?;
        note.client_id = Some(Arc::from(client.client_id.as_str()));
        parsed.form.required("token")?;
        Ok(client)
    }

    /// The presented token, where it is one of this client's, and its grant.
    fn owned(&self, parsed: &Parsed, client: &Client) -> Option<(TokenHash, u64)> {
        let presented = parsed.presented?;
        let id = presented.number?;
        let grant = self.grants.get(&id)?;
        (grant.client_id == client.client_id && grant.knows(presented.hash)).then_some((presented.hash, id))
    }
}

fn refresh_is_live(grant: &Grant, hash: TokenHash, client: &Client, at: Moment<'_>) -> bool {
    grant.generation_of(hash).is_some_and(|generation| {
        grant
            .live_refresh(&client.behaviour, at.now)
            .contains(&generation)
    })
}
