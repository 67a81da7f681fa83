//! What is set up and looked at from outside.

use super::account::Account;
use super::client::{Behaviour, Client, ClientSetup};
use super::fault::FaultRule;
use super::grant::{GrantView, RevokedBy};
use super::ledger::Ledger;
use super::limits::Limits;
use super::provider::Provider;
use coffer_core::Timestamp;
use std::sync::Arc;

impl Provider {
    /// Sets how much is remembered. The ledger starts anew; its numbers and totals go on.
    pub fn set_limits(&mut self, limits: Limits) {
        self.limits = limits;
        self.ledger = Ledger::new(
            limits.ledger,
            self.ledger.next_sequence(),
            self.ledger.totals().clone(),
        );
    }

    /// The URL that everything stands under.
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// Registers a client, or replaces one with the same id; its grants stay.
    pub fn set_client(&mut self, setup: ClientSetup) {
        let client = Client::new(setup);
        self.clients.insert(client.client_id.clone(), Arc::new(client));
        self.changed();
    }

    /// Changes a client's behaviour; whether there is such a client.
    pub fn set_behaviour(&mut self, client_id: &str, behaviour: Behaviour) -> bool {
        let Some(client) = self.clients.get_mut(client_id) else {
            return false;
        };
        Arc::make_mut(client).behaviour = behaviour;
        self.changed();
        true
    }

    /// Takes a client away with its grants; whether it was there.
    pub fn remove_client(&mut self, client_id: &str) -> bool {
        self.grants.retain(|_, grant| grant.client_id != client_id);
        self.changed();
        self.clients.remove(client_id).is_some()
    }

    /// The clients: id, redirect URIs and behaviour.
    pub fn clients(&self) -> impl Iterator<Item = (&str, &[String], &Behaviour)> {
        self.clients.values().map(|client| {
            (
                client.client_id.as_str(),
                client.redirect_uris.as_slice(),
                &client.behaviour,
            )
        })
    }

    /// The people.
    pub fn accounts(&self) -> &[Account] {
        &self.accounts
    }

    /// Sets the people. Grants of those who are gone keep working, without a profile.
    pub fn set_accounts(&mut self, accounts: Vec<Account>) {
        self.accounts = accounts;
        self.changed();
    }

    /// Sets a fault, and gives the rule's number.
    pub fn add_fault(&mut self, rule: FaultRule) -> u64 {
        self.changed();
        self.faults.add(rule)
    }

    /// Takes a fault back; whether it was still there.
    pub fn remove_fault(&mut self, id: u64) -> bool {
        self.changed();
        self.faults.remove(id)
    }

    /// Takes all faults back.
    pub fn clear_faults(&mut self) {
        self.changed();
        self.faults.clear();
    }

    /// The faults that are set, by number.
    pub fn faults(&self) -> &[(u64, FaultRule)] {
        self.faults.rules()
    }

    /// The ledger.
    pub const fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// A grant.
    pub fn grant(&self, id: u64, now: Timestamp) -> Option<GrantView> {
        let grant = self.grants.get(&id)?;
        Some(grant.view(&self.clients.get(&grant.client_id)?.behaviour, now))
    }

    /// All grants, oldest first.
    pub fn grants(&self, now: Timestamp) -> impl Iterator<Item = GrantView> {
        self.grants.keys().filter_map(move |id| self.grant(*id, now))
    }

    /// The person takes a grant back at the provider; whether there is such a grant.
    pub fn revoke_grant(&mut self, id: u64, now: Timestamp) -> bool {
        let Some(grant) = self.grants.get_mut(&id) else {
            return false;
        };
        grant.revoke(RevokedBy::Person, now);
        self.changed();
        true
    }

    /// Grows with every change of what [`Provider::save`] writes.
    pub const fn revision(&self) -> u64 {
        self.revision
    }
}
