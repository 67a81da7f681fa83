//! Single flight: everybody in this process who needs the same slot refreshed waits for the same refresh.

use coffer_core::id::{SlotId, TenantId};
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::watch;

/// How a flight ended: whoever waited reads the connection again and finds out what that means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Landing {
    /// Something was stored, or there was nothing to do.
    Done,
    /// Nothing could be done now.
    Later {
        /// The stable code.
        code: &'static str,
        /// What is being waited for.
        message: String,
        /// How long to wait.
        after: Duration,
    },
}

type Key = (TenantId, SlotId);
type Watch = watch::Receiver<Option<Landing>>;

/// The flights that are under way. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub(crate) struct Flights(Arc<Mutex<HashMap<Key, Watch>>>);

/// The right, and the duty, to fly. When it is dropped without having landed (a panic), whoever waits is told so.
#[derive(Debug)]
pub(crate) struct Pilot {
    flights: Flights,
    key: Key,
    tell: watch::Sender<Option<Landing>>,
}

/// A seat on a flight.
#[derive(Debug)]
pub(crate) struct Passenger(Watch);

impl Flights {
    /// Takes a seat on the flight of this slot. Where none is under way, whoever asks has to fly it.
    pub(crate) fn board(&self, tenant: TenantId, slot: SlotId) -> (Passenger, Option<Pilot>) {
        let key = (tenant, slot);
        let mut flights = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match flights.entry(key) {
            Entry::Occupied(seat) => (Passenger(seat.get().clone()), None),
            Entry::Vacant(free) => {
                let (tell, watch) = watch::channel(None);
                free.insert(watch.clone());
                (
                    Passenger(watch),
                    Some(Pilot {
                        flights: self.clone(),
                        key,
                        tell,
                    }),
                )
            }
        }
    }
}

impl Pilot {
    /// Ends the flight and tells everybody.
    pub(crate) fn land(self, landing: Landing) {
        self.tell.send_replace(Some(landing));
    }
}

impl Drop for Pilot {
    fn drop(&mut self) {
        self.flights
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(&self.key);
    }
}

impl Passenger {
    /// Waits for the landing, for at most this long. `None`: it is still in the air.
    pub(crate) async fn wait(mut self, at_most: Duration) -> Option<Landing> {
        match tokio::time::timeout(at_most, self.0.wait_for(Option::is_some)).await {
            Ok(Ok(landing)) => landing.clone(),
            // The pilot is gone without a word: its task panicked. Nothing is lost, the next one takes over.
            Ok(Err(_)) => Some(Landing::Later {
                code: "refresh_interrupted",
                message: "the refresh was interrupted; the next one takes over when its lease has run out"
                    .into(),
                after: Duration::from_secs(5),
            }),
            Err(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn slot() -> (TenantId, SlotId) {
        (TenantId::INSTALLATION, SlotId::from_uuid(Uuid::nil()))
    }

    #[tokio::test]
    async fn oa_c18_many_passengers_one_pilot() {
        let flights = Flights::default();
        let (tenant, slot) = slot();
        let (first, pilot) = flights.board(tenant, slot);
        let (second, none) = flights.board(tenant, slot);
        assert!(none.is_none());
        pilot.unwrap().land(Landing::Done);
        assert_eq!(first.wait(Duration::from_secs(1)).await, Some(Landing::Done));
        assert_eq!(second.wait(Duration::from_secs(1)).await, Some(Landing::Done));
        assert!(
            flights.board(tenant, slot).1.is_some(),
            "after the landing the next one flies"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_passenger_waits_only_as_long_as_it_likes() {
        let flights = Flights::default();
        let (tenant, slot) = slot();
        let (passenger, _pilot) = flights.board(tenant, slot);
        assert_eq!(passenger.wait(Duration::from_secs(10)).await, None);
    }

    #[tokio::test]
    async fn a_pilot_that_is_lost_frees_its_passengers_and_the_slot() {
        let flights = Flights::default();
        let (tenant, slot) = slot();
        let (passenger, pilot) = flights.board(tenant, slot);
        drop(pilot);
        let landing = passenger.wait(Duration::from_secs(1)).await;
        assert!(matches!(
            landing,
            Some(Landing::Later {
                code: "refresh_interrupted",
                ..
            })
        ));
        assert!(flights.board(tenant, slot).1.is_some());
    }
}
