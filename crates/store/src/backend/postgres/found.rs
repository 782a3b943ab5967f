//! What only the database's owner may do: prepare a database for Probity, and make an organization's schema with the role
//! that works in it. The owner's address is given to the commands that need it and kept nowhere.

use postgres_protocol::password::scram_sha_256;
use trial::ids::{Id, OrganizationId};
use zeroize::Zeroizing;

use super::{Postgres, Server};
use crate::{
    backend::{Row, hex, values},
    error::{Error, Result},
};

/// The schema that names the organizations and holds their wrapped keys.
pub(super) const CONTROL: &str = "probity";
/// Tables of which rows are only ever added.
const APPEND_ONLY: [&str; 5] = ["ledger", "entry", "tile", "checkpoint", "record"];
/// Tables whose rows may also be changed, never removed.
const CHANGED: [&str; 2] = ["wrapped_key", "turn"];
/// The migration library's own, which tells the version of the schema.
const MIGRATIONS: &str = "refinery_schema_history";

/// A connection of the database's owner.
pub(crate) struct Owner {
    server: Server,
    db: Postgres,
}

impl Owner {
    pub(crate) fn connect(server: &Server) -> Result<Self> {
        let db = Postgres::open(server, CONTROL).map_err(|error| server.not_there(error))?;
        // A founding, or a move, is open as long as it takes.
        db.batch("SET idle_in_transaction_session_timeout TO 0")?;
        Ok(Owner { db, server: server.clone() })
    }

    /// Prepares the database, and makes the role with which servers find the organizations. Refused where it is prepared
    /// already: one database holds one installation.
    pub(crate) fn prepare(&self) -> Result<Server> {
        let database = self.server.database();
        if database == "postgres" || database.starts_with("template") {
            return Err(Error::refused(
                "postgres",
                "not_its_own",
                format!("{database} is every server's own: make a database for Probity alone, and name that"),
            ));
        }
        let there = self.db.rows("SELECT nspname FROM pg_namespace WHERE nspname = ?1::text", values![CONTROL])?;
        if !there.is_empty() {
            return Err(Error::refused(
                "postgres",
                "exists",
                format!(
                    "the database {database} belongs to an installation already: name another, or go on with `probity serve` in its folder"
                ),
            ));
        }
        let (mut name, mut secret) = ([0; 6], Zeroizing::new([0; 32]));
        aws_lc_rs::rand::fill(&mut name).map_err(Error::fault)?;
        aws_lc_rs::rand::fill(&mut *secret).map_err(Error::fault)?;
        let (role, password) = (format!("probity_{}", hex(&name)), Zeroizing::new(hex(&*secret)));
        self.db.batch(&format!(
            "BEGIN;
             REVOKE ALL ON DATABASE \"{database}\" FROM PUBLIC;
             REVOKE ALL ON SCHEMA public FROM PUBLIC;
             {};
             CREATE SCHEMA {CONTROL};
             CREATE TABLE {CONTROL}.organization (id BYTEA PRIMARY KEY, keys TEXT NOT NULL);
             GRANT CONNECT ON DATABASE \"{database}\" TO {role};
             GRANT USAGE ON SCHEMA {CONTROL} TO {role};
             GRANT SELECT ON {CONTROL}.organization TO {role};
             GRANT UPDATE (keys) ON {CONTROL}.organization TO {role};
             COMMIT",
            new_role(&role, &password)
        ))?;
        Ok(self.server.as_role(&role, &password))
    }

    /// Makes an organization's place, in place of what a founding left that was broken off. No other founding goes on
    /// meanwhile: the transaction that begins here ends with [`Owner::founded`].
    pub(crate) fn found(&self, id: OrganizationId, password: &str) -> Result<()> {
        self.db.batch(&format!("BEGIN; LOCK TABLE {CONTROL}.organization IN EXCLUSIVE MODE"))?;
        self.remove_unfounded(&Postgres::open(&self.server, CONTROL)?)?;
        self.make(id, password)
    }

    /// Whether an organization's schema is there, with all that [`Owner::make`] does.
    pub(crate) fn has(&self, id: OrganizationId) -> Result<bool> {
        let granted = "SELECT n.nspname FROM pg_namespace n JOIN pg_roles r ON r.rolname = n.nspname
                       WHERE n.nspname = ?1::text AND has_schema_privilege(r.oid, n.oid, 'USAGE')";
        Ok(!self.db.rows(granted, values![&schema(id)])?.is_empty())
    }

    /// Makes an organization's schema and its role, in place of what was begun before.
    pub(crate) fn make(&self, id: OrganizationId, password: &str) -> Result<()> {
        let schema = schema(id);
        let database = self.server.database();
        let mut inner = Postgres::open(&self.server, CONTROL)?;
        let begun = inner.rows("SELECT nspname FROM pg_namespace WHERE nspname = ?1::text", values![&schema])?;
        if !begun.is_empty() {
            inner.batch(&self.removal(&schema))?;
        }
        inner
            .batch(&format!("{}; CREATE SCHEMA {schema}; SET search_path TO {schema}", new_role(&schema, password)))?;
        inner.migrate()?;
        inner.batch(&format!(
            "BEGIN;
             ALTER ROLE {schema} SET search_path TO {schema};
             GRANT CONNECT ON DATABASE \"{database}\" TO {schema};
             GRANT USAGE ON SCHEMA {schema} TO {schema};
             GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {schema} TO {schema};
             REVOKE UPDATE, DELETE ON {} FROM {schema};
             REVOKE INSERT, DELETE ON {} FROM {schema};
             GRANT INSERT ON wrapped_key TO {schema};
             REVOKE INSERT, UPDATE, DELETE ON {MIGRATIONS} FROM {schema};
             COMMIT",
            APPEND_ONLY.join(", "),
            CHANGED.join(", "),
        ))
    }

    /// Names the organization: from here on it is one.
    pub(crate) fn founded(&self, id: OrganizationId, keys: &str) -> Result<()> {
        self.name(id, keys)?;
        self.db.batch("COMMIT")
    }

    /// As [`Owner::founded`], of one that a move filled.
    pub(crate) fn name(&self, id: OrganizationId, keys: &str) -> Result<()> {
        let named = "INSERT INTO probity.organization (id, keys) VALUES (?1, ?2) ON CONFLICT (id) DO NOTHING";
        self.db.execute(named, values![&id, keys]).map(drop)
    }

    /// Withdraws an organization's right to write, or gives it back.
    pub(crate) fn set_writing(&self, id: OrganizationId, may: bool) -> Result<()> {
        let schema = schema(id);
        let tables = APPEND_ONLY.map(|table| format!("{schema}.{table}")).join(", ");
        self.db.batch(&match may {
            true => format!("GRANT INSERT ON {tables} TO {schema}"),
            false => format!("REVOKE INSERT ON {tables} FROM {schema}"),
        })
    }

    fn remove_unfounded(&self, db: &Postgres) -> Result<()> {
        let rows = db.rows(
            "SELECT n.nspname::text FROM pg_namespace n WHERE n.nspname LIKE 'organization_%' AND NOT EXISTS
               (SELECT 1 FROM probity.organization o WHERE n.nspname = 'organization_' || encode(o.id, 'hex'))",
            &[],
        )?;
        for row in rows {
            let schema: String = row.try_get(0).map_err(Error::fault)?;
            db.batch(&self.removal(&schema))?;
        }
        Ok(())
    }

    fn removal(&self, schema: &str) -> String {
        let database = self.server.database();
        format!("DROP SCHEMA {schema} CASCADE; REVOKE ALL ON DATABASE \"{database}\" FROM {schema}; DROP ROLE {schema}")
    }
}

/// What every server of an installation may do: find the organizations and their wrapped keys.
pub(crate) struct Control(Postgres);

impl Control {
    pub(crate) fn connect(server: &Server) -> Result<Self> {
        let db = Postgres::open(server, CONTROL).map_err(|error| server.not_there(error))?;
        let set = db.rows("SELECT setting FROM pg_settings WHERE name = 'fsync'", &[])?;
        if set.first().is_some_and(|row| row.try_get::<_, &str>(0).is_ok_and(|setting| setting == "on")) {
            return Ok(Control(db));
        }
        Err(Error::refused(
            "postgres",
            "not_durable",
            "this server has fsync off: what it confirms does not survive a loss of power. Set fsync = on there",
        ))
    }

    /// Every organization's wrapped keys, as the text of a key file.
    pub(crate) fn organizations(&self) -> Result<Vec<(OrganizationId, String)>> {
        let rows = self.0.rows("SELECT id, keys FROM organization ORDER BY id", &[])?;
        rows.iter().map(Row::Postgres).map(|row| Ok((row.id(0)?, row.text(1)?))).collect()
    }

    /// Puts other wrapped keys in their place.
    pub(crate) fn set_keys(&self, id: OrganizationId, keys: &str) -> Result<()> {
        self.0.execute("UPDATE organization SET keys = ?2 WHERE id = ?1", values![&id, keys]).map(drop)
    }
}

/// What the statement tells the server, and so its log, is the verifier: the password itself is never sent.
fn new_role(role: &str, password: &str) -> String {
    let verifier = scram_sha_256(password.as_bytes());
    format!("CREATE ROLE {role} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOINHERIT PASSWORD '{verifier}'")
}

/// The schema of an organization, which is also the name of its role.
pub(crate) fn schema(id: OrganizationId) -> String {
    format!("organization_{}", hex(id.bytes()))
}
