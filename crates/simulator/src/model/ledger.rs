use super::endpoint::Endpoint;
use super::fault::Fault;
use super::refusal::RefusalCode;
use super::token::TokenPrint;
use coffer_core::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

/// What a request came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It has arrived, and nothing was done yet.
    Pending,
    /// A fault came before anything was done.
    NotProcessed,
    /// It was answered, and nothing changed.
    Served,
    /// An authorization code was issued: a person consented.
    Consented,
    /// Tokens were issued.
    Issued,
    /// A token or grant was revoked, as asked.
    Revoked,
    /// It was refused, and nothing changed.
    Refused(RefusalCode),
    /// A code or refresh token was used again, and refused.
    Reused {
        /// Its family was revoked for it.
        family_revoked: bool,
    },
}

/// One request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Entry {
    /// Its number, from 1, without gaps.
    pub sequence: u64,
    /// When it arrived.
    pub arrived_at: Timestamp,
    /// When it was processed (or, with a fault before processing, failed).
    pub processed_at: Option<Timestamp>,
    /// When its reply was handed over or lost.
    pub closed_at: Option<Timestamp>,
    /// Where it went.
    pub endpoint: Endpoint,
    /// The client that it named.
    #[serde(serialize_with = "text")]
    pub client_id: Option<Arc<str>>,
    /// The grant that it belongs to.
    pub grant: Option<u64>,
    /// The print of the code, refresh token or access token that it presented.
    pub presented: Option<TokenPrint>,
    /// The generation of the refresh token that it presented.
    pub presented_generation: Option<u32>,
    /// What it came to.
    pub verdict: Verdict,
    /// The generation of the refresh token that it was given.
    pub issued_generation: Option<u32>,
    /// The print of the refresh token that it was given.
    pub issued: Option<TokenPrint>,
    /// Whether the reply was handed over whole; unknown while the request is open.
    pub delivered: Option<bool>,
    /// An earlier refresh of the same grant that was still open when this one arrived.
    pub overlaps: Option<u64>,
    /// The fault that was put in its way.
    pub fault: Option<Fault>,
}

fn text<S: serde::Serializer>(value: &Option<Arc<str>>, to: S) -> Result<S::Ok, S::Error> {
    value.as_deref().serialize(to)
}

/// What happened since the provider was made. Exact, however much the ledger has forgotten.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Totals {
    /// Requests by endpoint.
    pub requests: BTreeMap<Endpoint, u64>,
    /// Code exchanges that issued tokens.
    pub exchanges: u64,
    /// Refreshes that issued tokens.
    pub refreshes: u64,
    /// Requests that were refused, reuse included.
    pub refusals: u64,
    /// Second uses of a code or refresh token.
    pub reuses: u64,
    /// Families that were revoked for a second use.
    pub family_revocations: u64,
    /// Refreshes that arrived while another of the same grant was open.
    pub overlaps: u64,
    /// Requests that met a fault.
    pub faults: u64,
    /// Replies that were not handed over whole.
    pub undelivered: u64,
}

/// Every request, in the order of arrival; the oldest are forgotten beyond a limit.
#[derive(Debug)]
pub struct Ledger {
    capacity: usize,
    next: u64,
    entries: VecDeque<Entry>,
    totals: Totals,
    /// Requests that are not closed, each with its grant where it is a refresh.
    open: BTreeMap<u64, Option<u64>>,
    /// The refreshes among them, by grant.
    refreshing: BTreeMap<u64, Vec<u64>>,
}

impl Ledger {
    pub(crate) fn new(capacity: usize, next: u64, totals: Totals) -> Self {
        Self {
            capacity: capacity.max(1),
            next,
            entries: VecDeque::new(),
            totals,
            open: BTreeMap::new(),
            refreshing: BTreeMap::new(),
        }
    }

    /// The entries that are remembered, oldest first.
    pub fn entries(&self) -> impl DoubleEndedIterator<Item = &Entry> {
        self.entries.iter()
    }

    /// The entries with a number greater than this, oldest first.
    pub fn after(&self, sequence: u64) -> impl Iterator<Item = &Entry> {
        let first = self.entries.front().map_or(0, |entry| entry.sequence);
        let skip = sequence.saturating_add(1).saturating_sub(first);
        self.entries
            .iter()
            .skip(usize::try_from(skip).unwrap_or(usize::MAX))
    }

    /// The entries of one grant, oldest first.
    pub fn of_grant(&self, grant: u64) -> impl Iterator<Item = &Entry> {
        self.entries
            .iter()
            .filter(move |entry| entry.grant == Some(grant))
    }

    /// The entry with this number, where it is still remembered.
    pub fn entry(&self, sequence: u64) -> Option<&Entry> {
        self.entries.get(self.index(sequence)?)
    }

    /// The counts.
    pub const fn totals(&self) -> &Totals {
        &self.totals
    }

    /// The number of the next request.
    pub const fn next_sequence(&self) -> u64 {
        self.next
    }

    /// How many refreshes are open now.
    pub fn in_flight(&self) -> usize {
        self.refreshing.values().map(Vec::len).sum()
    }

    /// Records an arrival: gives it its number, and notes an overlap.
    pub(crate) fn arrived(&mut self, mut entry: Entry) -> u64 {
        entry.sequence = self.next;
        self.next = self.next.saturating_add(1);
        let grant = entry.grant.filter(|_| entry.endpoint == Endpoint::Refresh);
        self.open.insert(entry.sequence, grant);
        if let Some(grant) = grant {
            let refreshing = self.refreshing.entry(grant).or_default();
            entry.overlaps = refreshing.last().copied();
            refreshing.push(entry.sequence);
        }
        add(self.totals.requests.entry(entry.endpoint).or_default(), true);
        add(&mut self.totals.overlaps, entry.overlaps.is_some());
        add(&mut self.totals.faults, entry.fault.is_some());
        while self.entries.len() >= self.capacity {
            self.entries.pop_front();
        }
        let sequence = entry.sequence;
        self.entries.push_back(entry);
        sequence
    }

    /// Records what processing came to.
    pub(crate) fn processed(&mut self, sequence: u64, note: Note, now: Timestamp) {
        self.count(&note);
        let Some(entry) = self.entry_mut(sequence) else {
            return;
        };
        entry.processed_at = Some(now);
        entry.verdict = note.verdict;
        entry.grant = note.grant.or(entry.grant);
        entry.client_id = note.client_id.or(entry.client_id.take());
        entry.presented_generation = note.presented_generation.or(entry.presented_generation);
        entry.issued_generation = note.issued_generation;
        entry.issued = note.issued;
    }

    fn count(&mut self, note: &Note) {
        let totals = &mut self.totals;
        match note.verdict {
            Verdict::Issued => match note.exchange {
                true => add(&mut totals.exchanges, true),
                false => add(&mut totals.refreshes, true),
            },
            Verdict::Refused(_) => add(&mut totals.refusals, true),
            Verdict::Reused { family_revoked } => {
                add(&mut totals.refusals, true);
                add(&mut totals.reuses, true);
                add(&mut totals.family_revocations, family_revoked);
            }
            Verdict::Pending
            | Verdict::NotProcessed
            | Verdict::Served
            | Verdict::Consented
            | Verdict::Revoked => {}
        }
    }

    /// Records the end of a request. Only the first time counts.
    pub(crate) fn closed(&mut self, sequence: u64, delivered: bool, now: Timestamp) {
        let Some(grant) = self.open.remove(&sequence) else {
            return;
        };
        add(&mut self.totals.undelivered, !delivered);
        if let Some(entry) = self.entry_mut(sequence) {
            entry.closed_at = Some(now);
            entry.delivered = Some(delivered);
        }
        if let Some((grant, refreshing)) = grant.and_then(|id| Some((id, self.refreshing.get_mut(&id)?))) {
            refreshing.retain(|other| *other != sequence);
            if refreshing.is_empty() {
                self.refreshing.remove(&grant);
            }
        }
    }

    fn index(&self, sequence: u64) -> Option<usize> {
        let first = self.entries.front()?.sequence;
        usize::try_from(sequence.checked_sub(first)?).ok()
    }

    fn entry_mut(&mut self, sequence: u64) -> Option<&mut Entry> {
        let index = self.index(sequence)?;
        self.entries.get_mut(index)
    }
}

fn add(count: &mut u64, one: bool) {
    *count = count.saturating_add(u64::from(one));
}

/// What an endpoint says about a request while it answers it.
#[derive(Debug)]
pub(crate) struct Note {
    pub(crate) verdict: Verdict,
    pub(crate) exchange: bool,
    pub(crate) client_id: Option<Arc<str>>,
    pub(crate) grant: Option<u64>,
    pub(crate) presented_generation: Option<u32>,
    pub(crate) issued_generation: Option<u32>,
    pub(crate) issued: Option<TokenPrint>,
}

impl Note {
    pub(crate) const fn of(verdict: Verdict) -> Self {
        Self {
            verdict,
            exchange: false,
            client_id: None,
            grant: None,
            presented_generation: None,
            issued_generation: None,
            issued: None,
        }
    }
}
