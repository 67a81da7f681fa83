//! The authorization endpoint (RFC 6749, section 4.1.1) and the consent page.
//!
//! The page's form posts to its own URL, so that the request stands in the query and the decision in the body: nothing
//! has to be remembered between the two, and a script needs one POST.

use crate::model::arrival::Parsed;
use crate::model::client::Client;
use crate::model::code::Code;
use crate::model::identity::Defect;
use crate::model::ledger::{Note, Verdict};
use crate::model::outcome::Reply;
use crate::model::provider::{Moment, Provider};
use crate::model::refusal::{Refusal, RefusalCode};
use crate::model::token::{TokenHash, TokenKind, mint};
use crate::page;
use coffer_core::secret::ExposeSecret;
use std::sync::Arc;
use std::time::Duration;
use url::Url;

/// A request that may be put before a person.
struct Authorization {
    client: Arc<Client>,
    redirect: Url,
    redirect_uri: String,
    state: Option<String>,
    scopes: Vec<String>,
    challenge: Option<String>,
    nonce: Option<String>,
}

impl Provider {
    pub(crate) fn authorize(&self, parsed: &Parsed, note: &mut Note) -> Reply {
        match self.authorization(parsed, note) {
            Ok(asked) => page::consent(
                asked.client.title(),
                &asked.redirect,
                &asked.scopes,
                &self.accounts,
                asked.client.behaviour.access_token_secs,
            ),
            Err(reply) => reply,
        }
    }

    pub(crate) fn consent(&mut self, parsed: &Parsed, at: Moment<'_>, note: &mut Note) -> Reply {
        let asked = match self.authorization(parsed, note) {
            Ok(asked) => asked,
            Err(reply) => return reply,
        };
        match parsed.form.peek("decision") {
            Some("allow") => {}
            Some("deny") => {
                let refusal = Refusal::new(RefusalCode::AccessDenied, "the person said no");
                return self.send_back(&asked, Err(refusal), note);
            }
            Some(_) | None => return wrong("decision is allow or deny", note),
        }
        let chosen = parsed.form.peek("account").unwrap_or_default();
        let account = self.accounts.iter().find(|account| account.username == chosen);
        let Some(sub) = account.map(|account| account.sub.clone()) else {
            return wrong("There is no such account.", note);
        };
        let number = self.codes.next_number();
        let code = mint(TokenKind::Code, number, at.random);
        let lifetime = Duration::from_secs(asked.client.behaviour.code_secs);
        let record = Code {
            client_id: asked.client.client_id.clone(),
            redirect_uri: asked.redirect_uri.clone(),
            challenge: asked.challenge.clone(),
            nonce: asked.nonce.clone(),
            sub,
            scopes: asked.scopes.clone(),
            issued_at: at.now,
            expires_at: at.now.plus(lifetime),
            grant: None,
        };
        let hash = TokenHash::of(code.expose_secret());
        self.codes.insert(number, hash, record, self.limits.codes);
        self.changed();
        note.verdict = Verdict::Consented;
        self.send_back(&asked, Ok(code.expose_secret()), note)
    }

    /// Judges a request. A wrong client or redirect URI is answered with a page, anything else at the redirect URI
    /// (RFC 6749, section 4.1.2.1).
    fn authorization(&self, parsed: &Parsed, note: &mut Note) -> Result<Authorization, Reply> {
        let query = &parsed.query;
        let named = query.one("client_id").ok().flatten();
        let Some(client) = named.and_then(|id| self.client(id)) else {
            return Err(wrong("This application is not known here.", note));
        };
        note.client_id = Some(Arc::from(client.client_id.as_str()));
        let redirect_uri = query.one("redirect_uri").ok().flatten().unwrap_or_default();
        let registered = client.redirect_uris.iter().any(|known| known == redirect_uri);
        let Some(redirect) = Url::parse(redirect_uri).ok().filter(|_| registered) else {
            return Err(wrong(
                "The address to return to is not registered for this application.",
                note,
            ));
        };
        let mut asked = Authorization {
            redirect,
            redirect_uri: redirect_uri.to_owned(),
            state: query.peek("state").map(str::to_owned),
            scopes: Vec::new(),
            challenge: None,
            nonce: None,
            client,
        };
        match asked.fill(parsed) {
            Ok(()) => Ok(asked),
            Err(refusal) => Err(self.send_back(&asked, Err(refusal), note)),
        }
    }

    /// Sends the browser back with a code or a refusal, with `state` and `iss` (RFC 9207).
    fn send_back(&self, asked: &Authorization, result: Result<&str, Refusal>, note: &mut Note) -> Reply {
        let mut to = asked.redirect.clone();
        {
            let mut query = to.query_pairs_mut();
            match result {
                Ok(code) => drop(query.append_pair("code", code)),
                Err(refusal) => {
                    note.verdict = Verdict::Refused(refusal.code);
                    query.append_pair("error", refusal.code.as_str());
                    query.append_pair("error_description", refusal.description);
                }
            }
            let defect = asked.client.behaviour.defect;
            match (&asked.state, defect) {
                (Some(_), Some(Defect::CallbackState)) => drop(query.append_pair("state", "another-state")),
                (Some(state), _) => drop(query.append_pair("state", state)),
                (None, _) => {}
            }
            match defect {
                Some(Defect::NoCallbackIssuer) => {}
                Some(Defect::CallbackIssuer) => drop(query.append_pair("iss", "https://elsewhere.example")),
                Some(_) | None => drop(query.append_pair("iss", &self.issuer)),
            }
        }
        Reply::empty(303)
            .header("location", to.to_string())
            .header("referrer-policy", "no-referrer")
    }
}

impl Authorization {
    fn fill(&mut self, parsed: &Parsed) -> Result<(), Refusal> {
        let query = &parsed.query;
        query.one("state")?;
        if query.required("response_type")? != "code" {
            return Err(Refusal::new(
                RefusalCode::UnsupportedResponseType,
                "only response_type code",
            ));
        }
        self.challenge = query.one("code_challenge")?.map(str::to_owned);
        match (&self.challenge, query.one("code_challenge_method")?) {
            (None, _) if self.client.behaviour.pkce_required => {
                return Err(Refusal::request("PKCE is required: code_challenge is missing"));
            }
            (None, _) | (Some(_), Some("S256")) => {}
            (Some(_), Some(_) | None) => return Err(Refusal::request("only code_challenge_method S256")),
        }
        self.nonce = query.one("nonce")?.map(str::to_owned);
        self.scopes = self.client.narrow(query.one("scope")?.unwrap_or_default());
        Ok(())
    }
}

fn wrong(message: &str, note: &mut Note) -> Reply {
    note.verdict = Verdict::Refused(RefusalCode::InvalidRequest);
    page::error(message)
}
