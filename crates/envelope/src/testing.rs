//! For tests: data keys in memory, a key source that fails on demand, the contract every key source must pass, and
//! the body of the fuzz target.

mod contract;
mod faulty_source;
mod memory_data_keys;
mod open_target;

pub use contract::key_source_contract;
pub use faulty_source::{Fault, FaultySource};
pub use memory_data_keys::MemoryDataKeys;
pub use open_target::OpenTarget;
