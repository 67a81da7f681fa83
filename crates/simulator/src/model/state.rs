//! What survives a restart of the simulator: everything but the ledger's entries.

use super::account::Account;
use super::client::Client;
use super::code::Codes;
use super::fault::FaultPlan;
use super::grant::Grant;
use super::key::SigningKey;
use super::ledger::{Ledger, Totals};
use super::limits::Limits;
use super::provider::Provider;
use crate::SimulatorError;
use base64::{Engine, prelude::BASE64_STANDARD};
use coffer_core::SecretBytes;
use coffer_core::secret::secret_bytes;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The version of the form below.
const VERSION: u32 = 1;

#[derive(Serialize, Deserialize)]
struct Header {
    version: u32,
}

/// Borrowed for writing, owned after reading.
#[derive(Serialize, Deserialize)]
struct State<'a> {
    version: u32,
    issuer: Cow<'a, str>,
    /// The signing key, PKCS#8 in base64.
    key: String,
    accounts: Cow<'a, [Account]>,
    clients: BTreeMap<Cow<'a, str>, Cow<'a, Client>>,
    codes: Held<'a, Codes>,
    grants: Held<'a, BTreeMap<u64, Grant>>,
    last_grant: u64,
    faults: Held<'a, FaultPlan>,
    limits: Limits,
    next_sequence: u64,
    totals: Totals,
    revision: u64,
}

/// A value that is borrowed for writing and owned after reading, without needing `Clone`.
enum Held<'a, T> {
    Borrowed(&'a T),
    Owned(T),
}

impl<T: Serialize> Serialize for Held<'_, T> {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Borrowed(value) => value.serialize(to),
            Self::Owned(value) => value.serialize(to),
        }
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Held<'_, T> {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        T::deserialize(from).map(Self::Owned)
    }
}

impl<T: Default> Held<'_, T> {
    fn owned(self) -> T {
        match self {
            Self::Owned(value) => value,
            // Only what was made for writing is borrowed.
            Self::Borrowed(_) => T::default(),
        }
    }
}

impl Provider {
    /// The whole state as JSON, to be kept in a file that nobody else can read: it has the signing key in it. Of
    /// tokens, codes and client secrets it has only hashes.
    ///
    /// # Errors
    /// [`SimulatorError::State`] where it cannot be written as JSON.
    pub fn save(&self) -> Result<SecretBytes, SimulatorError> {
        let state = State {
            version: VERSION,
            issuer: Cow::Borrowed(&self.issuer),
            key: BASE64_STANDARD.encode(self.key.pkcs8()),
            accounts: Cow::Borrowed(&self.accounts),
            clients: self
                .clients
                .iter()
                .map(|(id, client)| (Cow::Borrowed(id.as_str()), Cow::Borrowed(client.as_ref())))
                .collect(),
            codes: Held::Borrowed(&self.codes),
            grants: Held::Borrowed(&self.grants),
            last_grant: self.last_grant,
            faults: Held::Borrowed(&self.faults),
            limits: self.limits,
            next_sequence: self.ledger.next_sequence(),
            totals: self.ledger.totals().clone(),
            revision: self.revision,
        };
        let bytes = serde_json::to_vec(&state).map_err(SimulatorError::State)?;
        Ok(secret_bytes(bytes))
    }

    /// The provider that wrote these bytes with [`Provider::save`]. Its ledger is empty; numbers and totals go on.
    ///
    /// # Errors
    /// [`SimulatorError::State`], [`SimulatorError::StateVersion`] or [`SimulatorError::Key`].
    pub fn load(bytes: &[u8]) -> Result<Self, SimulatorError> {
        let header: Header = serde_json::from_slice(bytes).map_err(SimulatorError::State)?;
        if header.version != VERSION {
            return Err(SimulatorError::StateVersion(header.version));
        }
        let state: State<'_> = serde_json::from_slice(bytes).map_err(SimulatorError::State)?;
        let key = BASE64_STANDARD
            .decode(&state.key)
            .map_err(|_| SimulatorError::Key)?;
        Ok(Self {
            issuer: state.issuer.into_owned(),
            key: SigningKey::from_pkcs8(&key)?,
            accounts: state.accounts.into_owned(),
            clients: state
                .clients
                .into_iter()
                .map(|(id, client)| (id.into_owned(), Arc::new(client.into_owned())))
                .collect(),
            codes: state.codes.owned(),
            grants: state.grants.owned(),
            last_grant: state.last_grant,
            faults: state.faults.owned(),
            ledger: Ledger::new(state.limits.ledger, state.next_sequence, state.totals),
            limits: state.limits,
            revision: state.revision,
        })
    }
}
