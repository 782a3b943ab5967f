//! Vital signs at one visit.

use jiff::civil::Date;

use super::{day, person::Person, sheet::Sheet};
use crate::demo::chance::Chance;

/// What is known of the visit at which vital signs are taken.
#[derive(Debug, Clone, Copy)]
pub(super) struct Taking<'a> {
    pub(super) person: &'a Person,
    pub(super) date: Date,
    /// Days since the first dose; `None` before it.
    pub(super) dosed_days: Option<i64>,
    /// Whether height is measured, and weight with it.
    pub(super) body: bool,
}

/// Fills in the form.
pub(super) fn fill(chance: &mut Chance, sheet: &mut Sheet, taking: Taking<'_>) {
    let Taking { person, date, dosed_days, body } = taking;
    sheet.put("IG.VS", "I.VSDTC", day::at(date, chance.between(7 * 60 + 30, 16 * 60)));
    if dosed_days.is_some_and(|days| days > 0) {
        sheet.put("IG.VS", "I.VSDOSE", last_dose(chance, date));
    }
    sheet.put("IG.VS", "I.VSPOS", chance.weighed(&[(92, "SITTING"), (6, "SUPINE"), (2, "STANDING")]));
    let progress = dosed_days.map_or(0.0, |days| (days as f64 / 56.0).clamp(0.0, 1.0));
    let lowered = person.effect * progress;
    // Some come up the stairs, or fear the cuff.
    let hurried = if chance.happens(40) { 34.0 } else { 0.0 };
    whole(chance, sheet, "I.SYSBP", person.systolic - lowered + hurried, 6.5, (78.0, 205.0), "MU.MMHG");
    whole(chance, sheet, "I.DIABP", person.diastolic - lowered * 0.5, 4.5, (46.0, 118.0), "MU.MMHG");
    whole(chance, sheet, "I.PULSE", person.pulse + hurried, 6.0, (40.0, 128.0), "MU.BPM");
    temperature(chance, sheet, person.fahrenheit);
    if body {
        if dosed_days.is_none() {
            sheet.measure("IG.BODY", "I.HEIGHT", format!("{:.1}", person.height_cm), "MU.CM");
        }
        let weight = chance.around(person.weight_kg, 0.8).clamp(38.0, 160.0);
        sheet.measure("IG.BODY", "I.WEIGHT", format!("{weight:.1}"), "MU.KG");
    }
}

fn whole(
    chance: &mut Chance,
    sheet: &mut Sheet,
    item: &'static str,
    mean: f64,
    deviation: f64,
    ends: (f64, f64),
    unit: &'static str,
) {
    let mut value = chance.around(mean, deviation).clamp(ends.0, ends.1).round();
    // Terminal digit preference: some round what the device showed to the nearest ten.
    if chance.happens(120) {
        value = (value / 10.0).round() * 10.0;
    }
    sheet.measure("IG.VS", item, format!("{value:.0}"), unit);
}

fn temperature(chance: &mut Chance, sheet: &mut Sheet, fahrenheit: bool) {
    let fever = if chance.happens(25) { 1.6 } else { 0.0 };
    let celsius = (chance.around(36.6, 0.3) + fever).clamp(35.1, 39.6);
    if fahrenheit {
        sheet.measure("IG.VS", "I.TEMP", format!("{:.1}", celsius * 1.8 + 32.0), "MU.FAH");
    } else {
        sheet.measure("IG.VS", "I.TEMP", format!("{celsius:.1}"), "MU.CEL");
    }
}

/// Yesterday's dose, as exactly as the participant remembers it.
fn last_dose(chance: &mut Chance, date: Date) -> String {
    let yesterday = day::after(date, -1);
    let minute = chance.between(6 * 60, 10 * 60);
    match chance.below(10) {
        0 => yesterday.to_string(),
        1 | 2 => format!("{yesterday}T{:02}", minute / 60),
        _ => day::at(yesterday, minute - minute % 5),
    }
}
