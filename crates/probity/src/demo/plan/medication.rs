//! Concomitant medication: one log for each subject, begun at screening and closed at the end.

use jiff::civil::Date;
use store::acts::RowRemoval;

use super::{
    Hand, Save,
    day::{self, Known},
    desk::{self, Desk},
    sheet::{Cell, Sheet},
};
use crate::demo::chance::Chance;

/// A medicine as it is usually taken.
#[derive(Debug, Clone, Copy, Default)]
struct Medicine {
    name: &'static str,
    indication: &'static str,
    dose: &'static str,
    unit: &'static str,
    frequency: &'static str,
    route: &'static str,
}

const fn medicine(
    name: &'static str,
    indication: &'static str,
    [dose, unit, frequency, route]: [&'static str; 4],
) -> Medicine {
    Medicine { name, indication, dose, unit, frequency, route }
}

/// Taken for long.
const LASTING: &[Medicine] = &[
    medicine("Amlodipine", "High blood pressure", ["5", "mg", "QD", "ORAL"]),
    medicine("Metformin", "Type 2 diabetes", ["500", "mg", "BID", "ORAL"]),
    medicine("Atorvastatin", "High cholesterol", ["20", "mg", "QD", "ORAL"]),
    medicine("Levothyroxine", "Underactive thyroid", ["75", "ug", "QD", "ORAL"]),
    medicine("Omeprazole", "Heartburn", ["20", "mg", "QD", "ORAL"]),
    medicine("Colecalciferol", "Vitamin D", ["1000", "IU", "QD", "ORAL"]),
    medicine("Salbutamol", "Asthma", ["1", "PUFF", "PRN", "INHAL"]),
    medicine("Acetylsalicylic acid", "Prevention", ["75", "mg", "QD", "ORAL"]),
    medicine("Sertraline", "Depression", ["50", "mg", "QD", "ORAL"]),
    medicine("Hydrocortisone cream", "Eczema", ["0.5", "g", "BID", "TOPIC"]),
];

/// Taken against an event.
const BRIEF: &[Medicine] = &[
    medicine("Paracetamol", "", ["500", "mg", "PRN", "ORAL"]),
    medicine("Ibuprofen", "", ["400", "mg", "TID", "ORAL"]),
    medicine("Loperamide", "", ["2", "mg", "PRN", "ORAL"]),
    medicine("Cetirizine", "", ["10", "mg", "QD", "ORAL"]),
    medicine("Xylometazoline", "", ["1", "PUFF", "TID", "NASAL"]),
];

/// A medicine that a subject takes or took.
#[derive(Debug, Clone, Copy)]
pub(super) struct Taken {
    medicine: Medicine,
    indication: &'static str,
    since: Date,
    known: Known,
    until: Option<Date>,
}

/// What a subject takes when it comes.
pub(super) fn at_consent(chance: &mut Chance, consent: Date) -> Vec<Taken> {
    let mut choice = LASTING.to_vec();
    chance.shuffle(&mut choice);
    choice.truncate(chance.weighed(&[(25, 0), (32, 1), (25, 2), (12, 3), (6, 4)]));
    choice
        .into_iter()
        .map(|medicine| Taken {
            medicine,
            indication: medicine.indication,
            since: day::after(consent, -chance.between(40, 3_600)),
            known: chance.weighed(&[(2, Known::Day), (4, Known::Month), (4, Known::Year)]),
            until: None,
        })
        .collect()
}

/// The medicine of this name, taken against an event from one day to another.
pub(super) fn against(name: &str, event: &'static str, since: Date, until: Date) -> Option<Taken> {
    let medicine = BRIEF.iter().find(|medicine| medicine.name == name).copied()?;
    Some(Taken { medicine, indication: event, since, known: Known::Day, until: Some(until) })
}

/// A subject's log while it is written.
#[derive(Debug, Default)]
pub(super) struct Log {
    rows: usize,
}

impl Log {
    /// The first page of the log.
    pub(super) fn begin(&mut self, desk: &mut Desk<'_>, taken: &[Taken]) -> super::desk::Entered {
        let mut sheet = sheet();
        sheet.put("IG.CMYN", "I.CMYN", if taken.is_empty() { "N" } else { "Y" });
        for one in taken {
            self.row(&mut sheet, one);
        }
        let copied = taken.first().filter(|_| desk.chance.happens(130));
        if let Some(again) = copied {
            self.row(&mut sheet, again);
        }
        let mut entered = desk.enter(sheet.clone());
        if copied.is_some() {
            let removal = RowRemoval {
                group: "IG.CM".to_owned(),
                group_repeat: self.rows.to_string(),
                reason: "The same medicine was entered twice".to_owned(),
            };
            // After every correction: a row that is gone can not be corrected any more.
            entered.later.push(Save { removed: vec![removal], ..desk::save(&sheet, Hand::Coordinator, Vec::new()) });
        }
        entered
    }

    /// Another line.
    pub(super) fn add(&mut self, desk: &mut Desk<'_>, taken: &Taken) -> super::desk::Entered {
        let mut sheet = sheet();
        let first = self.rows == 0;
        self.row(&mut sheet, taken);
        let mut entered = desk.enter(sheet.clone());
        if first && let Some(save) = entered.first.first_mut() {
            let any = Cell { group: "IG.CMYN", row: String::new(), item: "I.CMYN", value: "Y".to_owned(), unit: None };
            save.changes.insert(0, desk.change(&any, Some("A medicine was begun during the study")));
        }
        entered
    }

    /// The log is complete.
    pub(super) fn close() -> Save {
        Save { complete: Some(true), ..desk::save(&sheet(), Hand::Coordinator, Vec::new()) }
    }

    fn row(&mut self, sheet: &mut Sheet, taken: &Taken) {
        self.rows += 1;
        let row = self.rows;
        let Medicine { name, dose, unit, frequency, route, .. } = taken.medicine;
        for (item, value) in [
            ("I.CMTRT", name),
            ("I.CMINDC", taken.indication),
            ("I.CMDOSE", dose),
            ("I.CMDOSU", unit),
            ("I.CMFRQ", frequency),
            ("I.CMROUTE", route),
        ] {
            sheet.put_row("IG.CM", row, item, value, None);
        }
        sheet.put_row("IG.CM", row, "I.CMSTDTC", day::partial(taken.since, taken.known), None);
        sheet.put_row("IG.CM", row, "I.CMONGO", if taken.until.is_none() { "true" } else { "false" }, None);
        if let Some(until) = taken.until {
            sheet.put_row("IG.CM", row, "I.CMENDTC", until.to_string(), None);
        }
    }
}

fn sheet() -> Sheet {
    let mut sheet = Sheet::new("SE.LOG", "F.CM");
    sheet.completes = false;
    sheet.may_wait = false;
    sheet
}
