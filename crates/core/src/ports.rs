//! The ports: what the domain needs of the world, as small object-safe traits of whole-unit methods. Each has a real
//! implementation in another crate and an in-memory one in [`crate::testing`], and both pass one contract suite.

mod data_key;

pub use data_key::DataKeyStore;
