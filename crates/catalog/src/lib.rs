#![doc = include_str!("../README.md")]

pub mod catalog;
pub mod config;
pub mod error;
pub mod field;
pub mod form;
pub mod pointer;
pub mod provider;
pub mod setting;
pub mod template;
mod validate;

pub use catalog::Catalog;
pub use config::{Config, FieldValue};
pub use error::{CatalogError, Problem};
pub use field::{Field, FieldKind};
pub use form::{FieldError, Form, InputValue, validate_config};
pub use pointer::Pointer;
pub use provider::classify::{ErrorRule, Meaning, Step, Verdict, classify};
pub use provider::{Provider, ProviderId};
pub use setting::Setting;
pub use template::{TemplateError, UrlTemplate, ValueTemplate, Variables};
