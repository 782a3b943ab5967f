//! A small study: vital signs with every kind of item that the tests need, medications in rows, one form beside.

use trial::definition::{
    CheckRule, CodeList, CodeListContent, CodeListItem, Comparator, DataType, EventDef, EventRef, FormDef, FormRef,
    ItemDef, ItemGroupDef, ItemGroupRef, ItemRef, MeasurementUnit, Protocol, RangeCheck, Severity, Study, StudyVersion,
    Text,
};

/// The study as it is published. `version` is the OID of its only version; `note` goes into its description.
pub fn study(version: &str, note: &str) -> Vec<Study> {
    vec![Study {
        oid: "S.VITALS".into(),
        name: "VITALS".into(),
        description: note.to_owned(),
        protocol_name: "VITALS-1".into(),
        units: ["U.MMHG", "U.C", "U.F", "U.MG"].map(unit).into(),
        versions: vec![StudyVersion {
            oid: version.into(),
            name: format!("Version {version}"),
            protocol: Some(Protocol {
                events: ["SE.SCREENING", "SE.VISIT"].map(planned).into(),
                ..Protocol::default()
            }),
            events: vec![
                event("SE.SCREENING", false, &["F.VITALS", "F.OTHER"]),
                event("SE.VISIT", true, &["F.VITALS"]),
            ],
            forms: vec![
                form("F.VITALS", &[("IG.VITALS", true), ("IG.MEDS", false)]),
                form("F.OTHER", &[("IG.OTHER", false)]),
            ],
            groups: vec![
                group("IG.VITALS", false, &["I.DATE", "I.SYSBP", "I.TEMP", "I.POSITION", "I.NOTE", "I.WHOLE"]),
                group("IG.MEDS", true, &["I.MED", "I.DOSE"]),
                group("IG.OTHER", false, &["I.OTHER"]),
            ],
            items: items(),
            code_lists: vec![positions()],
            ..StudyVersion::default()
        }],
        ..Study::default()
    }]
}

fn items() -> Vec<ItemDef> {
    let item =
        |oid: &str, data_type| ItemDef { oid: oid.into(), name: oid.to_owned(), data_type, ..ItemDef::default() };
    vec![
        item("I.DATE", DataType::PartialDate),
        ItemDef {
            length: Some(3),
            units: vec!["U.MMHG".into()],
            range_checks: vec![
                check(Comparator::Le, "180", Severity::Soft, "Unusually high: is it right?"),
                check(Comparator::Lt, "400", Severity::Hard, "No pressure is as high as that."),
            ],
            ..item("I.SYSBP", DataType::Integer)
        },
        ItemDef { units: vec!["U.C".into(), "U.F".into()], ..item("I.TEMP", DataType::Float) },
        ItemDef { code_list: Some("CL.POSITION".into()), ..item("I.POSITION", DataType::Text) },
        ItemDef { length: Some(200), ..item("I.NOTE", DataType::Text) },
        item("I.WHOLE", DataType::Date),
        ItemDef { length: Some(80), ..item("I.MED", DataType::Text) },
        ItemDef { units: vec!["U.MG".into()], ..item("I.DOSE", DataType::Float) },
        item("I.OTHER", DataType::Text),
    ]
}

/// Items without which their row is not complete.
const MANDATORY: &[&str] = &["I.DATE", "I.SYSBP", "I.MED"];

fn unit(oid: &str) -> MeasurementUnit {
    MeasurementUnit {
        oid: oid.into(),
        name: oid.to_owned(),
        symbol: Text::plain(oid.trim_start_matches("U.")),
        ..MeasurementUnit::default()
    }
}

fn planned(oid: &str) -> EventRef {
    EventRef { event: oid.into(), mandatory: true, ..EventRef::default() }
}

fn event(oid: &str, repeating: bool, forms: &[&str]) -> EventDef {
    EventDef {
        oid: oid.into(),
        name: oid.to_owned(),
        repeating,
        forms: forms.iter().map(|form| FormRef { form: (*form).into(), ..FormRef::default() }).collect(),
        ..EventDef::default()
    }
}

fn form(oid: &str, groups: &[(&str, bool)]) -> FormDef {
    let reference = |(group, mandatory): &(&str, bool)| ItemGroupRef {
        group: (*group).into(),
        mandatory: *mandatory,
        ..ItemGroupRef::default()
    };
    FormDef {
        oid: oid.into(),
        name: oid.to_owned(),
        groups: groups.iter().map(reference).collect(),
        ..FormDef::default()
    }
}

fn group(oid: &str, repeating: bool, items: &[&str]) -> ItemGroupDef {
    let reference =
        |item: &&str| ItemRef { item: (*item).into(), mandatory: MANDATORY.contains(item), ..ItemRef::default() };
    ItemGroupDef {
        oid: oid.into(),
        name: oid.to_owned(),
        repeating,
        items: items.iter().map(reference).collect(),
        ..ItemGroupDef::default()
    }
}

fn check(comparator: Comparator, value: &str, severity: Severity, message: &str) -> RangeCheck {
    RangeCheck {
        comparator: Some(comparator),
        severity,
        rule: CheckRule::Values(vec![value.to_owned()]),
        error_message: Text::of("en", message),
        ..RangeCheck::default()
    }
}

fn positions() -> CodeList {
    let item = |code: &str, decode: &str| CodeListItem {
        coded_value: code.to_owned(),
        decode: Text::of("en", decode),
        ..CodeListItem::default()
    };
    CodeList {
        oid: "CL.POSITION".into(),
        name: "Position".into(),
        data_type: DataType::Text,
        content: CodeListContent::Coded(vec![item("SIT", "Sitting"), item("SUP", "Supine")]),
        ..CodeList::default()
    }
}
