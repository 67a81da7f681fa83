use super::account::Account;
use super::arrival::{Arrival, Parsed};
use super::client::Client;
use super::code::Codes;
use super::endpoint::{Endpoint, NOWHERE};
use super::fault::FaultPlan;
use super::grant::Grant;
use super::key::SigningKey;
use super::ledger::{Entry, Ledger, Note, Verdict};
use super::limits::Limits;
use super::outcome::{Delivery, Outcome, Reply};
use super::refusal::Refusal;
use super::request::Request;
use crate::SimulatorError;
use coffer_core::{SecureRandom, Timestamp};
use serde_json::json;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// The time and the random source for one step.
#[derive(Debug, Clone, Copy)]
pub struct Moment<'a> {
    /// Now.
    pub now: Timestamp,
    /// Where tokens come from.
    pub random: &'a dyn SecureRandom,
}

/// A provider: its people, clients, grants, faults and ledger.
#[derive(Debug)]
pub struct Provider {
    pub(crate) issuer: String,
    pub(crate) key: SigningKey,
    pub(crate) accounts: Vec<Account>,
    pub(crate) clients: BTreeMap<String, Arc<Client>>,
    pub(crate) codes: Codes,
    pub(crate) grants: BTreeMap<u64, Grant>,
    pub(crate) last_grant: u64,
    pub(crate) faults: FaultPlan,
    pub(crate) ledger: Ledger,
    pub(crate) limits: Limits,
    pub(crate) revision: u64,
}

impl Provider {
    /// A provider with the default people and limits, and no client.
    ///
    /// `issuer` is the URL that everything stands under, such as `http://127.0.0.1:8090/sim`, without a slash at the end.
    ///
    /// # Errors
    /// [`SimulatorError::Issuer`] where it is not such a URL.
    pub fn new(issuer: &str, key: SigningKey) -> Result<Self, SimulatorError> {
        let limits = Limits::default();
        let mut provider = Self {
            issuer: String::new(),
            key,
            accounts: Account::defaults(),
            clients: BTreeMap::new(),
            codes: Codes::default(),
            grants: BTreeMap::new(),
            last_grant: 0,
            faults: FaultPlan::default(),
            ledger: Ledger::new(limits.ledger, 1, super::ledger::Totals::default()),
            limits,
            revision: 0,
        };
        provider.set_issuer(issuer)?;
        Ok(provider)
    }

    /// Moves the provider to another URL. What was issued stays valid.
    ///
    /// # Errors
    /// [`SimulatorError::Issuer`] where it is not a URL as in [`Provider::new`].
    pub fn set_issuer(&mut self, issuer: &str) -> Result<(), SimulatorError> {
        let refused = || SimulatorError::Issuer(issuer.to_owned());
        let url = url::Url::parse(issuer).map_err(|_| refused())?;
        let plain =
            matches!(url.scheme(), "http" | "https") && url.query().is_none() && url.fragment().is_none();
        if !plain || issuer.ends_with('/') {
            return Err(refused());
        }
        issuer.clone_into(&mut self.issuer);
        Ok(())
    }

    /// Handles a request at once: arrival, processing and close, whatever its fault or latency. The ledger takes the
    /// reply for delivered where it travels whole.
    pub fn handle(&mut self, request: Request, at: Moment<'_>) -> Outcome {
        let arrival = self.arrive(request, at.now);
        let outcome = self.process(arrival, at);
        self.close(outcome.sequence, outcome.delivery == Delivery::Whole, at.now);
        outcome
    }

    /// A request arrives: it gets its number, its place in the ledger and its fault. Nothing is done yet.
    pub fn arrive(&mut self, request: Request, now: Timestamp) -> Arrival {
        let parsed = Parsed::new(request);
        let grant = parsed
            .presented
            .and_then(|presented| presented.grant(&self.codes))
            .filter(|id| self.grants.contains_key(id));
        let owner = grant
            .and_then(|id| self.grants.get(&id))
            .map(|grant| &grant.client_id);
        let client = owner
            .or(parsed.client_id.as_ref())
            .and_then(|id| self.clients.get(id));
        let fault = self.faults.strike(
            client.map(|client| client.client_id.as_str()),
            parsed.endpoint,
            grant,
        );
        if fault.is_some() {
            self.revision = self.revision.saturating_add(1);
        }
        let before = client.map_or(0, |client| client.behaviour.latency.before_ms);
        let wait = Duration::from_millis(before).saturating_add(fault.map_or(Duration::ZERO, |f| f.before()));
        let generation = parsed
            .presented
            .and_then(|presented| self.grants.get(&grant?)?.generation_of(presented.hash));
        let sequence = self.ledger.arrived(Entry {
            sequence: 0,
            arrived_at: now,
            processed_at: None,
            closed_at: None,
            endpoint: parsed.endpoint,
            client_id: parsed.client_name(client),
            grant,
            presented: parsed.presented.map(|presented| presented.print),
            presented_generation: generation,
            verdict: Verdict::Pending,
            issued_generation: None,
            issued: None,
            delivered: None,
            overlaps: None,
            fault,
        });
        Arrival {
            sequence,
            wait,
            parsed,
            fault,
        }
    }

    /// Processes a request that has arrived.
    pub fn process(&mut self, arrival: Arrival, at: Moment<'_>) -> Outcome {
        let Arrival {
            sequence,
            parsed,
            fault,
            ..
        } = arrival;
        let mut note = Note::of(Verdict::NotProcessed);
        let mut reply = Reply::json(500, &json!({ "error": "server_error" }));
        if fault.is_none_or(super::fault::Fault::processes) {
            note.verdict = Verdict::Served;
            reply = self.answer(&parsed, at, &mut note);
        }
        let delay = self.latency(&note, &parsed, at);
        self.ledger.processed(sequence, note, at.now);
        let (reply, more, delivery) = match fault {
            Some(fault) => fault.apply(reply, at.now),
            None => (reply, Duration::ZERO, Delivery::Whole),
        };
        Outcome {
            sequence,
            reply,
            delay: delay.saturating_add(more),
            delivery,
        }
    }

    /// The reply of a request was handed over whole, or lost. Only the first call for a request counts.
    pub fn close(&mut self, sequence: u64, delivered: bool, now: Timestamp) {
        self.ledger.closed(sequence, delivered, now);
    }

    fn answer(&mut self, parsed: &Parsed, at: Moment<'_>, note: &mut Note) -> Reply {
        match parsed.endpoint {
            Endpoint::Authorize => self.authorize(parsed, note),
            Endpoint::Consent => self.consent(parsed, at, note),
            Endpoint::Code | Endpoint::Refresh | Endpoint::Token => self.token(parsed, at, note),
            Endpoint::Revoke => self.revoke(parsed, at, note),
            Endpoint::Introspect => self.introspect(parsed, at, note),
            Endpoint::Userinfo | Endpoint::Api => self.resource(parsed, at, note),
            Endpoint::Discovery => Reply::json(200, &self.metadata()),
            Endpoint::Jwks => Reply::json(200, &json!({ "keys": [self.key.jwk()] })),
            Endpoint::Unknown => refused(NOWHERE, note),
        }
    }

    fn latency(&self, note: &Note, parsed: &Parsed, at: Moment<'_>) -> Duration {
        let named = note.client_id.as_deref().or(parsed.client_id.as_deref());
        let Some(client) = named.and_then(|id| self.clients.get(id)) else {
            return Duration::ZERO;
        };
        let latency = client.behaviour.latency;
        let mut jitter = 0;
        if latency.jitter_ms > 0 {
            let mut bytes = [0; 8];
            at.random.fill(&mut bytes);
            jitter = u64::from_le_bytes(bytes) % latency.jitter_ms.saturating_add(1);
        }
        Duration::from_millis(latency.after_ms.saturating_add(jitter))
    }
}

/// For the endpoints.
impl Provider {
    pub(crate) fn changed(&mut self) {
        self.revision = self.revision.saturating_add(1);
    }

    pub(crate) fn client(&self, id: &str) -> Option<Arc<Client>> {
        self.clients.get(id).cloned()
    }

    pub(crate) fn account(&self, sub: &str) -> Option<&Account> {
        self.accounts.iter().find(|account| account.sub == sub)
    }
}

/// Notes a refusal and answers it in the standard's form.
pub(crate) fn refused(refusal: Refusal, note: &mut Note) -> Reply {
    note.verdict = Verdict::Refused(refusal.code);
    super::shape::ResponseShape::default().refusal(refusal)
}
