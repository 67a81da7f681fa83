//! The token endpoint (RFC 6749, sections 4.1.3 and 6).

use crate::model::arrival::{Parsed, Presented as Text};
use crate::model::client::Client;
use crate::model::code::{Code, verifies};
use crate::model::endpoint::Endpoint;
use crate::model::grant::{Grant, Presented, RevokedBy};
use crate::model::identity::Assertion;
use crate::model::ledger::{Note, Verdict};
use crate::model::outcome::Reply;
use crate::model::provider::{Moment, Provider, refused};
use crate::model::refusal::{Refusal, RefusalCode};
use crate::model::shape::Issued;
use crate::model::token::{TokenHash, TokenKind, TokenPrint, mint};
use coffer_core::rotation::RotationClass;
use coffer_core::secret::{ExposeSecret, SecretText};
use std::sync::Arc;

impl Provider {
    pub(crate) fn token(&mut self, parsed: &Parsed, at: Moment<'_>, note: &mut Note) -> Reply {
        let client = match self.authenticate(parsed) {
            Ok(client) => client,
            Err(refusal) => return self.refused_as_named(parsed, refusal, note),
        };
        note.client_id = Some(Arc::from(client.client_id.as_str()));
        let result = match parsed.endpoint {
            Endpoint::Code => self.exchange(&client, parsed, at, note),
            Endpoint::Refresh => self.refresh(&client, parsed, at, note),
            Endpoint::Authorize
            | Endpoint::Consent
            | Endpoint::Token
            | Endpoint::Revoke
            | Endpoint::Introspect
            | Endpoint::Userinfo
            | Endpoint::Api
            | Endpoint::Discovery
            | Endpoint::Jwks
            | Endpoint::Unknown => Err(Refusal::new(
                RefusalCode::UnsupportedGrantType,
                "only authorization_code and refresh_token",
            )),
        };
        let shape = &client.behaviour.response;
        match result {
            Ok(issued) => {
                note.verdict = Verdict::Issued;
                shape.tokens(&issued).header("pragma", "no-cache")
            }
            Err(refusal) => {
                if note.verdict == Verdict::Served {
                    note.verdict = Verdict::Refused(refusal.code);
                }
                shape.refusal(refusal)
            }
        }
    }

    /// A failed client authentication, in the form that the client it claims to be would get.
    pub(super) fn refused_as_named(&self, parsed: &Parsed, refusal: Refusal, note: &mut Note) -> Reply {
        let named = parsed.client_id.as_deref().and_then(|id| self.clients.get(id));
        let mut reply = refused(refusal, note);
        if let Some(client) = named {
            reply = client.behaviour.response.refusal(refusal);
        }
        // RFC 6749, section 5.2: the challenge goes with a request that used the header.
        if reply.status == 401 && parsed.request.authorization.is_some() {
            reply = reply.header("www-authenticate", "Basic realm=\"simulator\"");
        }
        reply
    }

    fn exchange(
        &mut self,
        client: &Arc<Client>,
        parsed: &Parsed,
        at: Moment<'_>,
        note: &mut Note,
    ) -> Result<Issued, Refusal> {
        note.exchange = true;
        parsed.form.required("code")?;
        let (text, number) = presented(parsed)?;
        let known = self.codes.find(number, text.hash).cloned();
        let code = known.ok_or(Refusal::grant("unknown code"))?;
        if code.client_id != client.client_id {
            return Err(Refusal::grant("the code was issued to another client"));
        }
        if let Some(grant) = code.grant {
            note.grant = Some(grant);
            let family_revoked = self.end(grant, RevokedBy::CodeReuse, at);
            note.verdict = Verdict::Reused { family_revoked };
            return Err(Refusal::grant("the code was used before; its tokens are revoked"));
        }
        check_code(&code, parsed, at)?;
        let id = self.new_grant(client, &code, at);
        self.codes.spend(number, id);
        note.grant = Some(id);
        let with_refresh = client.issues_refresh_token(&code.scopes);
        let issued = self.issue(client, id, with_refresh, code.nonce.as_deref(), at, note);
        issued.ok_or(INTERNAL)
    }

    fn refresh(
        &mut self,
        client: &Arc<Client>,
        parsed: &Parsed,
        at: Moment<'_>,
        note: &mut Note,
    ) -> Result<Issued, Refusal> {
        let given = parsed.form.required("refresh_token")?.to_owned();
        let (text, id) = presented(parsed)?;
        let keep_scopes = parsed.form.one("scope")?.map(|asked| client.narrow(asked));
        let grant = self
            .grants
            .get_mut(&id)
            .filter(|grant| grant.client_id == client.client_id && grant.generation_of(text.hash).is_some())
            .ok_or(Refusal::grant("unknown refresh token"))?;
        note.grant = Some(id);
        note.presented_generation = grant.generation_of(text.hash);
        let wider = |scopes: &Vec<String>| scopes.iter().any(|scope| !grant.scopes.contains(scope));
        if keep_scopes.as_ref().is_some_and(wider) {
            return Err(Refusal::new(
                RefusalCode::InvalidScope,
                "more scope than was granted",
            ));
        }
        let presented = grant.present(text.hash, &client.behaviour, at.now);
        if presented != Presented::Unknown {
            self.changed();
        }
        match presented {
            Presented::Accepted => {}
            Presented::Unknown => return Err(Refusal::grant("the grant has ended")),
            Presented::Expired => return Err(Refusal::grant("the refresh token has expired")),
            Presented::Reused { revoked } => {
                note.verdict = Verdict::Reused {
                    family_revoked: revoked,
                };
                return Err(Refusal::grant("the refresh token was used before"));
            }
        }
        let rotates = client.behaviour.rotation != RotationClass::Static;
        let issued = self.issue(client, id, rotates, None, at, note);
        let mut issued = issued.ok_or(INTERNAL)?;
        if !rotates && client.behaviour.response.repeats_refresh_token {
            issued.refresh = Some(SecretText::from(given));
        }
        if let Some(scopes) = keep_scopes {
            issued.scopes = scopes;
        }
        Ok(issued)
    }

    fn new_grant(&mut self, client: &Client, code: &Code, at: Moment<'_>) -> u64 {
        while self.grants.len() >= self.limits.grants.max(1) {
            self.grants.pop_first();
        }
        self.last_grant = self.last_grant.saturating_add(1);
        let id = self.last_grant;
        let grant = Grant::new(id, &client.client_id, &code.sub, code.scopes.clone(), at.now);
        self.grants.insert(id, grant);
        id
    }

    /// Issues an access token and, where asked, a refresh token of the next generation.
    fn issue(
        &mut self,
        client: &Client,
        id: u64,
        with_refresh: bool,
        nonce: Option<&str>,
        at: Moment<'_>,
        note: &mut Note,
    ) -> Option<Issued> {
        self.changed();
        let keep = self.limits.tokens_per_grant;
        let grant = self.grants.get_mut(&id)?;
        let access = mint(TokenKind::Access, id, at.random);
        let refresh = with_refresh.then(|| mint(TokenKind::Refresh, id, at.random));
        if let Some(refresh) = &refresh {
            let text = refresh.expose_secret();
            note.issued_generation = Some(grant.add_refresh(TokenHash::of(text), at.now, keep));
            note.issued = Some(TokenPrint::of(text));
        }
        let hash = TokenHash::of(access.expose_secret());
        grant.add_access(hash, &client.behaviour, at.now, keep);
        let grant = self.grants.get(&id)?;
        Some(Issued {
            expires_in: client.behaviour.access_token_secs,
            refresh,
            scopes: grant.scopes.clone(),
            id_token: self.id_token(client, grant, nonce, &access, at),
            access,
        })
    }

    fn id_token(
        &self,
        client: &Client,
        grant: &Grant,
        nonce: Option<&str>,
        access_token: &SecretText,
        at: Moment<'_>,
    ) -> Option<SecretText> {
        if !grant.scopes.iter().any(|scope| scope == "openid") {
            return None;
        }
        Assertion {
            issuer: &self.issuer,
            client_id: &client.client_id,
            account: self.account(&grant.sub)?,
            nonce,
            auth_time: grant.granted_at,
            access_token,
            scopes: &grant.scopes,
            defect: client.behaviour.defect,
            now: at.now,
        }
        .sign(&self.key)
    }

    /// Ends a grant; whether it was alive.
    pub(super) fn end(&mut self, id: u64, by: RevokedBy, at: Moment<'_>) -> bool {
        let Some(grant) = self.grants.get_mut(&id) else {
            return false;
        };
        let alive = grant.revoked.is_none();
        grant.revoke(by, at.now);
        self.changed();
        alive
    }
}

const INTERNAL: Refusal = Refusal::new(RefusalCode::ServerError, "the grant vanished");

fn presented(parsed: &Parsed) -> Result<(Text, u64), Refusal> {
    parsed
        .presented
        .and_then(|text| Some((text, text.number?)))
        .ok_or(Refusal::grant("no such code or token"))
}

fn check_code(code: &Code, parsed: &Parsed, at: Moment<'_>) -> Result<(), Refusal> {
    if at.now >= code.expires_at {
        return Err(Refusal::grant("the code has expired"));
    }
    if parsed.form.required("redirect_uri")? != code.redirect_uri {
        return Err(Refusal::grant(
            "redirect_uri differs from the one at authorization",
        ));
    }
    match (&code.challenge, parsed.form.one("code_verifier")?) {
        (None, None) => Ok(()),
        (Some(challenge), Some(verifier)) if verifies(verifier, challenge) => Ok(()),
        (Some(_), _) => Err(Refusal::grant("the code verifier is missing or wrong")),
        (None, Some(_)) => Err(Refusal::grant("a code verifier without a challenge before")),
    }
}
