//! A long-running child and its log.

use std::fs::{self, OpenOptions};
use std::path::PathBuf;
use std::process::{Child, Command};
use std::time::Duration;

use crate::failure::{Failure, Result, While as _};
use crate::wait;

/// How much of a log's end a failure shows.
const TAIL_LINES: usize = 30;

/// For a child whose folder has been cleared; it is dead but for the reaping.
const REAPED_MAX: Duration = Duration::from_secs(10);

/// A child process. Whoever holds it ends the process itself; dropping it only reaps.
pub struct Daemon {
    what: String,
    child: Child,
    log: PathBuf,
}

impl Daemon {
    /// Starts `command`; what it writes is appended to `log`.
    pub fn start(what: &str, command: &mut Command, log: PathBuf) -> Result<Self> {
        let opened = OpenOptions::new().create(true).append(true).open(&log);
        let out = opened.while_doing(format!("opening {}", log.display()))?;
        let errors = out.try_clone().while_doing("opening a log twice")?;
        let child = command.stdout(out).stderr(errors).spawn().while_doing(format!("starting {what}"))?;
        Ok(Self { what: what.into(), child, log })
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Fails, with the end of the log, when it has ended.
    pub fn must_run(&mut self) -> Result {
        match self.child.try_wait().while_doing("asking after a child")? {
            None => Ok(()),
            Some(status) => Err(self.failure(&format!("ended ({status})"))),
        }
    }

    /// Waits for its end.
    pub fn ended(&mut self, within: Duration) -> Result {
        wait::until(&format!("the end of {}", self.what), within, || {
            let status = self.child.try_wait().while_doing("asking after a child")?;
            Ok(status.map(|_| ()))
        })
    }

    /// A failure that says `says` of this child and shows the end of its log.
    pub fn failure(&self, says: &str) -> Failure {
        let log = fs::read(&self.log).unwrap_or_default();
        let log = String::from_utf8_lossy(&log);
        let lines: Vec<&str> = log.lines().collect();
        let tail = lines.get(lines.len().saturating_sub(TAIL_LINES)..).unwrap_or_default();
        Failure::new(format!("{} {says}. The end of its log:\n{}", self.what, tail.join("\n")))
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // A failure here means a process that cannot be killed; nothing is left to do about it.
        let _reaped = self.ended(REAPED_MAX);
    }
}
