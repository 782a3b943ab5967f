//! Somebody who stands where a PostgreSQL server should, and listens how far we go with them.

use std::{
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    thread::JoinHandle,
};

use anyhow::{Context as _, Result};
use rustls::{ServerConnection, Stream};

use super::{PATIENCE, Pair};

/// Bytes of the request for TLS that begins a conversation with PostgreSQL (its protocol, 55.2.11).
const REQUEST_BYTES: usize = 8;

/// Waits for one connection.
pub(crate) struct Impostor {
    /// Where.
    pub(crate) address: SocketAddr,
    heard: JoinHandle<Result<usize>>,
}

impl Impostor {
    /// One who shows this certificate; one who says that there is no TLS here where there is none.
    pub(crate) fn wait(shown: Option<&Pair>) -> Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        let address = listener.local_addr()?;
        let config = shown.map(Pair::serving).transpose()?;
        let heard = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept()?;
            // Nobody else is answered.
            drop(listener);
            stream.set_read_timeout(Some(PATIENCE))?;
            let mut request = [0; REQUEST_BYTES];
            stream.read_exact(&mut request)?;
            stream.write_all(if config.is_some() { b"S" } else { b"N" })?;
            match config {
                Some(config) => Ok(over_tls(&mut stream, &mut ServerConnection::new(config)?)),
                None => Ok(count(&mut stream)),
            }
        });
        Ok(Impostor { address, heard })
    }

    /// The bytes that we said after the request for TLS: the name of a user, and what follows it.
    pub(crate) fn heard(self) -> Result<usize> {
        self.heard.join().ok().context("who stood in the database's place fell over")?
    }
}

fn over_tls(stream: &mut TcpStream, connection: &mut ServerConnection) -> usize {
    while connection.is_handshaking() {
        if connection.complete_io(stream).is_err() {
            return 0;
        }
    }
    count(&mut Stream::new(connection, stream))
}

/// Of what comes first; what is not answered stays there.
fn count(stream: &mut impl std::io::Read) -> usize {
    let mut bytes = [0; 1024];
    stream.read(&mut bytes).unwrap_or(0)
}
