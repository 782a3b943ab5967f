//! Demography and eligibility.

use jiff::civil::Date;

use super::{
    Site,
    day::{self, Known},
    person::Person,
    sheet::Sheet,
};
use crate::demo::chance::Chance;

/// The criterion that is not met, what stands in its box, and the reason in words.
const FAILURES: &[(&str, &str, &str)] = &[
    ("I.IN03", "N", "Systolic pressure was 122 mmHg, twice."),
    ("I.IN04", "N", "Dose of amlodipine was changed ten days ago."),
    ("I.EX03", "Y", "eGFR 38 mL/min/1.73 m² in the last letter of the family doctor."),
    ("I.EX05", "Y", "Took part in a sleep study until three weeks ago."),
];

const INCLUSION: [&str; 5] = ["I.IN01", "I.IN02", "I.IN03", "I.IN04", "I.IN05"];
const EXCLUSION: [&str; 5] = ["I.EX01", "I.EX02", "I.EX03", "I.EX04", "I.EX05"];

/// The criterion by which a participant fails.
pub(super) type Failure = (&'static str, &'static str, &'static str);

/// Draws one.
pub(super) fn failure(chance: &mut Chance) -> Failure {
    chance.pick(FAILURES)
}

/// The form Demography.
pub(super) fn demography(chance: &mut Chance, site: Site, person: &Person, consent: Date) -> Sheet {
    let mut sheet = Sheet::new("SE.SCR", "F.DM");
    sheet.put("IG.IC", "I.ICDTC", consent.to_string());
    sheet.put("IG.IC", "I.ICVERS", chance.weighed(&[(7, "2.0"), (2, "2.1"), (1, "v2.1 (short)")]));
    // Norway lets the month be recorded, France the year; Kyoto's ethics committee allowed either.
    let known = match site {
        Site::Oslo => Known::Month,
        Site::Lyon => Known::Year,
        Site::Kyoto => chance.pick(&[Known::Month, Known::Year]),
    };
    sheet.put("IG.DM", "I.BRTHDTC", day::partial(person.birth, known));
    sheet.measure("IG.DM", "I.AGE", person.age.to_string(), "MU.YEAR");
    sheet.put("IG.DM", "I.SEX", if person.female { "F" } else { "M" });
    if person.female {
        sheet.put("IG.DM", "I.CHBEAR", if person.age < 50 { "Y" } else { "N" });
    }
    sheet.put("IG.DM", "I.SMOKE", person.smoking);
    if !person.occupation.is_empty() {
        sheet.put("IG.DM", "I.OCCUP", person.occupation);
    }
    sheet
}

/// The form Eligibility.
pub(super) fn eligibility(failure: Option<Failure>) -> Sheet {
    let mut sheet = Sheet::new("SE.SCR", "F.IE");
    sheet.decided = &["I.IEELIG", "I.IEREAS"];
    let answer = |item: &str, expected: &'static str| match failure {
        Some((failed, found, _)) if failed == item => found,
        _ => expected,
    };
    for item in INCLUSION {
        sheet.put("IG.IN", item, answer(item, "Y"));
    }
    for item in EXCLUSION {
        sheet.put("IG.EX", item, answer(item, "N"));
    }
    sheet.put("IG.IE", "I.IEELIG", if failure.is_none() { "true" } else { "false" });
    if let Some((_, _, reason)) = failure {
        sheet.put("IG.IE", "I.IEREAS", reason);
    }
    sheet
}
