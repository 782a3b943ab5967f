//! When subjects come, and how it ends with them.

use jiff::civil::Date;

use super::{Wanted, day};
use crate::demo::chance::Chance;

/// Days over which subjects gave consent, up to today.
const RECRUITING_DAYS: i64 = 200;
/// Days from consent after which a subject may have left early.
const LEFT_BY_DAYS: i64 = 60;

/// How a subject's part ends.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Fate {
    /// It goes on, to the end if there was time for it.
    #[default]
    Stays,
    /// A criterion of eligibility was not met.
    ScreenFailure,
    /// The consent was withdrawn.
    Withdraws,
    /// An adverse event ended it.
    Stopped,
    /// Nobody could reach the participant any more.
    Lost,
}

/// One consent and fate for each subject, by date of consent. From ten subjects on, at least one fails at screening
/// and one withdraws.
pub(super) fn fates(chance: &mut Chance, wanted: Wanted) -> Vec<(Date, Fate)> {
    let count = wanted.subjects as usize;
    let mut consents: Vec<Date> =
        (0..count).map(|_| day::after(wanted.today, -chance.between(2, RECRUITING_DAYS))).collect();
    consents.sort();
    let mut early = consents.iter().filter(|consent| **consent < day::after(wanted.today, -LEFT_BY_DAYS)).count();
    early = early.max(count.min(10));
    let mut fates = vec![Fate::Stays; count];
    let of = |share: usize| count.div_ceil(share).min(count / 10);
    let ends = [
        (Fate::ScreenFailure, of(12)),
        (Fate::Withdraws, of(20)),
        (Fate::Stopped, of(40).min(count / 30)),
        (Fate::Lost, of(50).min(count / 40)),
    ];
    let taken = ends.iter().flat_map(|(fate, times)| std::iter::repeat_n(*fate, *times));
    for (slot, fate) in fates.iter_mut().zip(taken) {
        *slot = fate;
    }
    if let Some(early) = fates.get_mut(..early) {
        chance.shuffle(early);
    }
    consents.into_iter().zip(fates).collect()
}
