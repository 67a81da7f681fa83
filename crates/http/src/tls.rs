//! TLS by rustls with ring, given explicitly: there is no process-wide default to depend on, and no CA store of the
//! system either.

use crate::BuildError;
use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, pem::PemObject},
};
use std::sync::Arc;

/// The configuration that trusts the CAs of Mozilla's programme and the ones given (PEM).
pub(crate) fn config(extra_roots: &[Vec<u8>]) -> Result<ClientConfig, BuildError> {
    let mut roots = RootCertStore {
        roots: webpki_roots::TLS_SERVER_ROOTS.to_vec(),
    };
    for pem in extra_roots {
        let before = roots.len();
        for certificate in CertificateDer::pem_slice_iter(pem) {
            roots
                .add(certificate.map_err(BuildError::Pem)?)
                .map_err(BuildError::Certificate)?;
        }
        if roots.len() == before {
            return Err(BuildError::NoCertificate);
        }
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(BuildError::Tls)?
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}
