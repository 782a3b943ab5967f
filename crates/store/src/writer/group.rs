//! One transaction that many acts share, until its fate is known.
//!
//! A transaction that came to nothing through no fault of theirs is done again, all of it; one of which nobody knows what
//! became of it is looked up first. Whoever waits either learns the truth or is told to ask again.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::mpsc::Receiver,
    thread,
    time::{Duration, Instant},
};

use super::Job;
use crate::{
    backend::{Ahead, Ended, Trouble},
    core::Core,
    error::{Error, Result},
};

/// Jobs in one transaction.
const GROUP_MAX: usize = 256;
/// Between two attempts to reach it.
pub(super) const PAUSE: Duration = Duration::from_millis(250);

pub(super) type Group = Vec<Box<dyn Job>>;

/// What became of a transaction that was not committed.
enum Failed {
    /// The same for all: so it is told.
    All(Error),
    /// One of them is to blame, and it is not known which.
    Apart(Error),
    /// None of them is to blame.
    Again(Error),
    /// The connection went while it was being committed.
    Unknown(Error),
}

/// Does a group and answers everybody in it. `false` where the database could not be reached.
pub(super) fn carry_out(
    core: &mut Core,
    mut group: Group,
    more: Option<&Receiver<Box<dyn Job>>>,
    patience: Duration,
) -> bool {
    let begun = Instant::now();
    let mut more = more;
    loop {
        let failed = match attempt(core, &mut group, more.take()) {
            Ok(()) => return answer(group, &Ok(())),
            Err(failed) => failed,
        };
        let (error, unknown) = match failed {
            Failed::All(error) => {
                core.abandon();
                return answer(group, &Err(error));
            }
            Failed::Apart(error) => {
                core.abandon();
                if group.len() < 2 {
                    return answer(group, &Err(error));
                }
                // Once it is gone, each of those who are left tries once.
                return group.into_iter().fold(true, |reached, job| {
                    carry_out(core, vec![job], None, if reached { patience } else { Duration::ZERO })
                });
            }
            Failed::Again(error) => (error, None),
            Failed::Unknown(error) => (error, core.first_appended()),
        };
        core.abandon();
        let mut reached = core.db.trouble() != Trouble::Lost;
        while !reached {
            reached = core.reconnect().is_ok();
            if reached || begun.elapsed() >= patience {
                break;
            }
            thread::park_timeout(PAUSE);
        }
        if !reached || begun.elapsed() >= patience.max(PAUSE) {
            let error = if unknown.is_some() { not_known() } else { error };
            answer(group, &Err(error));
            return reached;
        }
        // The turn comes when the lost transaction has ended, one way or the other.
        match unknown.map(|first| core.stands(first)) {
            Some(Ok(true)) => return answer(group, &Ok(())),
            Some(Err(_)) => {
                answer(group, &Err(not_known()));
                return false;
            }
            Some(Ok(false)) | None => {}
        }
    }
}

pub(super) fn answer(group: Group, fate: &Result<()>) -> bool {
    for job in group {
        job.answer(fate.clone());
    }
    true
}

fn not_known() -> Error {
    Error::Busy {
        message: "the database went away before it said whether this was stored: send it again under the same request id, and it is done once".into(),
        retry_after: 10,
    }
}

/// One transaction: everybody in the group, and those who come meanwhile, wave after wave.
fn attempt(core: &mut Core, group: &mut Group, more: Option<&Receiver<Box<dyn Job>>>) -> Result<(), Failed> {
    join(group, more);
    core.begin(asked(group, 0)).map_err(|error| match core.db.trouble() {
        Trouble::None => Failed::All(error),
        Trouble::Again | Trouble::Lost => Failed::Again(error),
    })?;
    let mut done = 0;
    while done < group.len() {
        while let Some(job) = group.get_mut(done) {
            // A panic may have left anything: the whole transaction goes. Its own caller hears that no answer came.
            if catch_unwind(AssertUnwindSafe(|| job.run(core))).is_err() {
                drop(group.remove(done));
                return Err(Failed::Again(Error::fault("an act panicked")));
            }
            if !core.db.in_transaction() {
                return Err(ended(core));
            }
            done = done.saturating_add(1);
        }
        join(group, more);
        if done < group.len() && core.db.ahead(asked(group, done)).is_err() {
            return Err(ended(core));
        }
    }
    core.commit().map_err(|error| match (core.db.trouble(), &error) {
        (Trouble::Lost, _) => Failed::Unknown(error),
        (Trouble::Again, _) => Failed::Again(error),
        (Trouble::None, Error::Fault { .. }) => Failed::Apart(error),
        (Trouble::None, _) => Failed::All(error),
    })
}

/// Takes in who waits.
fn join(group: &mut Group, more: Option<&Receiver<Box<dyn Job>>>) {
    if let Some(jobs) = more {
        group.extend(jobs.try_iter().take(GROUP_MAX.saturating_sub(group.len())));
    }
}

fn asked(group: &Group, from: usize) -> Vec<Ahead> {
    group.iter().skip(from).flat_map(|job| job.ahead()).collect()
}

/// The database ended the transaction by itself. What came after would be on its own.
fn ended(core: &Core) -> Failed {
    match core.db.ended() {
        Ended::Lost => Failed::Again(Error::Busy {
            message: "the database does not answer just now: nothing was stored. Try again".into(),
            retry_after: 5,
        }),
        Ended::Busy => Failed::Again(Error::Busy {
            message: "the database is busy: nothing was stored. Try again".into(),
            retry_after: 1,
        }),
        Ended::Statement => Failed::Apart(Error::fault("a statement failed and took the transaction with it")),
        Ended::NoRoom => Failed::All(Error::Busy {
            message: "the disk takes no more: nothing was stored. Free some space and try again".into(),
            retry_after: 30,
        }),
    }
}
