//! As whom the programs run. PostgreSQL refuses root, so root hands everything to the user `postgres`; anyone else runs
//! it as themselves.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use crate::failure::{Failure, Result, While as _};

/// The user who owns the folders and the processes.
#[derive(Clone, Copy)]
pub struct Account {
    /// Set when we are root and become somebody else.
    other: Option<Ids>,
}

#[derive(Clone, Copy)]
struct Ids {
    user: u32,
    group: u32,
}

impl Account {
    /// The account for this process. Fails for root on a machine without a user `postgres`.
    pub fn find() -> Result<Self> {
        let ourselves = fs::metadata("/proc/self").while_doing("asking who we are")?;
        if ourselves.uid() != 0 {
            return Ok(Self { other: None });
        }
        let users = fs::read_to_string("/etc/passwd").while_doing("looking for the user postgres")?;
        let other = users.lines().find_map(ids_of_postgres);
        let other = other.ok_or_else(|| {
            Failure::new(
                "root cannot run PostgreSQL, and there is no user `postgres`. On Debian: apt-get install postgresql",
            )
        })?;
        Ok(Self { other: Some(other) })
    }

    /// Hands a file or folder to this account.
    pub fn own(self, path: &Path) -> Result {
        match self.other {
            Some(ids) => chown(path, Some(ids.user), Some(ids.group))
                .while_doing(format!("handing {} to the user postgres", path.display())),
            None => Ok(()),
        }
    }

    /// A command that runs `program` in `folder` as this account, in a process group of its own, without input.
    ///
    /// The environment is not inherited: `PG…` and `PATRONI_…` variables of the person at the terminal would change
    /// what the programs do.
    pub fn command(self, program: &Path, folder: &Path) -> Command {
        let mut command = Command::new(program);
        command.env_clear().env("LC_ALL", "C.UTF-8").env("HOME", folder).current_dir(folder);
        command.env("PATH", std::env::var_os("PATH").unwrap_or_else(|| "/usr/bin:/bin".into()));
        command.stdin(Stdio::null()).process_group(0);
        if let Some(ids) = self.other {
            command.uid(ids.user).gid(ids.group);
        }
        command
    }

    /// As [`Self::command`], for a program that ends: it is killed when it has not ended by itself `within` the time.
    pub fn task(self, program: &Path, folder: &Path, within: Duration) -> Command {
        let mut command = self.command(Path::new("timeout"), folder);
        command.arg("--signal=KILL").arg(within.as_secs().to_string()).arg(program);
        command
    }
}

/// Runs a task to its end and gives what it wrote to its standard output. Fails with what it wrote as errors.
pub fn finish(task: &mut Command, doing: &str) -> Result<String> {
    let Output { status, stdout, stderr } = task.output().while_doing(doing)?;
    if status.success() {
        return Ok(String::from_utf8_lossy(&stdout).into_owned());
    }
    Err(Failure::new(format!("{doing}: {status}\n{}", String::from_utf8_lossy(&stderr).trim_end())))
}

/// `postgres:x:101:104:…`, passwd(5).
fn ids_of_postgres(line: &str) -> Option<Ids> {
    let mut fields = line.strip_prefix("postgres:")?.split(':').skip(1);
    let user = fields.next()?.parse().ok()?;
    let group = fields.next()?.parse().ok()?;
    Some(Ids { user, group })
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn the_ids_are_read() {
        let ids = ids_of_postgres("postgres:x:101:104:administrator,,,:/var/lib/postgresql:/bin/bash").unwrap();
        assert_eq!((ids.user, ids.group), (101, 104));
        assert!(ids_of_postgres("postgresql:x:1:1::/:/bin/sh").is_none());
        assert!(ids_of_postgres("root:x:0:0:root:/:/bin/bash").is_none());
    }
}
