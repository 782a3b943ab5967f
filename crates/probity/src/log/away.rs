//! The other machine that the log is sent to: always TLS, its chain and its name checked, and nothing sent before that.

use std::{
    io::{self, ErrorKind, Read as _, Write as _},
    net::{TcpStream, ToSocketAddrs as _},
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Error, Result, bail};
use rustls::{
    ClientConfig, ClientConnection, RootCertStore,
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, PrivateKeyDer, ServerName, pem::PemObject as _},
};

use store::operator_file;

use crate::data_directory::shown;

/// How long one address may take to answer.
const CONNECT_WAIT: Duration = Duration::from_secs(5);
/// How long agreeing on TLS may take.
const HANDSHAKE_WAIT: Duration = Duration::from_secs(10);
/// How long one event may take to be taken.
const WRITE_WAIT: Duration = Duration::from_secs(10);
/// How long it is listened, after TLS was agreed on, whether our certificate is refused: in TLS 1.3 that comes last.
const SETTLE: Duration = Duration::from_millis(250);
/// Readings of what the other side says, in one look; it has nothing to say.
const LOOKS_MAX: u32 = 64;

/// Where the log is sent, besides standard error.
#[derive(Debug, Clone)]
pub(crate) struct LogTo {
    host: String,
    port: u16,
    name: ServerName<'static>,
    authority: Option<PathBuf>,
    own: Option<(PathBuf, PathBuf)>,
}

impl LogTo {
    /// From `HOST:PORT`, the file of the authority that its certificate comes from (else the machine's list), and a
    /// certificate to show with its key.
    ///
    /// # Errors
    /// Where it is no such address, or a file cannot be used.
    pub(crate) fn new(to: &str, authority: Option<PathBuf>, own: Option<(PathBuf, PathBuf)>) -> Result<Self> {
        let shape = "write it as HOST:PORT, such as logs.example.org:6514; it is syslog over TLS, and nothing else";
        let Some((host, port)) = to.rsplit_once(':').filter(|_| !to.contains('/')) else {
            bail!("log-to {to}: {shape}");
        };
        let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
        let port = port.parse().with_context(|| format!("log-to {to}: {shape}"))?;
        let name = ServerName::try_from(host.to_owned()).with_context(|| format!("log-to {to}: {shape}"))?;
        let to = LogTo { host: host.to_owned(), port, name, authority, own };
        to.config()?;
        Ok(to)
    }

    /// The files are read for each connection: what was renewed is used by the next.
    fn config(&self) -> Result<ClientConfig> {
        let mut roots = RootCertStore::empty();
        match &self.authority {
            None => {
                roots.add_parsable_certificates(web::authorities());
                if roots.is_empty() {
                    bail!("this machine has no list of public authorities: name the log's with --log-authority");
                }
            }
            Some(file) => {
                for certificate in CertificateDer::pem_slice_iter(&read(file)?) {
                    let added = certificate.map_err(anyhow::Error::from).and_then(|one| Ok(roots.add(one)?));
                    added.with_context(|| format!("{} holds what is no authority's certificate", shown(file)))?;
                }
                if roots.is_empty() {
                    bail!("{} holds no certificate (PEM): name the authority of the log's machine", shown(file));
                }
            }
        }
        let config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots);
        let Some((certificate, key)) = &self.own else { return Ok(config.with_no_client_auth()) };
        let chain = CertificateDer::pem_slice_iter(&read(certificate)?).collect::<Result<Vec<_>, _>>();
        let chain = chain.with_context(|| format!("{} is not PEM", shown(certificate)))?;
        if chain.is_empty() {
            bail!("{} holds no certificate (PEM)", shown(certificate));
        }
        let secret =
            PrivateKeyDer::from_pem_slice(&read(key)?).with_context(|| format!("{} holds no key (PEM)", shown(key)))?;
        let shown_with = || format!("{} is not the key of {}", shown(key), shown(certificate));
        config.with_client_auth_cert(chain, secret).with_context(shown_with)
    }

    /// Connects, and agrees on TLS with who it should be.
    pub(super) fn connect(&self) -> Result<Line> {
        let mut connection = ClientConnection::new(Arc::new(self.config()?), self.name.clone())?;
        let mut stream = self.reach()?;
        stream.set_nodelay(true)?;
        stream.set_write_timeout(Some(WRITE_WAIT))?;
        let begun = Instant::now();
        while connection.is_handshaking() {
            let left = HANDSHAKE_WAIT.saturating_sub(begun.elapsed());
            if left.is_zero() {
                bail!("it did not agree on TLS in time");
            }
            stream.set_read_timeout(Some(left))?;
            connection.complete_io(&mut stream).context("no TLS with it")?;
        }
        let mut line = Line { connection, stream };
        line.settle().context("no TLS with it")?;
        Ok(line)
    }

    fn reach(&self) -> Result<TcpStream> {
        let mut last = None;
        for address in (self.host.as_str(), self.port).to_socket_addrs().context("its name is not known")? {
            match TcpStream::connect_timeout(&address, CONNECT_WAIT) {
                Ok(stream) => return Ok(stream),
                Err(error) => last = Some(error),
            }
        }
        Err(last.map_or_else(|| anyhow::anyhow!("its name has no address"), Into::into))
    }
}

impl std::fmt::Display for LogTo {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.host, self.port)
    }
}

/// A connection to it.
pub(super) struct Line {
    connection: ClientConnection,
    stream: TcpStream,
}

impl Line {
    /// Sends a frame, if the other side is still there: what is written to one that went away is lost in silence.
    pub(super) fn send(&mut self, frame: &[u8]) -> io::Result<()> {
        self.look()?;
        self.connection.writer().write_all(frame)?;
        while self.connection.wants_write() {
            self.connection.write_tls(&mut self.stream)?;
        }
        Ok(())
    }

    /// Whether the other side is still there.
    pub(super) fn look(&mut self) -> io::Result<()> {
        self.stream.set_nonblocking(true)?;
        let heard = (0..LOOKS_MAX).try_for_each(|_| self.hear());
        self.stream.set_nonblocking(false)?;
        nothing_heard(heard)
    }

    fn settle(&mut self) -> io::Result<()> {
        self.stream.set_read_timeout(Some(SETTLE))?;
        nothing_heard(self.hear())
    }

    /// Takes what the other side says. It is read for its ends and its refusals only.
    fn hear(&mut self) -> io::Result<()> {
        let gone = || io::Error::new(ErrorKind::UnexpectedEof, "it ended the connection");
        if self.connection.read_tls(&mut self.stream)? == 0 {
            return Err(gone());
        }
        let state = self.connection.process_new_packets().map_err(io::Error::other)?;
        let mut said = vec![0; state.plaintext_bytes_to_read()];
        self.connection.reader().read_exact(&mut said)?;
        if state.peer_has_closed() { Err(gone()) } else { Ok(()) }
    }

    /// Ends it in order.
    pub(super) fn end(mut self) {
        self.connection.send_close_notify();
        while self.connection.wants_write() && self.connection.write_tls(&mut self.stream).is_ok() {}
    }
}

fn read(file: &Path) -> Result<Vec<u8>> {
    operator_file::read(file).map_err(Error::msg)
}

fn nothing_heard(heard: io::Result<()>) -> io::Result<()> {
    match heard {
        Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => Ok(()),
        heard => heard,
    }
}
