//! What goes wrong while a request is served. How it is told stands in one place, [`crate::problem`].

use coffer_wallet::WalletError;

/// Why a request is not answered as it was meant to be.
#[derive(Debug, thiserror::Error)]
pub enum ApiError {
    /// The wallet could not, or would not.
    #[error(transparent)]
    Wallet(#[from] WalletError),
    /// There is no such route.
    #[error("there is nothing at this address")]
    NoRoute,
    /// The route has other methods.
    #[error("this address has other methods: {0}")]
    Method(String),
    /// The body is not JSON by its media type.
    #[error("the body must be JSON: send Content-Type: application/json")]
    MediaType,
    /// The body is larger than the cap.
    #[error("the body is larger than {0} bytes")]
    BodyTooLarge(usize),
    /// The body did not come in time, or not whole.
    #[error("the body did not come in time, or not whole")]
    BodyBroken,
    /// The body is not JSON.
    #[error("the body is not JSON: {0}")]
    MalformedJson(String),
    /// The body is JSON of another form.
    #[error("the body does not have the form that this route takes: {0}")]
    BodyForm(String),
    /// A parameter of the query is wrong.
    #[error("a parameter of the query is wrong: {0}")]
    Query(String),
    /// A text holds a NUL character.
    #[error("{0}: it holds a NUL character, which no text here can")]
    Nul(String),
    /// A header is wrong.
    #[error("the header {0} is wrong: {1}")]
    Header(&'static str, &'static str),
    /// Our own fault.
    #[error("an internal error: {0}")]
    Internal(&'static str),
}
