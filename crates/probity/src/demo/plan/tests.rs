//! The saves are replayed against the definition, by the rules that the server keeps.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use jiff::civil::{Date, date};
use trial::{
    check::{self, Answered},
    definition::{Indexed, UnitOid},
    value::ItemValue,
};

use super::{Hand, Place, Save, Site, SubjectPlan, Wanted, plan};
use crate::demo::study;

const TODAY: Date = date(2026, 11, 21);

fn wanted(seed: u64) -> Wanted {
    Wanted { subjects: 60, seed, today: TODAY }
}

fn definition() -> Indexed {
    study::indexed().unwrap()
}

/// A form as it stands after some saves.
#[derive(Default)]
struct Standing {
    values: BTreeMap<(String, String, String), String>,
    saved_rows: BTreeSet<(String, String)>,
    complete: bool,
}

/// What a replay met with.
#[derive(Debug, Default)]
struct Met {
    values: usize,
    corrections: usize,
    doubted: usize,
    because: usize,
    removals: usize,
    opened_again: usize,
    by_investigator: usize,
    partial: usize,
    fahrenheit: usize,
}

/// Replays the saves of a subject; panics where the server would refuse one.
fn replay<'a>(definition: &Indexed, subject: &'a SubjectPlan, met: &mut Met) -> HashMap<&'a Place, Standing> {
    let mut forms: HashMap<&Place, Standing> = HashMap::new();
    for save in &subject.saves {
        let form = forms.entry(&save.place).or_default();
        apply(definition, form, save, met);
    }
    forms
}

fn apply(definition: &Indexed, form: &mut Standing, save: &Save, met: &mut Met) {
    let says = |what: &str| format!("{what}: {save:?}");
    let event = definition.event(save.place.event).unwrap();
    assert!(event.forms.iter().any(|form| form.form.as_str() == save.place.form), "{}", says("no such form"));
    assert_eq!(event.repeating, !save.place.event_repeat.is_empty(), "{}", says("visit's repeat"));
    let form_def = definition.form(save.place.form).unwrap();
    assert_eq!(form_def.repeating, !save.place.form_repeat.is_empty(), "{}", says("form's repeat"));
    assert!(!save.changes.is_empty() || !save.removed.is_empty() || save.complete.is_some(), "{}", says("empty save"));
    met.by_investigator += usize::from(save.by == Hand::Investigator);
    let items: HashSet<_> = save.changes.iter().map(|of| (&of.group, &of.group_repeat, &of.item)).collect();
    assert_eq!(items.len(), save.changes.len(), "{}", says("an item twice"));
    let mut differs = save.complete.is_some_and(|complete| complete != form.complete);
    for change in &save.changes {
        let group = definition.group(&change.group).unwrap();
        assert_eq!(group.repeating, !change.group_repeat.is_empty(), "{}", says("row"));
        assert!(group.items.iter().any(|item| item.item.as_str() == change.item), "{}", says("no such item"));
        let item = definition.item(&change.item).unwrap();
        let raw = change.value.as_deref().unwrap();
        let value = ItemValue::parse(item, definition.code_list_of(item), raw)
            .unwrap_or_else(|problem| panic!("{problem}: {change:?}"));
        assert_eq!(item.units.is_empty(), change.unit.is_none(), "{change:?}");
        let unit = change.unit.as_deref().map(UnitOid::from);
        assert!(unit.as_ref().is_none_or(|unit| item.units.contains(unit)), "{change:?}");
        let found = check::range(item, definition.code_list_of(item), &value, unit.as_ref(), "en").findings;
        assert!(!found.iter().any(|finding| finding.hard), "a hard check: {change:?}");
        met.doubted += usize::from(!found.is_empty());
        met.because += usize::from(change.because.is_some());
        assert!(change.because.is_none() || !found.is_empty(), "because without a doubt: {change:?}");
        let key = (change.group.clone(), change.group_repeat.clone(), change.item.clone());
        let saved = form.values.insert(key, raw.to_owned());
        let changed = saved.as_deref().is_some_and(|saved| saved != raw);
        assert!(!changed || change.reason.is_some(), "a correction without a reason: {change:?}");
        differs |= saved.as_deref() != Some(raw) || change.because.is_some();
        form.saved_rows.insert((change.group.clone(), change.group_repeat.clone()));
        met.values += 1;
        met.corrections += usize::from(changed);
        met.partial += usize::from(change.item.ends_with("DTC") && raw.len() < 10);
        met.fahrenheit += usize::from(change.unit.as_deref() == Some("MU.FAH"));
    }
    for removal in &save.removed {
        let row = (removal.group.clone(), removal.group_repeat.clone());
        assert!(form.saved_rows.remove(&row), "{}", says("no such row"));
        form.values.retain(|(group, repeat, _), _| (group, repeat) != (&row.0, &row.1));
        met.removals += 1;
        differs = true;
    }
    assert!(differs, "{}", says("nothing changed"));
    let completes = save.complete.unwrap_or(form.complete);
    if completes {
        // What is called complete is whole, and what is complete stays whole.
        let answered: Vec<Answered<'_>> = form
            .values
            .keys()
            .map(|(group, row, item)| {
                let row = Some(row.as_str()).filter(|row| !row.is_empty());
                Answered { group, row, item }
            })
            .collect();
        let missing = check::missing(definition, form_def, &answered, "en");
        assert!(missing.iter().all(|missing| !missing.finding.hard), "{}: {missing:?}", says("incomplete"));
    } else if form.complete {
        assert!(save.reason.is_some(), "{}", says("opened again without a reason"));
        met.opened_again += 1;
    }
    form.complete = completes;
}

#[test]
fn the_same_seed_on_the_same_day_makes_the_same_data() {
    let definition = definition();
    let made = |seed| format!("{:?}", plan(&definition, wanted(seed)));
    assert_eq!(made(1), made(1));
    assert_ne!(made(1), made(2));
}

#[test]
fn the_server_would_take_every_save() {
    let definition = definition();
    for seed in 0..6 {
        for subject in plan(&definition, wanted(seed)) {
            replay(&definition, &subject, &mut Met::default());
        }
    }
}

#[test]
fn the_data_are_dirty_in_every_way_that_is_promised() {
    let definition = definition();
    let subjects = plan(&definition, wanted(1));
    let mut met = Met::default();
    let mut states = HashSet::new();
    let mut ends = BTreeMap::<String, usize>::new();
    for subject in &subjects {
        let forms = replay(&definition, subject, &mut met);
        for (place, form) in forms {
            states.insert((place.form, form.complete));
            if let Some(end) = form.values.get(&("IG.DS".into(), String::new(), "I.DSDECOD".into())) {
                *ends.entry(end.clone()).or_default() += 1;
            }
        }
    }
    assert_eq!(subjects.len(), 60);
    assert!(met.values > 8_000, "{met:?}");
    assert!(met.corrections > 60 && met.removals > 0 && met.opened_again > 2, "{met:?}");
    assert!(met.doubted > 50 && met.because > 20 && met.because < met.doubted, "{met:?}");
    assert!(met.by_investigator > 20 && met.partial > 40 && met.fahrenheit > 10, "{met:?}");
    assert!(states.contains(&("F.VS", true)) && states.contains(&("F.VS", false)), "{states:?}");
    for end in ["COMPLETED", "SCREENFAIL", "WITHDRAWAL"] {
        assert!(ends.contains_key(end), "no subject ended with {end}: {ends:?}");
    }
}

#[test]
fn every_site_and_form_is_used_and_codes_are_unique() {
    let definition = definition();
    let subjects = plan(&definition, wanted(1));
    let codes: HashSet<&str> = subjects.iter().map(|subject| subject.code.as_str()).collect();
    assert_eq!(codes.len(), subjects.len());
    for site in Site::ALL {
        assert!(subjects.iter().any(|subject| subject.site == site), "nobody at {site:?}");
    }
    let used: HashSet<(&str, &str)> =
        subjects.iter().flat_map(|subject| &subject.saves).map(|save| (save.place.event, save.place.form)).collect();
    for event in &definition.version().events {
        for form in &event.forms {
            assert!(
                used.contains(&(event.oid.as_str(), form.form.as_str())),
                "{} {} is never entered",
                event.oid,
                form.form
            );
        }
    }
}

#[test]
fn few_subjects_or_none_are_made_too() {
    let definition = definition();
    for subjects in [0, 1, 3, 11] {
        let made = plan(&definition, Wanted { subjects, seed: 5, today: TODAY });
        assert_eq!(made.len(), subjects as usize);
        for subject in &made {
            replay(&definition, subject, &mut Met::default());
        }
    }
}

#[test]
fn nothing_lies_after_the_day_of_entry() {
    let definition = definition();
    for subject in plan(&definition, wanted(3)) {
        for change in subject.saves.iter().flat_map(|save| &save.changes) {
            let day =
                change.value.as_deref().and_then(|value| value.get(..10)).and_then(|day| day.parse::<Date>().ok());
            assert!(day.is_none_or(|day| day <= TODAY), "{change:?}");
        }
    }
}
