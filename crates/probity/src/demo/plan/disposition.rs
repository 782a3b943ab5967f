//! How a subject's part in the study ended.

use jiff::civil::Date;

use super::{
    day::{self, Known},
    fate::Fate,
    sheet::Sheet,
};
use crate::demo::chance::Chance;

/// The form Disposition.
pub(super) fn form(chance: &mut Chance, fate: Fate, failure: &str, ended: Date, dosed: bool) -> Sheet {
    let mut sheet = Sheet::new("SE.EOS", "F.DS");
    sheet.put("IG.DS", "I.DSDTC", ended.to_string());
    let (code, words) = match fate {
        Fate::Stays => ("COMPLETED", ""),
        Fate::ScreenFailure => ("SCREENFAIL", failure),
        Fate::Withdraws => ("WITHDRAWAL", chance.pick(WITHDRAWN)),
        Fate::Stopped => ("AE", "Swelling of both ankles that did not go away; see the adverse event."),
        Fate::Lost => ("LOST", "Three calls and a registered letter, no answer."),
    };
    sheet.put("IG.DS", "I.DSDECOD", code);
    if !words.is_empty() {
        sheet.put("IG.DS", "I.DSTERM", words);
    }
    if dosed {
        let known = chance.weighed(&[(8, Known::Day), (2, Known::Month)]);
        sheet.put("IG.DS", "I.DSLAST", day::partial(day::after(ended, -1), known));
    }
    let contact = match fate {
        Fate::Lost => day::partial(day::after(ended, -20), Known::Month),
        _ => day::at(ended, chance.between(9 * 60, 16 * 60)),
    };
    sheet.put("IG.DS", "I.DSCONT", contact);
    sheet
}

const WITHDRAWN: &[&str] = &[
    "No time for the visits beside the new job.",
    "Does not want to take tablets any more.",
    "Moved to another city.",
    "Déménagement, ne souhaite pas continuer.",
];
