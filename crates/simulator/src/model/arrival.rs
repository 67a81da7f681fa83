use super::client::Client;
use super::code::Codes;
use super::endpoint::Endpoint;
use super::fault::Fault;
use super::request::{Params, Request};
use super::token::{TokenHash, TokenKind, TokenPrint, grant_of};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// A request that has arrived and was not processed yet.
#[derive(Debug)]
pub struct Arrival {
    /// Its number in the ledger.
    pub sequence: u64,
    /// How long to wait before [`super::Provider::process`].
    pub wait: Duration,
    pub(crate) parsed: Parsed,
    pub(crate) fault: Option<Fault>,
}

/// A request taken apart.
pub(crate) struct Parsed {
    pub(crate) endpoint: Endpoint,
    pub(crate) request: Request,
    pub(crate) query: Params,
    pub(crate) form: Params,
    /// The client that the request names, truly or not.
    pub(crate) client_id: Option<String>,
    /// The token or code that it presents.
    pub(crate) presented: Option<Presented>,
}

/// A token or code in a request.
#[derive(Clone, Copy)]
pub(crate) struct Presented {
    pub(crate) hash: TokenHash,
    pub(crate) print: TokenPrint,
    /// The number in its text: of its grant, or of the code.
    pub(crate) number: Option<u64>,
    pub(crate) is_code: bool,
}

impl Presented {
    fn token(text: &str) -> Self {
        let number = grant_of(TokenKind::Refresh, text).or_else(|| grant_of(TokenKind::Access, text));
        Self::new(text, number, false)
    }

    fn code(text: &str) -> Self {
        Self::new(text, grant_of(TokenKind::Code, text), true)
    }

    fn new(text: &str, number: Option<u64>, is_code: bool) -> Self {
        Self {
            hash: TokenHash::of(text),
            print: TokenPrint::of(text),
            number,
            is_code,
        }
    }

    /// The grant that it says it belongs to.
    pub(crate) fn grant(&self, codes: &Codes) -> Option<u64> {
        match self.is_code {
            true => codes.find(self.number?, self.hash)?.grant,
            false => self.number,
        }
    }
}

impl Parsed {
    pub(crate) fn new(request: Request) -> Self {
        let (query, form) = (request.query_params(), request.form_params());
        let endpoint = Endpoint::of(&request, &form);
        let client_id = request
            .credentials("basic")
            .and_then(super::authenticate::basic)
            .map(|(id, _)| id)
            .or_else(|| form.peek("client_id").map(str::to_owned))
            .or_else(|| query.peek("client_id").map(str::to_owned));
        let presented = match endpoint {
            Endpoint::Code => form.peek("code").map(Presented::code),
            Endpoint::Refresh => form.peek("refresh_token").map(Presented::token),
            Endpoint::Revoke | Endpoint::Introspect => form.peek("token").map(Presented::token),
            Endpoint::Userinfo | Endpoint::Api => request.credentials("bearer").map(Presented::token),
            Endpoint::Authorize
            | Endpoint::Consent
            | Endpoint::Token
            | Endpoint::Discovery
            | Endpoint::Jwks
            | Endpoint::Unknown => None,
        };
        Self {
            endpoint,
            request,
            query,
            form,
            client_id,
            presented,
        }
    }

    pub(crate) fn client_name(&self, known: Option<&Arc<Client>>) -> Option<Arc<str>> {
        match known {
            Some(client) => Some(Arc::from(client.client_id.as_str())),
            // A name that nobody registered may be anything: the ledger keeps no more than a line of it.
            None => self
                .client_id
                .as_ref()
                .map(|id| Arc::from(id.chars().take(64).collect::<String>())),
        }
    }
}

impl fmt::Debug for Parsed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.request.fmt(f)
    }
}
