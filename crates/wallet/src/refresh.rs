//! Refresh on demand: single flight in this process and, by lease, among all of them; an intent before a byte is
//! sent; one commit after (docs/refresh.md).

pub mod decide;
mod fail;
mod flight;
mod keep;
mod lease;
pub mod outcome;
mod run;
mod stats;

pub(crate) use flight::{Flights, Landing, Passenger};
pub(crate) use keep::{Issue, access_token_row, due_at, refresh_end};
pub(crate) use run::{LOOK_AGAIN, landing_of};
pub(crate) use stats::Counts;
pub use stats::RefreshStats;

use crate::wallet::Inner;
use coffer_core::actor::Asker;
use coffer_core::connection::TokenView;
use coffer_core::id::ConnectionId;
use std::sync::Arc;

/// What is to be refreshed, and what whoever asks has seen of it.
#[derive(Debug, Clone)]
pub(crate) struct Errand {
    pub(crate) asker: Asker,
    pub(crate) connection: ConnectionId,
    /// The view that made the refresh necessary.
    pub(crate) seen: TokenView,
}

impl Inner {
    /// Takes a seat on the refresh of this slot, and starts it where none is under way. The refresh goes on whether or
    /// not anybody waits for it.
    pub(crate) fn refresh(self: &Arc<Self>, errand: Errand) -> Passenger {
        let (passenger, pilot) = self.flights.board(errand.asker.tenant, errand.seen.slot);
        if let Some(pilot) = pilot {
            let inner = Arc::clone(self);
            drop(self.tasks.spawn(async move {
                let landing = run::fly(&inner, &errand).await;
                pilot.land(landing);
            }));
        }
        passenger
    }
}
