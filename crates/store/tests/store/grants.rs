//! Roles: given where one administers, never to oneself, ended at once.

use jiff::SignedDuration;
use store::{
    Clock, Error,
    acts::{AddSubject, EndGrant, GiveGrant},
    views::{Account, Grants, MyStudies},
};
use trial::{
    access::Scope,
    ids::{GrantId, PersonId},
    role::Role,
};

use crate::world::{World, save::assert_refused};

fn give(person: PersonId, role: Role, scope: Scope) -> GiveGrant {
    GiveGrant { person, role, scope, until: None, reason: None }
}

#[test]
fn each_administrator_gives_roles_in_their_own_domain() {
    let (mut world, place) = World::with_study();
    let eve = world.person("eve");
    let (adam, sofie) = (world.actor("adam"), world.actor("sofie"));
    let silje = world.at_site("silje", Role::SiteAdministrator, &place, place.oslo);
    let (study, oslo, bergen) = (
        Scope::Study { study: place.study },
        Scope::Site { study: place.study, site: place.oslo },
        Scope::Site { study: place.study, site: place.bergen },
    );
    for (who, actor, role, scope, allowed) in [
        ("organization, study administrator", &adam, Role::StudyAdministrator, study, true),
        ("organization, auditor of its own", &adam, Role::Auditor, Scope::Organization, true),
        ("organization, coordinator", &adam, Role::Coordinator, oslo, false),
        ("organization, data manager", &adam, Role::DataManager, study, false),
        ("study, data manager", &sofie, Role::DataManager, study, true),
        ("study, coordinator", &sofie, Role::Coordinator, bergen, true),
        ("study, another study administrator", &sofie, Role::StudyAdministrator, study, false),
        ("study, organization administrator", &sofie, Role::OrganizationAdministrator, Scope::Organization, false),
        ("site, coordinator", &silje, Role::Coordinator, oslo, true),
        ("site, coordinator of another site", &silje, Role::Coordinator, bergen, false),
        ("site, data manager", &silje, Role::DataManager, study, false),
    ] {
        let outcome = world.try_act(actor, give(eve, role, scope));
        assert_eq!(outcome.is_ok(), allowed, "{who}: {outcome:?}");
        assert!(allowed || matches!(outcome, Err(Error::Hidden | Error::Forbidden { .. })), "{who}: {outcome:?}");
    }
    world.finish();
}

#[test]
fn grants_that_make_no_sense_are_refused() {
    let (mut world, place) = World::with_study();
    let eve = world.person("eve");
    let sofie = world.actor("sofie");
    let study = Scope::Study { study: place.study };
    let myself = sofie.person().unwrap();
    assert_refused(world.try_act(&sofie, give(myself, Role::DataManager, study)), "oneself");
    assert_refused(world.try_act(&sofie, give(eve, Role::Coordinator, study)), "wrong_level");
    let past = GiveGrant { until: Some(world.clock.now()), ..give(eve, Role::DataManager, study) };
    assert_refused(world.try_act(&sofie, past), "past");
    let nobody: PersonId = "00000000-0000-7000-8000-000000000000".parse().unwrap();
    assert_refused(world.try_act(&sofie, give(nobody, Role::DataManager, study)), "unknown");
    let mixed = Scope::Site { study: world.add_study("S.OTHER").study, site: place.oslo };
    let outcome = world.try_act(&sofie, give(eve, Role::Coordinator, mixed));
    assert!(matches!(outcome, Err(Error::Hidden)), "a site of another study: {outcome:?}");
    world.finish();
}

#[test]
fn a_grant_opens_until_its_end_and_not_after() {
    let (mut world, place) = World::with_study();
    let ana = world.person("ana");
    let sofie = world.actor("sofie");
    let until = world.clock.now() + SignedDuration::from_hours(1);
    let scope = Scope::Site { study: place.study, site: place.oslo };
    world.act(&sofie, GiveGrant { until: Some(until), ..give(ana, Role::Coordinator, scope) });
    world.enter(ana);
    let ana = world.actor("ana");
    world.subject(&ana, place.oslo, "OSL-001");
    world.clock.turn(SignedDuration::from_hours(1));
    let late = world.try_act(&ana, AddSubject { site: place.oslo, code: "OSL-002".into() });
    assert!(matches!(late, Err(Error::Hidden)), "{late:?}");
    world.finish();
}

#[test]
fn an_ended_grant_opens_nothing_from_the_next_request_on() {
    let (mut world, place) = World::with_study();
    let ana = world.person("ana");
    let scope = Scope::Site { study: place.study, site: place.oslo };
    let grant: GrantId = world.grant("sofie", ana, Role::Coordinator, scope).id("grant").unwrap();
    let (person, ana, sofie) = (ana, world.actor("ana"), world.actor("sofie"));
    world.subject(&ana, place.oslo, "OSL-001");
    let end = |reason: &str| EndGrant { grant, reason: reason.into() };
    assert_refused(world.try_act(&sofie, end("")), "empty");
    assert!(world.try_act(&ana, end("mine")).is_err());
    world.act(&sofie, end("left the site"));
    assert!(matches!(world.try_act(&sofie, end("again")), Err(Error::Conflict { .. })));
    let late = world.try_act(&ana, AddSubject { site: place.oslo, code: "OSL-002".into() });
    assert!(matches!(late, Err(Error::SignedOut)), "the session ended with it: {late:?}");
    world.enter(person);
    let ana = world.actor("ana");
    let late = world.try_act(&ana, AddSubject { site: place.oslo, code: "OSL-002".into() });
    assert!(matches!(late, Err(Error::Hidden)), "{late:?}");
    let told = world.organization().view(&ana, &Account {}).unwrap().notices;
    assert_eq!(told.len(), 2, "given and ended: {told:?}");
    let lines = world.organization().view(&sofie, &Grants { scope }).unwrap();
    assert_eq!(lines.len(), 1, "ended ones are shown");
    assert!(!lines[0].holds && lines[0].reason.as_deref() == Some("left the site"));
    world.finish();
}

#[test]
fn whoever_appoints_a_study_administrator_ends_it_too() {
    let (mut world, place) = World::with_study();
    let second = world.person("second");
    let scope = Scope::Study { study: place.study };
    let grant: GrantId = world.grant("adam", second, Role::StudyAdministrator, scope).id("grant").unwrap();
    let (adam, sofie) = (world.actor("adam"), world.actor("sofie"));
    let end = || EndGrant { grant, reason: "left".into() };
    let by_peer = world.try_act(&sofie, end());
    assert!(matches!(by_peer, Err(Error::Forbidden { .. })), "{by_peer:?}");
    world.act(&adam, end());
    world.finish();
}

#[test]
fn my_studies_count_every_subject_once() {
    let (mut world, place) = World::with_study();
    let ana = world.coordinator("ana", &place);
    let berit = world.at_site("berit", Role::Coordinator, &place, place.bergen);
    for code in ["1", "2", "3"] {
        world.subject(&ana, place.oslo, code);
    }
    world.subject(&berit, place.bergen, "4");
    let ana = world.at_site("ana", Role::Investigator, &place, place.oslo);
    world.in_study("maja", Role::Monitor, &place);
    let maja = world.at_site("maja", Role::Monitor, &place, place.bergen);
    let sofie = world.actor("sofie");
    let mine = |actor| {
        let lines = world.organization().view(actor, &MyStudies {}).unwrap();
        (lines.len(), lines[0].subjects, lines[0].defined)
    };
    assert_eq!(mine(&ana), (1, 3, true), "two roles at one site");
    assert_eq!(mine(&berit), (1, 1, true));
    assert_eq!(mine(&maja), (1, 4, true), "the study and one of its sites");
    assert_eq!(mine(&sofie), (1, 0, true), "sees no subject");
    world.finish();
}
