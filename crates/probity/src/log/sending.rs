//! The thread that sends the log to another machine. It waits longer each time that machine is away, keeps what it has room
//! for, and says what it had to drop: on standard error, and there in the first message. Syslog has no acknowledgement:
//! what was on its way when a connection broke may be on standard error alone.

use std::{
    sync::{
        Arc,
        mpsc::{self, Receiver},
    },
    thread,
    time::{Duration, Instant},
};

use super::{
    away::{Line, LogTo},
    message::Source,
    queue::{Next, Queue},
};

/// How long it is waited until it is tried again, at first.
const WAIT_FIRST: Duration = Duration::from_secs(1);
/// How long it is waited until it is tried again, at most. A connection that held this long was a good one: then it begins from the first again.
const WAIT_MAX: Duration = Duration::from_secs(60);
/// How often it is looked whether the other machine is still there, when there is nothing to send.
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// How long the end of the program waits until what is left is sent.
const FLUSH_WAIT: Duration = Duration::from_secs(5);

/// The log is sent as long as this lives; when it is dropped, what is left is sent, within a bounded time.
#[derive(Debug)]
#[must_use]
pub(crate) struct Sending {
    queue: Arc<Queue>,
    ended: Receiver<()>,
}

impl Sending {
    /// Begins to send what comes into a queue.
    ///
    /// # Errors
    /// Where there can be no thread for it.
    pub(super) fn begin(queue: Arc<Queue>, to: LogTo) -> std::io::Result<Self> {
        let (tell, ended) = mpsc::channel();
        let log = tracing::dispatcher::get_default(Clone::clone);
        let sender = Sender { queue: Arc::clone(&queue), to, from: Source::here(), why: None };
        thread::Builder::new().name("log".into()).spawn(move || {
            tracing::dispatcher::with_default(&log, || sender.run());
            // Whoever began it may be gone already.
            let _ = tell.send(());
        })?;
        Ok(Sending { queue, ended })
    }
}

impl Drop for Sending {
    fn drop(&mut self) {
        self.queue.end();
        let _ = self.ended.recv_timeout(FLUSH_WAIT);
        let left = self.queue.left();
        if left > 0 {
            tracing::warn!(left, "the log's other machine did not get its end: it is on standard error");
        }
    }
}

struct Sender {
    queue: Arc<Queue>,
    to: LogTo,
    from: Source,
    /// Why it is away; told once.
    why: Option<String>,
}

impl Sender {
    fn run(mut self) {
        self.queue.is_sent_from_here();
        let (mut wait, mut overfull) = (WAIT_FIRST, false);
        loop {
            let begun = Instant::now();
            let broke = match self.to.connect() {
                Ok(mut line) => {
                    self.reached();
                    overfull = false;
                    match self.send(&mut line) {
                        Ok(()) => return line.end(),
                        Err(error) => error.to_string(),
                    }
                }
                Err(error) => format!("{error:#}"),
            };
            self.tell(broke);
            if !overfull && self.queue.is_overfull() {
                overfull = true;
                tracing::warn!(
                    "no room is left for the log's other machine: what comes now is on standard error alone"
                );
            }
            if begun.elapsed() > WAIT_MAX {
                wait = WAIT_FIRST;
            }
            if self.queue.rest(wait) {
                // Once more, and then the end does not wait for who is away.
                if let Ok(mut line) = self.to.connect()
                    && self.send(&mut line).is_ok()
                {
                    line.end();
                }
                return;
            }
            wait = wait.saturating_mul(2).min(WAIT_MAX);
        }
    }

    fn reached(&mut self) {
        let to = &self.to;
        tracing::info!(%to, "the log reaches its other machine");
        self.why = None;
    }

    fn tell(&mut self, why: String) {
        if self.why.as_ref() != Some(&why) {
            let to = &self.to;
            tracing::warn!(%to, why, "the log does not reach its other machine: events are kept while there is room");
            self.why = Some(why);
        }
    }

    /// Sends until there is an end, or the connection breaks.
    fn send(&self, line: &mut Line) -> std::io::Result<()> {
        loop {
            let dropped = self.queue.take_dropped();
            if dropped > 0 {
                tracing::warn!(
                    dropped,
                    "events of the log were not kept for its other machine: they are on standard error"
                );
            }
            match self.queue.next(LOOK_EVERY) {
                Next::Send(event) => {
                    line.send(&self.from.frame(&event))?;
                    self.queue.sent();
                }
                Next::Nothing => line.look()?,
                Next::End => return Ok(()),
            }
        }
    }
}
