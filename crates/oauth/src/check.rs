//! Whether the provider knows the client: asked with a code that nobody issued.

use crate::client::Client;
use crate::error::Error;
use crate::exchange::CodeGrant;
use crate::integration::Integration;
use crate::pkce::secret_256;
use crate::provider_error::Verdict;

impl Client {
    /// Sends a random code to the token endpoint. A provider that knows the client refuses the code
    /// (`invalid_grant`, RFC 6749, section 5.2); one that does not refuses the client. Nothing is issued, and no
    /// user's grant is touched.
    ///
    /// # Errors
    /// [`Error::Provider`] when the client is refused or the provider does not answer; [`Error::Config`] and
    /// [`Error::Discovery`] before a byte is sent.
    pub async fn check_client(&self, integration: &Integration) -> Result<(), Error> {
        let (code, verifier) = (secret_256(self.random()), secret_256(self.random()));
        let issuer = integration.issuer()?;
        let grant = CodeGrant {
            code: &code,
            redirect_uri: integration.redirect_uri(),
            verifier: Some(&verifier),
            nonce: None,
            issuer: issuer.as_deref(),
        };
        match self.exchange(integration, &grant).await {
            Err(Error::Provider(error)) => match error.verdict {
                // The client was let in, and the code was not: just as it should be.
                Verdict::Dead => Ok(()),
                Verdict::Config
                | Verdict::Refused
                | Verdict::Transient
                | Verdict::RateLimited { .. }
                | Verdict::Moved
                | Verdict::Ambiguous
                | Verdict::NotSent
                | Verdict::Unusable => Err(error.into()),
            },
            Err(error) => Err(error),
            Ok(_) => Err(Error::Config(
                "the token endpoint issued a token for a code that nobody issued; do not use this provider",
            )),
        }
    }
}
