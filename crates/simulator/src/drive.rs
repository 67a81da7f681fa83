//! The three steps of a request, with time and randomness at hand: what the service and the in-process client share.

use crate::SharedProvider;
use crate::model::{Arrival, Moment, Outcome, Request};
use coffer_core::{Clock, SecureRandom};
use std::sync::Arc;

/// A provider with a clock and a random source.
#[derive(Debug, Clone)]
pub(crate) struct Driver {
    pub(crate) provider: SharedProvider,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) random: Arc<dyn SecureRandom>,
}

impl Driver {
    pub(crate) fn moment(&self) -> Moment<'_> {
        Moment {
            now: self.clock.now(),
            random: self.random.as_ref(),
        }
    }

    pub(crate) fn arrive(&self, request: Request) -> Arrival {
        let now = self.clock.now();
        self.provider.with(|provider| provider.arrive(request, now))
    }

    pub(crate) fn process(&self, arrival: Arrival) -> (Outcome, Open) {
        let open = Open {
            driver: self.clone(),
            sequence: arrival.sequence,
        };
        let outcome = self
            .provider
            .with(|provider| provider.process(arrival, self.moment()));
        (outcome, open)
    }
}

/// A request that was processed and whose reply is under way. It ends as delivered only where somebody says so; dropped
/// at any other point it ends as lost.
#[derive(Debug)]
pub(crate) struct Open {
    driver: Driver,
    sequence: u64,
}

impl Open {
    /// The reply was handed over whole, or is known to be lost. Say so before the last byte leaves: a client may send
    /// its next request before anything else here runs, and would be taken for overlapping.
    pub(crate) fn close(&self, delivered: bool) {
        let now = self.driver.clock.now();
        self.driver
            .provider
            .with(|provider| provider.close(self.sequence, delivered, now));
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        // Only the first close counts.
        self.close(false);
    }
}
