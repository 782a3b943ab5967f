//! How fast one person, program or device may go: well beyond what people do and far below what a script of theirs could,
//! so that whoever has somebody's session neither empties an organization nor fills it before anybody looks.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use axum::http::Method;
use tokio::time::Instant;
use trial::ids::Id as _;

use crate::{
    error::{Answer, Problem},
    session::{Asker, is_safe},
};

/// A pace: so many at once, and one more whenever `each` has gone by.
#[derive(Debug, Clone, Copy)]
struct Pace {
    at_once: u32,
    each: Duration,
}

/// Requests of a person: 20 a second in the long run.
const REQUESTS: Pace = Pace { at_once: 1_200, each: Duration::from_millis(50) };
/// Requests of a program or device, for which it is its work.
const PROGRAM_REQUESTS: Pace = Pace { at_once: 6_000, each: Duration::from_millis(10) };
/// Changes that a browser asks for: two a second in the long run, which nobody types.
const CHANGES: Pace = Pace { at_once: 240, each: Duration::from_millis(500) };
/// Exports of a study, by whomever.
const EXPORTS: Pace = Pace { at_once: 30, each: Duration::from_mins(2) };
/// Those remembered; whoever is within their pace is forgotten first.
const KNOWN_MAX: usize = 100_000;

/// What is paced.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Kind {
    Requests,
    Changes,
    Exports,
}

/// Who went how fast lately: for each, when they will have gone at their pace (the generic cell rate algorithm of ATM,
/// ITU-T I.371).
#[derive(Default)]
pub(crate) struct Paces(Mutex<HashMap<([u8; 16], Kind), Instant>>);

impl Paces {
    /// Lets a request pass.
    ///
    /// # Errors
    /// 429 with how long to wait, where its asker goes too fast. Nothing is done then.
    pub(crate) fn pass(&self, asker: &Asker, method: &Method, bearer: bool) -> Answer<()> {
        let now = Instant::now();
        let Some((who, requests)) = who(asker) else { return Ok(()) };
        self.take((who, Kind::Requests), requests, now)?;
        if !bearer && !is_safe(method) {
            self.take((who, Kind::Changes), CHANGES, now)?;
        }
        Ok(())
    }

    /// Lets an export begin.
    ///
    /// # Errors
    /// As [`Paces::pass`].
    pub(crate) fn export(&self, asker: &Asker) -> Answer<()> {
        who(asker).map_or(Ok(()), |(who, _)| self.take((who, Kind::Exports), EXPORTS, Instant::now()))
    }

    fn take(&self, who: ([u8; 16], Kind), pace: Pace, now: Instant) -> Answer<()> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let done = known.get(&who).copied().filter(|done| *done > now).unwrap_or(now);
        let ahead = done.duration_since(now).saturating_add(pace.each);
        if let Some(wait) = ahead.checked_sub(pace.each.saturating_mul(pace.at_once)).filter(|wait| !wait.is_zero()) {
            return Err(Problem::too_fast(wait));
        }
        if known.len() >= KNOWN_MAX {
            known.retain(|_, done| *done > now);
        }
        // Where that many go beyond their pace at once, the next are let pass: refusing them would be a way to keep others out.
        if known.len() < KNOWN_MAX {
            known.insert(who, done + pace.each);
        }
        Ok(())
    }
}

/// Whose pace it is, and how fast they may ask: a program or device goes for itself, and not at its person's expense.
fn who(asker: &Asker) -> Option<([u8; 16], Pace)> {
    match (asker.actor().client(), asker.actor().person()) {
        (Some(client), _) => Some((*client.bytes(), PROGRAM_REQUESTS)),
        (None, person) => Some((*person?.bytes(), REQUESTS)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn so_many_at_once_and_then_one_whenever_its_time_has_gone_by() {
        let (paces, begun) = (Paces::default(), Instant::now());
        let pace = Pace { at_once: 3, each: Duration::from_secs(2) };
        let (one, other) = (([1; 16], Kind::Requests), ([2; 16], Kind::Requests));
        let passes = |who, seconds| paces.take(who, pace, begun + Duration::from_secs(seconds));
        for _ in 0..3 {
            assert!(passes(one, 0).is_ok());
        }
        let refused = passes(one, 0).err().map(|problem| (problem.status, problem.retry_after));
        assert_eq!(refused, Some((429, Some(2))));
        assert!(passes(other, 0).is_ok() && passes(([1; 16], Kind::Exports), 0).is_ok(), "nobody waits for another");
        assert!(passes(one, 2).is_ok() && passes(one, 3).is_err() && passes(one, 4).is_ok());
        for _ in 0..3 {
            assert!(passes(one, 60).is_ok(), "who rested may hurry again");
        }
        assert!(passes(one, 60).is_err());
    }
}
