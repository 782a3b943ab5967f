//! The desk at a site where forms are typed in, with the slips, gaps and second thoughts of a real one:
//! a form saved in two goes or left half done, optional items skipped, values mistyped and later corrected with a
//! reason, soft checks overridden “because …” at once, later, or never, a complete form opened again.
//!
//! What a hard check would refuse is not entered: at a real desk it would not have been saved either.

use store::acts::ItemChange;
use trial::{
    check,
    definition::{Indexed, UnitOid},
    value::ItemValue,
};

use super::{
    Hand, Save, Site,
    sheet::{Cell, Sheet},
    typo,
};
use crate::demo::chance::Chance;

/// How often, in a thousand.
mod rate {
    /// A form is left half done.
    pub(super) const HALF_DONE: u64 = 55;
    /// A form is saved in two goes.
    pub(super) const TWO_GOES: u64 = 250;
    /// An optional item is skipped.
    pub(super) const SKIPPED: u64 = 70;
    /// A value is mistyped at a careful desk, and at a hurried one.
    pub(super) const MISTYPED: u64 = 14;
    pub(super) const MISTYPED_IN_HURRY: u64 = 28;
    /// A complete form is called incomplete again before it is corrected.
    pub(super) const OPENED_AGAIN: u64 = 250;
    /// A soft check's value is kept with a “because” at once.
    pub(super) const BECAUSE_AT_ONCE: u64 = 650;
    /// One that was kept without a word gets its “because” later.
    pub(super) const BECAUSE_LATER: u64 = 400;
}

/// A site's desk.
#[derive(Debug)]
pub(super) struct Desk<'a> {
    definition: &'a Indexed,
    site: Site,
    pub(super) chance: Chance,
}

/// How a form was entered: at first, and what followed later.
#[derive(Debug, Default)]
pub(super) struct Entered {
    pub(super) first: Vec<Save>,
    pub(super) later: Vec<Save>,
}

impl<'a> Desk<'a> {
    pub(super) fn new(definition: &'a Indexed, site: Site, chance: Chance) -> Self {
        Self { definition, site, chance }
    }

    /// Enters a form.
    pub(super) fn enter(&mut self, sheet: Sheet) -> Entered {
        let mut cells: Vec<Cell> =
            sheet.cells.iter().filter(|cell| self.is_mandatory(cell) || !self.skips()).cloned().collect();
        let mut completes = sheet.completes;
        if completes && cells.len() > 3 && self.chance.happens(rate::HALF_DONE) {
            cells.truncate(self.chance.between(cells.len() as i64 / 2, cells.len() as i64 - 1) as usize);
            completes = false;
        }
        let mut entered = Entered::default();
        for hand in [Hand::Coordinator, Hand::Investigator] {
            let by_hand: Vec<Cell> = cells
                .iter()
                .filter(|cell| sheet.hand(cell.item, self.site.has_investigator()) == hand)
                .cloned()
                .collect();
            self.type_in(&sheet, hand, &by_hand, &mut entered);
        }
        if let Some(last) = entered.first.last_mut().filter(|_| completes) {
            last.complete = Some(true);
        }
        if completes && !entered.later.is_empty() && self.chance.happens(rate::OPENED_AGAIN) {
            self.open_again(&sheet, &mut entered);
        }
        entered
    }

    /// A change of what stands on a form, with its reason where it replaces a value.
    pub(super) fn change(&mut self, cell: &Cell, reason: Option<&str>) -> ItemChange {
        let at_once = self.is_doubted(cell) && self.chance.happens(rate::BECAUSE_AT_ONCE);
        let because = at_once.then(|| self.because(cell.item).to_owned());
        ItemChange {
            group: cell.group.to_owned(),
            group_repeat: cell.row.clone(),
            item: cell.item.to_owned(),
            value: Some(cell.value.clone()),
            unit: cell.unit.map(str::to_owned),
            reason: reason.map(str::to_owned),
            because,
        }
    }

    fn type_in(&mut self, sheet: &Sheet, hand: Hand, cells: &[Cell], entered: &mut Entered) {
        if cells.is_empty() {
            return;
        }
        let mut changes = Vec::with_capacity(cells.len());
        for cell in cells {
            let (change, follow_up) = self.value(cell);
            changes.push(change);
            if let Some(follow_up) = follow_up {
                entered.later.push(save(sheet, hand, vec![follow_up]));
            }
        }
        if changes.len() > 4 && self.chance.happens(rate::TWO_GOES) {
            let rest = changes.split_off(changes.len() / 2);
            entered.first.push(save(sheet, hand, changes));
            entered.first.push(save(sheet, hand, rest));
        } else {
            entered.first.push(save(sheet, hand, changes));
        }
    }

    /// How a value is first entered, and what has to be done about it later.
    fn value(&mut self, cell: &Cell) -> (ItemChange, Option<ItemChange>) {
        let hurried = self.site == Site::Lyon;
        let mistyped = if hurried { rate::MISTYPED_IN_HURRY } else { rate::MISTYPED };
        if self.chance.happens(mistyped)
            && let Some(typo) = self.typo(cell)
        {
            let wrong = Cell { value: typo.typed, ..cell.clone() };
            return (self.change(&wrong, None), Some(self.change(cell, Some(typo.reason))));
        }
        let change = self.change(cell, None);
        let unexplained = change.because.is_none() && self.is_doubted(cell);
        let follow_up = (unexplained && self.chance.happens(rate::BECAUSE_LATER))
            .then(|| ItemChange { because: Some(self.because(cell.item).to_owned()), ..change.clone() });
        (change, follow_up)
    }

    fn typo(&mut self, cell: &Cell) -> Option<typo::Typo> {
        let item = self.definition.item(cell.item)?;
        let typo = typo::of(&mut self.chance, item, self.definition.code_list_of(item), &cell.value)?;
        let wrong = Cell { value: typo.typed.clone(), ..cell.clone() };
        self.findings(&wrong).is_some_and(|found| !found.iter().any(|finding| finding.hard)).then_some(typo)
    }

    fn open_again(&mut self, sheet: &Sheet, entered: &mut Entered) {
        let Some(by) = entered.later.first().map(|save| save.by) else { return };
        let reason = Some(self.chance.pick(OPENED_AGAIN).to_owned());
        entered.later.insert(0, Save { complete: Some(false), reason, ..save(sheet, by, Vec::new()) });
        if let Some(last) = entered.later.last_mut() {
            last.complete = Some(true);
        }
    }

    fn skips(&mut self) -> bool {
        self.chance.happens(rate::SKIPPED)
    }

    /// Whether the form needs this value; one that the definition does not know is left to the server to refuse.
    fn is_mandatory(&self, cell: &Cell) -> bool {
        let in_group = self.definition.group(cell.group).map(|group| group.items.as_slice()).unwrap_or_default();
        in_group.iter().find(|item| item.item.as_str() == cell.item).is_none_or(|item| item.mandatory)
    }

    /// Whether a soft check speaks against the value.
    fn is_doubted(&self, cell: &Cell) -> bool {
        self.findings(cell).is_some_and(|found| !found.is_empty())
    }

    /// What the checks say of a value; `None` where it is no value of its item.
    fn findings(&self, cell: &Cell) -> Option<Vec<check::Finding>> {
        let item = self.definition.item(cell.item)?;
        let list = self.definition.code_list_of(item);
        let value = ItemValue::parse(item, list, &cell.value).ok()?;
        let unit = cell.unit.map(UnitOid::from);
        Some(check::range(item, list, &value, unit.as_ref(), "en").findings)
    }

    fn because(&mut self, item: &str) -> &'static str {
        self.chance.pick(match item {
            "I.AESER" => REPORTED,
            "I.AESEV" => SEVERE,
            "I.LBCLSIG" => SIGNIFICANT,
            _ if item.starts_with("I.IN") || item.starts_with("I.EX") => NOT_ELIGIBLE,
            _ => MEASURED_AGAIN,
        })
    }
}

/// A save of a sheet's form that changes these values.
pub(super) fn save(sheet: &Sheet, by: Hand, changes: Vec<ItemChange>) -> Save {
    Save { by, place: sheet.place.clone(), changes, removed: Vec::new(), complete: None, reason: None }
}

const OPENED_AGAIN: &[&str] =
    &["The monitor found a difference from source", "Called complete too early", "One value still to be corrected"];
const REPORTED: &[&str] = &[
    "Reported to the sponsor by phone within the hour, form sent the same day.",
    "Reported by e-mail 4 hours after the site learned of it.",
];
const SEVERE: &[&str] =
    &["Severe, but no criterion of seriousness applies.", "Discussed with the investigator: severe, not serious."];
const SIGNIFICANT: &[&str] = &["Recorded as an adverse event.", "Followed up at the next visit; see the comment."];
const NOT_ELIGIBLE: &[&str] =
    &["Screen failure.", "Confirmed by the investigator: not eligible.", "Seen in the medical record."];
const MEASURED_AGAIN: &[&str] = &[
    "Measured twice, same result.",
    "Confirmed against source.",
    "The participant had hurried up the stairs.",
    "Known from earlier visits; no symptoms.",
    "Second device, same value.",
];
