//! One value of one item: parsed, checked, compared with what stands there.

use trial::{
    check,
    definition::{Indexed, ItemDef, UnitOid},
    form::needs_reason,
    limit,
    value::ItemValue,
};

use crate::{
    acts::ItemChange,
    error::Refusal,
    record::{GroupRecord, ItemKept, Kept},
};

/// The language in which messages of checks are kept.
const LANGUAGE: &str = "en";

/// Applies one change to its group, or says at which field it fails.
pub(crate) fn apply_change(
    study: &Indexed,
    item: &ItemDef,
    change: &ItemChange,
    record: &mut GroupRecord,
) -> Result<(), Refusal> {
    let field = field(&change.group, &change.group_repeat, &change.item);
    let refuse = |code: &'static str, message: String| Refusal { field: field.clone(), code, message };
    let typed = change.value.as_deref().map(str::trim).filter(|typed| !typed.is_empty());
    let value = match typed {
        None => None,
        Some(typed) => {
            let collected =
                trial::value::from_entry(item.data_type, typed).map_err(|p| refuse(p.code.as_str(), p.message))?;
            Some(
                ItemValue::parse(item, study.code_list_of(item), &collected)
                    .map_err(|p| refuse(p.code.as_str(), p.message))?,
            )
        }
    };
    let unit = unit(item, change, value.is_some()).map_err(|message| refuse("unit", message))?;
    let findings = match &value {
        None => Vec::new(),
        Some(value) => {
            let unit = unit.as_deref().map(UnitOid::from);
            check::range(item, study.code_list_of(item), value, unit.as_ref(), LANGUAGE).findings
        }
    };
    if let Some(hard) = findings.iter().find(|finding| finding.hard) {
        return Err(refuse("hard_check", hard.message.clone()));
    }
    let reason = match change.reason.as_deref().map(str::trim) {
        None | Some("") => None,
        Some(reason) => {
            Some(limit::text("reason", reason, limit::REASON_BYTES_MAX).map_err(|p| refuse("reason", p.to_string()))?)
        }
    };
    let because = match change.because.as_deref().map(str::trim) {
        None | Some("") => None,
        Some(because) => Some(
            limit::text("because", because, limit::REASON_BYTES_MAX).map_err(|p| refuse("because", p.to_string()))?,
        ),
    };
    let value = value.map(|value| value.as_collected().to_owned());
    let place = record.items.iter().position(|kept| kept.oid == change.item);
    let saved = place.and_then(|at| record.items.get(at));
    if saved.is_some_and(|kept| kept.changed) {
        return Err(refuse("twice", "one save gives an item one value: send the last one only".into()));
    }
    let saved_value = saved.and_then(|kept| kept.value.as_ref()).map(|kept| kept.0.as_str());
    let same = saved_value == value.as_deref() && saved.and_then(|kept| kept.unit.as_deref()) == unit.as_deref();
    let saved_because = saved.and_then(|kept| kept.because.as_ref()).map(|kept| kept.0.as_str());
    if same && (because.is_none() || because.as_deref() == saved_because) {
        return Ok(());
    }
    if reason.is_none() && !same && (needs_reason(saved_value, value.as_deref()) || saved_value.is_some()) {
        return Err(refuse("reason_needed", "say why the saved value changes".into()));
    }
    let kept = ItemKept {
        oid: change.item.clone(),
        value: value.map(Kept),
        unit,
        changed: true,
        reason: reason.map(Kept),
        because: because.map(Kept),
        findings: findings.into_iter().map(|finding| finding.message).collect(),
        claim: None,
    };
    match place.and_then(|at| record.items.get_mut(at)) {
        Some(slot) => *slot = kept,
        None => record.items.push(kept),
    }
    Ok(())
}

/// The unit of a value: the one named, or the only one.
fn unit(item: &ItemDef, change: &ItemChange, has_value: bool) -> Result<Option<String>, String> {
    if !has_value {
        return Ok(None);
    }
    match (change.unit.as_deref().filter(|unit| !unit.is_empty()), item.units.as_slice()) {
        (None, []) => Ok(None),
        (None, [only]) => Ok(Some(only.as_str().to_owned())),
        (None, _) => Err("choose the unit of this value".into()),
        (Some(unit), units) if units.iter().any(|known| known.as_str() == unit) => Ok(Some(unit.to_owned())),
        (Some(_), _) => Err("this item is not given in that unit: choose one of the list".into()),
    }
}

/// How refusals name an item on the form.
pub(crate) fn field(group: &str, repeat: &str, item: &str) -> String {
    format!("{group}[{repeat}].{item}")
}
