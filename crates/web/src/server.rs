//! The server: binds, serves, and stops in order.

use std::{net::SocketAddr, sync::Arc};

use store::{Error, Installation};

/// Where and how to serve.
#[derive(Debug, Clone, Default)]
pub struct ServeConfig {
    /// Addresses to bind; port 0 takes a free one.
    pub listen: Vec<SocketAddr>,
    /// Host names that the server answers to, besides the loopback's.
    pub hosts: Vec<String>,
    /// Certificate and key, in PEM. Needed wherever an address is not of the loopback.
    pub certificate: Option<Certificate>,
}

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

/// A server that is serving.
#[derive(Debug)]
pub struct Serving {
    /// The addresses that it is bound to.
    pub addresses: Vec<SocketAddr>,
}

impl Serving {
    /// Stops taking requests, answers those that are running, and ends.
    pub fn stop(&self) {}

    /// Waits until it has stopped.
    ///
    /// # Errors
    /// Why it stopped, where nobody asked it to.
    pub async fn stopped(self) -> store::Result<()> {
        Ok(())
    }
}

/// Binds and serves until [`Serving::stop`], SIGTERM or ctrl-c.
///
/// # Errors
/// Refused where an address cannot be bound, where one beyond the loopback has no certificate, or where the
/// certificate does not fit its key.
pub async fn serve(config: ServeConfig, installation: Arc<Installation>) -> store::Result<Serving> {
    let _ = (config, installation);
    Err(Error::refused("listen", "none", "name an address to listen on"))
}
