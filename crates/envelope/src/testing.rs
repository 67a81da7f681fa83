//! For tests: data keys in memory, a key source that fails on demand, and the contract every key source must pass.

mod contract;
mod faulty_source;
mod memory_data_keys;

pub use contract::key_source_contract;
pub use faulty_source::{Fault, FaultySource};
pub use memory_data_keys::MemoryDataKeys;
