//! Gates: what a person has to have signed, learnt and been confirmed in, so that a grant that stands also works.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// Why a grant that stands gives nothing for the time being.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Lapse {
    /// An agreement is not signed in its current version.
    AgreementUnsigned,
    /// The role carries a right to sign, and nobody has checked who the person is.
    IdentityUnchecked,
    /// A training that the role needs is missing, or too long ago.
    TrainingLapsed,
    /// Nobody confirmed in time that the person still needs it.
    ReviewOverdue,
    /// The site's investigator has not delegated anything to the person.
    NotDelegated,
}

impl Lapse {
    /// Every one.
    pub const ALL: &'static [Lapse] = &[
        Lapse::AgreementUnsigned,
        Lapse::IdentityUnchecked,
        Lapse::TrainingLapsed,
        Lapse::ReviewOverdue,
        Lapse::NotDelegated,
    ];

    /// Its code in answers.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Lapse::AgreementUnsigned => "agreement_unsigned",
            Lapse::IdentityUnchecked => "identity_unchecked",
            Lapse::TrainingLapsed => "training_lapsed",
            Lapse::ReviewOverdue => "review_overdue",
            Lapse::NotDelegated => "not_delegated",
        }
    }

    /// What is missing, and who can mend it.
    #[must_use]
    pub const fn message(self) -> &'static str {
        match self {
            Lapse::AgreementUnsigned => {
                "an agreement waits for your signature: sign it on the page of your account, then go on"
            }
            Lapse::IdentityUnchecked => {
                "your identity has not been checked, which a role with a right to sign waits for: ask an administrator of \
                 your organization to check and record it"
            }
            Lapse::TrainingLapsed => {
                "a training that your role needs is missing or too old: the page of your account says which"
            }
            Lapse::ReviewOverdue => "your role was not confirmed in time: ask an administrator to review it",
            Lapse::NotDelegated => "nothing is delegated to you at this site: ask its investigator",
        }
    }
}

/// A time in which a grant gives nothing, and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gap {
    /// From this instant on,
    pub from: Timestamp,
    /// and before this one; `None`: until something is done.
    pub until: Option<Timestamp>,
    /// Why.
    pub why: Lapse,
}

impl Gap {
    /// Always, because something was never done.
    #[must_use]
    pub const fn ever(why: Lapse) -> Self {
        Gap { from: Timestamp::MIN, until: None, why }
    }

    /// From when on what was done at `done` is too long ago.
    #[must_use]
    pub fn after(done: Timestamp, valid: SignedDuration, why: Lapse) -> Self {
        Gap { from: done.checked_add(valid).unwrap_or(Timestamp::MAX), until: None, why }
    }

    /// Whether it is so at `at`.
    #[must_use]
    pub fn holds(&self, at: Timestamp) -> bool {
        self.from <= at && self.until.is_none_or(|until| at < until)
    }
}

/// The times around and between those in which something was delegated.
#[must_use]
pub fn outside(mut times: Vec<(Timestamp, Option<Timestamp>)>, why: Lapse) -> Vec<Gap> {
    times.sort_unstable();
    let mut gaps = Vec::new();
    let mut covered = Timestamp::MIN;
    for (from, until) in times {
        if covered < from {
            gaps.push(Gap { from: covered, until: Some(from), why });
        }
        match until {
            Some(until) => covered = covered.max(until),
            None => return gaps,
        }
    }
    gaps.push(Gap { from: covered, until: None, why });
    gaps
}

/// Days, as a duration.
#[must_use]
pub fn days(number: u32) -> SignedDuration {
    SignedDuration::from_hours(24).saturating_mul(i32::try_from(number).unwrap_or(i32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap_or_default()
    }

    #[test]
    fn what_was_never_done_has_lapsed_always_and_what_was_done_lapses_in_time() {
        assert!(Gap::ever(Lapse::AgreementUnsigned).holds(Timestamp::MIN));
        let gap = Gap::after(at(0), days(1), Lapse::TrainingLapsed);
        assert_eq!([86_399, 86_400].map(|second| gap.holds(at(second))), [false, true]);
        assert!(!Gap::after(at(0), SignedDuration::MAX, Lapse::TrainingLapsed).holds(at(1 << 30)));
    }

    #[test]
    fn outside_of_what_was_delegated_there_are_gaps() {
        let why = Lapse::NotDelegated;
        let holds = |times: &[(i64, Option<i64>)], second| {
            let times = times.iter().map(|(from, until)| (at(*from), until.map(at))).collect();
            outside(times, why).iter().any(|gap| gap.holds(at(second)))
        };
        assert!(holds(&[], 5));
        for (second, gap) in [(9, true), (10, false), (19, false), (20, true), (29, true), (30, false), (99, false)] {
            assert_eq!(holds(&[(30, None), (10, Some(20))], second), gap, "{second}");
            assert_eq!(holds(&[(10, Some(20)), (12, Some(15)), (30, Some(100))], second), gap, "{second}");
        }
    }
}
