//! A PostgreSQL server, or several of which one leads: where it is, and how a connection to it is made. Always TLS, with
//! the certificate checked against the authority that the operator named and against the host's name. Where the operator
//! gives Probity a certificate, each connection shows it, beside its role's password.

use std::{net::IpAddr, str::FromStr, sync::Arc, time::Duration};

use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, pem::PemObject},
    sign::SingleCertAndKey,
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
    own::Own,
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

/// As it is written into an installation's folder, but for its password, which is sealed there.
#[derive(Clone, Serialize, Deserialize, Zeroize, ZeroizeOnDrop)]
#[serde(deny_unknown_fields)]
pub(crate) struct Server {
    hosts: Vec<(String, u16)>,
    database: String,
    user: String,
    #[serde(rename = "sealed_password")]
    password: String,
    /// PEM of the authorities that the server's certificate may come from.
    authority: String,
    /// Each process is told of its own: the files may lie elsewhere on another machine.
    #[serde(skip)]
    #[zeroize(skip)]
    own: Option<Arc<Own>>,
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
            own: None,
        };
        server.tls().map(|_| server)
    }

    /// The same place, for another role.
    pub(crate) fn as_role(&self, user: &str, password: &str) -> Self {
        let mut server = self.clone();
        (server.user, server.password) = (user.to_owned(), password.to_owned());
        server
    }

    /// The same place and role.
    pub(crate) fn with_password(&self, password: &str) -> Self {
        self.as_role(&self.user, password)
    }

    pub(crate) fn password(&self) -> &str {
        &self.password
    }

    /// The same place, trusting another authority.
    pub(crate) fn trusting(&self, authority: &str) -> Self {
        let mut server = self.clone();
        authority.clone_into(&mut server.authority);
        server
    }

    /// The same place, shown this certificate.
    pub(crate) fn showing(mut self, own: Option<Arc<Own>>) -> Self {
        self.own = own;
        self
    }

    /// The certificate that it is shown.
    pub(crate) fn shown(&self) -> Option<Arc<Own>> {
        self.own.clone()
    }

    /// Tells the operator where a password alone goes to another machine.
    pub(crate) fn tell_unshown(&self) {
        if self.own.is_none() && self.is_elsewhere() {
            tracing::warn!(
                "PostgreSQL on another machine is shown a password and no certificate: give --postgres-cert and --postgres-key, and let pg_hba.conf ask for it (clientcert=verify-ca)"
            );
        }
    }

    /// Whether it may be another machine.
    fn is_elsewhere(&self) -> bool {
        let here = |host: &str| host == "localhost" || host.parse().is_ok_and(|ip: IpAddr| ip.is_loopback());
        !self.hosts.iter().all(|(host, _)| here(host))
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
        let mut message =
            format!("no PostgreSQL that takes writes answers at {}: start it, or mend the address", hosts.join(" or "));
        if let Some(own) = &self.own {
            // A server that ends the connection over a certificate may be gone before it could be heard why.
            message.push_str(&format!("; its log says whether it would not take the certificate of {}", own.file()));
        }
        Error::refused("postgres", "no_answer", message)
    }

    /// What it means to whoever is at work that a certificate is not taken: to wait. Why, and whose file it is, is the
    /// operator's to read, in the log.
    pub(crate) fn at_work(error: Error) -> Error {
        match &error {
            Error::Refused(why) if why.iter().any(|one| one.code.starts_with("certificate")) => failure::lost().0,
            _ => error,
        }
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
        let code = error.code().map_or("", tokio_postgres::error::SqlState::code);
        // PostgreSQL asks for a certificate after TLS, in words of its own; one that it will not take ends TLS.
        if (code.starts_with("28") && text.contains("certificate")) || text.contains("received fatal alert") {
            match &self.own {
                None if code.is_empty() => {}
                None => {
                    let what = "name one with --postgres-cert and --postgres-key";
                    return refuse(
                        "certificate_needed",
                        format!("{host} wants to be shown a certificate ({text}): {what}"),
                    );
                }
                Some(own) => {
                    let what = "have it signed by an authority of the server's ssl_ca_file";
                    let message = format!("{host} does not take the certificate of {} ({text}): {what}", own.file());
                    return refuse("certificate_not_taken", message);
                }
            }
        }
        if code.is_empty() && text.contains("certificate") {
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
        match code {
            code if code.starts_with("28") => {
                refuse("not_let_in", format!("{host} does not let {} in ({text})", self.user))
            }
            "3D000" => refuse("no_database", format!("{host} has no database {}: create it first", self.database)),
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
            .with_root_certificates(roots);
        let config = match &self.own {
            None => config.with_no_client_auth(),
            Some(own) => config.with_client_cert_resolver(Arc::new(SingleCertAndKey::from(own.shown()))),
        };
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_machine_is_told_from_this_one() {
        let server = |hosts: &[&str]| Server {
            hosts: hosts.iter().map(|host| ((*host).to_owned(), 5432)).collect(),
            database: String::new(),
            user: String::new(),
            password: String::new(),
            authority: String::new(),
            own: None,
        };
        for here in [&["127.0.0.1"][..], &["::1"], &["localhost"], &["127.0.0.1", "127.0.0.2"]] {
            assert!(!server(here).is_elsewhere(), "{here:?}");
        }
        for elsewhere in [&["10.0.0.1"][..], &["db.example.org"], &["127.0.0.1", "db.example.org"]] {
            assert!(server(elsewhere).is_elsewhere(), "{elsewhere:?}");
        }
    }
}
