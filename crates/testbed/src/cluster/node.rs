//! One node of a cluster: a Patroni and the PostgreSQL server that it looks after.

use std::path::PathBuf;

use crate::certificate::Certificates;
use crate::daemon::Daemon;
use crate::door::OWNER;
use crate::failure::{Failure, Result};
use crate::folder::Folder;
use crate::processes::{self, Signal};
use crate::programs::{self, Postgres};
use crate::{ports, secret};

/// Passwords that all nodes share, new in each run.
pub struct Passwords {
    /// Of the superuser.
    pub owner: String,
    replication: String,
    rewind: String,
}

impl Passwords {
    pub fn make() -> Result<Self> {
        Ok(Self { owner: secret::password()?, replication: secret::password()?, rewind: secret::password()? })
    }
}

/// A node, running or killed.
pub struct Node {
    /// Of the PostgreSQL server, on 127.0.0.1.
    pub port: u16,
    /// Of Patroni's REST API, on 127.0.0.1.
    pub rest: u16,
    name: String,
    home: PathBuf,
    configuration: PathBuf,
    /// None before the start and while killed.
    patroni: Option<Daemon>,
}

impl Node {
    /// Prepares node `number`; `agreement` is the port of etcd.
    pub fn make(
        number: usize,
        folder: &Folder,
        certificates: &Certificates,
        passwords: &Passwords,
        agreement: u16,
    ) -> Result<Self> {
        let name = format!("node{number}");
        let home = folder.subfolder(&name)?;
        let (port, rest) = (ports::free()?, ports::free()?);
        let fill = [
            ("NAME", name.clone()),
            ("HOME", home.display().to_string()),
            ("PROGRAMS", Postgres::find()?.folder.display().to_string()),
            ("ETCD", agreement.to_string()),
            ("PORT", port.to_string()),
            ("REST", rest.to_string()),
            ("OWNER", OWNER.to_owned()),
            ("OWNER_PASSWORD", passwords.owner.clone()),
            ("REPLICATION_PASSWORD", passwords.replication.clone()),
            ("REWIND_PASSWORD", passwords.rewind.clone()),
            ("AUTHORITY", certificates.authority.display().to_string()),
            ("CERTIFICATE", certificates.certificate.display().to_string()),
            ("KEY", certificates.key.display().to_string()),
        ];
        let text = fill.iter().fold(include_str!("patroni.yml").to_owned(), |text, (name, value)| {
            text.replace(&format!("{{{name}}}"), value)
        });
        let configuration = folder.write(&format!("{name}.yml"), &text)?;
        Ok(Self { port, rest, name, home, configuration, patroni: None })
    }

    /// Starts Patroni, which starts or makes the server. Does not wait for either.
    pub fn start(&mut self, folder: &Folder) -> Result {
        if self.patroni.is_some() {
            return Err(Failure::new(format!("{} runs: kill it before you revive it", self.name)));
        }
        let mut patroni = folder.account().command(&programs::patroni()?, &self.home);
        patroni.arg(&self.configuration);
        let log = folder.path().join(format!("{}.log", self.name));
        self.patroni = Some(Daemon::start(&self.name, &mut patroni, log)?);
        Ok(())
    }

    /// Kills Patroni and the server.
    pub fn kill(&mut self, folder: &Folder) -> Result {
        processes::kill(folder.account(), &self.home)?;
        self.patroni = None;
        Ok(())
    }

    pub fn pause(&self, folder: &Folder) -> Result {
        processes::signal(folder.account(), &self.home, Signal::Stop)
    }

    pub fn resume(&self, folder: &Folder) -> Result {
        processes::signal(folder.account(), &self.home, Signal::Continue)
    }

    /// Fails when it was killed or has ended by itself.
    pub fn must_run(&mut self) -> Result {
        match &mut self.patroni {
            Some(patroni) => patroni.must_run(),
            None => Err(Failure::new(format!("{} was killed and not revived", self.name))),
        }
    }

    /// The end of its log, in words.
    pub fn log(&self) -> String {
        match &self.patroni {
            Some(patroni) => patroni.failure("is part of it").to_string(),
            None => format!("{} is killed.", self.name),
        }
    }
}
