//! What an engineer writes by hand on PostgreSQL: a table for a form and a trigger that copies each row into an audit
//! table; and the same with a hash chain through the whole study and two columns encrypted by pgcrypto. `pgbench` runs it.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};
use testbed::Server;

use crate::{figures::Figures, machine};

#[derive(Clone, Copy)]
pub enum Variant {
    /// Insert and audit trigger.
    Audited,
    /// The same, with the chain and the two encrypted columns.
    Chained,
}

impl Variant {
    pub const fn name(self) -> &'static str {
        match self {
            Variant::Audited => "(b) by hand: insert + jsonb audit trigger",
            Variant::Chained => "(c) by hand: (b) + study-wide hash chain + two pgcrypto columns",
        }
    }

    const fn table(self) -> &'static str {
        match self {
            Variant::Audited => "audited",
            Variant::Chained => "chained",
        }
    }
}

pub struct ByHand<'a> {
    server: &'a Server,
    folder: PathBuf,
    items: usize,
}

impl<'a> ByHand<'a> {
    pub fn begin(server: &'a Server, items: usize) -> Result<Self> {
        let columns: Vec<String> = (0..items).map(|n| format!("i{n} text")).collect();
        let columns = columns.join(", ");
        server.sql(
            "postgres",
            &format!(
                "CREATE EXTENSION pgcrypto;
                 CREATE TABLE audited (id bigserial PRIMARY KEY, subject int NOT NULL, visit int NOT NULL, {columns});
                 CREATE TABLE audited_log (id bigserial PRIMARY KEY, at timestamptz NOT NULL, who text NOT NULL, what jsonb NOT NULL);
                 CREATE FUNCTION audit() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                   INSERT INTO audited_log (at, who, what) VALUES (now(), current_user, to_jsonb(NEW)); RETURN NEW; END $$;
                 CREATE TRIGGER audit AFTER INSERT OR UPDATE OR DELETE ON audited FOR EACH ROW EXECUTE FUNCTION audit();
                 CREATE TABLE chained (id bigserial PRIMARY KEY, subject int NOT NULL, visit int NOT NULL, name bytea, born bytea, {columns});
                 CREATE TABLE chained_log (id bigserial PRIMARY KEY, at timestamptz NOT NULL, who text NOT NULL, what jsonb NOT NULL, hash bytea NOT NULL);
                 CREATE TABLE head (hash bytea NOT NULL);
                 INSERT INTO head VALUES ('\\x00');
                 CREATE FUNCTION chain() RETURNS trigger LANGUAGE plpgsql AS $$ DECLARE last bytea; what jsonb := to_jsonb(NEW); BEGIN
                   SELECT hash INTO last FROM head FOR UPDATE;
                   last := sha256(last || convert_to(what::text, 'UTF8'));
                   UPDATE head SET hash = last;
                   INSERT INTO chained_log (at, who, what, hash) VALUES (now(), current_user, what, last); RETURN NEW; END $$;
                 CREATE TRIGGER chain AFTER INSERT OR UPDATE OR DELETE ON chained FOR EACH ROW EXECUTE FUNCTION chain();"
            ),
        )?;
        let folder = std::env::temp_dir().join(format!("probity-by-hand-{}", std::process::id()));
        fs::create_dir_all(&folder)?;
        Ok(ByHand { server, folder, items })
    }

    /// One run of `pgbench`, with prepared statements over TLS.
    pub fn round(&self, variant: Variant, clients: usize, slice: Duration, figures: &mut Figures) -> Result<()> {
        for old in fs::read_dir(&self.folder)? {
            fs::remove_file(old?.path())?;
        }
        let script = self.folder.join("script.sql");
        fs::write(&script, self.script(variant))?;
        let process = self.server.pid().context("the server runs")?;
        let before = machine::cpu_with_children(process);
        let begun = Instant::now();
        let ended = Command::new(pgbench()?)
            .args(["--no-vacuum", "--protocol=prepared", "--log"])
            .args(["--client", &clients.to_string(), "--jobs", &clients.min(2).to_string()])
            .args(["--time", &slice.as_secs().max(1).to_string()])
            .arg("--file")
            .arg(&script)
            .arg(self.server.url())
            .env("PGSSLMODE", "verify-full")
            .env("PGSSLROOTCERT", self.server.authority())
            .current_dir(&self.folder)
            .output()?;
        if !ended.status.success() {
            bail!("pgbench: {}", String::from_utf8_lossy(&ended.stderr));
        }
        let took = begun.elapsed().min(Duration::from_secs(slice.as_secs().max(1)));
        let used = machine::cpu_with_children(process).saturating_sub(before);
        let each = latencies(&self.folder)?;
        let clients = if clients == 1 { "1 client".into() } else { format!("{clients} clients") };
        let name = format!("{}, {clients}", variant.name());
        figures.latencies(&name, each.clone(), took);
        figures.add(&format!("{name}: server's CPU each"), "us", used.as_secs_f64() * 1e6 / each.len().max(1) as f64);
        Ok(())
    }

    fn script(&self, variant: Variant) -> String {
        let columns: Vec<String> = (0..self.items).map(|n| format!("i{n}")).collect();
        let values: Vec<String> = (0..self.items)
            .map(|n| {
                if n.is_multiple_of(2) {
                    format!("(:n + {n})::text")
                } else {
                    format!("'text ' || :n || ' of item {n}'")
                }
            })
            .collect();
        let (more, hidden) = match variant {
            Variant::Audited => ("", ""),
            Variant::Chained => (
                "name, born, ",
                "pgp_sym_encrypt('Name ' || :n, 'a passphrase of the study'), pgp_sym_encrypt('1970-01-01', 'a passphrase of the study'), ",
            ),
        };
        format!(
            "\\set n random(1, 100000)\nINSERT INTO {} (subject, visit, {more}{}) VALUES (:client_id, :n, {hidden}{});\n",
            variant.table(),
            columns.join(", "),
            values.join(", ")
        )
    }
}

impl Drop for ByHand<'_> {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// The time of every transaction, from the logs that `pgbench` wrote: the third column, in microseconds.
fn latencies(folder: &Path) -> Result<Vec<Duration>> {
    let mut each = Vec::new();
    for file in fs::read_dir(folder)? {
        let file = file?;
        if file.file_name().to_string_lossy().starts_with("pgbench_log") {
            for line in fs::read_to_string(file.path())?.lines() {
                let micros = line.split(' ').nth(2).and_then(|column| column.parse().ok());
                each.push(Duration::from_micros(micros.context("a line of pgbench's log")?));
            }
        }
    }
    Ok(each)
}

/// Debian keeps it beside the server, out of the path.
fn pgbench() -> Result<PathBuf> {
    let versions =
        fs::read_dir("/usr/lib/postgresql").context("PostgreSQL is not installed: apt-get install postgresql")?;
    let found = versions.flatten().map(|version| version.path().join("bin/pgbench")).find(|program| program.exists());
    found.context("pgbench is not installed: apt-get install postgresql-contrib")
}
