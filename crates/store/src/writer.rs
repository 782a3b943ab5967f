//! Group commit: one thread writes for an organization. Acts that wait together ride in one durable transaction,
//! each in its savepoint, so that one sync of the disk serves them all. Nothing is answered before it.
//!
//! A transaction that came to nothing through no fault of theirs is done again, all of it; one of which nobody knows what
//! became of it is looked up first. Whoever waits either learns the truth or is told to ask again.

use std::{
    mem,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use crate::{
    backend::{Ahead, Ended, Trouble},
    core::Core,
    error::{Error, Result},
};

/// Jobs that may wait. When as many wait, the answer is 503.
const QUEUE_MAX: usize = 4_096;
/// Jobs in one transaction.
const GROUP_MAX: usize = 256;
/// How long a group waits for a database that went away, before it is told to try later.
const PATIENCE: Duration = Duration::from_secs(25);
/// After which a writer that nobody needs ends: a server may hold a thousand organizations, and most of them rest.
const IDLE: Duration = Duration::from_secs(60);
/// Between two attempts to reach it.
const PAUSE: Duration = Duration::from_millis(250);

/// Something to do in the open transaction, and somebody who waits for the outcome.
pub(crate) trait Job: Send {
    /// What it will ask, as far as that is known beforehand.
    fn ahead(&self) -> Vec<Ahead>;
    /// Does it; again from the beginning where the transaction came to nothing.
    fn run(&mut self, core: &mut Core);
    /// Answers, once the fate of the transaction is known.
    fn answer(self: Box<Self>, fate: Result<()>);
}

struct Work<T, W, A> {
    ahead: Vec<Ahead>,
    work: W,
    outcome: Option<Result<T>>,
    answer: A,
}

impl<T, W, A> Job for Work<T, W, A>
where
    T: Send,
    W: FnMut(&mut Core) -> Result<T> + Send,
    A: FnOnce(Result<T>) + Send,
{
    fn ahead(&self) -> Vec<Ahead> {
        self.ahead.clone()
    }

    fn run(&mut self, core: &mut Core) {
        self.outcome = Some((self.work)(core));
    }

    fn answer(self: Box<Self>, fate: Result<()>) {
        // A refusal stands whatever becomes of the others; a success only once it is durable.
        let outcome = match self.outcome {
            Some(outcome) => outcome.and_then(|done| fate.map(|()| done)),
            None => Err(fate.err().unwrap_or_else(|| Error::fault("a job was not run"))),
        };
        (self.answer)(outcome);
    }
}

/// Makes a job of some work and what to do with its outcome.
pub(crate) fn job<T: Send + 'static>(
    work: impl FnMut(&mut Core) -> Result<T> + Send + 'static,
    answer: impl FnOnce(Result<T>) + Send + 'static,
) -> Box<dyn Job> {
    job_asking(Vec::new(), work, answer)
}

/// As [`job`], with what it will ask.
pub(crate) fn job_asking<T: Send + 'static>(
    ahead: Vec<Ahead>,
    work: impl FnMut(&mut Core) -> Result<T> + Send + 'static,
    answer: impl FnOnce(Result<T>) + Send + 'static,
) -> Box<dyn Job> {
    Box::new(Work { ahead, work, outcome: None, answer })
}

/// The thread that writes, as long as there is something to write. It begins with the first job, with a core that it opens
/// itself, and ends when none has come for a while.
pub(crate) struct Writer {
    open: Arc<Open>,
    running: Arc<Mutex<Running>>,
}

type Open = dyn Fn() -> Result<Core> + Send + Sync;

#[derive(Default)]
struct Running {
    /// `None`: there is no thread, or it is about to end and takes no more.
    queue: Option<SyncSender<Box<dyn Job>>>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    pub(crate) fn new(open: impl Fn() -> Result<Core> + Send + Sync + 'static) -> Self {
        Writer { open: Arc::new(open), running: Arc::default() }
    }

    /// Queues a job; a full queue says so at once.
    pub(crate) fn submit(&self, job: Box<dyn Job>) -> Result<()> {
        let mut running = lock(&self.running);
        let queue = match &running.queue {
            Some(queue) => queue,
            None => self.start(&mut running)?,
        };
        queue.try_send(job).map_err(|e| match e {
            TrySendError::Full(_) => Error::Busy {
                message: "too many requests are waiting: nothing was stored. Try again".into(),
                retry_after: 1,
            },
            TrySendError::Disconnected(_) => Error::fault("the writer has stopped"),
        })
    }

    fn start<'a>(&self, running: &'a mut Running) -> Result<&'a SyncSender<Box<dyn Job>>> {
        if let Some(ended) = running.thread.take() {
            // It said so under the lock that is held here: what is left of it is its return.
            let _ = ended.join();
        }
        let (queue, jobs) = sync_channel(QUEUE_MAX);
        let (open, of) = (Arc::clone(&self.open), Arc::clone(&self.running));
        let thread = thread::Builder::new().name("probity-writer".into()).spawn(move || write(&*open, &jobs, &of));
        running.thread = Some(thread.map_err(Error::fault)?);
        Ok(running.queue.insert(queue))
    }

    /// Does something in the writer's turn and waits for it to be durable.
    pub(crate) fn run<T: Send + 'static>(
        &self,
        work: impl FnMut(&mut Core) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let (answer, answers) = sync_channel(1);
        self.submit(job(work, move |outcome| {
            // The asker may have gone; what was done stays done.
            let _ = answer.send(outcome);
        }))?;
        answers.recv().map_err(|_| Error::fault("the writer stopped before it answered"))?
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        // Closing the queue lets the thread finish what waits, then end.
        let Running { queue, thread } = mem::take(&mut *lock(&self.running));
        drop(queue);
        if let Some(thread) = thread {
            let _ = thread.join();
        }
    }
}

fn lock(running: &Mutex<Running>) -> MutexGuard<'_, Running> {
    running.lock().unwrap_or_else(PoisonError::into_inner)
}

type Group = Vec<Box<dyn Job>>;

fn write(open: &Open, jobs: &Receiver<Box<dyn Job>>, running: &Mutex<Running>) {
    let mut core = None;
    // While the database is away nobody waits for it in vain: each group tries once.
    let mut patience = PATIENCE;
    while let Some(first) = next(jobs, running) {
        let mut group = vec![first];
        if patience.is_zero() {
            group.extend(jobs.try_iter().take(QUEUE_MAX));
        }
        let ready = match core.take() {
            Some(ready) => Ok(ready),
            None => open(),
        };
        let reached = match ready {
            Ok(mut ready) => {
                let reached = carry_out(&mut ready, group, Some(jobs), patience);
                core = Some(ready);
                reached
            }
            Err(error) => {
                answer(group, &Err(error));
                false
            }
        };
        patience = if reached { PATIENCE } else { Duration::ZERO };
    }
}

/// The next job; `None` where there will be none, or none came for a while and the thread is to end.
fn next(jobs: &Receiver<Box<dyn Job>>, running: &Mutex<Running>) -> Option<Box<dyn Job>> {
    match jobs.recv_timeout(IDLE) {
        Ok(job) => Some(job),
        Err(RecvTimeoutError::Disconnected) => None,
        Err(RecvTimeoutError::Timeout) => {
            let mut running = lock(running);
            // Jobs are queued under this lock: what came in the last moment is here, and nothing comes after.
            let last = jobs.try_recv().ok();
            if last.is_none() {
                running.queue = None;
            }
            last
        }
    }
}

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
fn carry_out(core: &mut Core, mut group: Group, more: Option<&Receiver<Box<dyn Job>>>, patience: Duration) -> bool {
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
                return group.into_iter().fold(true, |_, job| carry_out(core, vec![job], None, patience));
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

fn answer(group: Group, fate: &Result<()>) -> bool {
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
        Ended::Statement => Failed::Apart(Error::fault("a statement failed and took the transaction with it")),
        Ended::NoRoom => Failed::All(Error::Busy {
            message: "the disk takes no more: nothing was stored. Free some space and try again".into(),
            retry_after: 30,
        }),
    }
}
