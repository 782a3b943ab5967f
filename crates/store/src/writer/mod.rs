//! Group commit: one thread writes for an organization. Acts that wait together ride in one durable transaction,
//! each in its savepoint, so that one sync of the disk serves them all. Nothing is answered before it.

mod group;

use std::{
    mem,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use group::{PAUSE, answer, carry_out};

use crate::{
    backend::Ahead,
    core::Core,
    error::{Error, Result},
};

/// Jobs that may wait. When as many wait, the answer is 503.
const QUEUE_MAX: usize = 4_096;
/// How long a group waits for a database that went away, before it is told to try later.
const PATIENCE: Duration = Duration::from_secs(25);
/// After which a writer that nobody needs ends: a server may hold a thousand organizations, and most of them rest.
const IDLE: Duration = Duration::from_secs(60);

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
    /// How long it waits for the next job before it ends.
    idle: Duration,
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
        Writer { open: Arc::new(open), running: Arc::default(), idle: IDLE }
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
        let (open, of, idle) = (Arc::clone(&self.open), Arc::clone(&self.running), self.idle);
        let thread =
            thread::Builder::new().name("probity-writer".into()).spawn(move || write(&*open, &jobs, &of, idle));
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

fn write(open: &Open, jobs: &Receiver<Box<dyn Job>>, running: &Mutex<Running>, idle: Duration) {
    let mut core = None;
    // While the database is away nobody waits for it in vain: each group tries once.
    let mut patience = PATIENCE;
    while let Some(first) = next(jobs, running, idle) {
        let mut group = vec![first];
        if patience.is_zero() {
            group.extend(jobs.try_iter().take(QUEUE_MAX));
        }
        let ready = match core.take() {
            Some(ready) => Ok(ready),
            None => reach(open, patience),
        };
        let reached = match ready {
            Ok(mut ready) => {
                let reached = carry_out(&mut ready, group, Some(jobs), patience);
                core = reached.then_some(ready);
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

/// Opens a core, and waits for a database that went away as long as a group would.
fn reach(open: &Open, patience: Duration) -> Result<Core> {
    let begun = Instant::now();
    loop {
        match open() {
            Err(Error::Busy { .. }) if begun.elapsed() < patience => thread::park_timeout(PAUSE),
            outcome => return outcome,
        }
    }
}

/// The next job; `None` where there will be none, or none came for a while and the thread is to end.
fn next(jobs: &Receiver<Box<dyn Job>>, running: &Mutex<Running>, idle: Duration) -> Option<Box<dyn Job>> {
    match jobs.recv_timeout(idle) {
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

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use jiff::Timestamp;
    use trial::ids::{Id as _, KeyId, OrganizationId};
    use zeroize::Zeroizing;

    use super::*;
    use crate::{
        backend::Location,
        key::{KeyRing, SealKey},
        shared::Shared,
        time::Clock,
    };

    struct Stopped;

    impl Clock for Stopped {
        fn now(&self) -> Timestamp {
            Timestamp::UNIX_EPOCH
        }
    }

    #[test]
    fn a_writer_that_rests_between_jobs_loses_none_of_them() -> Result<()> {
        let folder = std::env::temp_dir().join(format!("probity-writer-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir(&folder).map_err(Error::fault)?;
        let location = Location::File { path: folder.join("store.db"), key: Zeroizing::new([1; 32]) };
        drop(location.create()?);
        let organization = OrganizationId::from_bytes([1; 16]);
        let top = SealKey::new(KeyId::from_bytes([9; 16]), &[9; 32])?;
        let ring = KeyRing::new(organization, top, Zeroizing::new([2; 32]));
        let shared = Arc::new(Shared::new(organization, "Rests".into(), ring, Arc::new(Stopped)));
        let opened = Arc::new(AtomicU32::new(0));
        let of = Arc::clone(&opened);
        let open = move || {
            of.fetch_add(1, Ordering::Relaxed);
            Ok(Core::new(location.writer()?, location.clone(), Arc::clone(&shared)))
        };
        let mut writer = Writer::new(open);
        writer.idle = Duration::from_millis(1);
        let done = AtomicU32::new(0);
        thread::scope(|scope| {
            for asker in 0..4_u64 {
                let (writer, done) = (&writer, &done);
                scope.spawn(move || {
                    for n in 0..100 {
                        // About as long as it waits itself, so that jobs come as it ends.
                        thread::park_timeout(Duration::from_micros((asker * 331 + n * 97) % 2_500));
                        if writer.run(|core| Ok(core.db.in_transaction())).is_ok_and(|inside| inside) {
                            done.fetch_add(1, Ordering::Relaxed);
                        }
                    }
                });
            }
        });
        assert_eq!(done.into_inner(), 400);
        assert!(opened.load(Ordering::Relaxed) > 1, "it never rested");
        drop(writer);
        std::fs::remove_dir_all(&folder).map_err(Error::fault)
    }
}
