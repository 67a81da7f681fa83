//! The provider as a value: no I/O, no clock, no runtime.
//!
//! A request goes through three steps, so that a simulation can put other events between them: it *arrives*
//! ([`Provider::arrive`]), is *processed* ([`Provider::process`]), and is *closed* when its reply was handed over or
//! lost ([`Provider::close`]). [`Provider::handle`] does all three at once.

mod account;
mod arrival;
mod authenticate;
mod client;
mod code;
mod endpoint;
mod fault;
mod grant;
mod identity;
mod key;
mod ledger;
mod limits;
mod outcome;
mod provider;
mod refusal;
mod request;
mod setup;
mod shape;
mod state;
mod token;

pub use account::Account;
pub use arrival::Arrival;
pub use client::{Behaviour, ClientAuth, ClientSetup, Issues, Latency, RevocationStyle};
pub use endpoint::Endpoint;
pub use fault::{Effect, Fault, FaultRule, RetryAfter, When};
pub use grant::{GrantView, LiveTokens, RevokedBy};
pub use identity::Defect;
pub use key::SigningKey;
pub use ledger::{Entry, Ledger, Totals, Verdict};
pub use limits::Limits;
pub use outcome::{Delivery, Outcome, Reply};
pub use provider::{Moment, Provider};
pub use refusal::RefusalCode;
pub use request::Request;
pub use shape::{Encoding, ErrorShape, ExpiresIn, ResponseShape};
pub use token::TokenPrint;
