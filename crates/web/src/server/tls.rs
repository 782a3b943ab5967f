//! The certificate: TLS 1.3 and 1.2 with authenticated ciphers only, which is all that rustls has.

use std::sync::Arc;

use rustls::{
    ServerConfig,
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    version::{TLS12, TLS13},
};
use store::{Error, Result};

/// A certificate chain and its key, in PEM.
#[derive(Clone)]
pub struct Certificate {
    /// The chain, the server's own first.
    pub chain: Vec<u8>,
    /// The key.
    pub key: Vec<u8>,
}

impl std::fmt::Debug for Certificate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Certificate")
    }
}

/// The versions that are spoken, and no other.
const VERSIONS: &[&rustls::SupportedProtocolVersion] = &[&TLS13, &TLS12];

/// The versions of TLS that the server speaks, as rustls names them.
#[must_use]
pub fn tls_versions() -> Vec<String> {
    VERSIONS.iter().map(|version| format!("{:?}", version.version)).collect()
}

pub(super) fn config(certificate: &Certificate) -> Result<Arc<ServerConfig>> {
    let refused = |what: &str, error: &dyn std::fmt::Display| {
        Error::refused("certificate", "not_usable", format!("{what} cannot be used: {error}"))
    };
    let chain: Vec<CertificateDer<'_>> = CertificateDer::pem_slice_iter(&certificate.chain)
        .collect::<Result<_, _>>()
        .map_err(|error| refused("the certificate", &error))?;
    if chain.is_empty() {
        return Err(refused("the certificate", &"the file holds none in PEM"));
    }
    let key = PrivateKeyDer::from_pem_slice(&certificate.key).map_err(|error| refused("the key", &error))?;
    let mut config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_protocol_versions(VERSIONS)
        .map_err(Error::fault)?
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .map_err(|error| refused("the certificate with this key", &error))?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}
