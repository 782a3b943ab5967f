//! `probity serve`: the server, from arguments and, beneath them, a configuration file.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::{Context as _, Error, Result, bail};
use serde::Deserialize;
use store::{RootKeyPlace, operator_file};
use web::{ServeConfig, TlsFiles};

use crate::{
    data_directory::{DataDirectory, shown},
    log::{self, LogFormat, LogTo},
    outcome::Outcome,
    progress::print,
};

/// Where the server listens unless told.
const LISTEN: &str = "127.0.0.1:7240";

/// Serve the pages and the API
///
/// In clear on the loopback only; anywhere else a certificate and its key are needed. Their files are looked at again
/// every few seconds, and at SIGHUP, so a renewed certificate needs no restart. Stops in order at ctrl-c or SIGTERM:
/// requests that run are answered first.
#[derive(Debug, clap::Args)]
pub(crate) struct Serve {
    #[command(flatten)]
    data: DataDirectory,

    /// Address and port to listen on; may be given several times [default: 127.0.0.1:7240]
    #[arg(long, value_name = "ADDRESS")]
    listen: Vec<SocketAddr>,

    /// A host name that people reach the server by; may be given several times
    #[arg(long, value_name = "NAME")]
    host: Vec<String>,

    /// The certificate chain, in PEM, the server's own first
    #[arg(long, value_name = "FILE", requires = "key")]
    cert: Option<PathBuf>,

    /// The certificate's key, in PEM
    #[arg(long, value_name = "FILE", requires = "cert")]
    key: Option<PathBuf>,

    /// What the certificate's authority last said of it (an OCSP response, in DER), sent along while it holds
    #[arg(long, value_name = "FILE")]
    ocsp: Option<PathBuf>,

    /// The authorities, in PEM, that programs' certificates come from; then a program needs one, and people do not
    #[arg(long, value_name = "FILE")]
    client_authority: Option<PathBuf>,

    /// Their lists of revoked certificates, in PEM
    #[arg(long, value_name = "FILE")]
    client_revoked: Option<PathBuf>,

    /// An address that answers in clear, and only that the address is another, over TLS; may be given several times
    #[arg(long, value_name = "ADDRESS")]
    redirect: Vec<SocketAddr>,

    /// The issuer of an OpenID provider that organizations may name for single sign-on; may be given several times
    #[arg(long, value_name = "ISSUER")]
    identity_provider: Vec<String>,

    /// The port at which people reach the server, where it is not the one that it listens on
    #[arg(long, value_name = "PORT")]
    public_port: Option<u16>,

    /// How the log is written
    #[arg(long, value_enum)]
    log: Option<LogFormat>,

    /// Another machine that the log is sent to, besides standard error: syslog over TLS (RFC 5425)
    #[arg(long, value_name = "HOST:PORT")]
    log_to: Option<String>,

    /// The authority, in PEM, that its certificate comes from [default: those that this machine trusts]
    #[arg(long, value_name = "FILE")]
    log_authority: Option<PathBuf>,

    /// A certificate, in PEM, that it is shown
    #[arg(long, value_name = "FILE", requires = "log_key")]
    log_cert: Option<PathBuf>,

    /// That certificate's key, in PEM
    #[arg(long, value_name = "FILE", requires = "log_cert")]
    log_key: Option<PathBuf>,

    /// A TOML file with any of these but this one, written with _ for -. What is given here stands before it
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

/// What a configuration file may say. What it does not know is an error: a misspelt setting must not be passed over.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Configuration {
    data: Option<PathBuf>,
    root_key: Option<RootKeyPlace>,
    postgres_cert: Option<PathBuf>,
    postgres_key: Option<PathBuf>,
    listen: Vec<SocketAddr>,
    host: Vec<String>,
    cert: Option<PathBuf>,
    key: Option<PathBuf>,
    ocsp: Option<PathBuf>,
    client_authority: Option<PathBuf>,
    client_revoked: Option<PathBuf>,
    redirect: Vec<SocketAddr>,
    identity_provider: Vec<String>,
    public_port: Option<u16>,
    log: Option<LogFormat>,
    log_to: Option<String>,
    log_authority: Option<PathBuf>,
    log_cert: Option<PathBuf>,
    log_key: Option<PathBuf>,
}

impl Serve {
    pub(crate) fn run(self) -> Result<Outcome> {
        let configured = self.config.as_deref().map(read_configuration).transpose()?.unwrap_or_default();
        let log_to = log_to(
            self.log_to.or(configured.log_to),
            self.log_authority.or(configured.log_authority),
            (self.log_cert.or(configured.log_cert), self.log_key.or(configured.log_key)),
        )?;
        // Until the end of this: then what is left is sent.
        let _sending = log::start(self.log.or(configured.log).unwrap_or(LogFormat::Text), log_to)?;
        let mut data = self.data;
        if data.is_default() {
            data.folder = configured.data.unwrap_or(data.folder);
        }
        data.root_key = data.root_key.or(configured.root_key);
        data.postgres_cert = data.postgres_cert.or(configured.postgres_cert);
        data.postgres_key = data.postgres_key.or(configured.postgres_key);
        let mut listen = first(self.listen, configured.listen);
        if listen.is_empty() {
            listen.push(LISTEN.parse().context("the address to listen on")?);
        }
        let client_authority = self.client_authority.or(configured.client_authority);
        let client_revoked = self.client_revoked.or(configured.client_revoked);
        let ocsp = self.ocsp.or(configured.ocsp);
        let tls = match (self.cert.or(configured.cert), self.key.or(configured.key)) {
            (None, None) if ocsp.is_some() => bail!("an OCSP response goes with a certificate: give cert and key too"),
            (None, None) if client_authority.is_none() && client_revoked.is_none() => None,
            (None, None) => bail!("programs show a certificate over TLS only: give cert and key too"),
            (Some(certificate), Some(key)) => {
                Some(TlsFiles { certificate, key, ocsp, client_authority, client_revoked })
            }
            _ => bail!("cert and key go together: give both, or neither"),
        };
        let config = ServeConfig {
            listen,
            hosts: first(self.host, configured.host),
            tls,
            redirect: first(self.redirect, configured.redirect),
            identity_providers: first(self.identity_provider, configured.identity_provider),
            unpaced: false,
            public_port: self.public_port.or(configured.public_port),
        };
        serve(&data, config)
    }
}

/// The other machine that the log is sent to.
fn log_to(
    to: Option<String>,
    authority: Option<PathBuf>,
    own: (Option<PathBuf>, Option<PathBuf>),
) -> Result<Option<LogTo>> {
    let own = match own {
        (Some(certificate), Some(key)) => Some((certificate, key)),
        (None, None) => None,
        _ => bail!("log-cert and log-key go together: give both, or neither"),
    };
    match to {
        Some(to) => LogTo::new(&to, authority, own).map(Some),
        None if authority.is_some() || own.is_some() => bail!("name the machine that the log is sent to with log-to"),
        None => Ok(None),
    }
}

/// Opens the data directory and serves until told to stop.
fn serve(data: &DataDirectory, config: ServeConfig) -> Result<Outcome> {
    let installation = Arc::new(data.open()?);
    let scheme = if config.tls.is_some() { "https" } else { "http" };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let serving = web::serve(config, Arc::clone(&installation)).await?;
        for address in &serving.addresses {
            print(&format!("Probity serves {} at {scheme}://{address}", shown(&data.folder)))?;
        }
        for address in &serving.redirects {
            print(&format!("Who comes to http://{address} is sent there"))?;
        }
        serving.stopped().await?;
        print("stopped")?;
        Ok(Outcome::Done)
    })
}

/// The settings that a configuration file may have, by name. Asked of the reader itself, so that none is forgotten.
pub(crate) fn configuration_settings() -> Vec<String> {
    let unknown = toml::from_str::<Configuration>("? = 0").or_else(|_| toml::from_str::<Configuration>("\"?\" = 0"));
    let said = unknown.err().map(|error| error.message().to_owned()).unwrap_or_default();
    // “unknown field `?`, expected one of `data`, `root_key`, …”: every second piece between back quotes is a name.
    said.split('`').skip(3).step_by(2).map(str::to_owned).collect()
}

fn first<T>(given: Vec<T>, configured: Vec<T>) -> Vec<T> {
    if given.is_empty() { configured } else { given }
}

fn read_configuration(path: &Path) -> Result<Configuration> {
    let bytes = operator_file::read(path).map_err(Error::msg)?;
    let text = String::from_utf8(bytes).with_context(|| format!("{} is not text", shown(path)))?;
    toml::from_str(&text).with_context(|| format!("{} is not a configuration of Probity", shown(path)))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use clap::ValueEnum as _;

    use super::*;

    #[test]
    fn a_configuration_with_a_misspelt_setting_is_refused() {
        let read = toml::from_str::<Configuration>;
        assert_eq!(read("listen = [\"127.0.0.1:1\"]").unwrap().listen.len(), 1);
        let error = read("listn = [\"127.0.0.1:1\"]").unwrap_err().to_string();
        assert!(error.contains("listn") && error.contains("listen"), "{error}");
    }

    #[test]
    fn the_settings_are_known_by_name() {
        let data = ["data", "root_key", "postgres_cert", "postgres_key"];
        let people = ["listen", "host", "cert", "key", "ocsp", "client_authority", "client_revoked", "redirect"];
        let rest = ["identity_provider", "public_port", "log", "log_to", "log_authority", "log_cert", "log_key"];
        assert_eq!(configuration_settings(), [&data[..], &people, &rest].concat());
    }

    #[test]
    fn what_is_given_stands_before_what_is_configured() {
        assert_eq!(first(vec![1], vec![2]), [1]);
        assert_eq!(first(vec![], vec![2]), [2]);
        assert!(LogFormat::from_str("json", true).is_ok());
    }
}
