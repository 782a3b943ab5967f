//! The first message of a TLS client, put together by hand (RFC 5246 7.4.1.2, RFC 8446 4.1.2): so that a server can be
//! offered what no library offers any more. What it answers shows whether it would have gone on.

use std::{
    io::{self, Read as _, Write as _},
    net::{SocketAddr, TcpStream},
};

use anyhow::{Context as _, Result};

use super::PATIENCE;

/// Versions as they are written on the wire.
pub(crate) const TLS_1_2: u16 = 0x0303;
pub(crate) const TLS_1_3: u16 = 0x0304;

/// Bytes of one record (RFC 8446 5.1).
const RECORD_BYTES_MAX: usize = 16 * 1024;
/// Kinds of records, and the one message that is read.
const ALERT: u8 = 21;
const HANDSHAKE: u8 = 22;
const SERVER_HELLO: u8 = 2;
/// The extension that names versions.
const SUPPORTED_VERSIONS: u16 = 43;

/// What a client offers.
pub(crate) struct Hello<'a> {
    /// The newest version, as clients up to TLS 1.2 say it.
    pub(crate) newest: u16,
    /// The list of versions that came with TLS 1.3; none is sent where it is empty.
    pub(crate) versions: &'a [u16],
    /// Cipher suites.
    pub(crate) suites: &'a [u16],
}

/// What a server answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reply {
    /// It goes on, with this version and this cipher suite.
    Agreed { version: u16, suite: u16 },
    /// It does not, and says why (RFC 8446 6).
    Alert(u8),
    /// It hung up.
    Closed,
}

impl Hello<'_> {
    /// Sends it on a connection of its own.
    pub(crate) fn send(&self, to: SocketAddr) -> Result<Reply> {
        let mut stream = TcpStream::connect(to)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.write_all(&self.records()?)?;
        let mut head = [0; 5];
        if let Err(error) = stream.read_exact(&mut head) {
            return if error.kind() == io::ErrorKind::UnexpectedEof { Ok(Reply::Closed) } else { Err(error.into()) };
        }
        let [kind, _, _, high, low] = head;
        let mut body = vec![0; usize::from(u16::from_be_bytes([high, low]))];
        stream.read_exact(&mut body)?;
        match kind {
            ALERT => Ok(Reply::Alert(*body.get(1).context("an alert without a word")?)),
            HANDSHAKE => agreed(&body).context("what was answered is no ServerHello"),
            other => anyhow::bail!("a record of kind {other} was answered"),
        }
    }

    /// The message in as many records as it needs.
    fn records(&self) -> Result<Vec<u8>> {
        let body = self.body()?;
        let mut message = vec![1];
        message.extend(u32::try_from(body.len())?.to_be_bytes().into_iter().skip(1));
        message.extend(body);
        let mut records = Vec::new();
        for piece in message.chunks(RECORD_BYTES_MAX) {
            records.extend([HANDSHAKE, 3, 1]);
            records.extend(u16::try_from(piece.len())?.to_be_bytes());
            records.extend(piece);
        }
        Ok(records)
    }

    fn body(&self) -> Result<Vec<u8>> {
        let mut body = self.newest.to_be_bytes().to_vec();
        // Nothing is agreed on in the end, so the random bytes need not be.
        body.extend([7; 32]);
        body.push(0);
        body.extend(counted(&words(self.suites))?);
        body.extend([1, 0]);
        let mut extensions = Vec::new();
        // The groups x25519 and secp256r1; signatures by ECDSA and RSA; the extended master secret.
        extensions.extend(extension(10, &counted(&words(&[0x001d, 0x0017]))?)?);
        extensions.extend(extension(11, &[1, 0])?);
        extensions.extend(extension(13, &counted(&words(&[0x0403, 0x0804, 0x0401, 0x0203, 0x0201]))?)?);
        extensions.extend(extension(23, &[])?);
        if !self.versions.is_empty() {
            let list = words(self.versions);
            let list = [&[u8::try_from(list.len())?][..], &list].concat();
            extensions.extend(extension(SUPPORTED_VERSIONS, &list)?);
            // A share of x25519: its base point, a point like any other.
            let mut share = vec![0, 0x1d, 0, 32, 9];
            share.resize(36, 0);
            extensions.extend(extension(51, &counted(&share)?)?);
        }
        body.extend(counted(&extensions)?);
        Ok(body)
    }
}

fn words(words: &[u16]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_be_bytes()).collect()
}

/// Bytes after their number.
fn counted(bytes: &[u8]) -> Result<Vec<u8>> {
    Ok([&u16::try_from(bytes.len())?.to_be_bytes()[..], bytes].concat())
}

fn extension(kind: u16, content: &[u8]) -> Result<Vec<u8>> {
    Ok([&kind.to_be_bytes()[..], &counted(content)?].concat())
}

/// Reads a ServerHello.
fn agreed(message: &[u8]) -> Option<Reply> {
    let word = |at: usize| Some(u16::from_be_bytes([*message.get(at)?, *message.get(at.checked_add(1)?)?]));
    if *message.first()? != SERVER_HELLO {
        return None;
    }
    // Kind and length (4), the version, the random bytes (32), the session's id after its length.
    let mut at = usize::from(*message.get(38)?).checked_add(39)?;
    let (mut version, suite) = (word(4)?, word(at)?);
    // The suite, the compression, the length of the extensions.
    at = at.checked_add(5)?;
    while let (Some(kind), Some(length)) = (word(at), word(at.checked_add(2)?)) {
        if kind == SUPPORTED_VERSIONS {
            version = word(at.checked_add(4)?)?;
        }
        at = at.checked_add(usize::from(length))?.checked_add(4)?;
    }
    Some(Reply::Agreed { version, suite })
}
