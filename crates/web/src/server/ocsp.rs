//! What the certificate's authority last said of it (OCSP, RFC 6960), sent along with the certificate (RFC 6066, section 8), so
//! that no client has to ask. Only what says *good*, of this very certificate, and not longer than it says itself. Who signed
//! it is for the client to check, as with the certificate.

use std::{fmt, sync::Arc};

use der::{
    Any, Decode as _, Enumerated, Sequence, Tag, TagNumber, Tagged as _,
    asn1::{BitString, GeneralizedTime, ObjectIdentifier, OctetString},
};
use jiff::Timestamp;
use rustls::{
    server::{ClientHello, ResolvesServerCert},
    sign::CertifiedKey,
};
use store::Clock;
use x509_cert::{Certificate, serial_number::SerialNumber, spki::AlgorithmIdentifierOwned};

/// The one sort of response that there is: `id-pkix-ocsp-basic`.
const BASIC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.48.1.1");
/// `good` among the states of a certificate.
const GOOD: Tag = Tag::ContextSpecific { constructed: false, number: TagNumber::N0 };

/// A response that may be sent along.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Staple {
    response: Vec<u8>,
    until: Timestamp,
}

impl Staple {
    /// Reads a response (DER) for this certificate (DER).
    ///
    /// # Errors
    /// Why it is not to be sent.
    pub(super) fn read(response: &[u8], certificate: &[u8], now: Timestamp) -> Result<Self, String> {
        let own = Certificate::from_der(certificate).map_err(|error| unread("the certificate", error))?;
        let whole = Response::from_der(response).map_err(|error| unread("an OCSP response (DER)", error))?;
        let bytes = match (whole.status, whole.bytes) {
            (Status::Successful, Some(bytes)) if bytes.kind == BASIC => bytes.response,
            (Status::Successful, _) => return Err("it holds no basic response".into()),
            (status, _) => return Err(format!("the authority answered {status:?}: ask it again")),
        };
        let basic = Basic::from_der(bytes.as_bytes()).map_err(|error| unread("its basic response", error))?;
        let serial = &own.tbs_certificate.serial_number;
        let Some(said) = basic.data.responses.iter().find(|one| one.certificate.serial == *serial) else {
            return Err("it is for another certificate".into());
        };
        if said.status.tag() != GOOD {
            return Err("it does not say that the certificate is good: ask its authority why".into());
        }
        let next = said.next.ok_or("it names no end (nextUpdate)")?.to_unix_duration();
        let until = i64::try_from(next.as_secs()).ok().and_then(|next| Timestamp::from_second(next).ok());
        let until = until.ok_or("its end (nextUpdate) does not read")?;
        if until <= now {
            return Err(format!("it ended at {until}: put a newer one in its place"));
        }
        Ok(Staple { response: response.to_vec(), until })
    }
}

fn unread(what: &str, error: der::Error) -> String {
    format!("{what} does not read ({error})")
}

/// The certificate that clients meet, with its response as long as that holds.
pub(super) struct Shown {
    bare: Arc<CertifiedKey>,
    stapled: Option<(Arc<CertifiedKey>, Timestamp)>,
    clock: Arc<dyn Clock>,
}

impl Shown {
    pub(super) fn new(bare: CertifiedKey, staple: Option<Staple>, clock: Arc<dyn Clock>) -> Self {
        let stapled = staple.map(|staple| {
            let mut stapled = bare.clone();
            stapled.ocsp = Some(staple.response);
            (Arc::new(stapled), staple.until)
        });
        Shown { bare: Arc::new(bare), stapled, clock }
    }
}

impl ResolvesServerCert for Shown {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        match &self.stapled {
            // Looked at with each handshake: an end does not wait for somebody to look at the files.
            Some((stapled, until)) if self.clock.now() < *until => Some(Arc::clone(stapled)),
            _ => Some(Arc::clone(&self.bare)),
        }
    }
}

impl fmt::Debug for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Shown")
    }
}

// As RFC 6960, section 4.2.1, has them. What nobody here asks about is taken as it is.

#[derive(Sequence)]
struct Response {
    status: Status,
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT", optional = "true")]
    bytes: Option<Bytes>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Enumerated)]
#[repr(u32)]
enum Status {
    Successful = 0,
    MalformedRequest = 1,
    InternalError = 2,
    TryLater = 3,
    SigRequired = 5,
    Unauthorized = 6,
}

#[derive(Sequence)]
struct Bytes {
    kind: ObjectIdentifier,
    response: OctetString,
}

#[derive(Sequence)]
struct Basic {
    data: Data,
    algorithm: AlgorithmIdentifierOwned,
    signature: BitString,
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT", optional = "true")]
    certificates: Option<Any>,
}

#[derive(Sequence)]
struct Data {
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT", optional = "true")]
    version: Option<u8>,
    responder: Any,
    produced: GeneralizedTime,
    responses: Vec<Single>,
    #[asn1(context_specific = "1", tag_mode = "EXPLICIT", optional = "true")]
    extensions: Option<Any>,
}

#[derive(Sequence)]
struct Single {
    certificate: Named,
    status: Any,
    since: GeneralizedTime,
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT", optional = "true")]
    next: Option<GeneralizedTime>,
    #[asn1(context_specific = "1", tag_mode = "EXPLICIT", optional = "true")]
    extensions: Option<Any>,
}

#[derive(Sequence)]
struct Named {
    algorithm: AlgorithmIdentifierOwned,
    authority_name: OctetString,
    authority_key: OctetString,
    serial: SerialNumber,
}
