#![doc = include_str!("../README.md")]

#[cfg(any(feature = "service", feature = "in-process"))]
mod drive;
mod error;
#[cfg(feature = "in-process")]
mod in_process;
pub mod model;
mod page;
#[cfg(feature = "service")]
pub mod service;
mod shared;

pub use error::SimulatorError;
#[cfg(feature = "in-process")]
pub use in_process::InProcess;
pub use model::Provider;
#[cfg(feature = "service")]
pub use service::Service;
pub use shared::SharedProvider;
