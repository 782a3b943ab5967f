//! The private folder of one server or cluster, and its keeper: a shell that waits for us to end and then removes the
//! folder with all processes that work in it.
//!
//! The keeper reads from a pipe that only we hold open. Dropping the folder closes it, and so does our death, by
//! whatever cause: there is one way to clean up and it always runs.

use std::fs::{DirBuilder, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};

use crate::account::Account;
use crate::failure::{Failure, Result, While as _};
use crate::secret;

/// What the keeper does. `ours` prints the processes of the folder; its arguments narrow that down.
///
/// Patroni and etcd die at once, lest Patroni start its server again. PostgreSQL's processes are told to quit, for then
/// they give back their shared memory; a server that was killed before gets its memory given back by its lock file's
/// seventh line. After five seconds whoever is left is killed.
const KEEPER: &str = r#"
folder=$1
trap '' INT TERM HUP
ours() {
    find /proc -mindepth 2 -maxdepth 2 -name cwd \( -lname "$folder" -o -lname "$folder/*" \) "$@" | cut -d/ -f3
}
signal() { name=$1; shift; found=$(ours "$@"); [ -z "$found" ] || kill -"$name" $found; }

read -r _
signal KILL ! -lname '*/data'
signal QUIT
signal CONT
tries=50
while [ -n "$(ours)" ] && [ "$tries" -gt 0 ]; do tries=$((tries - 1)); sleep 0.1; done
tries=50
while [ -n "$(ours)" ] && [ "$tries" -gt 0 ]; do tries=$((tries - 1)); signal KILL; sleep 0.1; done
for lock in $(find "$folder" -name postmaster.pid); do
    ipcrm -m "$(sed -n 7p "$lock" | tr -s ' ' | cut -d' ' -f3)"
done
rm -rf "$folder"
"#;

/// A folder that only the [`Account`] can enter. When dropped, it is gone with its processes.
pub struct Folder {
    path: PathBuf,
    account: Account,
    keeper: Child,
}

impl Folder {
    /// Makes an empty one below the system's temporary folder, which the account must be able to enter.
    pub fn create(account: Account) -> Result<Self> {
        // The kernel reports working folders without symbolic links, so the path has none either.
        let base = std::env::temp_dir().canonicalize().while_doing("looking for the temporary folder")?;
        let path = base.join(format!("probity-testbed-{}-{:08x}", std::process::id(), secret::number()?));
        if !path.to_str().is_some_and(is_plain) {
            return Err(Failure::new(format!("{}: the testbed wants a plainer path (TMPDIR)", path.display())));
        }
        make(account, &path)?;
        // Not in the folder, or it would end itself; its own process group, so that Ctrl-C leaves it to its work.
        let mut keeper = account.command(Path::new("sh"), Path::new("/"));
        keeper.args(["-c", KEEPER, "probity-testbed"]).arg(&path);
        keeper.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        let keeper = keeper.spawn().while_doing("starting the keeper of a folder")?;
        Ok(Self { path, account, keeper })
    }

    /// Where it is: absolute, without symbolic links, without characters that a shell or a pattern would read.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whom it belongs to.
    pub fn account(&self) -> Account {
        self.account
    }

    /// Makes a folder in it.
    pub fn subfolder(&self, name: &str) -> Result<PathBuf> {
        let path = self.path.join(name);
        make(self.account, &path)?;
        Ok(path)
    }

    /// Writes a file in it that only the account can read.
    pub fn write(&self, name: &str, text: &str) -> Result<PathBuf> {
        let path = self.path.join(name);
        let mut opened = OpenOptions::new();
        opened.create(true).truncate(true).write(true).mode(0o600);
        let written = opened.open(&path).and_then(|mut file| file.write_all(text.as_bytes()));
        written.while_doing(format!("writing {}", path.display()))?;
        self.account.own(&path)?;
        Ok(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        drop(self.keeper.stdin.take());
        // Bounded by the keeper itself. Nobody can be told if it failed.
        let _status = self.keeper.wait();
    }
}

fn make(account: Account, path: &Path) -> Result {
    DirBuilder::new().mode(0o700).create(path).while_doing(format!("making {}", path.display()))?;
    account.own(path)
}

fn is_plain(path: &str) -> bool {
    path.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '/' | '-' | '_' | '.'))
}
