//! Group commit: one thread writes for an organization. Acts that wait together ride in one durable transaction,
//! each in its savepoint, so that one sync of the disk serves them all. Nothing is answered before it.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel},
    thread::JoinHandle,
};

use crate::{
    core::Core,
    error::{Error, Result},
};

/// Jobs that may wait. When as many wait, the answer is 503.
const QUEUE_MAX: usize = 4_096;
/// Jobs in one transaction.
const GROUP_MAX: usize = 256;

/// Answers a job once the fate of its transaction is known.
pub(crate) type Reply = Box<dyn FnOnce(Result<()>) + Send>;
/// Does something in the open transaction, and says how to answer.
pub(crate) type Job = Box<dyn FnOnce(Result<&mut Core>) -> Reply + Send>;

pub(crate) struct Writer {
    queue: Option<SyncSender<Job>>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    pub(crate) fn start(core: Core) -> Result<Self> {
        let (queue, jobs) = sync_channel(QUEUE_MAX);
        let thread = std::thread::Builder::new()
            .name("probity-writer".into())
            .spawn(move || write(core, &jobs))
            .map_err(Error::fault)?;
        Ok(Writer { queue: Some(queue), thread: Some(thread) })
    }

    /// Queues a job; a full queue says so at once.
    pub(crate) fn submit(&self, job: Job) -> Result<()> {
        let Some(queue) = &self.queue else { return Err(Error::fault("the writer has stopped")) };
        queue.try_send(job).map_err(|e| match e {
            TrySendError::Full(_) => Error::Busy {
                message: "too many requests are waiting: nothing was stored. Try again".into(),
                retry_after: 1,
            },
            TrySendError::Disconnected(_) => Error::fault("the writer has stopped"),
        })
    }

    /// Does something in the writer's turn and waits for it to be durable.
    pub(crate) fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Core) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let (answer, answers) = sync_channel(1);
        self.submit(job(work, move |outcome| {
            // The asker may have gone; what was done stays done.
            let _ = answer.send(outcome);
        }))?;
        answers.recv().map_err(|_| Error::fault("the writer stopped before it answered"))?
    }
}

/// Makes a job of some work and what to do with its outcome.
pub(crate) fn job<T: Send + 'static>(
    work: impl FnOnce(&mut Core) -> Result<T> + Send + 'static,
    answer: impl FnOnce(Result<T>) + Send + 'static,
) -> Job {
    Box::new(move |core| {
        let outcome = core.and_then(work);
        // A refusal stands whatever becomes of the others; a success only once it is durable.
        Box::new(move |durable| answer(outcome.and_then(|done| durable.map(|()| done))))
    })
}

impl Drop for Writer {
    fn drop(&mut self) {
        // Closing the queue lets the thread finish what waits, then end.
        self.queue = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn write(mut core: Core, jobs: &Receiver<Job>) {
    let mut replies: Vec<Reply> = Vec::with_capacity(GROUP_MAX);
    while let Ok(first) = jobs.recv() {
        let mut outcome = core.db.begin();
        let mut next = Some(first);
        while let Some(job) = next.take() {
            match attempt(&mut core, &outcome, job) {
                Ok(reply) => replies.push(reply),
                // A panic may have left anything: the whole group goes. Its own caller hears that no answer came,
                // the others that nothing was stored.
                Err(panic) => outcome = Err(panic),
            }
            // A full disk makes the database undo the whole transaction by itself. What came after would be on its own.
            if outcome.is_ok() && !core.db.in_transaction() {
                outcome = Err(Error::Busy {
                    message: "the disk takes no more: nothing was stored. Free some space and try again".into(),
                    retry_after: 30,
                });
            }
            if outcome.is_ok() && replies.len() < GROUP_MAX {
                next = jobs.try_recv().ok();
            }
        }
        let outcome = outcome.and_then(|()| core.commit());
        if outcome.is_err() {
            core.abandon();
        }
        for reply in replies.drain(..) {
            reply(outcome.clone());
        }
    }
}

fn attempt(core: &mut Core, open: &Result<()>, job: Job) -> Result<Reply> {
    let core = match open {
        Ok(()) => Ok(core),
        Err(error) => Err(error.clone()),
    };
    catch_unwind(AssertUnwindSafe(|| job(core))).map_err(|_| Error::fault("an act panicked"))
}
