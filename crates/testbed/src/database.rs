//! A database of a test's own, on a server that was started for all of them. Whoever runs the tests says which server; where
//! nobody does, tests use what needs none.

use std::{
    path::Path,
    path::PathBuf,
    sync::atomic::{AtomicU32, Ordering},
};

use crate::account::Account;
use crate::door::Door;
use crate::failure::{Failure, Result, While as _};

/// The server's address, as [`crate::Server::url`] gives it.
pub const SERVER: &str = "PROBITY_TEST_POSTGRES";
/// The file of the authority's certificate.
pub const AUTHORITY: &str = "PROBITY_TEST_POSTGRES_AUTHORITY";

/// A database, removed when this goes.
#[derive(Debug)]
pub struct Database {
    door: Door,
    name: String,
}

impl Database {
    /// Makes one, on the server that the environment names; `None` where it names none.
    ///
    /// # Errors
    /// Where the server is not there or the address is not one.
    pub fn from_environment() -> Result<Option<Self>> {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let Some(url) = std::env::var_os(SERVER) else { return Ok(None) };
        let authority = std::env::var_os(AUTHORITY).map(PathBuf::from).unwrap_or_default();
        let door = Door::parse(&url.to_string_lossy(), authority)?;
        let name = format!("probity_{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let database = Self { door, name };
        database.on_server(&format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", database.name))?;
        database.on_server(&format!("CREATE DATABASE {}", database.name))?;
        Ok(Some(database))
    }

    /// The superuser's address of it.
    #[must_use]
    pub fn url(&self) -> String {
        self.door.url_of(&self.name)
    }

    /// The text of the authority's certificate.
    ///
    /// # Errors
    /// Where the file is not there.
    pub fn authority(&self) -> Result<String> {
        std::fs::read_to_string(&self.door.authority).while_doing(format!("reading {}", self.door.authority.display()))
    }

    /// The file of the authority's certificate.
    #[must_use]
    pub fn authority_file(&self) -> &Path {
        &self.door.authority
    }

    /// Runs `statement` in it, as the superuser; see [`crate::Server::sql`].
    ///
    /// # Errors
    /// With what `psql` says.
    pub fn sql(&self, statement: &str) -> Result<String> {
        self.door.sql(Account::find()?, &self.name, statement)
    }

    /// As [`Self::sql`], as another role.
    ///
    /// # Errors
    /// With what `psql` says, where the role may not too.
    pub fn sql_as(&self, role: &str, password: &str, statement: &str) -> Result<String> {
        self.door.sql_as(Account::find()?, (role, password), &self.name, statement)
    }

    /// A copy of it as it is now. Nobody may be connected to it.
    ///
    /// # Errors
    /// Where somebody is still connected after five seconds.
    pub fn copy(&self) -> Result<Self> {
        let name = format!("{}_copy", self.name);
        self.on_server(&format!("CREATE DATABASE {name} TEMPLATE {}", self.name))?;
        Ok(Self { door: self.door.clone(), name })
    }

    /// Puts another, which is gone then, in its place. Whoever is connected to either is thrown out.
    ///
    /// # Errors
    /// With what `psql` says.
    pub fn replace_with(&self, other: Self) -> Result {
        self.on_server(&format!("DROP DATABASE {} WITH (FORCE)", self.name))?;
        self.on_server(&format!("ALTER DATABASE {} RENAME TO {}", other.name, self.name)).map(drop)
    }

    fn on_server(&self, statement: &str) -> Result<String> {
        self.door.sql(Account::find()?, "postgres", statement)
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        // The server goes soon after; what stays until then harms nobody.
        let _ = self.on_server(&format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name));
    }
}

/// The parts of `postgres://owner:password@127.0.0.1:port/postgres`.
pub(crate) fn parts(url: &str) -> Result<(String, Vec<u16>)> {
    let parsed = || {
        let (who, rest) = url.strip_prefix("postgres://owner:")?.split_once('@')?;
        let (hosts, _) = rest.split_once('/')?;
        let ports =
            hosts.split(',').map(|host| host.strip_prefix("127.0.0.1:")?.parse().ok()).collect::<Option<_>>()?;
        Some((who.to_owned(), ports))
    };
    parsed().ok_or_else(|| Failure::new(format!("{SERVER} is not an address that this crate gave")))
}
