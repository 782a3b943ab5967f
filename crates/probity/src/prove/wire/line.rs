//! HTTP over one connection, with TLS and in clear.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    sync::Arc,
};

use anyhow::{Context as _, Result};
use rustls::{ClientConfig, ClientConnection, ProtocolVersion, StreamOwned, pki_types::ServerName};

use super::PATIENCE;

/// Bytes of an answer.
const ANSWER_BYTES_MAX: u64 = 4 * 1024 * 1024;

/// A connection over TLS.
pub(crate) struct Line(StreamOwned<ClientConnection, TcpStream>);

/// An answer as it came.
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// Names in small letters.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Line {
    /// Connects to `localhost` and shakes hands.
    pub(crate) fn to(address: SocketAddr, config: Arc<ClientConfig>) -> Result<Line> {
        let mut stream = connect(address)?;
        let mut connection = ClientConnection::new(config, ServerName::try_from("localhost")?)?;
        while connection.is_handshaking() {
            connection.complete_io(&mut stream)?;
        }
        Ok(Line(StreamOwned::new(connection, stream)))
    }

    /// The version that was agreed on.
    pub(crate) fn version(&self) -> Option<ProtocolVersion> {
        self.0.conn.protocol_version()
    }

    /// Sends the one request of this connection: what comes before its headers, and its headers and body.
    pub(crate) fn ask(mut self, request: &str, rest: &str) -> Result<Answer> {
        talk(&mut self.0, request, rest)
    }
}

impl Answer {
    /// The value of a header.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// The same without TLS; none where nothing like HTTP came back.
pub(crate) fn in_clear(address: SocketAddr, request: &str, rest: &str) -> Result<Option<Answer>> {
    Ok(talk(&mut connect(address)?, request, rest).ok())
}

fn connect(address: SocketAddr) -> Result<TcpStream> {
    let stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    Ok(stream)
}

fn talk(stream: &mut (impl Read + Write), request: &str, rest: &str) -> Result<Answer> {
    let rest = if rest.is_empty() { "\r\n" } else { rest };
    write!(stream, "{request} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{rest}")?;
    stream.flush()?;
    let mut bytes = Vec::new();
    let ended = stream.take(ANSWER_BYTES_MAX).read_to_end(&mut bytes);
    let text = String::from_utf8_lossy(&bytes).into_owned();
    // Whoever was answered before all was read may be cut off after.
    let Some((head, body)) = text.split_once("\r\n\r\n") else {
        ended?;
        anyhow::bail!("the answer has no end of its head");
    };
    let mut lines = head.lines();
    let status = lines.next().and_then(|line| line.strip_prefix("HTTP/1.1 ")).and_then(|line| line.get(..3));
    let status = status.context("what was answered is not HTTP")?.parse()?;
    let headers = lines.filter_map(|line| line.split_once(": "));
    let headers = headers.map(|(name, value)| (name.to_lowercase(), value.to_owned())).collect();
    Ok(Answer { status, headers, body: body.to_owned() })
}
