//! What waits to be sent to the other machine: bounded, and nobody who logs waits for it. What there is no room for is
//! counted; standard error has it.

use std::{
    collections::VecDeque,
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
    thread::{self, ThreadId},
    time::Duration,
};

use jiff::Timestamp;
use tracing::Level;

/// Events that are kept for another machine that is away; those that come later are on standard error alone.
pub(super) const EVENTS_MAX: usize = 4096;
/// Events of the sending itself, which go before those that wait.
const AHEAD_MAX: usize = 16;

/// One event, as standard error has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Event {
    pub(super) at: Timestamp,
    pub(super) level: Level,
    /// Its line, without the end.
    pub(super) line: String,
}

/// The events that wait.
#[derive(Debug, Default)]
pub(super) struct Queue {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    /// Of the thread that sends.
    ahead: VecDeque<Event>,
    waiting: VecDeque<Event>,
    dropped: u64,
    sender: Option<ThreadId>,
    ending: bool,
}

/// What there is to do.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// This is the first to be sent.
    Send(Event),
    /// Nothing came in all that time.
    Nothing,
    /// Nothing waits, and nothing will come.
    End,
}

impl Queue {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From here on this thread sends.
    pub(super) fn is_sent_from_here(&self) {
        self.state().sender = Some(thread::current().id());
    }

    /// Takes an event, if there is room. Never waits for anything but another push.
    pub(super) fn push(&self, event: Event) {
        let mut state = self.state();
        let own = state.sender == Some(thread::current().id());
        let (into, most) = if own { (&mut state.ahead, AHEAD_MAX) } else { (&mut state.waiting, EVENTS_MAX) };
        if into.len() < most {
            into.push_back(event);
            self.changed.notify_all();
        } else {
            state.dropped = state.dropped.saturating_add(1);
        }
    }

    /// The first that is to be sent; waits for one at most so long.
    pub(super) fn next(&self, wait: Duration) -> Next {
        let idle = |state: &mut State| state.ahead.is_empty() && state.waiting.is_empty() && !state.ending;
        let waited = self.changed.wait_timeout_while(self.state(), wait, idle);
        let (state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        match state.ahead.front().or_else(|| state.waiting.front()) {
            Some(event) => Next::Send(event.clone()),
            None if state.ending => Next::End,
            None => Next::Nothing,
        }
    }

    /// The first was sent.
    pub(super) fn sent(&self) {
        let mut state = self.state();
        if state.ahead.pop_front().is_none() {
            state.waiting.pop_front();
        }
    }

    /// Waits so long, or until it ends; whether it does.
    pub(super) fn rest(&self, wait: Duration) -> bool {
        let waited = self.changed.wait_timeout_while(self.state(), wait, |state| !state.ending);
        waited.unwrap_or_else(PoisonError::into_inner).0.ending
    }

    /// How many there was no room for, since this was last asked.
    pub(super) fn take_dropped(&self) -> u64 {
        std::mem::take(&mut self.state().dropped)
    }

    pub(super) fn is_overfull(&self) -> bool {
        self.state().dropped > 0
    }

    /// Nothing more will come.
    pub(super) fn end(&self) {
        self.state().ending = true;
        self.changed.notify_all();
    }

    /// How many still wait.
    pub(super) fn left(&self) -> usize {
        let state = self.state();
        state.ahead.len().saturating_add(state.waiting.len())
    }
}
