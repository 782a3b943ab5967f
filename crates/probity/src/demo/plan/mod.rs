//! What the demonstration enters: for each subject, the saves of its forms in the order in which they are made.
//!
//! Pure: definition, seed and day in, saves out, the same ones each time. The data are plausible and dirty on purpose
//! ([`desk`] lists how); no value in it is one that a hard check would refuse. It refuses to know how a save is sent.

mod adverse_events;
mod day;
mod desk;
mod disposition;
mod fate;
mod laboratory;
mod medication;
mod person;
mod screening;
mod sheet;
mod subject;
#[cfg(test)]
mod tests;
mod typo;
mod vital_signs;

use jiff::civil::Date;
use store::acts::{ItemChange, RowRemoval};
use trial::definition::Indexed;

use super::chance::Chance;

/// What to make.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wanted {
    /// How many subjects.
    pub(crate) subjects: u32,
    /// What decides everything that is left to chance.
    pub(crate) seed: u64,
    /// The day on which the data are entered: nothing in them lies after it.
    pub(crate) today: Date,
}

/// One of the three sites.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Site {
    /// Oslo. It has an investigator, who decides on eligibility and causality.
    Oslo,
    /// Lyon. It enters late, and one of its thermometers shows degrees Fahrenheit.
    Lyon,
    /// Kyoto.
    Kyoto,
}

impl Site {
    /// All three.
    pub(crate) const ALL: [Site; 3] = [Site::Oslo, Site::Lyon, Site::Kyoto];

    /// How its subjects' codes begin.
    pub(crate) const fn prefix(self) -> &'static str {
        match self {
            Site::Oslo => "OSL",
            Site::Lyon => "LYO",
            Site::Kyoto => "KYO",
        }
    }

    /// Whether an investigator works there.
    pub(crate) const fn has_investigator(self) -> bool {
        matches!(self, Site::Oslo)
    }
}

/// A subject and all that is entered about it.
#[derive(Debug, Clone)]
pub(crate) struct SubjectPlan {
    /// Where.
    pub(crate) site: Site,
    /// Its code.
    pub(crate) code: String,
    /// The saves, in order.
    pub(crate) saves: Vec<Save>,
}

/// Whose hand a save is by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Hand {
    /// The site's coordinator.
    Coordinator,
    /// The site's investigator.
    Investigator,
}

/// One form of one visit.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Place {
    /// ODM StudyEventOID.
    pub(crate) event: &'static str,
    /// Which of a repeating visit.
    pub(crate) event_repeat: String,
    /// ODM FormOID.
    pub(crate) form: &'static str,
    /// Which of a repeating form.
    pub(crate) form_repeat: String,
}

/// One save of a form.
#[derive(Debug, Clone)]
pub(crate) struct Save {
    /// By whom.
    pub(crate) by: Hand,
    /// Of which form.
    pub(crate) place: Place,
    /// The values that change.
    pub(crate) changes: Vec<ItemChange>,
    /// The rows taken away.
    pub(crate) removed: Vec<RowRemoval>,
    /// Whether the form is called complete by it.
    pub(crate) complete: Option<bool>,
    /// Why a complete form is not complete after all.
    pub(crate) reason: Option<String>,
}

/// Everything that the demonstration enters into a study defined so. Subjects are ordered by their consent.
pub(crate) fn plan(definition: &Indexed, wanted: Wanted) -> Vec<SubjectPlan> {
    let mut chance = Chance::of_part(wanted.seed, 0);
    let mut numbers = [0_u32; Site::ALL.len()];
    fate::fates(&mut chance, wanted)
        .into_iter()
        .enumerate()
        .map(|(at, (consent, fate))| {
            let mut chance = Chance::of_part(wanted.seed, at as u64 + 1);
            let site = site(&mut chance);
            let number = numbers.get_mut(site as usize).map_or(0, |number| {
                *number += 1;
                *number
            });
            let saves = subject::saves(definition, chance, wanted.today, site, consent, fate);
            SubjectPlan { site, code: format!("{}-{number:03}", site.prefix()), saves }
        })
        .collect()
}

/// Oslo takes part in most, Kyoto in fewest.
fn site(chance: &mut Chance) -> Site {
    match chance.below(20) {
        0..8 => Site::Oslo,
        8..15 => Site::Lyon,
        _ => Site::Kyoto,
    }
}
