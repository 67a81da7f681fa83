//! For tests: a clock and a random source under control, in-memory stores, and the contract suites.

mod clock;
mod memory;
mod random;

pub use clock::FakeClock;
pub use memory::{Fault, MemoryStore, Method};
pub use random::FakeRandom;
