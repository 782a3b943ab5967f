//! What a sent page means: which values were typed, and which of them differ from what is saved.
//!
//! Only what differs is sent to the store, so that an untouched value is never saved again under another name. The
//! store parses, checks and decides; this refuses to.

use std::collections::HashMap;

use store::acts::{ItemChange, RowRemoval, SaveForm};

use super::{
    model::{Field, Refused, Typed, unit_name},
    page::{FormParts, Open},
};
use crate::pages::fields::{self, Fields};

/// Everything that was typed, by field.
#[must_use]
pub fn typed(open: &Open, sent: &Fields) -> Typed {
    let rows = typed_rows(open, sent);
    let mut values = HashMap::new();
    for name in sent.names() {
        values.insert(name.to_owned(), plain(sent.get(name)));
    }
    Typed { values, refused: HashMap::new(), rows }
}

/// Rows that the page added beyond the saved ones.
fn typed_rows(open: &Open, sent: &Fields) -> Vec<(String, String)> {
    let Some(study) = open.study.as_deref() else { return Vec::new() };
    let mut rows: Vec<(String, String)> = Vec::new();
    for group in study.version().groups.iter().filter(|group| group.repeating) {
        let start = format!("{}[", group.oid);
        for name in sent.names() {
            let row = name.strip_prefix(&start).and_then(|rest| rest.split_once("].")).map(|(row, _)| row);
            let Some(row) = row.filter(|row| *row != "__row__" && !sent.get(name).trim().is_empty()) else { continue };
            let key = (group.oid.as_str().to_owned(), row.to_owned());
            let stored = open.shown.groups.iter().any(|saved| saved.group == key.0 && saved.repeat == key.1);
            if !stored && !rows.contains(&key) {
                rows.push(key);
            }
        }
    }
    rows
}

/// The act: what differs from what is saved, rows taken away, and whether the form is complete.
#[must_use]
pub fn act(open: &Open, parts: &FormParts, sent: &Fields, typed: &Typed) -> SaveForm {
    let sheet = open.sheet(typed);
    let (subject, event, event_repeat, form, form_repeat) = parts.clone();
    let mut changes = Vec::new();
    for group in &sheet.groups {
        for row in &group.rows {
            let of_row = row.fields.iter().filter(|field| field.editable && sent.has(&field.name));
            changes.extend(of_row.filter_map(|field| change(&group.oid, &row.repeat, field, sent)));
        }
    }
    let removed = sent.given("remove").map(|row| removal(row, sent)).into_iter().flatten().collect();
    SaveForm {
        subject,
        event,
        event_repeat,
        form,
        form_repeat,
        // A page that lost its revision conflicts rather than overwrites.
        revision: sent.get("revision").parse().unwrap_or(u64::MAX),
        changes,
        removed,
        complete: match sent.get("complete") {
            "yes" => Some(true),
            "no" => Some(false),
            _ => None,
        },
        reason: sent.given("reopen").map(str::to_owned),
    }
}

fn change(group: &str, repeat: &str, field: &Field, sent: &Fields) -> Option<ItemChange> {
    let value = plain(sent.get(&field.name));
    let unit = sent.given(&unit_name(&field.name)).map(str::to_owned);
    let because = sent.given(&format!("because:{}", field.name)).map(str::to_owned);
    let same_value = value == plain(field.saved.text());
    let same_unit = value.is_empty() || unit.as_deref().is_none_or(|unit| unit == field.saved_unit);
    if same_value && same_unit && because.is_none() {
        return None;
    }
    let reason = sent
        .given(&format!("reason:{}", field.name))
        .or_else(|| sent.given(&format!("quick:{}", field.name)))
        .map(str::to_owned);
    Some(ItemChange {
        group: group.to_owned(),
        group_repeat: repeat.to_owned(),
        item: field.oid.clone(),
        value: Some(value).filter(|value| !value.is_empty()),
        unit,
        reason,
        because,
    })
}

/// `GROUP[ROW]`, with its reason beside it.
fn removal(row: &str, sent: &Fields) -> Option<RowRemoval> {
    let (group, repeat) = row.strip_suffix(']')?.rsplit_once('[')?;
    Some(RowRemoval {
        group: group.to_owned(),
        group_repeat: repeat.to_owned(),
        reason: sent.get(&format!("remove:{row}")).to_owned(),
    })
}

/// The typed values, with the words of the refusals at their fields.
#[must_use]
pub fn refused(mut typed: Typed, refused: &fields::Refused) -> Typed {
    for refusal in &refused.0 {
        let words = Refused { message: refusal.message.clone(), reason_needed: refusal.code == "reason_needed" };
        typed.refused.insert(refusal.field.clone(), words);
    }
    typed
}

/// As the store will read it: browsers send line ends as CR LF, and white space around a value is none of it.
fn plain(text: &str) -> String {
    text.trim().replace("\r\n", "\n")
}
