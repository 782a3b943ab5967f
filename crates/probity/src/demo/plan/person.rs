//! A participant, as the source documents would have them.

use jiff::civil::Date;

use super::{Site, day};
use crate::demo::chance::Chance;

/// What a participant is like. Nobody is: every figure is drawn.
#[derive(Debug, Clone)]
pub(super) struct Person {
    pub(super) female: bool,
    pub(super) birth: Date,
    pub(super) age: i64,
    pub(super) height_cm: f64,
    pub(super) weight_kg: f64,
    pub(super) systolic: f64,
    pub(super) diastolic: f64,
    pub(super) pulse: f64,
    /// By how much eight weeks lower the systolic pressure.
    pub(super) effect: f64,
    /// Whether the site measures this participant's temperature with the thermometer that shows °F.
    pub(super) fahrenheit: bool,
    pub(super) smoking: &'static str,
    pub(super) occupation: &'static str,
}

impl Person {
    /// Draws a participant who gives consent on a day.
    pub(super) fn draw(chance: &mut Chance, site: Site, consent: Date) -> Self {
        let female = chance.happens(480);
        let age = (chance.around(56.0, 9.0) as i64).clamp(19, 75);
        // A birthday within the year before the consent, so that the age at consent is exact.
        let birth = day::after(years_before(consent, age), -chance.between(1, 360));
        let height_cm = if female { chance.around(165.0, 6.5) } else { chance.around(178.0, 7.0) };
        let height_cm = (if site == Site::Kyoto { height_cm - 5.0 } else { height_cm }).clamp(148.0, 203.0);
        let mass_index = chance.around(27.0, 3.6).clamp(19.0, 41.0);
        let systolic = chance.around(149.0, 9.0).clamp(132.0, 168.0);
        Self {
            female,
            birth,
            age,
            height_cm,
            weight_kg: mass_index * height_cm * height_cm / 10_000.0,
            systolic,
            diastolic: (systolic * 0.6 + chance.around(2.0, 5.0)).clamp(66.0, 104.0),
            pulse: chance.around(72.0, 9.0).clamp(50.0, 98.0),
            effect: chance.around(11.0, 8.0),
            fahrenheit: site == Site::Lyon && chance.happens(400),
            smoking: chance.weighed(&[(55, "NEVER"), (28, "FORMER"), (17, "CURRENT")]),
            occupation: chance.pick(OCCUPATIONS),
        }
    }
}

fn years_before(date: Date, years: i64) -> Date {
    date.checked_sub(jiff::Span::new().years(years)).unwrap_or(date)
}

/// In the participants' own words, so in their languages too.
const OCCUPATIONS: &[&str] = &[
    "",
    "",
    "",
    "",
    "",
    "teacher",
    "Retired",
    "nurse, night shifts",
    "bus driver",
    "fisker",
    "bibliothécaire",
    "retraité",
    "boulangère – lève-tôt",
    "会社員",
    "農業",
    "software developer",
    "pensjonist",
    "welder",
];
