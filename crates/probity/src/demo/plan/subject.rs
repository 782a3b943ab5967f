//! One subject from consent to the end: its visits, the forms of each, and the order in which they reach the desk.

use jiff::civil::Date;
use trial::definition::Indexed;

use super::{
    Save, Site,
    adverse_events::{self, Happened},
    day,
    desk::{Desk, Entered},
    disposition,
    fate::Fate,
    laboratory,
    medication::{self, Log},
    person::Person,
    screening,
    sheet::Sheet,
    vital_signs::{self, Taking},
};
use crate::demo::chance::Chance;

/// How often, in a thousand.
mod rate {
    /// A visit in the middle does not take place.
    pub(super) const MISSED_VISIT: u64 = 30;
    /// A page of a visit is missing.
    pub(super) const MISSING_PAGE: u64 = 40;
    /// A page is entered after the visit that followed.
    pub(super) const LATE_PAGE: u64 = 60;
    pub(super) const LATE_PAGE_IN_LYON: u64 = 160;
    /// The pages of a visit are entered in another order than planned.
    pub(super) const OTHER_ORDER: u64 = 300;
    /// A correction that is due by now has been made.
    pub(super) const CORRECTED_BY_NOW: u64 = 600;
    /// A subject comes between the planned visits.
    pub(super) const UNSCHEDULED: u64 = 150;
}

/// A visit that took place.
#[derive(Debug, Clone)]
struct Visit {
    event: &'static str,
    repeat: String,
    date: Date,
    /// Days since the first dose.
    dosed_days: Option<i64>,
}

/// Everything that is entered about one subject, in order.
pub(super) fn saves(
    definition: &Indexed,
    mut chance: Chance,
    today: Date,
    site: Site,
    consent: Date,
    fate: Fate,
) -> Vec<Save> {
    let mut person = Person::draw(&mut chance, site, consent);
    let failure = (fate == Fate::ScreenFailure).then(|| screening::failure(&mut chance));
    if failure.is_some_and(|(item, ..)| item == "I.IN03") {
        person.systolic = 122.0;
    }
    let visits = schedule(&mut chance, consent, fate, today);
    let mut story = Story {
        desk: Desk::new(definition, site, chance),
        site,
        person,
        fate,
        failure,
        consent,
        log: Log::default(),
        journal: Journal::default(),
    };
    story.tell(&visits);
    story.journal.close(&mut story.desk.chance, visits.len())
}

/// The visits up to today, by date.
fn schedule(chance: &mut Chance, consent: Date, fate: Fate, today: Date) -> Vec<Visit> {
    let once = |event, date, dosed_days| Visit { event, repeat: String::new(), date, dosed_days };
    let screening = day::after(consent, chance.between(0, 3));
    let mut visits = vec![once("SE.SCR", screening, None)];
    if fate == Fate::ScreenFailure {
        visits.push(once("SE.EOS", day::after(screening, chance.between(1, 6)), None));
    } else {
        let baseline = day::after(consent, chance.between(7, 24));
        treated(chance, &mut visits, baseline, fate);
    }
    visits.retain(|visit| visit.date <= today);
    visits.sort_by_key(|visit| visit.date);
    visits
}

fn treated(chance: &mut Chance, visits: &mut Vec<Visit>, baseline: Date, fate: Fate) {
    let mut add = |event, repeat: &str, days: i64| {
        let date = day::after(baseline, days);
        visits.push(Visit { event, repeat: repeat.to_owned(), date, dosed_days: Some(days) });
    };
    let end = match fate {
        Fate::Stays => 63 + chance.between(-3, 3),
        _ => chance.between(12, 48),
    };
    add("SE.BL", "", 0);
    for (event, days, give_or_take) in [("SE.W2", 14, 3), ("SE.W4", 28, 3), ("SE.W8", 56, 5)] {
        let days = days + chance.between(-give_or_take, give_or_take);
        if days < end && !chance.happens(rate::MISSED_VISIT) {
            add(event, "", days);
        }
    }
    let mut between = 0;
    while between < 3 && chance.happens(rate::UNSCHEDULED) {
        between += 1;
        // The first comes early, so that repeats are numbered by date.
        add("SE.UNS", &between.to_string(), (end - 2) * between / 4 + chance.between(0, 1));
    }
    add("SE.EOS", "", end);
}

/// A subject's story while it is told.
struct Story<'a> {
    desk: Desk<'a>,
    site: Site,
    person: Person,
    fate: Fate,
    failure: Option<screening::Failure>,
    consent: Date,
    log: Log,
    journal: Journal,
}

impl Story<'_> {
    fn tell(&mut self, visits: &[Visit]) {
        let events = self.events(visits);
        for (at, visit) in visits.iter().enumerate() {
            let mut sheets = self.sheets(visit);
            if self.desk.chance.happens(rate::OTHER_ORDER) {
                self.desk.chance.shuffle(&mut sheets);
            }
            for sheet in sheets {
                self.enter(at, sheet);
            }
            if at == 0 {
                let taken = medication::at_consent(&mut self.desk.chance, self.consent);
                let begun = self.log.begin(&mut self.desk, &taken);
                self.journal.write(&mut self.desk.chance, at, begun);
            }
            for (number, event) in events.iter().enumerate() {
                let reported = visits.iter().position(|visit| visit.date >= event.start);
                if reported == Some(at) {
                    self.report(visits, at, number + 1, event);
                }
            }
            if visit.event == "SE.EOS" {
                self.journal.written.push(Log::close());
            }
            self.journal.turn(at);
        }
    }

    /// The events that happen between the first dose and the last visit so far.
    fn events(&mut self, visits: &[Visit]) -> Vec<Happened> {
        let first = visits.iter().find(|visit| visit.event == "SE.BL");
        match (first, visits.last()) {
            (Some(first), Some(last)) if last.date > first.date => {
                let stopping = self.fate == Fate::Stopped && last.event == "SE.EOS";
                adverse_events::draw(&mut self.desk.chance, first.date, last.date, stopping)
            }
            _ => Vec::new(),
        }
    }

    /// The pages of a visit, as the source documents have them.
    fn sheets(&mut self, visit: &Visit) -> Vec<Sheet> {
        let chance = &mut self.desk.chance;
        let missing = |chance: &mut Chance| chance.happens(rate::MISSING_PAGE);
        let mut sheets = Vec::new();
        if visit.event == "SE.SCR" {
            sheets.push(screening::demography(chance, self.site, &self.person, self.consent));
            sheets.push(screening::eligibility(self.failure));
        }
        let left_unseen = visit.event == "SE.EOS" && (visit.dosed_days.is_none() || self.fate == Fate::Lost);
        if !left_unseen && !missing(chance) {
            let mut sheet = Sheet::repeat(visit.event, visit.repeat.clone(), "F.VS", String::new());
            let body = matches!(visit.event, "SE.SCR" | "SE.BL" | "SE.W8" | "SE.EOS");
            let taking = Taking { person: &self.person, date: visit.date, dosed_days: visit.dosed_days, body };
            vital_signs::fill(chance, &mut sheet, taking);
            sheets.push(sheet);
        }
        let sampled = match visit.event {
            "SE.SCR" | "SE.BL" | "SE.W4" | "SE.W8" => true,
            "SE.UNS" => chance.happens(500),
            _ => false,
        };
        if sampled && !missing(chance) {
            let mut sheet = Sheet::repeat(visit.event, visit.repeat.clone(), "F.LB", String::new());
            let all = matches!(visit.event, "SE.SCR" | "SE.W8");
            laboratory::fill(chance, &mut sheet, self.site, visit.date, all);
            sheets.push(sheet);
        }
        if visit.event == "SE.EOS" {
            let failure = self.failure.map_or("", |(_, _, reason)| reason);
            let dosed = visit.dosed_days.is_some();
            sheets.push(disposition::form(chance, self.fate, failure, visit.date, dosed));
        }
        sheets
    }

    fn enter(&mut self, at: usize, sheet: Sheet) {
        let late = if self.site == Site::Lyon { rate::LATE_PAGE_IN_LYON } else { rate::LATE_PAGE };
        let waits = sheet.may_wait && self.desk.chance.happens(late);
        let entered = self.desk.enter(sheet);
        if waits {
            self.journal.wait(at + 1, entered.first.into_iter().chain(entered.later));
        } else {
            self.journal.write(&mut self.desk.chance, at, entered);
        }
    }

    fn report(&mut self, visits: &[Visit], at: usize, number: usize, event: &Happened) {
        let Some(visit) = visits.get(at) else { return };
        let reported = adverse_events::report(&mut self.desk.chance, self.site, number, event, visit.date);
        let mut entered = self.desk.enter(reported.sheet.clone());
        entered.later.extend(adverse_events::in_english(&mut self.desk, &reported));
        let over = visits.iter().position(|later| later.date >= event.end).filter(|over| *over > at);
        match over {
            Some(over) => {
                let end = adverse_events::end(&mut self.desk, &reported, event);
                self.journal.written.extend(entered.first);
                self.journal.wait(over, entered.later.into_iter().chain([end]));
            }
            None => self.journal.write(&mut self.desk.chance, at, entered),
        }
        if let Some(taken) = medication::against(event.treated_with(), event.term(), event.start, event.end)
            .filter(|_| event.end <= visit.date)
        {
            let added = self.log.add(&mut self.desk, &taken);
            self.journal.write(&mut self.desk.chance, at, added);
        }
    }
}

/// What has been saved, and what waits for its day.
#[derive(Debug, Default)]
struct Journal {
    written: Vec<Save>,
    waiting: Vec<(usize, Vec<Save>)>,
}

impl Journal {
    /// A form entered now, and corrected at this visit or one of the next.
    fn write(&mut self, chance: &mut Chance, at: usize, entered: Entered) {
        self.written.extend(entered.first);
        self.wait(at + chance.below(3) as usize, entered.later.into_iter());
    }

    fn wait(&mut self, due: usize, saves: impl Iterator<Item = Save>) {
        let saves: Vec<Save> = saves.collect();
        if !saves.is_empty() {
            self.waiting.push((due, saves));
        }
    }

    /// The visit is over: what was due by it is saved.
    fn turn(&mut self, at: usize) {
        let (due, waiting): (Vec<_>, Vec<_>) = self.waiting.drain(..).partition(|(due, _)| *due <= at);
        self.waiting = waiting;
        self.written.extend(due.into_iter().flat_map(|(_, saves)| saves));
    }

    /// Today: of what is still due, some has been done and some has not.
    fn close(mut self, chance: &mut Chance, visits: usize) -> Vec<Save> {
        for (due, saves) in self.waiting.drain(..) {
            if due < visits || chance.happens(rate::CORRECTED_BY_NOW) {
                self.written.extend(saves);
            }
        }
        self.written
    }
}
