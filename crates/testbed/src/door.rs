//! The way in for clients: where, as whom, and whom to trust.

use std::path::PathBuf;
use std::time::Duration;

use crate::account::{Account, finish};
use crate::certificate::Pair;
use crate::failure::Result;
use crate::programs::Postgres;

/// The superuser's name.
pub const OWNER: &str = "owner";

/// For one statement, with the connecting.
const STATEMENT_MAX: Duration = Duration::from_secs(60);

/// One server or several of which one takes writes.
#[derive(Debug, Clone)]
pub struct Door {
    /// On 127.0.0.1.
    pub ports: Vec<u16>,
    /// The superuser's password.
    pub password: String,
    /// PEM of the authority that signed the servers' certificate.
    pub authority: PathBuf,
    /// What is shown to servers that ask for a certificate.
    pub shown: Option<Pair>,
}

impl Door {
    /// The same door to other servers.
    pub fn with_ports(&self, ports: Vec<u16>) -> Self {
        Self { ports, password: self.password.clone(), authority: self.authority.clone(), shown: self.shown.clone() }
    }

    /// A connection URL as libpq reads it; with several hosts it asks for the one that takes writes.
    pub fn url(&self) -> String {
        self.url_of("postgres")
    }

    /// From what [`Door::url`] gave.
    pub fn parse(url: &str, authority: PathBuf) -> Result<Self> {
        let (password, ports) = crate::database::parts(url)?;
        Ok(Self { ports, password, authority, shown: None })
    }

    /// The same, to another database.
    pub fn url_of(&self, database: &str) -> String {
        let hosts: Vec<String> = self.ports.iter().map(|port| format!("127.0.0.1:{port}")).collect();
        let wanted = if hosts.len() > 1 { "?target_session_attrs=read-write" } else { "" };
        format!("postgres://{OWNER}:{}@{}/{database}{wanted}", self.password, hosts.join(","))
    }

    /// Runs `statement` through `psql`: rows as lines, columns apart by `|`, no headings.
    pub fn sql(&self, account: Account, database: &str, statement: &str) -> Result<String> {
        self.sql_as(account, (OWNER, &self.password), database, statement)
    }

    /// As [`Self::sql`], as this role with this password.
    pub fn sql_as(
        &self,
        account: Account,
        (role, password): (&str, &str),
        database: &str,
        statement: &str,
    ) -> Result<String> {
        let ports: Vec<String> = self.ports.iter().map(u16::to_string).collect();
        let hosts = vec!["127.0.0.1"; ports.len()];
        let mut psql = account.task(&Postgres::find()?.program("psql"), "/".as_ref(), STATEMENT_MAX);
        psql.env("PGHOST", hosts.join(",")).env("PGPORT", ports.join(","));
        psql.env("PGUSER", role).env("PGPASSWORD", password).env("PGDATABASE", database);
        psql.env("PGSSLMODE", "verify-full").env("PGSSLROOTCERT", &self.authority);
        if let Some(shown) = &self.shown {
            psql.env("PGSSLCERT", &shown.certificate).env("PGSSLKEY", &shown.key);
        }
        psql.env("PGCONNECT_TIMEOUT", "5");
        if ports.len() > 1 {
            psql.env("PGTARGETSESSIONATTRS", "read-write");
        }
        psql.args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-c", statement]);
        let said = finish(&mut psql, &format!("running `{statement}`"))?;
        Ok(said.trim_end_matches('\n').to_owned())
    }
}
