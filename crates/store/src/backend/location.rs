//! Where an organization's database is, and what opens it.

use std::path::{Path, PathBuf};

use trial::ids::OrganizationId;
use zeroize::Zeroizing;

use super::{
    Connection,
    postgres::{Postgres, Server, schema},
    sqlite::{For, Sqlite},
};
use crate::error::Result;

#[derive(Clone)]
pub(crate) enum Location {
    /// An SQLCipher file.
    File { path: PathBuf, key: Zeroizing<[u8; 32]> },
    /// A schema of a PostgreSQL server, and the role that works in it.
    Schema { server: Server, schema: String, key: Zeroizing<[u8; 32]> },
}

impl Location {
    /// The schema of an organization. Its role's password is its database key.
    pub(crate) fn schema(control: &Server, id: OrganizationId, key: Zeroizing<[u8; 32]>) -> Self {
        let schema = schema(id);
        Location::Schema { server: control.as_role(&schema, &role_password(&key)), schema, key }
    }

    /// A connection that may write, to a database that is there.
    pub(crate) fn writer(&self) -> Result<Connection> {
        match self {
            Location::File { path, key } => {
                let mut db = Sqlite::open(path, key, For::Writing { create: false })?;
                db.migrate()?;
                Ok(Connection::Sqlite(Box::new(db)))
            }
            Location::Schema { server, schema, .. } => {
                let db = in_schema(server, schema)?;
                // Acts look up few rows by their keys. A plan that was made while a table was small must not read all of it
                // when it has grown.
                db.batch("SET enable_seqscan TO off; SET enable_hashjoin TO off; SET enable_mergejoin TO off")?;
                Ok(Connection::Postgres(Box::new(db)))
            }
        }
    }

    /// A connection for transactions that cannot write.
    pub(crate) fn reader(&self) -> Result<Connection> {
        match self {
            Location::File { path, key } => {
                Sqlite::open(path, key, For::Reading).map(|db| Connection::Sqlite(Box::new(db)))
            }
            Location::Schema { server, schema, .. } => {
                in_schema(server, schema).map(|db| Connection::Postgres(Box::new(db)))
            }
        }
    }

    /// The organization's database key.
    pub(crate) fn key(&self) -> &Zeroizing<[u8; 32]> {
        let (Location::File { key, .. } | Location::Schema { key, .. }) = self;
        key
    }

    /// A file under the same key.
    pub(crate) fn beside(&self, path: &Path) -> Self {
        Location::File { path: path.to_owned(), key: self.key().clone() }
    }

    /// Makes the database in a new file. A schema is made by [`super::Owner`].
    pub(crate) fn create_file(path: &Path, key: &[u8; 32]) -> Result<Connection> {
        let mut db = Sqlite::open(path, key, For::Writing { create: true })?;
        db.migrate()?;
        Ok(Connection::Sqlite(Box::new(db)))
    }

    /// Makes the database, where it is a file.
    pub(crate) fn create(&self) -> Result<Connection> {
        match self {
            Location::File { path, key } => Self::create_file(path, key),
            Location::Schema { server, schema, .. } => {
                in_schema(server, schema).map(|db| Connection::Postgres(Box::new(db)))
            }
        }
    }
}

/// A connection to a schema that this version knows.
fn in_schema(server: &Server, schema: &str) -> Result<Postgres> {
    let mut db = Postgres::open(server, schema).map_err(Server::at_work)?;
    db.check_schema()?;
    Ok(db)
}

/// The password of an organization's role.
pub(crate) fn role_password(key: &[u8; 32]) -> Zeroizing<String> {
    Zeroizing::new(super::hex(key))
}
