//! Templates: texts with variables, `https://{subdomain}.example.com/token`.
//!
//! A variable in a URL stands in one of four places, and what its value may be follows from the place: the whole
//! beginning of the URL (a base URL from a field of type `url`), one label of the host, a part of a path segment, or
//! a part of a query value. No value can move the URL to another host than the slot allows, nor to another path.

mod error;
mod parse;
mod url;
mod value;
mod variables;

pub use self::error::TemplateError;
pub(crate) use self::parse::is_word;
pub use self::url::UrlTemplate;
pub(crate) use self::url::{Alternative, Slot, base_url, host_suffix_is_safe, is_label};
pub use self::value::ValueTemplate;
pub use self::variables::Variables;
