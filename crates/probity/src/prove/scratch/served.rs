//! A scratch installation that is served over TLS, as `probity serve` serves the real one.

use std::{fs, net::SocketAddr, sync::Arc};

use anyhow::{Context as _, Result};
use store::{FirstAdministrator, Installation, acts::FoundOrganization};
use tokio::runtime::Runtime;
use web::{ServeConfig, Serving, TlsFiles};

use super::{Folder, PASSWORD};
use crate::{
    clock::MachineClock,
    prove::wire::{Authority, Line},
};

/// The administrator's name to sign in.
pub(crate) const ADMINISTRATOR: &str = "admin";

/// Serves until it is dropped.
pub(crate) struct Served {
    serving: Serving,
    /// Vouches for the server.
    pub(crate) authority: Authority,
    /// Vouches for programs, where they have to show a certificate.
    pub(crate) programs: Option<Authority>,
    _runtime: Runtime,
    _folder: Folder,
}

impl Served {
    /// At an address over TLS, and at another that redirects. Programs have to show a certificate where it is said.
    pub(crate) fn start(with_programs: bool) -> Result<Self> {
        let folder = Folder::new()?;
        let installation = Arc::new(Installation::create(&folder.path().join("data"), None, Arc::new(MachineClock))?);
        found(&installation)?;
        let authority = Authority::new()?;
        let programs = with_programs.then(Authority::new).transpose()?;
        let write = |name: &str, text: &str| {
            let path = folder.path().join(name);
            fs::write(&path, text).map(|()| path)
        };
        let shown = authority.server("localhost")?;
        let tls = TlsFiles {
            certificate: write("certificate.pem", &shown.certificate)?,
            key: write("key.pem", &shown.key)?,
            client_authority: programs.as_ref().map(|programs| write("programs.pem", &programs.pem())).transpose()?,
            ..TlsFiles::default()
        };
        let any = || Ok::<_, std::net::AddrParseError>(vec!["127.0.0.1:0".parse()?]);
        let config = ServeConfig { listen: any()?, redirect: any()?, tls: Some(tls), ..ServeConfig::default() };
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
        let serving = runtime.block_on(web::serve(config, installation))?;
        Ok(Served { serving, authority, programs, _runtime: runtime, _folder: folder })
    }

    /// Where it speaks TLS.
    pub(crate) fn address(&self) -> Result<SocketAddr> {
        self.serving.addresses.first().copied().context("the scratch server listens nowhere")
    }

    /// Where it redirects.
    pub(crate) fn redirect(&self) -> Result<SocketAddr> {
        self.serving.redirects.first().copied().context("the scratch server redirects nowhere")
    }

    /// A new connection of somebody who trusts it and shows nothing.
    pub(crate) fn line(&self) -> Result<Line> {
        Line::to(self.address()?, self.authority.trusting(rustls::ALL_VERSIONS, None)?)
    }
}

fn found(installation: &Installation) -> Result<()> {
    let token = store::fresh_token()?;
    let first = FirstAdministrator {
        name: "Admin".into(),
        email: "admin@example.org".into(),
        sign_in: ADMINISTRATOR.into(),
        token: token.clone(),
    };
    let founding = FoundOrganization {
        name: "Scratch".into(),
        origin: "localhost/scratch".into(),
        without_second_factor: Some("a proof".into()),
    };
    let organization = installation.found(founding, &first)?;
    organization.enrol(&token, PASSWORD, None, organization.fresh_request()?)?;
    Ok(())
}
