//! Whether browsers will believe the server's certificate: it has to lead to an authority of the public list, as this machine
//! has it, and be for the names by which people come. A server whose certificate does not still serves, and says so in the
//! log when it begins and at each renewal: an authority of one's own, which every device is told of, is a choice too.

use std::{fs, path::Path, time::Duration};

use jiff::Timestamp;
use rustls::{
    RootCertStore,
    client::{verify_server_cert_signed_by_trust_anchor, verify_server_name},
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, ServerName, UnixTime, pem::PemObject as _},
    server::ParsedCertificate,
};

/// Where systems keep the public list.
const LISTS: &[&str] = &["/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem"];

/// The authorities of this machine's list.
#[must_use]
pub fn authorities() -> Vec<CertificateDer<'static>> {
    CertificateDer::pem_slice_iter(&list()).flatten().map(CertificateDer::into_owned).collect()
}

fn list() -> Vec<u8> {
    LISTS.iter().map(Path::new).find_map(|list| fs::read(list).ok()).unwrap_or_default()
}

/// Tells the operator where browsers will not believe a chain.
pub(super) fn tell(chain: &[u8], names: &[String], now: Timestamp) {
    let list = list();
    if let Some(why) = doubt(chain, &list, names, now) {
        tracing::warn!(why, "browsers will not believe the certificate");
    }
}

/// Why a chain would not be believed by who trusts these authorities; `None`: it would.
fn doubt(chain: &[u8], authorities: &[u8], names: &[String], now: Timestamp) -> Option<String> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(CertificateDer::pem_slice_iter(authorities).flatten());
    if roots.is_empty() {
        return Some("this machine has no list of public authorities to hold it against".to_owned());
    }
    let chain: Vec<CertificateDer<'_>> = CertificateDer::pem_slice_iter(chain).flatten().collect();
    let (own, between) = chain.split_first()?;
    let checked = || -> Result<(), rustls::Error> {
        let own = ParsedCertificate::try_from(own)?;
        let now = UnixTime::since_unix_epoch(Duration::from_secs(u64::try_from(now.as_second()).unwrap_or_default()));
        let known = aws_lc_rs::default_provider().signature_verification_algorithms.all;
        verify_server_cert_signed_by_trust_anchor(&own, &roots, between, now, known)?;
        for name in names {
            let name =
                ServerName::try_from(name.as_str()).map_err(|_| rustls::Error::General("no host name".into()))?;
            verify_server_name(&own, &name)?;
        }
        Ok(())
    };
    checked().err().map(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};

    use super::*;

    #[test]
    fn a_certificate_that_browsers_would_not_believe_is_told() {
        let authority = || {
            let mut params = CertificateParams::new(Vec::new()).unwrap();
            params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
            CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
        };
        let (public, own) = (authority(), authority());
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec!["edc.example.org".to_owned()]).unwrap();
        let chain = params.signed_by(&key, &public).unwrap().pem();
        let now: Timestamp = "2026-11-22T10:00:00Z".parse().unwrap();
        let told = |list: &str, name: &str, now| doubt(chain.as_bytes(), list.as_bytes(), &[name.to_owned()], now);
        assert_eq!(told(&public.pem(), "edc.example.org", now), None);
        assert!(told(&own.pem(), "edc.example.org", now).is_some());
        assert!(told(&public.pem(), "other.example.org", now).is_some());
        let late: Timestamp = "9000-01-01T10:00:00Z".parse().unwrap();
        assert!(told(&public.pem(), "edc.example.org", late).unwrap().contains("xpired"));
        assert!(told("", "edc.example.org", now).unwrap().contains("no list"));
    }
}
