//! Where the machine's programs are. What is missing is named with the Debian package that brings it.

use std::fs;
use std::path::{Path, PathBuf};

use crate::failure::{Failure, Result};

/// Where Debian puts each major version's programs, in a folder named by the version.
const VERSIONS: &str = "/usr/lib/postgresql";

/// PostgreSQL's own programs: all of one version.
pub struct Postgres {
    /// The folder with `initdb`, `postgres`, `psql`, `pg_basebackup` and `pg_rewind`.
    pub folder: PathBuf,
}

impl Postgres {
    /// The newest installed version; else the folder on the search path that has `postgres`.
    pub fn find() -> Result<Self> {
        let versions = fs::read_dir(VERSIONS).into_iter().flatten().flatten();
        let numbered = versions.filter_map(|entry| {
            let version: u32 = entry.file_name().to_str()?.parse().ok()?;
            let folder = entry.path().join("bin");
            folder.join("postgres").exists().then_some((version, folder))
        });
        let newest = numbered.max_by_key(|(version, _)| *version).map(|(_, folder)| folder);
        let on_path = || on_path("postgres").and_then(|program| program.parent().map(Path::to_owned));
        match newest.or_else(on_path) {
            Some(folder) => Ok(Self { folder }),
            None => Err(missing("postgres", "postgresql")),
        }
    }

    /// The program called `name`.
    pub fn program(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }
}

/// `openssl`, which makes the certificates.
pub fn openssl() -> Result<PathBuf> {
    named("openssl", "openssl")
}

/// `patroni`, one for each node of a cluster.
pub fn patroni() -> Result<PathBuf> {
    named("patroni", "patroni")
}

/// `etcd`, in which the nodes of a cluster agree.
pub fn etcd() -> Result<PathBuf> {
    named("etcd", "etcd-server")
}

/// `find`, which finds processes by their working folder.
pub fn find() -> Result<PathBuf> {
    named("find", "findutils")
}

fn named(program: &str, package: &str) -> Result<PathBuf> {
    on_path(program).ok_or_else(|| missing(program, package))
}

fn on_path(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(program)).find(|program| program.is_file())
}

fn missing(program: &str, package: &str) -> Failure {
    Failure::new(format!(
        "`{program}` is not installed. On Debian: apt-get install {package} \
         (all that the testbed needs: postgresql patroni etcd-server openssl)"
    ))
}
