//! For tests: a clock and a random source under control, in-memory stores, fixtures, and the contract suites.

mod clock;
pub mod contract;
pub mod fixture;
mod memory;
mod random;

pub use clock::FakeClock;
pub use memory::{Fault, MemoryStore, Method};
pub use random::FakeRandom;
