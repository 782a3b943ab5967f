//! The processes that belong to a folder: those whose working folder lies in it.
//!
//! A PostgreSQL server works in its data folder and so do all its children, orphaned or not. Parentage would not do:
//! Patroni starts its server through a process that ends, and a killed server's children are nobody's.

use std::path::Path;
use std::time::Duration;

use crate::account::{Account, finish};
use crate::failure::{Result, While as _};
use crate::{programs, wait};

/// For a listing of processes or the sending of a signal.
const TASK_MAX: Duration = Duration::from_secs(20);
/// For killed processes to be gone; one that writes to a slow disk goes when the disk has answered.
const GONE_MAX: Duration = Duration::from_secs(20);

/// What is sent to processes, signal(7).
#[derive(Clone, Copy)]
pub enum Signal {
    /// Stop until continued.
    Stop,
    /// Continue.
    Continue,
    /// End at once, whatever you do.
    Kill,
    /// To a PostgreSQL server: end the sessions, write a checkpoint, end ("fast shutdown").
    Interrupt,
}

impl Signal {
    fn name(self) -> &'static str {
        match self {
            Self::Stop => "STOP",
            Self::Continue => "CONT",
            Self::Kill => "KILL",
            Self::Interrupt => "INT",
        }
    }
}

/// The ids of the processes that work in `folder` or below. A dead one that nobody has reaped is not among them.
pub fn of(account: Account, folder: &Path) -> Result<Vec<u32>> {
    // Run as the account: where root lacks CAP_SYS_PTRACE (containers), only the owner sees a process's folder.
    let mut list = account.command(&programs::find()?, Path::new("/"));
    list.args(["/proc", "-mindepth", "2", "-maxdepth", "2", "-name", "cwd", "("]);
    list.arg("-lname").arg(folder).args(["-o", "-lname"]).arg(folder.join("*")).args([")", "-print"]);
    // Its status says that some other process was not readable or went away meanwhile: always the case.
    let listed = list.output().while_doing("listing processes")?;
    let listed = String::from_utf8_lossy(&listed.stdout);
    Ok(listed.lines().filter_map(|line| line.split('/').nth(2)?.parse().ok()).collect())
}

/// Sends `signal` to all processes of `folder`, also to those that they start meanwhile.
pub fn signal(account: Account, folder: &Path, signal: Signal) -> Result {
    let mut reached: Vec<u32> = Vec::new();
    wait::until("signalling processes", TASK_MAX, || {
        let mut fresh = of(account, folder)?;
        fresh.retain(|id| !reached.contains(id));
        send(account, &fresh, signal)?;
        reached.extend(&fresh);
        Ok(fresh.is_empty().then_some(()))
    })
}

/// Kills all processes of `folder` and sees them gone.
pub fn kill(account: Account, folder: &Path) -> Result {
    wait::until("killing processes", GONE_MAX, || {
        let alive = of(account, folder)?;
        send(account, &alive, Signal::Kill)?;
        Ok(alive.is_empty().then_some(()))
    })
}

/// Sends `signal` to the processes `ids`; one that is gone already is no error.
pub fn send(account: Account, ids: &[u32], signal: Signal) -> Result {
    if ids.is_empty() {
        return Ok(());
    }
    let mut task = account.task(Path::new("sh"), Path::new("/"), TASK_MAX);
    task.args(["-c", r#"kill -"$0" "$@" 2>/dev/null || true"#, signal.name()]);
    task.args(ids.iter().map(u32::to_string));
    finish(&mut task, "sending a signal").map(|_| ())
}
