//! Adverse events: drawn over the time of treatment, reported at a visit, and followed to their end.

use jiff::civil::Date;

use super::{
    Hand, Save, Site,
    day::{self, Known},
    desk::{self, Desk},
    sheet::{Cell, Sheet},
};
use crate::demo::chance::Chance;

/// An event that may happen.
#[derive(Debug, Clone, Copy, Default)]
struct Kind {
    english: &'static str,
    /// What the participant said, as the site wrote it down at first: Oslo, Lyon, Kyoto.
    said: [&'static str; 3],
    /// Days it lasts at most.
    days: i64,
    /// Whether the medicine is known to cause it.
    known: bool,
    /// What is taken against it.
    treated_with: &'static str,
}

const fn kind(
    english: &'static str,
    said: [&'static str; 3],
    days: i64,
    known: bool,
    treated_with: &'static str,
) -> Kind {
    Kind { english, said, days, known, treated_with }
}

const KINDS: &[Kind] = &[
    kind("Headache", ["Hodepine", "Céphalées", "頭痛"], 4, true, "Paracetamol"),
    kind("Dizziness", ["Svimmelhet", "Vertiges", "めまい"], 6, true, ""),
    kind("Ankle swelling", ["Hovne ankler", "Œdème des chevilles", "足首の腫れ"], 30, true, ""),
    kind("Dry cough", ["Tørrhoste", "Toux sèche", "空咳"], 25, true, ""),
    kind("Common cold", ["Forkjølelse", "Rhume", "風邪"], 10, false, "Xylometazoline"),
    kind("Diarrhoea", ["Diaré", "Diarrhée", "下痢"], 3, false, "Loperamide"),
    kind("Low back pain", ["Korsryggsmerter", "Lombalgie", "腰痛"], 20, false, "Ibuprofen"),
    kind("Nausea", ["Kvalme", "Nausées", "吐き気"], 3, true, ""),
    kind("Tiredness", ["Trøtthet", "Fatigue", "倦怠感"], 15, true, ""),
    kind(
        "Rash on forearms",
        ["Utslett på underarmene", "Éruption des avant-bras", "前腕の発疹"],
        12,
        false,
        "Cetirizine",
    ),
    kind("Insomnia", ["Søvnløshet", "Insomnie", "不眠"], 20, false, ""),
    kind("Hay fever", ["Høysnue", "Rhume des foins", "花粉症"], 40, false, "Cetirizine"),
    kind("Bruise on left knee", ["Blåmerke venstre kne", "Hématome du genou gauche", "左膝の打撲"], 9, false, ""),
    kind("Palpitations", ["Hjertebank", "Palpitations", "動悸"], 5, true, ""),
];

/// An event that happened.
#[derive(Debug, Clone)]
pub(super) struct Happened {
    kind: Kind,
    pub(super) start: Date,
    /// Its last day; later than today where it goes on.
    pub(super) end: Date,
    start_known: Known,
    severity: &'static str,
    serious: bool,
    relation: &'static str,
    action: &'static str,
}

impl Happened {
    /// The medicine taken against it; empty where none was.
    pub(super) fn treated_with(&self) -> &'static str {
        self.kind.treated_with
    }

    /// What it is called in English.
    pub(super) fn term(&self) -> &'static str {
        self.kind.english
    }
}

/// Draws the events between two days. `stopping` adds the one that ended the treatment.
pub(super) fn draw(chance: &mut Chance, first: Date, last: Date, stopping: bool) -> Vec<Happened> {
    let days = (last - first).get_days().into();
    let count = chance.weighed(&[(32, 0_u8), (30, 1), (21, 2), (11, 3), (6, 4)]);
    let mut events = Vec::new();
    for _ in 0..count {
        let start = day::after(first, chance.between(0, days));
        events.push(event(chance, start));
    }
    if stopping {
        let start = day::after(last, -chance.between(5, 20).min(days));
        let swelling = KINDS.iter().find(|kind| kind.english == "Ankle swelling").copied().unwrap_or_default();
        events.push(Happened {
            kind: swelling,
            start,
            end: day::after(last, 12),
            start_known: Known::Day,
            severity: "2",
            serious: false,
            relation: "PROBABLE",
            action: "STOPPED",
        });
    }
    events.sort_by_key(|event| event.start);
    events
}

fn event(chance: &mut Chance, start: Date) -> Happened {
    let kind = chance.pick(KINDS);
    let serious = chance.happens(35);
    let relation = if kind.known {
        chance.weighed(&[(2, "NONE"), (3, "UNLIKELY"), (4, "POSSIBLE"), (2, "PROBABLE")])
    } else {
        chance.weighed(&[(6, "NONE"), (3, "UNLIKELY"), (1, "POSSIBLE")])
    };
    let related = matches!(relation, "POSSIBLE" | "PROBABLE");
    Happened {
        kind,
        start,
        end: day::after(start, chance.between(0, kind.days)),
        start_known: chance.weighed(&[(82, Known::Day), (18, Known::Month)]),
        severity: if serious { "3" } else { chance.weighed(&[(62, "1"), (32, "2"), (6, "3")]) },
        serious,
        relation,
        action: if related { chance.weighed(&[(7, "NONE"), (2, "REDUCED"), (1, "PAUSED")]) } else { "NONE" },
    }
}

/// An event's form, with what the site wrote for it at first.
#[derive(Debug)]
pub(super) struct Reported {
    pub(super) sheet: Sheet,
    /// The English term that has to replace the participant's own word.
    english: Option<Cell>,
}

/// The form of the event with this number, as known on the day of a visit.
pub(super) fn report(chance: &mut Chance, site: Site, number: usize, event: &Happened, day: Date) -> Reported {
    let mut sheet = Sheet::repeat("SE.LOG", String::new(), "F.AE", number.to_string());
    sheet.decided = &["I.AEREL"];
    sheet.may_wait = false;
    let english = styled(chance, event.kind.english);
    let [oslo, lyon, kyoto] = event.kind.said;
    let said = match site {
        Site::Oslo => oslo,
        Site::Lyon => lyon,
        Site::Kyoto => kyoto,
    };
    let own_word = chance.happens(160) && said != english;
    sheet.put("IG.AE", "I.AETERM", if own_word { said.to_owned() } else { english.clone() });
    let replaced = sheet.cells.first().filter(|_| own_word).map(|cell| Cell { value: english, ..cell.clone() });
    let goes_on = event.end > day;
    sheet.put("IG.AE", "I.AESTDTC", day::partial(event.start, event.start_known));
    sheet.put("IG.AE", "I.AEONGO", if goes_on { "true" } else { "false" });
    if !goes_on {
        sheet.put("IG.AE", "I.AEENDTC", day::partial(event.end, event.start_known));
    }
    sheet.put("IG.AE", "I.AESEV", event.severity);
    sheet.put("IG.AE", "I.AESER", if event.serious { "Y" } else { "N" });
    sheet.put("IG.AE", "I.AEREL", event.relation);
    sheet.put("IG.AE", "I.AEACN", event.action);
    let outcome = if goes_on { chance.pick(&["IMPROVING", "PERSISTS"]) } else { "RECOVERED" };
    sheet.put("IG.AE", "I.AEOUT", outcome);
    if event.serious {
        seriousness(chance, &mut sheet, event, day);
    }
    Reported { sheet, english: replaced }
}

fn seriousness(chance: &mut Chance, sheet: &mut Sheet, event: &Happened, day: Date) {
    for (item, holds) in [
        ("I.AESDTH", "false"),
        ("I.AESLIFE", "false"),
        ("I.AESHOSP", "true"),
        ("I.AESDISAB", "false"),
        ("I.AESMIE", "false"),
    ] {
        sheet.put("IG.SAE", item, holds);
    }
    sheet.put("IG.SAE", "I.AEREPDT", day::at(day, chance.between(9 * 60, 18 * 60)));
    let narrative = format!(
        "{} began on {} and was watched in hospital for two nights.\nNo treatment beyond rest. The study medication {}.",
        event.kind.english,
        event.start,
        if event.action == "NONE" { "was continued" } else { "was changed as recorded" },
    );
    sheet.put("IG.SAE", "I.AENARR", narrative);
}

/// What follows once the event is over.
pub(super) fn end(desk: &mut Desk<'_>, reported: &Reported, event: &Happened) -> Save {
    let reason = Some("The event has ended");
    let cell = |item, value: String| Cell { group: "IG.AE", row: String::new(), item, value, unit: None };
    let changes = vec![
        desk.change(&cell("I.AEONGO", "false".to_owned()), reason),
        desk.change(&cell("I.AEENDTC", event.end.to_string()), None),
        desk.change(&cell("I.AEOUT", "RECOVERED".to_owned()), reason),
    ];
    desk::save(&reported.sheet, Hand::Coordinator, changes)
}

/// The English term in place of the participant's word, for those that somebody noticed.
pub(super) fn in_english(desk: &mut Desk<'_>, reported: &Reported) -> Option<Save> {
    let cell = reported.english.as_ref().filter(|_| desk.chance.happens(650))?;
    let change = desk.change(cell, Some("English term, as the protocol asks"));
    Some(desk::save(&reported.sheet, Hand::Coordinator, vec![change]))
}

/// As different people write it.
fn styled(chance: &mut Chance, term: &str) -> String {
    match chance.below(10) {
        0 => term.to_uppercase(),
        1 | 2 => term.to_lowercase(),
        _ => term.to_owned(),
    }
}
