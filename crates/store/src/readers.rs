//! The connections of an organization that read: a bounded number of them, each in one transaction that sees one state.

use std::{
    mem,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use crate::{
    backend::{Connection, Location, Trouble},
    error::{Error, Result},
    shared::Shared,
};

/// Who reads at once. A database takes only so many connections, and each has a cache of its own.
const OPEN_MAX: usize = 16;
/// Connections kept for the next.
const KEPT_MAX: usize = 8;
/// How long somebody waits for one.
const WAIT: Duration = Duration::from_secs(10);

pub(crate) struct Readers {
    location: Location,
    shared: Arc<Shared>,
    state: Mutex<State>,
    given_back: Condvar,
}

#[derive(Default)]
struct State {
    kept: Vec<Connection>,
    /// Connections out or being made.
    out: usize,
    /// Somebody read since it was last looked.
    busy: bool,
}

impl Readers {
    pub(crate) fn new(location: Location, shared: Arc<Shared>) -> Self {
        Readers { location, shared, state: Mutex::default(), given_back: Condvar::new() }
    }

    /// Reads one state of the data. Where too many read already it waits, but not for ever.
    pub(crate) fn with<T>(&self, read: impl FnOnce(&Connection) -> Result<T>) -> Result<T> {
        let (_place, kept) = self.place()?;
        let db = self.begun(kept)?;
        let outcome = read(&db);
        db.rollback();
        if db.trouble() != Trouble::Lost {
            let mut state = self.state();
            if state.kept.len() < KEPT_MAX {
                state.kept.push(db);
            }
        }
        outcome
    }

    /// Lets go of connections that were not needed since it was last asked to.
    pub(crate) fn rest(&self) {
        let mut state = self.state();
        if !mem::take(&mut state.busy) {
            state.kept = Vec::new();
        }
    }

    /// A place among those who read, and a connection that was kept, if there is one.
    fn place(&self) -> Result<(Place<'_>, Option<Connection>)> {
        let until = Instant::now() + WAIT;
        let mut state = self.state();
        state.busy = true;
        while state.out >= OPEN_MAX {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(Error::Busy { message: "too many are reading just now: try again".into(), retry_after: 5 });
            }
            state = self.given_back.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        state.out = state.out.saturating_add(1);
        let kept = state.kept.pop();
        Ok((Place(self), kept))
    }

    /// A connection in a transaction that reads. One that was kept may have been lost meanwhile: then a new one is made.
    fn begun(&self, kept: Option<Connection>) -> Result<Connection> {
        if let Some(db) = kept {
            match self.begin(&db) {
                Ok(()) => return Ok(db),
                Err(error) if db.trouble() != Trouble::Lost => return Err(error),
                // The others that were kept went with it.
                Err(_) => self.state().kept.clear(),
            }
        }
        let db = self.location.reader()?;
        self.begin(&db)?;
        Ok(db)
    }

    fn begin(&self, db: &Connection) -> Result<()> {
        if let Some(since) = db.begin_reading()? {
            self.shared.heed(since.forget);
        }
        Ok(())
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One of those who read; given back however reading ends.
struct Place<'a>(&'a Readers);

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let mut state = self.0.state();
        state.out = state.out.saturating_sub(1);
        self.0.given_back.notify_one();
    }
}
