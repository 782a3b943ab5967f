#![expect(clippy::unwrap_used, reason = "tests")]

use super::*;
use crate::definition::{EventDef, EventRef, FormDef, FormRef, ItemDef, ItemGroupDef, ItemRef, Protocol};

fn study() -> Study {
    Study {
        oid: "S".into(),
        versions: vec![StudyVersion {
            oid: "V".into(),
            protocol: Some(Protocol {
                events: vec![EventRef { event: "E".into(), ..EventRef::default() }],
                ..Protocol::default()
            }),
            events: vec![EventDef {
                oid: "E".into(),
                forms: vec![FormRef { form: "F".into(), ..FormRef::default() }],
                ..EventDef::default()
            }],
            forms: vec![FormDef {
                oid: "F".into(),
                groups: vec![ItemGroupRef { group: "G".into(), ..ItemGroupRef::default() }],
                ..FormDef::default()
            }],
            groups: vec![ItemGroupDef {
                oid: "G".into(),
                items: vec![ItemRef { item: "I".into(), ..ItemRef::default() }],
                ..ItemGroupDef::default()
            }],
            items: vec![ItemDef { oid: "I".into(), ..ItemDef::default() }],
            ..StudyVersion::default()
        }],
        ..Study::default()
    }
}

fn first(study: &mut Study) -> &mut StudyVersion {
    study.versions.first_mut().unwrap()
}

#[test]
fn a_whole_definition_has_no_problems() {
    assert_eq!(check(&study()), []);
}

#[test]
fn each_break_is_found_and_named() {
    type Break = fn(&mut StudyVersion);
    let table: [(Break, ProblemCode, Gravity, &str, &str); 9] = [
        (
            |v| v.items.clear(),
            ProblemCode::DanglingReference,
            Gravity::Refused,
            "study S / version V / item group G",
            "refers to item I, which is not defined",
        ),
        (
            |v| v.events.clear(),
            ProblemCode::DanglingReference,
            Gravity::Refused,
            "study S / version V / protocol",
            "refers to visit E, which is not defined",
        ),
        (
            |v| v.items.extend(v.items.clone()),
            ProblemCode::DuplicateOid,
            Gravity::Refused,
            "study S / version V",
            "two items have the OID I",
        ),
        (
            |v| v.items.iter_mut().for_each(|item| item.code_list = Some("CL".into())),
            ProblemCode::DanglingReference,
            Gravity::Refused,
            "study S / version V / item I",
            "refers to code list CL, which is not defined",
        ),
        (
            |v| v.items.push(ItemDef::default()),
            ProblemCode::EmptyOid,
            Gravity::Refused,
            "study S / version V",
            "one item has no OID",
        ),
        (
            |v| v.items.push(ItemDef { oid: "F".into(), ..ItemDef::default() }),
            ProblemCode::SharedOid,
            Gravity::Noted,
            "study S / version V",
            "one form and one item have the OID F",
        ),
        (
            |v| v.forms.iter_mut().for_each(|form| form.groups.extend(form.groups.clone())),
            ProblemCode::DuplicateReference,
            Gravity::Noted,
            "study S / version V / form F",
            "refers to item group G twice",
        ),
        (
            |v| {
                v.groups.iter_mut().for_each(|group| {
                    group.groups.push(ItemGroupRef { group: "G".into(), ..ItemGroupRef::default() });
                });
            },
            ProblemCode::Circular,
            Gravity::Refused,
            "study S / version V",
            "item group G holds itself",
        ),
        (
            |v| v.items.iter_mut().for_each(|item| item.question = Text::plain("x".repeat(limit::TEXT_BYTES_MAX + 1))),
            ProblemCode::Limit,
            Gravity::Refused,
            "study S / version V / item I",
            "a text has more than 262144 bytes",
        ),
    ];
    for (break_it, code, gravity, place, message) in table {
        let mut study = study();
        break_it(first(&mut study));
        let problems = check(&study);
        let expected = Problem { code, gravity, place: place.to_owned(), message: message.to_owned() };
        assert_eq!(problems, [expected]);
    }
}

#[test]
fn an_included_version_gives_what_its_own_lacks() {
    let main = study();
    let mut site = study();
    site.oid = "SITE".into();
    first(&mut site).forms.clear();
    first(&mut site).include = Some(VersionRef { study: "S".into(), version: "V".into() });
    assert_eq!(check_all(&[main, site.clone()]), []);
    let alone = check(&site);
    assert_eq!(
        alone.iter().map(|of| (of.code, of.gravity)).collect::<Vec<_>>(),
        [(ProblemCode::UncheckedReference, Gravity::Noted)]
    );
}
