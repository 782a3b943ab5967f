//! A PostgreSQL server, or several of which one leads: where it is, and how a connection to it is made. Always TLS, with
//! the certificate checked against the authority that the operator named and against the host's name.

use std::{str::FromStr, sync::Arc, time::Duration};

use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, pem::PemObject},
};
use serde::{Deserialize, Serialize};
use tokio_postgres::{
    Client, Config,
    config::{ChannelBinding, Host, SslMode, TargetSessionAttrs},
};
use tokio_postgres_rustls::MakeRustlsConnect;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use super::{
    driver::Driver,
    failure::{self, Cause},
};
use crate::{
    backend::Trouble,
    error::{Error, Result},
};

/// How long one host may take to let a connection in.
const CONNECT_WAIT: Duration = Duration::from_secs(3);
/// How long what was sent may stay without an answer from the other machine.
const NETWORK_WAIT: Duration = Duration::from_secs(10);
/// What every session holds to, whatever the server's own settings say. A commit waits for the disk, and for a
/// synchronous standby where there is one; whoever stops in the middle of a transaction does not keep others waiting; a
/// statement is planned once, since all of them look up by keys.
const SESSION: &str = "-c synchronous_commit=on -c idle_in_transaction_session_timeout=15000 -c lock_timeout=10000 \
                       -c plan_cache_mode=force_generic_plan -c jit=off -c client_min_messages=warning -c standard_conforming_strings=on";

/// As it is written into an installation's folder.
#[derive(Clone, Serialize, Deserialize, Zeroize, ZeroizeOnDrop)]
#[serde(deny_unknown_fields)]
pub(crate) struct Server {
    hosts: Vec<(String, u16)>,
    database: String,
    user: String,
    password: String,
    /// PEM of the authorities that the server's certificate may come from.
    authority: String,
}

impl Server {
    /// From `postgres://user:password@host[:port][,host[:port]…]/database` and the authority's certificates as PEM.
    pub(crate) fn new(url: &str, authority: &str) -> Result<Self> {
        let refuse = |message: String| Error::refused("postgres", "url", message);
        let shape = "write it as postgres://user:password@host:port/database";
        // Which session is wanted and that it is encrypted is not for the address to say.
        let plain = url.split_once('?').map_or(url, |(plain, _)| plain);
        let config = Config::from_str(plain)
            .map_err(|e| refuse(format!("this is not an address of PostgreSQL ({}): {shape}", Cause(&e))))?;
        let mut ports = config.get_ports().iter().copied().cycle();
        let mut hosts = Vec::new();
        for host in config.get_hosts() {
            match host {
                Host::Tcp(name) => hosts.push((name.clone(), ports.next().unwrap_or(5432))),
                #[cfg(unix)]
                Host::Unix(_) => return Err(refuse(format!("a socket file has no certificate to check: {shape}"))),
            }
        }
        let (Some(user), Some(database)) = (config.get_user(), config.get_dbname()) else {
            return Err(refuse(format!("the address names no user or no database: {shape}")));
        };
        if hosts.is_empty() {
            return Err(refuse(format!("the address names no host: {shape}")));
        }
        let password = config.get_password().unwrap_or_default();
        let server = Server {
            hosts,
            database: database.to_owned(),
            user: user.to_owned(),
            password: String::from_utf8_lossy(password).into_owned(),
            authority: authority.to_owned(),
        };
        server.tls().map(|_| server)
    }

    /// The same place, for another role.
    pub(crate) fn as_role(&self, user: &str, password: &str) -> Self {
        let mut server = self.clone();
        (server.user, server.password) = (user.to_owned(), password.to_owned());
        server
    }

    /// The same place, trusting another authority.
    pub(crate) fn trusting(&self, authority: &str) -> Self {
        let mut server = self.clone();
        authority.clone_into(&mut server.authority);
        server
    }

    /// The authority's certificates, as PEM.
    pub(crate) fn authority(&self) -> &str {
        &self.authority
    }

    pub(crate) fn database(&self) -> &str {
        &self.database
    }

    /// What it means to the person who starts the server, or founds an organization, that nobody answers.
    pub(super) fn not_there(&self, error: Error) -> Error {
        let Error::Busy { .. } = error else { return error };
        let hosts: Vec<String> = self.hosts.iter().map(|(host, port)| format!("{host}:{port}")).collect();
        let message =
            format!("no PostgreSQL that takes writes answers at {}: start it, or mend the address", hosts.join(" or "));
        Error::refused("postgres", "no_answer", message)
    }

    /// Connects to the first host that takes writes.
    pub(super) fn connect(&self, driver: &Driver) -> std::result::Result<Client, (Error, Trouble)> {
        let tls = self.tls().map_err(|error| (error, Trouble::None))?;
        let mut last = failure::lost();
        for (host, port) in &self.hosts {
            let config = self.config(host, *port);
            let attempt = async {
                let (client, connection) = config.connect(tls.clone()).await?;
                // It ends with its client; why, the client's own calls say.
                tokio::spawn(async move { drop(connection.await) });
                Ok::<_, tokio_postgres::Error>(client)
            };
            match driver.wait(async { tokio::time::timeout(CONNECT_WAIT, attempt).await }) {
                Ok(Ok(client)) => return Ok(client),
                Ok(Err(error)) => {
                    tracing::warn!(%host, port, cause = %Cause(&error), "no connection to PostgreSQL");
                    last = self.refused(host, &error);
                }
                Err(_) => tracing::warn!(%host, port, "PostgreSQL does not answer"),
            }
        }
        Err(last)
    }

    fn config(&self, host: &str, port: u16) -> Config {
        let mut config = Config::new();
        config
            .host(host)
            .port(port)
            .user(&self.user)
            .password(&self.password)
            .dbname(&self.database)
            .application_name("probity")
            .options(SESSION)
            .ssl_mode(SslMode::Require)
            .channel_binding(ChannelBinding::Prefer)
            .target_session_attrs(TargetSessionAttrs::ReadWrite)
            .connect_timeout(CONNECT_WAIT)
            .tcp_user_timeout(NETWORK_WAIT)
            .keepalives_idle(NETWORK_WAIT);
        config
    }

    /// What a connection that was not let in means to the person who starts the server.
    fn refused(&self, host: &str, error: &tokio_postgres::Error) -> (Error, Trouble) {
        let text = Cause(error).to_string();
        let refuse = |code, message| (Error::refused("postgres", code, message), Trouble::None);
        if text.contains("certificate") {
            return refuse(
                "certificate",
                format!(
                    "the certificate of {host} is not one that your authority vouches for ({text}): name the right authority, or mend the server's certificate"
                ),
            );
        }
        if text.contains("server does not support TLS") {
            return refuse("no_tls", format!("{host} does not offer TLS: set ssl = on there"));
        }
        match error.code().map(tokio_postgres::error::SqlState::code) {
            Some(code) if code.starts_with("28") => {
                refuse("not_let_in", format!("{host} does not let {} in ({text})", self.user))
            }
            Some("3D000") => {
                refuse("no_database", format!("{host} has no database {}: create it first", self.database))
            }
            _ => failure::told(error),
        }
    }

    fn tls(&self) -> Result<MakeRustlsConnect> {
        let refuse = |message: String| Error::refused("postgres", "authority", message);
        let mut roots = RootCertStore::empty();
        for certificate in CertificateDer::pem_slice_iter(self.authority.as_bytes()) {
            let certificate = certificate.map_err(|e| refuse(format!("the authority's file is not PEM ({e:?})")))?;
            roots
                .add(certificate)
                .map_err(|e| refuse(format!("a certificate of the authority does not read ({e})")))?;
        }
        if roots.is_empty() {
            return Err(refuse(
                "the authority's file holds no certificate (PEM): name the one that signed the server's".into(),
            ));
        }
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(Error::fault)?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(MakeRustlsConnect::new(config))
    }

    /// As it lies in a file.
    pub(crate) fn text(&self) -> Result<Zeroizing<Vec<u8>>> {
        serde_json::to_vec_pretty(self).map(Zeroizing::new).map_err(Error::fault)
    }

    pub(crate) fn parse(text: &[u8]) -> Result<Self> {
        serde_json::from_slice(text).map_err(|e| {
            Error::refused(
                "postgres",
                "file",
                format!("postgres.json does not read ({e}): put back the one made by `probity init`"),
            )
        })
    }
}
