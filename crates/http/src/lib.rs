#![doc = include_str!("../README.md")]

mod address;
mod allowance;
mod builder;
mod client;
mod error;
mod lookup;
mod message;
mod policy;
mod progress;
mod tls;

pub use address::{AddressClass, classify};
pub use allowance::{Allowance, AllowanceError};
pub use builder::Builder;
pub use client::GuardedClient;
pub use error::BuildError;
pub use lookup::{Lookup, SystemLookup};
