//! Roles: given where one administers, never to oneself, ended at once.

use jiff::SignedDuration;
use store::{
    Actor, Clock, Error,
    acts::{AddSite, AddSubject, ConfirmGrant, EndGrant, GiveGrant},
    views::{Account, Grants, MyStudies, ShowSubject, Subjects},
};
use trial::{
    access::Scope,
    gate::Lapse,
    ids::{GrantId, PersonId, SiteId},
    role::Role,
};

use crate::world::{World, save::assert_refused};

fn give(person: PersonId, role: Role, scope: Scope) -> GiveGrant {
    GiveGrant { person, role, scope, from: None, until: None, reason: None }
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
        ("organization, coordinator", &adam, Role::Coordinator, oslo, true),
        ("organization, data manager", &adam, Role::DataManager, study, true),
        ("organization, another of its own", &adam, Role::OrganizationAdministrator, Scope::Organization, true),
        ("study, data manager", &sofie, Role::DataManager, study, true),
        ("study, coordinator", &sofie, Role::Coordinator, bergen, true),
        ("study, another study administrator", &sofie, Role::StudyAdministrator, study, false),
        ("study, organization administrator", &sofie, Role::OrganizationAdministrator, Scope::Organization, false),
        ("site, coordinator", &silje, Role::Coordinator, oslo, true),
        ("site, coordinator of another site", &silje, Role::Coordinator, bergen, false),
        ("site, monitor of the study", &silje, Role::Monitor, study, false),
        ("site, support", &silje, Role::Support, Scope::Organization, false),
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

#[test]
fn a_grant_opens_from_its_first_day_and_not_before() {
    let (mut world, place) = World::with_study();
    let ana = world.person("ana");
    let sofie = world.actor("sofie");
    let from = world.clock.now() + SignedDuration::from_mins(5);
    let scope = Scope::Site { study: place.study, site: place.oslo };
    world.act(&sofie, GiveGrant { from: Some(from), ..give(ana, Role::Coordinator, scope) });
    world.enter(ana);
    let ana = world.actor("ana");
    let add = || AddSubject { site: place.oslo, code: "OSL-001".into() };
    let early = world.try_act(&ana, add());
    assert!(matches!(early, Err(Error::Hidden)), "{early:?}");
    world.clock.turn(SignedDuration::from_mins(5));
    world.act(&ana, add());
    let past = GiveGrant {
        from: Some(from - SignedDuration::from_secs(1)),
        ..give(ana.person().unwrap(), Role::Monitor, scope)
    };
    assert_refused(world.try_act(&sofie, past), "past");
    world.finish();
}

#[test]
fn a_chain_of_grants_does_not_come_round() {
    let (mut world, place) = World::with_study();
    let eve = world.person("eve");
    world.grant("adam", eve, Role::OrganizationAdministrator, Scope::Organization);
    let (adam, sofie, eve) = (world.actor("adam"), world.actor("sofie"), world.actor("eve"));
    let site = Scope::Site { study: place.study, site: place.oslo };
    let comes_round = |outcome: Result<_, Error>| {
        assert!(matches!(outcome, Err(Error::Blocked { code: "comes_round", .. })), "{outcome:?}");
    };
    comes_round(world.try_act(&sofie, give(adam.person().unwrap(), Role::Coordinator, site)));
    comes_round(world.try_act(&eve, give(adam.person().unwrap(), Role::Auditor, Scope::Organization)));
    let silje = world.at_site("silje", Role::SiteAdministrator, &place, place.oslo);
    comes_round(world.try_act(&silje, give(sofie.person().unwrap(), Role::Monitor, site)));
    comes_round(world.try_act(&silje, give(adam.person().unwrap(), Role::Monitor, site)));
    // Whom it does not come from may be given it.
    world.act(&silje, give(eve.person().unwrap(), Role::Monitor, site));
    world.finish();
}

#[test]
fn a_country_holds_its_sites_those_to_come_too() {
    let (mut world, place) = World::with_study();
    let sofie = world.actor("sofie");
    let site = |world: &mut World, oid: &str, country: &str| -> SiteId {
        let add = AddSite { study: place.study, oid: oid.into(), name: oid.into(), country: Some(country.into()) };
        world.act(&sofie, add).id("site").unwrap()
    };
    let lund = site(&mut world, "L.LUND", "SE");
    let hand = world.at_site("hand", Role::Coordinator, &place, lund);
    let swede = world.subject(&hand, lund, "LUN-001");
    let ana = world.coordinator("ana", &place);
    world.subject(&ana, place.oslo, "OSL-001");
    let maja = world.person("maja");
    let norway = Scope::Country { study: place.study, country: "NO".parse().unwrap() };
    assert_refused(world.try_act(&sofie, give(maja, Role::Coordinator, norway)), "wrong_level");
    world.grant("sofie", maja, Role::Monitor, norway);
    let maja = world.actor("maja");
    let codes = |world: &World| -> Vec<String> {
        let ask = Subjects { study: place.study, site: None, search: String::new(), after: String::new(), limit: 100 };
        let shown = world.organization().view(&maja, &ask).unwrap();
        shown.subjects.iter().map(|line| line.code.text().to_owned()).collect()
    };
    assert_eq!(codes(&world), ["OSL-001"]);
    let hidden = world.organization().view(&maja, &ShowSubject { subject: swede });
    assert!(matches!(hidden, Err(Error::Hidden)), "{hidden:?}");
    let tromso = site(&mut world, "L.TROMSO", "NO");
    let there = world.at_site("there", Role::Coordinator, &place, tromso);
    world.subject(&there, tromso, "TRO-001");
    assert_eq!(codes(&world), ["OSL-001", "TRO-001"]);
    let mine = world.organization().view(&maja, &MyStudies {}).unwrap();
    assert_eq!(mine[0].subjects, 2);
    let silje = world.person("silje");
    world.grant("sofie", silje, Role::SiteAdministrator, norway);
    let silje = world.actor("silje");
    let eve = world.person("eve");
    let at = |site| Scope::Site { study: place.study, site };
    world.act(&silje, give(eve, Role::Coordinator, at(tromso)));
    let abroad = world.try_act(&silje, give(eve, Role::Coordinator, at(lund)));
    assert!(matches!(abroad, Err(Error::Hidden)), "{abroad:?}");
    let lines = world.organization().view(&silje, &Grants { scope: norway }).unwrap();
    assert!(
        lines.iter().all(|line| line.grant.scope != at(lund))
            && lines.iter().any(|line| line.grant.scope == at(tromso))
    );
    world.finish();
}

#[test]
fn a_grant_that_nobody_confirms_lapses_after_its_grace() {
    let (mut world, place) = World::with_study();
    let ana = world.coordinator("ana", &place);
    let sofie = world.actor("sofie");
    let lines = |world: &World, actor: &Actor| {
        let scope = Scope::Site { study: place.study, site: place.oslo };
        world.organization().view(actor, &Grants { scope }).unwrap()
    };
    let grant = lines(&world, &sofie)[0].grant.id;
    let mine = world.try_act(&ana, ConfirmGrant { grant });
    assert!(matches!(mine, Err(Error::Forbidden { .. })), "{mine:?}");
    let days = |days: i64| SignedDuration::from_hours(24 * days);
    let again = |world: &World, name: &str| world.sign_in(name, &format!("{name} at {}", world.clock.now()));
    // An account that nobody uses would rest first.
    for _ in 0..5 {
        world.clock.turn(days(78));
        again(&world, "ana");
        again(&world, "adam");
    }
    world.clock.turn(days(4));
    let (ana, adam_later) = (again(&world, "ana"), again(&world, "adam"));
    assert!(lines(&world, &adam_later)[0].confirm_now);
    world.subject(&ana, place.oslo, "OSL-001");
    world.clock.turn(days(1));
    let ana = again(&world, "ana");
    let late = world.try_act(&ana, AddSubject { site: place.oslo, code: "OSL-002".into() });
    assert!(matches!(late, Err(Error::Suspended(Lapse::ReviewOverdue))), "{late:?}");
    // The founder's does not: there may be nobody else who could confirm it.
    let adam = again(&world, "adam");
    world.act(&adam, ConfirmGrant { grant });
    world.subject(&ana, place.oslo, "OSL-002");
    world.finish();
}
