use serde::Serialize;

/// The error codes of RFC 6749 (4.1.2.1, 5.2), RFC 7009 and RFC 6750 that the provider uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RefusalCode {
    /// A parameter is missing, wrong or repeated.
    InvalidRequest,
    /// The client is unknown, or its authentication failed.
    InvalidClient,
    /// The code or refresh token is unknown, spent, expired, revoked or of another client.
    InvalidGrant,
    /// The client may not do this.
    UnauthorizedClient,
    /// No such grant type.
    UnsupportedGrantType,
    /// No such response type.
    UnsupportedResponseType,
    /// More scope than was granted.
    InvalidScope,
    /// The person said no.
    AccessDenied,
    /// The access token is missing, expired or revoked.
    InvalidToken,
    /// There is nothing at this path, or the method is wrong.
    NotFound,
    /// The simulator itself failed.
    ServerError,
}

impl RefusalCode {
    /// The code as it stands on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::InvalidRequest => "invalid_request",
            Self::InvalidClient => "invalid_client",
            Self::InvalidGrant => "invalid_grant",
            Self::UnauthorizedClient => "unauthorized_client",
            Self::UnsupportedGrantType => "unsupported_grant_type",
            Self::UnsupportedResponseType => "unsupported_response_type",
            Self::InvalidScope => "invalid_scope",
            Self::AccessDenied => "access_denied",
            Self::InvalidToken => "invalid_token",
            Self::NotFound => "not_found",
            Self::ServerError => "server_error",
        }
    }

    /// The status that goes with it where a client has no other wish.
    pub const fn status(self) -> u16 {
        match self {
            Self::InvalidClient | Self::InvalidToken => 401,
            Self::AccessDenied => 403,
            Self::NotFound => 404,
            Self::ServerError => 500,
            Self::InvalidRequest
            | Self::InvalidGrant
            | Self::UnauthorizedClient
            | Self::UnsupportedGrantType
            | Self::UnsupportedResponseType
            | Self::InvalidScope => 400,
        }
    }
}

/// A refusal with its explanation.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Refusal {
    pub(crate) code: RefusalCode,
    pub(crate) description: &'static str,
}

impl Refusal {
    pub(crate) const fn new(code: RefusalCode, description: &'static str) -> Self {
        Self { code, description }
    }

    pub(crate) const fn request(description: &'static str) -> Self {
        Self::new(RefusalCode::InvalidRequest, description)
    }

    pub(crate) const fn grant(description: &'static str) -> Self {
        Self::new(RefusalCode::InvalidGrant, description)
    }
}
