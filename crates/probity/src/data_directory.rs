//! Which data directory a command works on, and opening it.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::{Context as _, Result, anyhow, bail};
use store::{Clock, Installation, Organization, PostgresCertificate, RootKeyPlace};

use crate::clock::MachineClock;

/// The data directory unless told.
const DEFAULT: &str = "probity-data";

/// The data directory and its key.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct DataDirectory {
    /// The data directory, made by `probity init`
    #[arg(long = "data", value_name = "DIR", env = "PROBITY_DATA", default_value = DEFAULT)]
    pub(crate) folder: PathBuf,

    /// The root key: a file, or a key on a PKCS #11 token (pkcs11:token=…;object=…?module-path=…&pin-source=…); DIR/root.key
    /// unless given
    #[arg(long, value_name = "FILE|URI", env = "PROBITY_ROOT_KEY")]
    pub(crate) root_key: Option<RootKeyPlace>,

    /// A certificate (PEM) that a PostgreSQL server is shown beside the password; read again for each connection
    #[arg(long, value_name = "FILE", env = "PROBITY_POSTGRES_CERT", requires = "postgres_key")]
    pub(crate) postgres_cert: Option<PathBuf>,

    /// That certificate's key (PEM)
    #[arg(long, value_name = "FILE", env = "PROBITY_POSTGRES_KEY", requires = "postgres_cert")]
    pub(crate) postgres_key: Option<PathBuf>,
}

/// A PostgreSQL server, as its owner reaches it. Nothing of it is kept.
#[derive(Debug, Clone, Default, clap::Args)]
pub(crate) struct PostgresOwner {
    /// The address of a role that may make schemas and roles: postgres://user:password@host:port/database
    #[arg(long, value_name = "URL", env = "PROBITY_POSTGRES_OWNER", hide_env_values = true)]
    pub(crate) postgres_owner: Option<String>,
}

/// The authority that a PostgreSQL server's certificate must come from.
#[derive(Debug, Clone, Default, clap::Args)]
pub(crate) struct PostgresAuthority {
    /// The file (PEM) of the authority that the server's certificate comes from
    #[arg(long, value_name = "FILE", env = "PROBITY_POSTGRES_AUTHORITY")]
    pub(crate) postgres_authority: Option<PathBuf>,
}

impl PostgresAuthority {
    /// Its text.
    pub(crate) fn read(&self) -> Result<String> {
        let Some(file) = &self.postgres_authority else {
            bail!("name the authority that the server's certificate comes from with --postgres-authority");
        };
        std::fs::read_to_string(file).with_context(|| format!("{} cannot be read", shown(file)))
    }
}

impl DataDirectory {
    /// Whether nobody said which.
    pub(crate) fn is_default(&self) -> bool {
        self.folder == Path::new(DEFAULT)
    }

    /// Makes it, with a new root key.
    pub(crate) fn create(&self) -> Result<Installation> {
        Ok(Installation::create(&self.folder, self.root_key.as_ref(), Arc::new(MachineClock))?)
    }

    /// As [`DataDirectory::create`], with the organizations on a PostgreSQL server.
    pub(crate) fn create_on(&self, owner: &str, authority: &str) -> Result<Installation> {
        let (key, shown) = (self.root_key.as_ref(), self.postgres_certificate()?);
        Ok(Installation::create_showing(&self.folder, key, Arc::new(MachineClock), (owner, authority), shown)?)
    }

    /// Opens it for what only the database's owner may do, where it is on a server.
    pub(crate) fn open_as(&self, owner: &PostgresOwner) -> Result<Installation> {
        let mut installation = self.open()?;
        if let Some(url) = &owner.postgres_owner {
            installation.set_owner(url)?;
        }
        Ok(installation)
    }

    /// Opens it, and keeps every other Probity out while it is open.
    pub(crate) fn open(&self) -> Result<Installation> {
        let (key, shown) = (self.root_key.as_ref(), self.postgres_certificate()?);
        Ok(Installation::open_showing(&self.folder, key, Arc::new(MachineClock), shown)?)
    }

    /// What a PostgreSQL server is shown.
    fn postgres_certificate(&self) -> Result<Option<PostgresCertificate>> {
        match (self.postgres_cert.clone(), self.postgres_key.clone()) {
            (None, None) => Ok(None),
            (Some(certificate), Some(key)) => Ok(Some(PostgresCertificate { certificate, key })),
            _ => bail!("postgres-cert and postgres-key go together: give both, or neither"),
        }
    }

    /// Where its root key lies.
    pub(crate) fn root_key(&self) -> RootKeyPlace {
        self.root_key.clone().unwrap_or_else(|| RootKeyPlace::of(&self.folder))
    }

    /// Wraps the organizations' keys with the root key of another place.
    pub(crate) fn move_root_key(&self, to: &RootKeyPlace) -> Result<usize> {
        let clock: Arc<dyn Clock> = Arc::new(MachineClock);
        let shown = self.postgres_certificate()?;
        Ok(Installation::move_root_key(&self.folder, (self.root_key.as_ref(), to), &clock, shown)?)
    }
}

/// The organization a command is about: the one named, by name or id, or the only one there is.
pub(crate) fn organization(installation: &Installation, named: Option<&str>) -> Result<Arc<Organization>> {
    let all = installation.all();
    let names = || all.iter().map(|one| format!("  {}  {}", one.id(), one.name())).collect::<Vec<_>>().join("\n");
    match (named, all.as_slice()) {
        (_, []) => Err(anyhow!("there is no organization here yet: found one with `probity org create`")),
        (None, [only]) => Ok(Arc::clone(only)),
        (None, _) => Err(anyhow!("name the organization with --organization; there are\n{}", names())),
        (Some(named), _) => all
            .iter()
            .find(|one| one.name() == named || one.id().to_string() == named)
            .map(Arc::clone)
            .with_context(|| format!("there is no organization “{named}” here; there are\n{}", names())),
    }
}

/// A path as messages write it.
pub(crate) fn shown(path: &Path) -> std::path::Display<'_> {
    path.display()
}
