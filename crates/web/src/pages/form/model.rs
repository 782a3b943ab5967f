//! A form as its page shows it: the definition's groups and items, each with its control, its value and what is to
//! be said about it. Pure: made from a definition and what the store showed.
//!
//! What is saved but no longer defined is shown too, after the rest: a page that left it out would hide data.

use std::collections::{BTreeMap, HashMap};

use serde_json::json;
use store::{
    Shown,
    views::{FormShown, GroupShown, ItemShown},
};
use trial::definition::{CheckRule, FormDef, Indexed, ItemDef, ItemGroupDef, ItemRef, Severity};

use super::control::{self, Choice, Control};
use crate::pages::show::LANGUAGE;

/// What the page knows beside the stored form: what was just typed, and why it was refused.
#[derive(Debug, Default)]
pub struct Typed {
    /// By field name, where a save was refused and the page comes back.
    pub values: HashMap<String, String>,
    /// By the names that refusals give to fields.
    pub refused: HashMap<String, Refused>,
    /// Rows of repeating groups beyond the saved ones that something was typed in: group, row.
    pub rows: Vec<(String, String)>,
}

/// Why a field was refused.
#[derive(Debug, Clone)]
pub struct Refused {
    /// In words.
    pub message: String,
    /// Whether a reason for the change is all that is missing.
    pub reason_needed: bool,
}

/// A form.
#[derive(Debug)]
pub struct Sheet {
    /// Its groups.
    pub groups: Vec<Group>,
    /// What is saved and not (any more) defined.
    pub beside: Vec<Beside>,
    /// Mandatory items that have no value yet.
    pub missing: u64,
    /// Items on it.
    pub items: u64,
}

/// An item group.
#[derive(Debug)]
pub struct Group {
    /// ODM ItemGroupOID.
    pub oid: String,
    /// Its heading.
    pub title: String,
    /// What it is about.
    pub description: String,
    /// Whether it is a table of rows.
    pub repeating: bool,
    /// Column heads of a table.
    pub columns: Vec<Column>,
    /// Its rows; one for a group that does not repeat.
    pub rows: Vec<Row>,
    /// An empty row to copy from.
    pub blank: Option<Row>,
    /// The number the next new row gets.
    pub next: u64,
}

/// A column of a repeating group.
#[derive(Debug)]
pub struct Column {
    /// HTML id.
    pub id: String,
    /// The question.
    pub label: String,
    /// How to fill it in.
    pub hint: String,
    /// Whether each row needs it.
    pub mandatory: bool,
}

/// A row.
#[derive(Debug)]
pub struct Row {
    /// ODM ItemGroupRepeatKey; empty in a group that does not repeat.
    pub repeat: String,
    /// HTML id.
    pub id: String,
    /// Whether it is stored.
    pub saved: bool,
    /// Its fields.
    pub fields: Vec<Field>,
}

/// An item in a row.
#[derive(Debug)]
pub struct Field {
    /// HTML id.
    pub id: String,
    /// As refusals name it: `GROUP[ROW].ITEM`.
    pub name: String,
    /// ODM ItemOID.
    pub oid: String,
    /// The question.
    pub label: String,
    /// How to fill it in.
    pub hint: String,
    /// Whether a complete form has it.
    pub mandatory: bool,
    /// Its control.
    pub control: Control,
    /// The text in the control: what was typed, else what is saved.
    pub text: Shown,
    /// What is saved, as the control would show it; empty: nothing.
    pub saved: Shown,
    /// Whether something is saved now or was before.
    pub has_history: bool,
    /// Its units: none, one to read, several to choose from.
    pub units: Vec<Choice>,
    /// The unit that is saved.
    pub saved_unit: String,
    /// The range checks, for the page's script.
    pub checks: String,
    /// What soft checks said when it was saved.
    pub findings: Vec<String>,
    /// Why it is kept all the same.
    pub because: Option<Shown>,
    /// Whether it came from a file.
    pub imported: bool,
    /// Why it was refused.
    pub refused: Option<Refused>,
    /// Whether it may be typed in.
    pub editable: bool,
}

/// A saved value outside the definition.
#[derive(Debug)]
pub struct Beside {
    /// ODM ItemGroupOID.
    pub group: String,
    /// Which row.
    pub repeat: String,
    /// ODM ItemOID.
    pub item: String,
    /// The value.
    pub value: Shown,
}

impl Sheet {
    /// Lays out `form` of `study` with what is stored in `shown` and what was `typed`.
    #[must_use]
    pub fn new(study: &Indexed, form: Option<&FormDef>, shown: &FormShown, editable: bool, typed: &Typed) -> Self {
        let mut saved: BTreeMap<(&str, &str), &GroupShown> =
            shown.groups.iter().map(|group| ((group.group.as_str(), group.repeat.as_str()), group)).collect();
        let mut sheet = Sheet { groups: Vec::new(), beside: Vec::new(), missing: 0, items: 0 };
        for (at, (reference, def)) in form.map(|form| study.groups_of(form)).unwrap_or_default().into_iter().enumerate()
        {
            let maker = Maker { study, def, at, editable, typed };
            let rows = take_rows(&mut saved, def.oid.as_str());
            let group = maker.group(&rows, &mut sheet.beside);
            let counts = reference.mandatory || !rows.is_empty();
            sheet.count(&group, counts);
            sheet.groups.push(group);
        }
        for group in saved.into_values() {
            sheet.beside.extend(group.items.iter().filter_map(|item| beside(group, item)));
        }
        sheet
    }

    fn count(&mut self, group: &Group, counts: bool) {
        for field in group.rows.iter().flat_map(|row| row.fields.iter().map(move |field| (row, field))) {
            let (row, field) = field;
            self.items = self.items.saturating_add(1);
            let asked = if group.repeating { row.saved } else { counts };
            if field.mandatory && asked && field.saved.text().is_empty() {
                self.missing = self.missing.saturating_add(1);
            }
        }
    }
}

/// The saved rows of a group: numbered ones in their order, then the rest.
fn take_rows<'a>(saved: &mut BTreeMap<(&'a str, &'a str), &'a GroupShown>, oid: &str) -> Vec<&'a GroupShown> {
    let keys: Vec<(&str, &str)> = saved.keys().filter(|(group, _)| *group == oid).copied().collect();
    let mut rows: Vec<&GroupShown> = keys.into_iter().filter_map(|key| saved.remove(&key)).collect();
    rows.sort_by_key(|row| (row.repeat.parse::<u64>().unwrap_or(u64::MAX), row.id));
    rows
}

fn beside(group: &GroupShown, item: &ItemShown) -> Option<Beside> {
    let value = item.value.clone()?;
    Some(Beside { group: group.group.clone(), repeat: group.repeat.clone(), item: item.item.clone(), value })
}

/// Makes one group.
struct Maker<'a> {
    study: &'a Indexed,
    def: &'a ItemGroupDef,
    at: usize,
    editable: bool,
    typed: &'a Typed,
}

impl Maker<'_> {
    fn group(&self, saved: &[&GroupShown], rest: &mut Vec<Beside>) -> Group {
        let items = self.study.items_of(self.def);
        for row in saved {
            let unknown = row.items.iter().filter(|kept| !items.iter().any(|(_, def)| def.oid.as_str() == kept.item));
            rest.extend(unknown.filter_map(|item| beside(row, item)));
        }
        let mut rows: Vec<Row> = saved.iter().map(|row| self.row(&items, &row.repeat, Some(row))).collect();
        let mut next =
            rows.iter().filter_map(|row| row.repeat.parse::<u64>().ok()).max().unwrap_or(0).saturating_add(1);
        let oid = self.def.oid.as_str();
        for (_, repeat) in self.typed.rows.iter().filter(|(group, _)| group == oid) {
            if !rows.iter().any(|row| row.repeat == *repeat) {
                rows.push(self.row(&items, repeat, None));
                next = next.max(repeat.parse::<u64>().unwrap_or(0).saturating_add(1));
            }
        }
        if self.def.repeating && self.editable {
            rows.push(self.row(&items, &next.to_string(), None));
            next = next.saturating_add(1);
        } else if rows.is_empty() && !self.def.repeating {
            rows.push(self.row(&items, "", None));
        }
        Group {
            oid: oid.to_owned(),
            title: self.def.name.clone(),
            description: self.def.description.in_language(LANGUAGE).trim().to_owned(),
            repeating: self.def.repeating,
            columns: if self.def.repeating { self.columns(&items) } else { Vec::new() },
            rows,
            blank: (self.def.repeating && self.editable).then(|| self.row(&items, "__row__", None)),
            next,
        }
    }

    fn columns(&self, items: &[(&ItemRef, &ItemDef)]) -> Vec<Column> {
        let column = |(at, (reference, item)): (usize, &(&ItemRef, &ItemDef))| Column {
            id: format!("c{}-{at}", self.at),
            label: label(item),
            hint: hint(item, &control::control(self.study, item, "", true)),
            mandatory: reference.mandatory,
        };
        items.iter().enumerate().map(column).collect()
    }

    fn row(&self, items: &[(&ItemRef, &ItemDef)], repeat: &str, saved: Option<&GroupShown>) -> Row {
        let id = format!("r{}-{}", self.at, id_part(repeat));
        let field = |(at, (reference, item)): (usize, &(&ItemRef, &ItemDef))| {
            let kept = saved.and_then(|row| row.items.iter().find(|kept| kept.item == item.oid.as_str()));
            self.field(&format!("{id}-{at}"), repeat, reference, item, kept)
        };
        Row {
            repeat: repeat.to_owned(),
            saved: saved.is_some(),
            fields: items.iter().enumerate().map(field).collect(),
            id: id.clone(),
        }
    }

    fn field(&self, id: &str, repeat: &str, reference: &ItemRef, item: &ItemDef, kept: Option<&ItemShown>) -> Field {
        let name = field_name(self.def.oid.as_str(), repeat, item.oid.as_str());
        let collected = kept.and_then(|kept| kept.value.as_ref());
        let readable = !matches!(collected, Some(Shown::Blinded | Shown::Withheld));
        let saved = match collected {
            Some(Shown::Value(value)) => Shown::Value(control::typed(item, value)),
            Some(hidden) => hidden.clone(),
            None => Shown::Value(String::new()),
        };
        let text = self
            .typed
            .values
            .get(&name)
            .filter(|_| readable)
            .map_or_else(|| saved.clone(), |typed| Shown::Value(typed.clone()));
        let in_control = if self.typed.values.contains_key(&name) || readable { text.text() } else { "" };
        let control = control::control(self.study, item, in_control, self.def.repeating);
        let saved_unit = kept.and_then(|kept| kept.unit.clone()).unwrap_or_default();
        let chosen_unit = self.typed.values.get(&unit_name(&name)).unwrap_or(&saved_unit);
        Field {
            id: id.to_owned(),
            label: label(item),
            hint: hint(item, &control),
            mandatory: reference.mandatory,
            units: units(self.study, item, chosen_unit),
            checks: checks(item),
            findings: kept.map_or_else(Vec::new, |kept| kept.findings.clone()),
            because: kept.and_then(|kept| kept.because.clone()),
            imported: kept.is_some_and(|kept| kept.imported),
            has_history: kept.is_some(),
            refused: self.typed.refused.get(&name).cloned(),
            editable: self.editable && readable,
            oid: item.oid.as_str().to_owned(),
            name,
            control,
            text,
            saved,
            saved_unit,
        }
    }
}

impl Field {
    /// The only unit, to read beside the control.
    #[must_use]
    pub fn only_unit(&self) -> Option<&str> {
        match self.units.as_slice() {
            [only] => Some(&only.words),
            _ => None,
        }
    }

    /// Several units, to choose from.
    #[must_use]
    pub fn unit_choices(&self) -> &[Choice] {
        if self.units.len() > 1 { &self.units } else { &[] }
    }

    /// The field that its unit is sent in.
    #[must_use]
    pub fn unit_name(&self) -> String {
        unit_name(&self.name)
    }

    /// The state that its mark shows.
    #[must_use]
    pub fn state(&self) -> &'static str {
        if self.refused.is_some() { "refused" } else { "" }
    }
}

/// How refusals, controls and the script name an item on the form.
#[must_use]
pub fn field_name(group: &str, repeat: &str, item: &str) -> String {
    format!("{group}[{repeat}].{item}")
}

/// The field that carries the unit of `name`.
#[must_use]
pub fn unit_name(name: &str) -> String {
    format!("unit:{name}")
}

/// The question; where there is none, the prompt, the description or the name.
#[must_use]
pub fn label(item: &ItemDef) -> String {
    [&item.question, &item.prompt, &item.description]
        .into_iter()
        .map(|text| text.in_language(LANGUAGE).trim())
        .find(|text| !text.is_empty())
        .unwrap_or(if item.name.is_empty() { item.oid.as_str() } else { &item.name })
        .to_owned()
}

/// Instructions of the definition, and how to type what no picker helps with.
fn hint(item: &ItemDef, control: &Control) -> String {
    let own = item.completion_instructions.in_language(LANGUAGE).trim();
    let format = match control {
        Control::Line(line) => line.hint,
        _ => "",
    };
    match (own, format) {
        ("", format) => format.to_owned(),
        (own, "") => own.to_owned(),
        (own, format) => format!("{own} ({format})"),
    }
}

fn units(study: &Indexed, item: &ItemDef, chosen: &str) -> Vec<Choice> {
    let unit = |oid: &str| {
        let words = study.unit(oid).map(|unit| {
            let symbol = unit.symbol.in_language(LANGUAGE).trim();
            if symbol.is_empty() { unit.name.clone() } else { symbol.to_owned() }
        });
        Choice { code: oid.to_owned(), words: words.unwrap_or_else(|| oid.to_owned()), chosen: oid == chosen }
    };
    item.units.iter().map(|oid| unit(oid.as_str())).collect()
}

/// The checks that the page's script can make while one types; the store makes all of them when it saves.
fn checks(item: &ItemDef) -> String {
    let checks: Vec<serde_json::Value> = item
        .range_checks
        .iter()
        .filter_map(|check| {
            let CheckRule::Values(values) = &check.rule else { return None };
            let finding = check.error_message.in_language(LANGUAGE).trim();
            Some(json!({
                "is": check.comparator?.as_odm(),
                "of": values,
                "unit": check.unit.as_ref().map(|unit| unit.as_str()),
                "hard": check.severity == Severity::Hard,
                "says": finding,
            }))
        })
        .collect();
    if checks.is_empty() { String::new() } else { serde_json::Value::Array(checks).to_string() }
}

/// Letters and digits for an HTML id.
fn id_part(repeat: &str) -> String {
    if repeat.is_empty() {
        return "0".to_owned();
    }
    repeat.chars().map(|c| if c.is_ascii_alphanumeric() || c == '_' { c } else { '-' }).collect()
}

#[cfg(test)]
#[path = "model_tests.rs"]
mod tests;
