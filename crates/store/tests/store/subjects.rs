//! Subjects: added, listed, erased.

use store::{
    Actor, Error, Shown,
    acts::{AddSubject, EraseSubject},
    views::{ShowSubject, SubjectLine, Subjects},
};
use trial::{
    form::FormState,
    ids::{SiteId, StudyId},
    role::Role,
};

use crate::world::{
    World,
    save::{assert_refused, set, the_vitals, vitals},
};

fn list(study: StudyId) -> Subjects {
    Subjects { study, site: None, search: String::new(), after: String::new(), limit: 100 }
}

fn codes(lines: &[SubjectLine]) -> Vec<&str> {
    lines.iter().map(|line| line.code.text()).collect()
}

fn all(world: &World, actor: &Actor, study: StudyId) -> Vec<SubjectLine> {
    world.organization().view(actor, &list(study)).unwrap().subjects
}

#[test]
fn a_code_is_unique_in_its_study() {
    let (mut world, place) = World::with_study();
    let ana = world.coordinator("ana", &place);
    let berit = world.at_site("berit", Role::Coordinator, &place, place.bergen);
    world.subject(&ana, place.oslo, "001");
    let taken =
        |world: &mut World, actor: &Actor, site| world.try_act(actor, AddSubject { site, code: " 001 ".into() });
    assert_refused(taken(&mut world, &ana, place.oslo), "taken");
    assert_refused(taken(&mut world, &berit, place.bergen), "taken");
    assert_refused(world.try_act(&ana, AddSubject { site: place.oslo, code: "x".repeat(65) }), "too_long");
    let elsewhere = world.try_act(&ana, AddSubject { site: place.bergen, code: "002".into() });
    assert!(matches!(elsewhere, Err(Error::Hidden)), "{elsewhere:?}");
    world.finish();
}

#[test]
fn everyone_sees_the_subjects_of_their_sites() {
    let (mut world, mut place) = World::with_study();
    let ana = world.coordinator("ana", &place);
    let berit = world.at_site("berit", Role::Coordinator, &place, place.bergen);
    let dag = world.in_study("dag", Role::DataManager, &place);
    let (sofie, adam) = (world.actor("sofie"), world.actor("adam"));
    world.subject(&ana, place.oslo, "O-2");
    world.subject(&berit, place.bergen, "B-1");
    world.subject(&ana, place.oslo, "O-1");
    assert_eq!(codes(&all(&world, &ana, place.study)), ["O-1", "O-2"]);
    assert_eq!(codes(&all(&world, &berit, place.study)), ["B-1"]);
    assert_eq!(codes(&all(&world, &dag, place.study)), ["B-1", "O-1", "O-2"]);
    let at = |site: SiteId| Subjects { site: Some(site), ..list(place.study) };
    assert_eq!(codes(&world.organization().view(&dag, &at(place.oslo)).unwrap().subjects), ["O-1", "O-2"]);
    assert!(matches!(world.organization().view(&ana, &at(place.bergen)), Err(Error::Hidden)));
    assert!(matches!(world.organization().view(&sofie, &list(place.study)), Err(Error::Forbidden { .. })));
    assert!(matches!(world.organization().view(&adam, &list(place.study)), Err(Error::Hidden)));
    assert!(matches!(world.organization().view(&Actor::nobody(), &list(place.study)), Err(Error::SignedOut)));
    place = world.add_study("S.OTHER");
    assert!(matches!(world.organization().view(&ana, &list(place.study)), Err(Error::Hidden)));
    world.finish();
}

#[test]
fn the_list_is_paged_and_searched_by_how_codes_begin() {
    let (mut world, place) = World::with_study();
    let ana = world.coordinator("ana", &place);
    for code in ["A_1", "A_2", "AB1", "a_3", "B%1"] {
        world.subject(&ana, place.oslo, code);
    }
    let ask = |search: &str, after: &str, limit| Subjects {
        search: search.into(),
        after: after.into(),
        limit,
        ..list(place.study)
    };
    let page = world.organization().view(&ana, &ask("", "", 2)).unwrap();
    assert_eq!((codes(&page.subjects), page.total), (vec!["AB1", "A_1"], 5));
    let page = world.organization().view(&ana, &ask("", &page.next.unwrap(), 3)).unwrap();
    assert_eq!((codes(&page.subjects), page.next), (vec!["A_2", "B%1", "a_3"], None));
    let found = world.organization().view(&ana, &ask("a_", "", 10)).unwrap();
    assert_eq!((codes(&found.subjects), found.total), (vec!["A_1", "A_2", "a_3"], 3));
    assert_eq!(codes(&world.organization().view(&ana, &ask("B%", "", 10)).unwrap().subjects), ["B%1"]);
    for limit in [0, 501] {
        assert_refused(world.organization().view(&ana, &ask("", "", limit)), "out_of_bounds");
    }
    world.finish();
}

#[test]
fn the_matrix_shows_planned_visits_and_where_forms_stand() {
    let (mut world, place) = World::with_study();
    let ana = world.coordinator("ana", &place);
    let subject = world.subject(&ana, place.oslo, "OSL-001");
    let mut second = vitals(subject, 0, vec![set("I.SYSBP", "120")]);
    (second.event, second.event_repeat) = ("SE.VISIT".into(), "2".into());
    world.act(&ana, second);
    let shown = world.organization().view(&ana, &ShowSubject { subject }).unwrap();
    let visits: Vec<_> =
        shown.visits.iter().map(|visit| (visit.event.as_str(), visit.repeat.as_str(), visit.started)).collect();
    assert_eq!(visits, [("SE.SCREENING", "", false), ("SE.VISIT", "1", false), ("SE.VISIT", "2", true)]);
    let forms: Vec<_> = shown.visits[0].forms.iter().map(|form| (form.form.as_str(), form.state)).collect();
    assert_eq!(forms, [("F.VITALS", FormState::NotStarted), ("F.OTHER", FormState::NotStarted)]);
    assert_eq!(shown.visits[2].forms[0].state, FormState::InProgress);
    assert!(shown.editable && !shown.erased);
    assert_eq!(all(&world, &ana, place.study)[0].forms_in_progress, 1);
    world.finish();
}

#[test]
fn an_erased_subject_is_gone_from_every_view_and_the_ledger_stays_whole() {
    let (mut world, place) = World::with_study();
    let ana = world.coordinator("ana", &place);
    let dag = world.in_study("dag", Role::DataManager, &place);
    let sofie = world.actor("sofie");
    let (gone, other) = (world.subject(&ana, place.oslo, "OSL-001"), world.subject(&ana, place.oslo, "OSL-002"));
    for subject in [gone, other] {
        world.save(&ana, subject, vec![set("I.SYSBP", "120"), set("I.NOTE", "remembers everything")]).unwrap();
    }
    let before = world.organization().verify(&[]).unwrap();
    let erase = |reason: &str| EraseSubject { subject: gone, reason: reason.into() };
    assert!(matches!(world.try_act(&ana, erase("no")), Err(Error::Forbidden { .. })));
    assert_refused(world.try_act(&sofie, erase(" ")), "empty");
    world.act(&sofie, erase("asked to be forgotten"));
    let again = world.try_act(&sofie, erase("twice"));
    assert!(matches!(again, Err(Error::Conflict { .. })), "{again:?}");

    let form = world.organization().view(&ana, &the_vitals(gone)).unwrap();
    assert!(form.id.is_none() && form.groups.is_empty() && !form.editable);
    assert_eq!(form.code, Shown::Withheld);
    let shown = world.organization().view(&ana, &ShowSubject { subject: gone }).unwrap();
    assert!(shown.erased && !shown.editable && shown.code == Shown::Withheld);
    assert_eq!(codes(&all(&world, &ana, place.study)), ["OSL-002"]);
    assert_refused(world.try_act(&ana, vitals(gone, 0, vec![set("I.SYSBP", "130")])), "erased");
    let mut exported = Vec::new();
    let take = |part| {
        exported.push(format!("{part:?}"));
        Ok(())
    };
    world.organization().export(&dag, place.study, take, || Ok(ledger::sha256(b"file"))).unwrap();
    let exported = exported.concat();
    assert!(!exported.contains("OSL-001") && exported.contains("OSL-002"));

    world.open().unwrap();
    let after = world.organization().verify(&[]).unwrap();
    assert!(after.holds(), "{:?}", after.findings);
    assert_eq!((before.erased, after.erased), (0, 4), "its subject, visit, form and group open no more");
    assert!(after.records > before.records, "every digest still holds");
    world.subject(&ana, place.oslo, "OSL-001");
    assert_eq!(codes(&all(&world, &ana, place.study)), ["OSL-001", "OSL-002"], "its code is free again");
    world.finish();
}
