//! The last smoke test of each connection, for its card. After a restart there are none.

use coffer_core::Timestamp;
use coffer_core::id::ConnectionId;
use coffer_wallet::SmokeTest;
use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

/// How many are kept.
const MOST: usize = 100;

/// Smoke tests by connection.
#[derive(Debug, Default)]
pub(super) struct SmokeTests(Mutex<VecDeque<(ConnectionId, Timestamp, SmokeTest)>>);

impl SmokeTests {
    /// Keeps what a test found, instead of what an earlier one did.
    pub(super) fn put(&self, id: ConnectionId, at: Timestamp, found: SmokeTest) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.retain(|(whose, ..)| *whose != id);
        kept.push_back((id, at, found));
        while kept.len() > MOST {
            kept.pop_front();
        }
    }

    /// What the last test of a connection found, and when.
    pub(super) fn find(&self, id: ConnectionId) -> Option<(Timestamp, SmokeTest)> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.iter()
            .find(|(whose, ..)| *whose == id)
            .map(|(_, at, found)| (*at, found.clone()))
    }
}
