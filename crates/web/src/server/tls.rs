//! What TLS is here: 1.3 and 1.2, authenticated ciphers with forward secrecy, and nothing that a setting could lower.

use std::sync::Arc;

use rustls::{
    NamedGroup, RootCertStore, ServerConfig, SupportedCipherSuite, SupportedProtocolVersion,
    crypto::{
        CryptoProvider, SupportedKxGroup,
        aws_lc_rs::{self, cipher_suite as suite, kx_group as group},
    },
    pki_types::{CertificateDer, CertificateRevocationListDer, PrivateKeyDer, pem::PemObject},
    server::{NoServerSessionStorage, WebPkiClientVerifier, danger::ClientCertVerifier},
    sign::CertifiedKey,
    version::{TLS12, TLS13},
};
use store::{Clock, Error, Result};

use super::{
    files::{Credentials, Trusted},
    ocsp::{Shown, Staple},
};

/// The versions that are spoken, and no other.
const VERSIONS: &[&SupportedProtocolVersion] = &[&TLS13, &TLS12];

/// The ciphers, the strongest first: AEAD, with a key exchange of their own for each connection.
const SUITES: &[SupportedCipherSuite] = &[
    suite::TLS13_AES_256_GCM_SHA384,
    suite::TLS13_CHACHA20_POLY1305_SHA256,
    suite::TLS13_AES_128_GCM_SHA256,
    suite::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
    suite::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
    suite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
    suite::TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
    suite::TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
    suite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
];

/// How keys are agreed. The first also stands a quantum computer that somebody has later.
const GROUPS: &[&dyn SupportedKxGroup] = &[group::X25519MLKEM768, group::X25519, group::SECP256R1, group::SECP384R1];

/// What the server speaks, by the names that RFCs give.
#[derive(Debug, Clone)]
pub struct Spoken {
    /// Versions of TLS.
    pub versions: Vec<String>,
    /// Cipher suites: the name and the code point (IANA's registry).
    pub suites: Vec<(String, u16)>,
    /// Groups of the key exchange.
    pub groups: Vec<NamedGroup>,
}

/// The versions, ciphers and groups that the server speaks.
#[must_use]
pub fn spoken() -> Spoken {
    let name = |suite: &SupportedCipherSuite| (format!("{:?}", suite.suite()), u16::from(suite.suite()));
    Spoken {
        versions: VERSIONS.iter().map(|version| format!("{:?}", version.version)).collect(),
        suites: SUITES.iter().map(name).collect(),
        groups: GROUPS.iter().map(|group| group.name()).collect(),
    }
}

/// From what the files hold. What the authority says is sent along while it holds.
pub(super) fn config(
    credentials: &Credentials,
    staple: Option<Staple>,
    clock: &Arc<dyn Clock>,
) -> Result<Arc<ServerConfig>> {
    let chain: Vec<CertificateDer<'_>> = CertificateDer::pem_slice_iter(&credentials.chain)
        .collect::<std::result::Result<_, _>>()
        .map_err(|error| refused("the certificate", &error))?;
    if chain.is_empty() {
        return Err(refused("the certificate", &"the file holds none in PEM"));
    }
    let key = PrivateKeyDer::from_pem_slice(&credentials.key).map_err(|error| refused("the key", &error))?;
    let provider = Arc::new(CryptoProvider {
        cipher_suites: SUITES.to_vec(),
        kx_groups: GROUPS.to_vec(),
        ..aws_lc_rs::default_provider()
    });
    let config = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_protocol_versions(VERSIONS)
        .map_err(Error::fault)?;
    let config = match &credentials.trusted {
        Some(trusted) => config.with_client_cert_verifier(verifier(trusted, Arc::clone(&provider))?),
        None => config.with_no_client_auth(),
    };
    let own = CertifiedKey::from_der(chain, key, &provider)
        .map_err(|error| refused("the certificate with this key", &error))?;
    let mut config = config.with_cert_resolver(Arc::new(Shown::new(own, staple, Arc::clone(clock))));
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    config.ignore_client_order = true;
    if credentials.trusted.is_some() {
        // A resumed session would not look at the client's certificate again, nor at the list of revoked ones.
        config.session_storage = Arc::new(NoServerSessionStorage {});
        config.send_tls13_tickets = 0;
    }
    Ok(Arc::new(config))
}

/// Who judges the certificates that clients show. Showing none is for the guard to judge: it depends on what is asked.
fn verifier(trusted: &Trusted, provider: Arc<CryptoProvider>) -> Result<Arc<dyn ClientCertVerifier>> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(&trusted.authority) {
        let certificate = certificate.map_err(|error| refused("the clients' authority", &error))?;
        roots.add(certificate).map_err(|error| refused("the clients' authority", &error))?;
    }
    if roots.is_empty() {
        return Err(refused("the clients' authority", &"the file holds no certificate in PEM"));
    }
    let mut judge = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).allow_unauthenticated();
    if let Some(revoked) = &trusted.revoked {
        let lists: Vec<_> = CertificateRevocationListDer::pem_slice_iter(revoked)
            .collect::<std::result::Result<_, _>>()
            .map_err(|error| refused("the list of revoked certificates", &error))?;
        if lists.is_empty() {
            return Err(refused("the list of revoked certificates", &"the file holds none in PEM"));
        }
        // A list that is out of date says nothing of who was revoked since: then nobody is let in by it.
        judge = judge.with_crls(lists).only_check_end_entity_revocation().enforce_revocation_expiration();
    }
    judge.build().map_err(|error| refused("the clients' authority", &error))
}

fn refused(what: &str, error: &dyn std::fmt::Display) -> Error {
    Error::refused("certificate", "not_usable", format!("{what} cannot be used: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_cipher_is_authenticated_and_keeps_no_key() {
        let spoken = spoken();
        assert_eq!(spoken.versions, ["TLSv1_3", "TLSv1_2"]);
        assert_eq!(spoken.suites.len(), 9);
        for (name, _) in &spoken.suites {
            assert!(name.contains("GCM") || name.contains("POLY1305"), "{name}");
            assert!(name.starts_with("TLS13_") || name.starts_with("TLS_ECDHE_"), "{name}");
        }
        assert_eq!(spoken.groups.first(), Some(&NamedGroup::X25519MLKEM768));
    }
}
