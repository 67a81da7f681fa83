use super::refusal::Refusal;
use coffer_core::secret::{ExposeSecret, secret_bytes};
use coffer_core::{SecretBytes, SecretText, http::Method};
use std::fmt;

/// A request to the provider.
pub struct Request {
    /// The method.
    pub method: Method,
    /// The path below the issuer, such as `/token`.
    pub path: String,
    /// The query without its question mark; empty where there is none.
    pub query: String,
    /// The `Authorization` header.
    pub authorization: Option<SecretText>,
    /// The body: a form, or empty.
    pub body: SecretBytes,
}

impl Request {
    /// A GET without a token.
    pub fn get(path: &str, query: &str) -> Self {
        Self {
            method: Method::Get,
            path: path.to_owned(),
            query: query.to_owned(),
            authorization: None,
            body: secret_bytes(Vec::new()),
        }
    }

    /// A POST of a form.
    pub fn post<'a>(path: &str, form: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let body = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(form)
            .finish();
        Self {
            method: Method::Post,
            body: secret_bytes(body.into_bytes()),
            ..Self::get(path, "")
        }
    }

    /// The same with a bearer token (RFC 6750, section 2.1).
    #[must_use]
    pub fn bearer(mut self, token: &str) -> Self {
        self.authorization = Some(SecretText::from(format!("Bearer {token}")));
        self
    }

    /// What follows `scheme` in the `Authorization` header; the scheme in any case.
    pub(crate) fn credentials(&self, scheme: &str) -> Option<&str> {
        let (named, rest) = self.authorization.as_ref()?.expose_secret().split_once(' ')?;
        named.eq_ignore_ascii_case(scheme).then_some(rest.trim())
    }

    pub(crate) fn query_params(&self) -> Params {
        Params::parse(self.query.as_bytes())
    }

    pub(crate) fn form_params(&self) -> Params {
        Params::parse(self.body.expose_secret())
    }
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Request({:?} {})", self.method, self.path)
    }
}

/// The parameters of a query or form. No `Debug`: they hold tokens and client secrets.
pub(crate) struct Params(Vec<(String, String)>);

impl Params {
    fn parse(bytes: &[u8]) -> Self {
        Self(
            url::form_urlencoded::parse(bytes)
                .map(|(name, value)| (name.into_owned(), value.into_owned()))
                .collect(),
        )
    }

    /// The value of a parameter. Empty counts as absent, and twice is an error (RFC 6749, section 3.1).
    pub(crate) fn one(&self, name: &str) -> Result<Option<&str>, Refusal> {
        let mut values = self.0.iter().filter(|(key, _)| key == name);
        let first = values.next().map(|(_, value)| value.as_str());
        if values.next().is_some() {
            return Err(Refusal::request("a parameter is repeated"));
        }
        Ok(first.filter(|value| !value.is_empty()))
    }

    /// The value of a parameter that must be there.
    pub(crate) fn required(&self, name: &str) -> Result<&str, Refusal> {
        self.one(name)?
            .ok_or(Refusal::request("a required parameter is missing"))
    }

    /// The first value, whatever else there is: to label a request before it is judged.
    pub(crate) fn peek(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(key, value)| key == name && !value.is_empty())
            .map(|(_, value)| value.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repeated_parameters_are_refused_and_empty_ones_are_absent() {
        let params = Params::parse(b"a=1&b=&c=x&c=y");
        assert_eq!(params.one("a").unwrap(), Some("1"));
        assert_eq!(params.one("b").unwrap(), None);
        assert!(params.one("c").is_err());
        assert!(params.required("d").is_err());
    }

    #[test]
    fn debug_shows_neither_query_nor_body_nor_token() {
        let request = Request::post("/token", [("refresh_token", "canary")]).bearer("canary");
        assert!(!format!("{request:?}").contains("canary"));
        assert_eq!(request.credentials("bearer"), Some("canary"));
    }
}
