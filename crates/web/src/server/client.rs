//! Programs that show a certificate. TLS has verified it against the authority that was named; the guard asks whether
//! what is requested needs one.

use std::{
    future::Future,
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use aws_lc_rs::digest;
use axum::{Extension, middleware::AddExtension};
use axum_server::{accept::Accept, tls_rustls::RustlsAcceptor};
use tokio::net::TcpStream;
use tower::Layer as _;
use x509_cert::{Certificate, der::Decode as _};

use super::connection::Gate;

/// Bytes of a subject's name that are kept.
const SUBJECT_BYTES_MAX: usize = 512;

/// The program at the other end of a connection, as its verified certificate names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Client {
    /// The certificate's subject (RFC 4514).
    pub subject: String,
    /// SHA-256 of the certificate, in hexadecimal.
    pub thumbprint: String,
    /// Under which authority and list it was verified.
    era: u64,
}

/// Says whether a certificate was verified under the authority and the list that are in force. They change while
/// connections are open, and whoever was revoked is not served on.
#[derive(Debug, Clone, Default)]
pub struct Vouching(Arc<AtomicU64>);

impl Vouching {
    /// Whether this client is vouched for now.
    #[must_use]
    pub fn holds(&self, client: &Client) -> bool {
        client.era == self.0.load(Ordering::SeqCst)
    }

    /// Others are trusted from now on.
    pub(super) fn changed(&self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

/// Meets connections with TLS, and says of each request which client it came from.
#[derive(Clone)]
pub(super) struct Met {
    pub(super) tls: RustlsAcceptor<Gate>,
    pub(super) vouching: Option<Vouching>,
}

type Meeting<S, T> = Pin<Box<dyn Future<Output = io::Result<(S, T)>> + Send>>;

impl<S: Send + 'static> Accept<TcpStream, S> for Met {
    type Stream = <RustlsAcceptor<Gate> as Accept<TcpStream, S>>::Stream;
    type Service = AddExtension<S, Option<Client>>;
    type Future = Meeting<Self::Stream, Self::Service>;

    fn accept(&self, stream: TcpStream, service: S) -> Self::Future {
        // Read before the certificate is verified: if the authority changes meanwhile, the client has to come again.
        let era = self.vouching.as_ref().map(|vouching| vouching.0.load(Ordering::SeqCst));
        let meeting = self.tls.accept(stream, service);
        Box::pin(async move {
            let (stream, service) = meeting.await.inspect_err(|error| {
                // Somebody who goes away is none; one with whom no protection could be agreed may be an attempt.
                if error.kind() == io::ErrorKind::InvalidData {
                    tracing::info!(%error, "a TLS handshake failed");
                }
            })?;
            let shown = stream.get_ref().1.peer_certificates().and_then(<[_]>::first);
            let client = shown.zip(era).map(|(certificate, era)| named(certificate, era));
            Ok((stream, Extension(client).layer(service)))
        })
    }
}

/// Reads a verified certificate. One whose subject does not read has none, and is known by its thumbprint.
fn named(certificate: &[u8], era: u64) -> Client {
    let read = Certificate::from_der(certificate);
    let mut subject = read.map(|read| read.tbs_certificate.subject.to_string()).unwrap_or_default();
    subject.truncate(subject.floor_char_boundary(SUBJECT_BYTES_MAX));
    let thumbprint = digest::digest(&digest::SHA256, certificate);
    let thumbprint = thumbprint.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    Client { subject, thumbprint, era }
}
