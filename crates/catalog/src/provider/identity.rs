//! How to learn whose account it is.

use crate::pointer::Pointer;
use crate::provider::call::HttpCall;
use crate::setting::Setting;
use serde::Deserialize;

/// Where the account's id, name and e-mail address come from. With OpenID Connect the ID token is asked first; the
/// pointers are the same for its claims and for the call's response.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Identity {
    /// The call that tells it. Without a URL: the UserInfo endpoint. Absent: only the ID token.
    pub call: Option<HttpCall>,
    /// The account's stable id, a text or a number.
    pub subject: Setting<Pointer>,
    /// The e-mail address.
    pub email: Setting<Pointer>,
    /// Whether the provider has verified it: a boolean, or its text.
    pub email_verified: Option<Setting<Pointer>>,
    /// The name for people.
    pub name: Setting<Pointer>,
    /// The log-in name.
    pub username: Option<Setting<Pointer>>,
    /// A picture's URL.
    pub picture: Option<Setting<Pointer>>,
    /// A second call for the e-mail addresses, where the first does not tell (GitHub).
    pub emails: Option<EmailCall>,
}

/// A call whose response lists e-mail addresses. The one that is primary and verified is taken, else the first that is
/// verified, else none.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EmailCall {
    /// The call.
    pub call: HttpCall,
    /// A scope without which the call is refused, so that it is not made. Any of them is enough; none: always made.
    #[serde(default)]
    pub scopes: Vec<String>,
    /// The list in the response; empty: the response itself.
    #[serde(default = "whole")]
    pub list: Pointer,
    /// The address, in an element.
    pub email: Pointer,
    /// Whether it is the primary one.
    pub primary: Pointer,
    /// Whether it is verified.
    pub verified: Pointer,
}

/// An e-mail address and what the provider says of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EmailAddress {
    /// The address.
    pub address: String,
    /// Whether it is the account's primary one.
    pub primary: bool,
    /// Whether the provider has verified it.
    pub verified: bool,
}

impl EmailCall {
    /// The address to use: primary and verified, else the first verified one.
    pub fn select(&self, document: &serde_json::Value) -> Option<EmailAddress> {
        let list = self.list.lookup(document)?.as_array()?;
        let mut verified = list
            .iter()
            .filter_map(|entry| self.read(entry))
            .filter(|entry| entry.verified);
        let first = verified.next()?;
        if first.primary {
            return Some(first);
        }
        Some(verified.find(|entry| entry.primary).unwrap_or(first))
    }

    fn read(&self, entry: &serde_json::Value) -> Option<EmailAddress> {
        let flag = |pointer: &Pointer| pointer.lookup(entry).and_then(serde_json::Value::as_bool);
        Some(EmailAddress {
            address: self.email.lookup(entry)?.as_str()?.to_owned(),
            primary: flag(&self.primary).unwrap_or(false),
            verified: flag(&self.verified).unwrap_or(false),
        })
    }
}

impl Default for Identity {
    fn default() -> Self {
        let at = |name| Setting::Fixed(Pointer::of_member(name));
        Self {
            call: None,
            subject: at("sub"),
            email: at("email"),
            email_verified: Some(at("email_verified")),
            name: at("name"),
            username: None,
            picture: None,
            emails: None,
        }
    }
}

fn whole() -> Pointer {
    Pointer::whole()
}
