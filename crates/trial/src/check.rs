//! Range checks and mandatory items: what a form's values are found to lack (ODM 1.3.2 section 3.1.1.3.6.4).
//!
//! A check compares; it does not compute. Checks in a formal language are reported as not evaluated, and so is
//! a check in another unit than the value's: nothing is converted and nothing is guessed.

use std::cmp::Ordering;
use std::collections::{HashMap, HashSet};

use crate::definition::{
    CheckRule, CodeList, CodeListContent, Comparator, DataType, FormDef, Indexed, ItemDef, ItemGroupDef, ItemGroupOid,
    ItemGroupRef, ItemOid, ItemRef, RangeCheck, Severity, UnitOid,
};
use crate::value::ItemValue;

/// What was found about the values of a form.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Findings {
    /// What is wrong.
    pub findings: Vec<Finding>,
    /// What could not be checked.
    pub not_evaluated: Vec<NotEvaluated>,
}

/// A value that fails a check, or is missing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The item.
    pub item: ItemOid,
    /// Whether the value is rejected, or the form incomplete; a soft finding lets it stay.
    pub hard: bool,
    /// What is wrong, in words for the person at the form. Never holds the value itself.
    pub message: String,
}

/// A check that was not made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotEvaluated {
    /// The item.
    pub item: ItemOid,
    /// Whether the check is a hard one.
    pub hard: bool,
    /// Why it was not made.
    pub reason: String,
}

/// Makes the range checks of `item` on `value`, given in `unit` where the item has units. Messages are in
/// `language` where the definition has them.
pub fn range(
    item: &ItemDef,
    code_list: Option<&CodeList>,
    value: &ItemValue,
    unit: Option<&UnitOid>,
    language: &str,
) -> Findings {
    let mut found = Findings::default();
    for check in &item.range_checks {
        let hard = check.severity == Severity::Hard;
        match evaluate(item, code_list, check, value, unit) {
            Ok(true) => {}
            Ok(false) => {
                found.findings.push(Finding { item: item.oid.clone(), hard, message: message(check, language) })
            }
            Err(reason) => found.not_evaluated.push(NotEvaluated { item: item.oid.clone(), hard, reason }),
        }
    }
    found
}

fn evaluate(
    item: &ItemDef,
    code_list: Option<&CodeList>,
    check: &RangeCheck,
    value: &ItemValue,
    unit: Option<&UnitOid>,
) -> Result<bool, String> {
    let CheckRule::Values(check_values) = &check.rule else {
        return Err("the check is in a formal language".to_owned());
    };
    let Some(comparator) = check.comparator else {
        return Err("the check does not say how to compare".to_owned());
    };
    same_unit(item, check, unit)?;
    if check_values.is_empty() {
        return Err("the check has no value to compare with".to_owned());
    }
    let compare = |raw: &String| compare(item.data_type, code_list, value, raw);
    match comparator {
        Comparator::In => any_equal(check_values, compare),
        Comparator::NotIn => any_equal(check_values, compare).map(|any| !any),
        _ => {
            for raw in check_values {
                let order = compare(raw).ok_or_else(|| format!("the value cannot be compared with {raw}"))?;
                if !holds(comparator, order) {
                    return Ok(false);
                }
            }
            Ok(true)
        }
    }
}

fn any_equal(check_values: &[String], compare: impl Fn(&String) -> Option<Ordering>) -> Result<bool, String> {
    Ok(check_values.iter().any(|raw| compare(raw) == Some(Ordering::Equal)))
}

fn holds(comparator: Comparator, order: Ordering) -> bool {
    match comparator {
        Comparator::Lt => order == Ordering::Less,
        Comparator::Le => order != Ordering::Greater,
        Comparator::Gt => order == Ordering::Greater,
        Comparator::Ge => order != Ordering::Less,
        Comparator::Eq | Comparator::In => order == Ordering::Equal,
        Comparator::Ne | Comparator::NotIn => order != Ordering::Equal,
    }
}

/// Compares by the code list's ranks where both values have one, else by the data type.
fn compare(data_type: DataType, code_list: Option<&CodeList>, value: &ItemValue, raw: &str) -> Option<Ordering> {
    if let Some(list) = code_list
        && let (Some(own), Some(other)) = (rank(list, value.as_collected()), rank(list, raw))
    {
        return Some(own.cmp(&other));
    }
    if value.as_collected() == raw {
        return Some(Ordering::Equal);
    }
    ItemValue::parse_check_value(data_type, raw).and_then(|other| value.compare(&other))
}

fn rank(list: &CodeList, value: &str) -> Option<rust_decimal::Decimal> {
    let rank = match &list.content {
        CodeListContent::Coded(items) => items.iter().find(|item| item.coded_value == value)?.rank.as_deref(),
        CodeListContent::Enumerated(items) => items.iter().find(|item| item.coded_value == value)?.rank.as_deref(),
        CodeListContent::External(_) => None,
    };
    rank.and_then(|rank| rank.trim().parse().ok())
}

/// A check in a unit is for values in that unit. A value without one is in the item's only unit.
fn same_unit(item: &ItemDef, check: &RangeCheck, unit: Option<&UnitOid>) -> Result<(), String> {
    let Some(wanted) = &check.unit else {
        return Ok(());
    };
    let only = match item.units.as_slice() {
        [only] => Some(only),
        _ => None,
    };
    match unit.or(only) {
        Some(given) if given == wanted => Ok(()),
        Some(_) => Err("the value is in another unit than the check".to_owned()),
        None if item.units.is_empty() => Ok(()),
        None => Err("the value's unit is not given".to_owned()),
    }
}

fn message(check: &RangeCheck, language: &str) -> String {
    let own = check.error_message.in_language(language);
    if !own.trim().is_empty() {
        return own.trim().to_owned();
    }
    let CheckRule::Values(values) = &check.rule else {
        return "The value fails a check.".to_owned();
    };
    let values = values.join(", ");
    match check.comparator {
        Some(Comparator::Lt) => format!("Expected less than {values}."),
        Some(Comparator::Le) => format!("Expected at most {values}."),
        Some(Comparator::Gt) => format!("Expected more than {values}."),
        Some(Comparator::Ge) => format!("Expected at least {values}."),
        Some(Comparator::Eq) => format!("Expected {values}."),
        Some(Comparator::Ne) => format!("Expected anything but {values}."),
        Some(Comparator::In) => format!("Expected one of {values}."),
        Some(Comparator::NotIn) => format!("Expected none of {values}."),
        None => "The value fails a check.".to_owned(),
    }
}

/// A value that is there: its group, its row (`None` in a group that does not repeat) and its item.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Answered<'a> {
    /// The item group.
    pub group: &'a str,
    /// The row.
    pub row: Option<&'a str>,
    /// The item.
    pub item: &'a str,
}

/// A mandatory item without a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missing {
    /// The item group.
    pub group: ItemGroupOid,
    /// The row; `None` where the group has none yet.
    pub row: Option<String>,
    /// The finding. It is hard unless a condition, which is not evaluated here, may excuse the item.
    pub finding: Finding,
}

/// The mandatory items of `form` that have no value. A group that is not mandatory asks for nothing until
/// something was entered in it; then each of its rows must be whole.
pub fn missing(index: &Indexed, form: &FormDef, answered: &[Answered<'_>], language: &str) -> Vec<Missing> {
    let there: HashSet<Answered<'_>> = answered.iter().copied().collect();
    let mut rows: HashMap<&str, Vec<Option<&str>>> = HashMap::new();
    for answer in answered {
        let of_group = rows.entry(answer.group).or_default();
        if !of_group.contains(&answer.row) {
            of_group.push(answer.row);
        }
    }
    let mut missing = Vec::new();
    for (reference, group) in index.groups_of(form) {
        let mut of_group = rows.remove(group.oid.as_str()).unwrap_or_default();
        if of_group.is_empty() && reference.mandatory {
            of_group.push(None);
        }
        for row in of_group {
            for (item_ref, item) in index.items_of(group) {
                let key = Answered { group: group.oid.as_str(), row, item: item.oid.as_str() };
                if item_ref.mandatory && !there.contains(&key) {
                    missing.push(missing_item(reference, group, row, item_ref, item, language));
                }
            }
        }
    }
    missing
}

fn missing_item(
    reference: &ItemGroupRef,
    group: &ItemGroupDef,
    row: Option<&str>,
    item_ref: &ItemRef,
    item: &ItemDef,
    language: &str,
) -> Missing {
    let excusable = item_ref.collection_exception.is_some() || reference.collection_exception.is_some();
    let question = item.question.in_language(language).trim();
    let name = if question.is_empty() { item.name.as_str() } else { question };
    let message = if excusable {
        format!("No value yet: {name}. It may be left out if its condition says so.")
    } else {
        format!("No value yet: {name}.")
    };
    Missing {
        group: group.oid.clone(),
        row: row.map(str::to_owned),
        finding: Finding { item: item.oid.clone(), hard: !excusable, message },
    }
}

#[cfg(test)]
mod tests;
