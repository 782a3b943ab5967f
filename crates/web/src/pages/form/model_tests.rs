#![expect(clippy::indexing_slicing, reason = "tests")]

use std::sync::Arc;

use store::Shown;
use trial::{
    definition::{DataType, FormDef, ItemGroupRef, MeasurementUnit, RangeCheck, StudyVersion, Text},
    form::FormState,
    ids::{GroupId, Id as _, StudyId, SubjectId},
};

use super::*;

fn item(oid: &str, data_type: DataType, question: &str) -> ItemDef {
    ItemDef { oid: oid.into(), data_type, question: Text::of("en", question), ..ItemDef::default() }
}

fn group(oid: &str, repeating: bool, items: &[(&str, bool)]) -> ItemGroupDef {
    let reference = |(item, mandatory): &(&str, bool)| ItemRef {
        item: (*item).into(),
        mandatory: *mandatory,
        ..ItemRef::default()
    };
    ItemGroupDef {
        oid: oid.into(),
        name: oid.to_owned(),
        repeating,
        items: items.iter().map(reference).collect(),
        ..ItemGroupDef::default()
    }
}

fn study() -> Indexed {
    let check = RangeCheck {
        comparator: Some(trial::definition::Comparator::Le),
        rule: CheckRule::Values(vec!["110".into()]),
        ..RangeCheck::default()
    };
    let pulse =
        ItemDef { units: vec!["U.BPM".into()], range_checks: vec![check], ..item("PULSE", DataType::Integer, "Pulse") };
    let temperature =
        ItemDef { units: vec!["U.C".into(), "U.F".into()], ..item("TEMP", DataType::Float, "Temperature") };
    let form = FormDef {
        oid: "F".into(),
        groups: ["VS", "CM"]
            .map(|oid| ItemGroupRef { group: oid.into(), mandatory: true, ..ItemGroupRef::default() })
            .into(),
        ..FormDef::default()
    };
    let version = StudyVersion {
        forms: vec![form],
        groups: vec![group("VS", false, &[("PULSE", true), ("TEMP", false)]), group("CM", true, &[("DRUG", true)])],
        items: vec![pulse, temperature, item("DRUG", DataType::Text, "Which medicine?")],
        ..StudyVersion::default()
    };
    let unit = |oid: &str, symbol: &str| MeasurementUnit {
        oid: oid.into(),
        symbol: Text::plain(symbol),
        ..MeasurementUnit::default()
    };
    let units: Arc<[MeasurementUnit]> = Arc::from([unit("U.BPM", "beats/min"), unit("U.C", "°C"), unit("U.F", "°F")]);
    Indexed::new(version, units)
}

/// A group, its row, and its items with their values.
type Stored<'a> = (&'a str, &'a str, &'a [(&'a str, Shown)]);

fn stored(groups: &[Stored<'_>]) -> FormShown {
    let shown = |(group, repeat, items): &(&str, &str, &[(&str, Shown)])| GroupShown {
        id: GroupId::from_bytes([1; 16]),
        group: (*group).to_owned(),
        repeat: (*repeat).to_owned(),
        version: 1,
        items: items
            .iter()
            .map(|(item, value)| ItemShown {
                item: (*item).to_owned(),
                value: Some(value.clone()),
                unit: None,
                findings: Vec::new(),
                because: None,
                imported: false,
            })
            .collect(),
    };
    FormShown {
        subject: SubjectId::from_bytes([2; 16]),
        code: Shown::Value("OSL-001".into()),
        study: StudyId::from_bytes([3; 16]),
        id: None,
        state: FormState::InProgress,
        revision: 1,
        study_version: String::new(),
        editable: true,
        groups: groups.iter().map(shown).collect(),
    }
}

fn value(text: &str) -> Shown {
    Shown::Value(text.to_owned())
}

fn sheet(shown: &FormShown, editable: bool, typed: &Typed) -> Sheet {
    let study = study();
    Sheet::new(&study, study.form("F"), shown, editable, typed)
}

#[test]
fn an_empty_form_has_a_field_for_each_item_and_a_row_to_begin_with() {
    let sheet = sheet(&stored(&[]), true, &Typed::default());
    assert_eq!(sheet.groups.len(), 2);
    let pulse = &sheet.groups[0].rows[0].fields[0];
    assert_eq!(
        (pulse.name.as_str(), pulse.label.as_str(), pulse.only_unit()),
        ("VS[].PULSE", "Pulse", Some("beats/min"))
    );
    assert!(pulse.checks.contains("110") && !pulse.has_history);
    let temperature = &sheet.groups[0].rows[0].fields[1];
    assert_eq!(temperature.unit_choices().len(), 2);
    let rows: Vec<&str> = sheet.groups[1].rows.iter().map(|row| row.repeat.as_str()).collect();
    assert_eq!(rows, ["1"]);
    assert_eq!(sheet.missing, 1, "the pulse; an empty row asks for nothing");
}

#[test]
fn saved_rows_stand_in_their_order_before_an_empty_one() {
    let shown = stored(&[("CM", "10", &[("DRUG", value("b"))]), ("CM", "2", &[("DRUG", value("a"))])]);
    let sheet = sheet(&shown, true, &Typed::default());
    let rows: Vec<&str> = sheet.groups[1].rows.iter().map(|row| row.repeat.as_str()).collect();
    assert_eq!(rows, ["2", "10", "11"]);
    assert_eq!(sheet.groups[1].next, 12);
}

#[test]
fn who_may_only_look_gets_no_empty_row_and_no_open_field() {
    let shown = stored(&[("CM", "1", &[("DRUG", value("a"))])]);
    let sheet = sheet(&shown, false, &Typed::default());
    assert_eq!(sheet.groups[1].rows.len(), 1);
    assert!(sheet.groups.iter().flat_map(|group| &group.rows).flat_map(|row| &row.fields).all(|field| !field.editable));
}

#[test]
fn what_is_saved_and_not_defined_is_shown_after_the_rest() {
    let shown =
        stored(&[("VS", "", &[("PULSE", value("72")), ("GONE", value("x"))]), ("OLD", "", &[("O", value("y"))])]);
    let sheet = sheet(&shown, true, &Typed::default());
    let beside: Vec<(&str, &str)> = sheet.beside.iter().map(|kept| (kept.item.as_str(), kept.value.text())).collect();
    assert_eq!(beside, [("GONE", "x"), ("O", "y")]);
}

#[test]
fn a_value_that_the_reader_may_not_see_is_no_field_to_type_in() {
    let shown = stored(&[("VS", "", &[("PULSE", Shown::Withheld)])]);
    let typed = Typed { values: HashMap::from([("VS[].PULSE".to_owned(), "1".to_owned())]), ..Typed::default() };
    let sheet = sheet(&shown, true, &typed);
    let pulse = &sheet.groups[0].rows[0].fields[0];
    assert!(!pulse.editable);
    assert_eq!(pulse.text.text(), "withheld");
}

#[test]
fn what_was_typed_comes_back_with_why_it_was_refused() {
    let shown = stored(&[("VS", "", &[("PULSE", value("72"))])]);
    let refused = Refused { message: "say why".into(), reason_needed: true };
    let typed = Typed {
        values: HashMap::from([("VS[].PULSE".to_owned(), "76".to_owned())]),
        refused: HashMap::from([("VS[].PULSE".to_owned(), refused)]),
        rows: vec![("CM".into(), "4".into())],
    };
    let sheet = sheet(&shown, true, &typed);
    let pulse = &sheet.groups[0].rows[0].fields[0];
    assert_eq!((pulse.text.text(), pulse.saved.text(), pulse.state()), ("76", "72", "refused"));
    let rows: Vec<&str> = sheet.groups[1].rows.iter().map(|row| row.repeat.as_str()).collect();
    assert_eq!(rows, ["4", "5"]);
}

#[test]
fn no_item_is_called_like_something_that_scripts_read() {
    for oid in ["dataset", "action", "elements", "requestSubmit", ""] {
        let name = field_name(oid, "", oid);
        assert!(name.contains("[]."), "{name}");
        assert!(unit_name(&name).starts_with("unit:"), "{name}");
    }
}
