//! Studies: registered, defined, given sites; a ledger and a key each.

use store::{
    Actor, Error,
    acts::{AddSite, BeginImport, IMPORTS_MAX, RegisterStudy},
    views::{Definition, LedgerEntries, LedgerHead, MyStudies, ShowStudy},
};
use trial::{definition::Study, role::Role};

use crate::world::{
    World, definition, publish,
    save::{assert_refused, refused},
};

#[test]
fn a_study_is_registered_by_the_organization_and_opened_by_its_own_people() {
    let (mut world, place) = World::with_study();
    let (adam, sofie) = (world.actor("adam"), world.actor("sofie"));
    let ana = world.coordinator("ana", &place);
    let again = RegisterStudy { oid: "S.VITALS".into(), name: "Twice".into() };
    assert_refused(world.try_act(&adam, again), "taken");
    let other = RegisterStudy { oid: "S.OTHER".into(), name: "Other".into() };
    assert!(matches!(world.try_act(&sofie, other), Err(Error::Forbidden { .. })));
    let ask = ShowStudy { study: place.study };
    let shown = world.organization().view(&sofie, &ask).unwrap();
    assert_eq!((shown.oid.as_str(), shown.ledger, shown.definition, shown.sites.len()), ("S.VITALS", 2, 1, 2));
    assert_eq!(shown.roles.iter().map(|held| held.role).collect::<Vec<_>>(), [Role::StudyAdministrator]);
    let hers = world.organization().view(&ana, &ask).unwrap();
    assert_eq!(hers.sites.iter().map(|site| site.name.as_str()).collect::<Vec<_>>(), ["Oslo"], "her own site only");
    assert!(matches!(world.organization().view(&adam, &ask), Err(Error::Hidden)), "the organization opens no study");
    world.finish();
}

#[test]
fn the_first_who_looks_after_a_start_may_hold_the_whole_study() {
    let (mut world, place) = World::with_study();
    let dag = world.in_study("dag", Role::DataManager, &place);
    world.open().unwrap();
    let mine = world.organization().view(&dag, &MyStudies {}).unwrap();
    assert_eq!(mine.iter().map(|line| line.id).collect::<Vec<_>>(), [place.study]);
    world.finish();
}

#[test]
fn each_study_has_a_ledger_of_its_own() {
    let (mut world, place) = World::with_study();
    let other = world.add_study("S.OTHER");
    assert_ne!(place.study, other.study);
    let ledgers = world.organization().ledgers().unwrap();
    assert_eq!(ledgers.iter().map(|(number, ..)| *number).collect::<Vec<_>>(), [1, 2, 3]);
    let sofie = world.actor("sofie");
    let acts = |ledger| -> Vec<String> {
        let ask = LedgerEntries { ledger, before: None, limit: 100 };
        world.organization().view(&sofie, &ask).unwrap().into_iter().rev().map(|line| line.act).collect()
    };
    assert_eq!(acts(3), ["site.add", "site.add", "study.publish"]);
    assert_eq!(acts(2), acts(3));
    assert!(matches!(world.organization().view(&sofie, &LedgerHead { ledger: 1 }), Err(Error::Forbidden { .. })));
    let adam = world.actor("adam");
    assert!(matches!(world.organization().view(&adam, &LedgerHead { ledger: 2 }), Err(Error::Hidden)));
    assert_eq!(world.organization().view(&adam, &LedgerHead { ledger: 1 }).unwrap().keys.len(), 2);
    assert!(matches!(world.organization().view(&Actor::nobody(), &LedgerHead { ledger: 1 }), Err(Error::SignedOut)));
    world.finish();
}

#[test]
fn a_broken_definition_is_not_published() {
    let (mut world, place) = World::with_study();
    let sofie = world.actor("sofie");
    let mut dangling = definition::study("2", "");
    dangling[0].versions[0].groups.retain(|group| group.oid.as_str() != "IG.MEDS");
    let told = refused(world.try_act(&sofie, publish(place.study, dangling)));
    assert!(told.iter().all(|(_, code)| *code == "broken_definition") && !told.is_empty());
    let mut twice = definition::study("2", "");
    let item = twice[0].versions[0].items[0].clone();
    twice[0].versions[0].items.push(item);
    assert_refused(world.try_act(&sofie, publish(place.study, twice)), "broken_definition");
    let empty = vec![Study { oid: "S.VITALS".into(), ..Study::default() }];
    assert_refused(world.try_act(&sofie, publish(place.study, empty)), "no_version");
    let shown = world.organization().view(&sofie, &Definition { study: place.study }).unwrap().0.unwrap();
    assert_eq!((shown.number, shown.studies.len()), (1, 1));
    world.finish();
}

#[test]
fn sites_are_named_once_and_have_a_country() {
    let (mut world, place) = World::with_study();
    let sofie = world.actor("sofie");
    let add = |oid: &str, country: &str| AddSite {
        study: place.study,
        oid: oid.into(),
        name: "Somewhere".into(),
        country: Some(country.into()),
    };
    assert_refused(world.try_act(&sofie, add("L.OSLO", "NO")), "taken");
    for country in ["no", "NOR", "N1"] {
        assert_refused(world.try_act(&sofie, add("L.NEW", country)), "not_a_country");
    }
    world.act(&sofie, add("L.NEW", " "));
    let dag = world.in_study("dag", Role::DataManager, &place);
    assert!(matches!(world.try_act(&dag, add("L.MORE", "NO")), Err(Error::Forbidden { .. })));
    world.finish();
}

#[test]
fn a_name_that_no_checkpoint_could_bear_is_refused_at_the_founding() {
    let mut world = World::founded();
    for origin in ["has a space/ledger", "plus+sign", ""] {
        let founding = store::acts::FoundOrganization {
            name: "Other".into(),
            origin: origin.into(),
            without_second_factor: Some("a test".into()),
        };
        let outcome = world.installation().found(founding, &crate::world::first("t"));
        let told = refused(outcome.map(|organization| organization.id()));
        assert!(matches!(&told[..], [(field, _)] if field == "origin"), "{told:?}");
    }
    assert_eq!(world.installation().all().len(), 1, "nothing of it stays");
    world.finish();
}

#[test]
fn one_person_brings_so_many_files_in_a_day_and_others_bring_theirs() {
    let (mut world, place) = World::with_study();
    let (dag, dina) =
        (world.in_study("dag", Role::DataManager, &place), world.in_study("dina", Role::DataManager, &place));
    let file = || BeginImport {
        study: place.study,
        file_digest: "0".repeat(64),
        file_name: "data.xml".into(),
        file_bytes: 1,
        source_system: "a laboratory".into(),
    };
    for _ in 0..IMPORTS_MAX {
        world.act(&dag, file());
    }
    assert_refused(world.try_act(&dag, file()), "too_many");
    world.act(&dina, file());
    world.clock.turn(jiff::SignedDuration::from_hours(24));
    let dag = world.actor("dag");
    world.act(&dag, file());
    world.finish();
}
