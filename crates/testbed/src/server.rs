//! One PostgreSQL server.

use std::fmt::Write as _;
use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::account::{Account, finish};
use crate::certificate::{self, Certificates, Pair};
use crate::daemon::Daemon;
use crate::door::{Door, OWNER};
use crate::failure::{Result, While as _};
use crate::folder::Folder;
use crate::processes::{self, Signal};
use crate::programs::Postgres;
use crate::{ports, secret, wait};

/// For `initdb`: about two seconds on a quiet machine.
const CREATED_MAX: Duration = Duration::from_secs(60);
/// For a server to accept connections, the replay of its log after a crash included.
const READY_MAX: Duration = Duration::from_secs(60);
/// For a fast shutdown: its checkpoint writes what is dirty.
const STOPPED_MAX: Duration = Duration::from_secs(60);

/// Who may connect: over TLS, from this machine, with a password.
const WHO: &str = "hostssl all all 127.0.0.1/32 scram-sha-256\n";
/// And with a certificate of our authority besides.
const WHO_SHOWS: &str = "hostssl all all 127.0.0.1/32 scram-sha-256 clientcert=verify-ca\n";

/// A PostgreSQL server with a superuser `owner`, one database `postgres`, durable commits, and TLS only.
///
/// Dropped, it ends at once and its folder is removed.
pub struct Server {
    // First, so that it is dropped first: it ends the process that `daemon` then reaps.
    folder: Folder,
    /// None while it is killed or stopped.
    daemon: Option<Daemon>,
    data: PathBuf,
    programs: Postgres,
    port: u16,
    door: Door,
}

impl Server {
    /// A server with PostgreSQL's default settings.
    ///
    /// # Errors
    /// When a program is missing (its Debian package is named), or with the end of the log when the server does not
    /// start.
    pub fn start() -> Result<Self> {
        Self::start_with(&[])
    }

    /// A server with further settings of `postgresql.conf`, which win over ours: `("fsync", "off")`.
    ///
    /// # Errors
    /// As [`Self::start`].
    pub fn start_with(settings: &[(&str, &str)]) -> Result<Self> {
        Self::start_as(settings, WHO, certificate::make)
    }

    /// A server that lets nobody in without a certificate of its authority, besides the password. [`Self::sql`] shows one;
    /// for others see [`Self::client`].
    ///
    /// # Errors
    /// As [`Self::start`].
    pub fn start_asking() -> Result<Self> {
        let mut server = Self::start_as(&[], WHO_SHOWS, certificate::make)?;
        server.door.shown = Some(server.client("psql")?);
        Ok(server)
    }

    /// A client's certificate of the server's authority, for a name that is plain and was not used before.
    ///
    /// # Errors
    /// With what `openssl` says.
    pub fn client(&self, name: &str) -> Result<Pair> {
        certificate::client(&self.folder, name)
    }

    /// A server whose certificate is for another name than the one it is reached by: `db.example.org`.
    ///
    /// # Errors
    /// As [`Self::start`].
    pub fn start_elsewhere(name: &str) -> Result<Self> {
        Self::start_as(&[], WHO, |folder| certificate::make_for(folder, &format!("DNS:{name}")))
    }

    fn start_as(
        settings: &[(&str, &str)],
        who: &str,
        make: impl FnOnce(&Folder) -> Result<Certificates>,
    ) -> Result<Self> {
        let programs = Postgres::find()?;
        let folder = Folder::create(Account::find()?)?;
        let (port, password) = (ports::free()?, secret::password()?);
        let certificates = make(&folder)?;
        let data = create(&folder, &programs, &password)?;
        configure(&data, who, &configuration(port, &certificates, settings))?;
        let door = Door { ports: vec![port], password, authority: certificates.authority, shown: None };
        let mut server = Self { folder, daemon: None, data, programs, port, door };
        server.launch()?;
        Ok(server)
    }

    /// `postgres://owner:<password>@127.0.0.1:<port>/postgres`.
    pub fn url(&self) -> String {
        self.door.url()
    }

    /// The port on 127.0.0.1; the same after a restart.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The PEM file of the authority that signed the server's certificate (for 127.0.0.1 and localhost).
    pub fn authority(&self) -> &Path {
        &self.door.authority
    }

    /// The process id of the postmaster. None while killed or stopped.
    pub fn pid(&self) -> Option<u32> {
        self.daemon.as_ref().map(Daemon::pid)
    }

    /// Stops the postmaster and all its children where they are: connections stay open and nothing answers.
    ///
    /// # Errors
    /// When the processes cannot be listed or signalled.
    pub fn pause(&self) -> Result {
        processes::signal(self.folder.account(), &self.data, Signal::Stop)
    }

    /// Lets a paused server go on.
    ///
    /// # Errors
    /// As [`Self::pause`].
    pub fn resume(&self) -> Result {
        processes::signal(self.folder.account(), &self.data, Signal::Continue)
    }

    /// Kills the postmaster and all its children. What the operating system was given is kept, as when the server
    /// crashes; it is not the loss of power, in which the machine's own cache goes too.
    ///
    /// # Errors
    /// When a process does not go away.
    pub fn kill(&mut self) -> Result {
        processes::kill(self.folder.account(), &self.data)?;
        self.daemon = None;
        Ok(())
    }

    /// Shuts the server down in order: sessions are ended, a checkpoint is written. No error when it is down already.
    ///
    /// # Errors
    /// When it is not down within a minute.
    pub fn stop(&mut self) -> Result {
        let Some(mut daemon) = self.daemon.take() else { return Ok(()) };
        let asked = self.resume().and_then(|()| {
            processes::send(self.folder.account(), &[daemon.pid()], Signal::Interrupt)?;
            daemon.ended(STOPPED_MAX)
        });
        // If it did not go, it is still ours to look after.
        if asked.is_err() {
            self.daemon = Some(daemon);
        }
        asked
    }

    /// Starts the server again, on the same port and folder; stops it first when it runs.
    ///
    /// # Errors
    /// As [`Self::start`] and [`Self::stop`].
    pub fn restart(&mut self) -> Result {
        self.stop()?;
        self.launch()
    }

    /// Hands a folder over to the account that the server runs as, for a tablespace.
    ///
    /// # Errors
    /// Where that is not ours to do.
    pub fn hand_over(&self, folder: &Path) -> Result {
        self.folder.account().own(folder)
    }

    /// Makes a database; its URL. What is asked of it may be more than the one that every server has should bear.
    ///
    /// # Errors
    /// Where there is one of this name already.
    pub fn make(&self, database: &str) -> Result<String> {
        self.sql("postgres", &format!("CREATE DATABASE {database}"))?;
        Ok(self.door.url_of(database))
    }

    /// Runs `statement` in `database` through `psql`, for a test's own checks: rows as lines, columns apart by `|`.
    /// At most a minute.
    ///
    /// # Errors
    /// With what `psql` says.
    pub fn sql(&self, database: &str, statement: &str) -> Result<String> {
        self.door.sql(self.folder.account(), database, statement)
    }

    fn launch(&mut self) -> Result {
        let mut postgres = self.folder.account().command(&self.programs.program("postgres"), &self.data);
        postgres.arg("-D").arg(&self.data);
        let log = self.folder.path().join("server.log");
        let daemon = self.daemon.insert(Daemon::start("the server", &mut postgres, log)?);
        let lock = self.data.join("postmaster.pid");
        let ready = wait::until("a server that accepts connections", READY_MAX, || {
            daemon.must_run()?;
            Ok(is_ready(&fs::read_to_string(&lock).unwrap_or_default(), daemon.pid()).then_some(()))
        });
        ready.map_err(|failure| match daemon.must_run() {
            Ok(()) => daemon.failure(&format!("is not ready ({failure})")),
            Err(ended) => ended,
        })
    }
}

fn create(folder: &Folder, programs: &Postgres, password: &str) -> Result<PathBuf> {
    let data = folder.path().join("data");
    let password = folder.write("password", password)?;
    let mut task = folder.account().task(&programs.program("initdb"), folder.path(), CREATED_MAX);
    task.arg("--pgdata").arg(&data).arg("--pwfile").arg(password).args(["--username", OWNER]);
    task.args(["--auth-host=scram-sha-256", "--auth-local=reject", "--locale=C", "--encoding=UTF8"]);
    // What `initdb` wrote need not survive a loss of power; what the server writes must.
    task.args(["--no-sync", "--no-instructions"]);
    finish(&mut task, "making a database cluster")?;
    Ok(data)
}

fn configure(data: &Path, who: &str, settings: &str) -> Result {
    fs::write(data.join("pg_hba.conf"), who).while_doing("writing pg_hba.conf")?;
    let opened = OpenOptions::new().append(true).open(data.join("postgresql.conf"));
    let written = opened.and_then(|mut file| file.write_all(settings.as_bytes()));
    written.while_doing("writing postgresql.conf")
}

/// The end of `postgresql.conf`; of two lines for one setting the later counts.
fn configuration(port: u16, certificates: &Certificates, settings: &[(&str, &str)]) -> String {
    let port = port.to_string();
    let certificate = certificates.certificate.display().to_string();
    let key = certificates.key.display().to_string();
    let authority = certificates.authority.display().to_string();
    let ours = [
        ("listen_addresses", "127.0.0.1"),
        ("port", &port),
        ("unix_socket_directories", ""),
        ("ssl", "on"),
        ("ssl_cert_file", &certificate),
        ("ssl_key_file", &key),
        // Whoever asks for clients' certificates in pg_hba.conf means those of this authority.
        ("ssl_ca_file", &authority),
        ("ssl_min_protocol_version", "TLSv1.2"),
        // In the data folder, so that a killed server leaves nothing elsewhere.
        ("dynamic_shared_memory_type", "mmap"),
    ];
    let mut text = String::from("\n");
    for (name, value) in ours.iter().chain(settings) {
        let _infallible = writeln!(text, "{name} = '{}'", value.replace('\'', "''"));
    }
    text
}

/// Whether the lock file is the one of process `pid` and says, in its eighth line, that it accepts connections. A
/// killed server leaves its file behind, so the file's existence says nothing.
fn is_ready(lock: &str, pid: u32) -> bool {
    let mut lines = lock.lines();
    lines.next() == Some(&pid.to_string()) && lines.nth(6).is_some_and(|status| status.trim() == "ready")
}

impl std::fmt::Debug for Server {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Server on port {}", self.port)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_file_left_by_another_process_says_nothing() {
        let lock = "12\n/data\n1700000000\n5432\n\n127.0.0.1\n  1234  5\nready   \n";
        assert!(is_ready(lock, 12));
        assert!(!is_ready(lock, 13));
        assert!(!is_ready(&lock.replace("ready   ", "starting"), 12));
        assert!(!is_ready("", 12));
    }
}
