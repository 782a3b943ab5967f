//! The files that TLS is made of.

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use rustls::pki_types::{CertificateDer, pem::PemObject as _};
use store::{
    Error, Result,
    operator_file::{self, digest_of},
};

use super::ocsp::Staple;

/// Where the certificate and its key lie, and those of whoever vouches for clients. All in PEM, but what the authority says.
#[derive(Debug, Clone, Default)]
pub struct TlsFiles {
    /// The chain, the server's own first.
    pub certificate: PathBuf,
    /// The key.
    pub key: PathBuf,
    /// What the certificate's authority last said of it: an OCSP response, in DER, which is sent along.
    pub ocsp: Option<PathBuf>,
    /// The authorities that programs' certificates may come from. Where there is one, a program needs such a
    /// certificate.
    pub client_authority: Option<PathBuf>,
    /// Those that were revoked.
    pub client_revoked: Option<PathBuf>,
}

/// What the files held when they were read.
pub(super) struct Credentials {
    pub(super) chain: Vec<u8>,
    pub(super) key: Vec<u8>,
    /// Or why it cannot be read, which keeps nobody from the certificate.
    pub(super) ocsp: Option<std::result::Result<Vec<u8>, String>>,
    pub(super) trusted: Option<Trusted>,
}

/// Who vouches for clients.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Trusted {
    pub(super) authority: Vec<u8>,
    pub(super) revoked: Option<Vec<u8>>,
}

/// By which two readings are told apart; the key itself is not kept for that.
pub(super) type Digest = [u8; 32];

impl TlsFiles {
    /// Reads them all.
    pub(super) fn read(&self) -> Result<Credentials> {
        let trusted = match (&self.client_authority, &self.client_revoked) {
            (None, None) => None,
            (None, Some(_)) => {
                return Err(not_usable("a list of revoked certificates needs the authority that revoked them"));
            }
            (Some(authority), revoked) => {
                Some(Trusted { authority: read(authority)?, revoked: revoked.as_deref().map(read).transpose()? })
            }
        };
        let ocsp = self.ocsp.as_deref().map(|file| read(file).map_err(|error| error.to_string()));
        Ok(Credentials { chain: read(&self.certificate)?, key: read(&self.key)?, ocsp, trusted })
    }
}

impl Credentials {
    pub(super) fn digest(&self) -> Digest {
        let trusted = self.trusted.as_ref();
        let authority = trusted.map(|trusted| &*trusted.authority).unwrap_or_default();
        let revoked = trusted.and_then(|trusted| trusted.revoked.as_deref()).unwrap_or_default();
        digest_of(&[&self.chain, &self.key, authority, revoked])
    }

    /// As [`Credentials::digest`], of what the authority says.
    pub(super) fn said(&self) -> Digest {
        digest_of(&[self.ocsp.as_ref().and_then(|ocsp| ocsp.as_deref().ok()).unwrap_or_default()])
    }

    /// What the authority says, where that may be sent along; else why not. None where nobody asked for it.
    pub(super) fn staple(&self, now: Timestamp) -> Option<std::result::Result<Staple, String>> {
        let response = match self.ocsp.as_ref()? {
            Ok(response) => response,
            Err(why) => return Some(Err(why.clone())),
        };
        let own = CertificateDer::pem_slice_iter(&self.chain).next().and_then(std::result::Result::ok);
        let own = own.ok_or_else(|| "there is no certificate that it could be for".to_owned());
        Some(own.and_then(|own| Staple::read(response, &own, now)))
    }

    /// When the server's own certificate ends, where that can be read.
    pub(super) fn ends(&self) -> Option<Timestamp> {
        let own = CertificateDer::pem_slice_iter(&self.chain).next()?.ok()?;
        operator_file::certificate_end(&own)
    }
}

fn read(path: &Path) -> Result<Vec<u8>> {
    operator_file::read(path).map_err(|why| not_usable(&why))
}

fn not_usable(why: &str) -> Error {
    Error::refused("certificate", "not_usable", why)
}
