//! Going live: only under rules that the configuration keeps, and nothing breaks one afterwards.

use std::collections::{BTreeMap, BTreeSet};

use store::{
    Actor, Clock, Error, Receipt,
    acts::{
        ActivateStudy, AddSite, AddSubject, BeginImport, DefineRole, Delegate, EndGrant, KeepCourse, RecordTraining,
        SetPolicy,
    },
    views::{Readiness, ShowReadiness, ShowStudy},
};
use trial::{
    access::Scope,
    ids::{CourseId, GrantId, PersonId, RoleId, SiteId},
    permission::{Permission, Permissions},
    policy::Setting,
    profile::RuleProfile,
    role::{Level, Role},
};

use crate::world::{Place, World, save::assert_refused};

const GCP: &[RuleProfile] = &[RuleProfile::IchE6R3];
const BOTH: &[RuleProfile] = &[RuleProfile::IchE6R3, RuleProfile::Part11];

fn activate(place: &Place, profiles: &[RuleProfile]) -> ActivateStudy {
    ActivateStudy { study: place.study, profiles: profiles.iter().copied().collect() }
}

/// The clauses that an act was refused for.
#[track_caller]
fn clauses(outcome: store::Result<Receipt>) -> Vec<String> {
    match outcome {
        Err(Error::RulesBroken(refusals)) => refusals.into_iter().map(|refusal| refusal.field).collect(),
        other => panic!("{other:?}"),
    }
}

fn set(place: &Place, settings: &[Setting]) -> SetPolicy {
    let values = settings.iter().map(|setting| (*setting, 1)).collect();
    SetPolicy { scope: Scope::Study { study: place.study }, values, justifications: BTreeMap::new() }
}

fn course(place: &Place, roles: Option<&[Role]>) -> KeepCourse {
    KeepCourse {
        course: None,
        title: "Good clinical practice".into(),
        roles: roles.map(|roles| roles.iter().copied().collect()),
        study: Some(place.study),
        valid_days: 365,
        needed: true,
    }
}

fn shown(world: &World, actor: &Actor, place: &Place) -> Readiness {
    world.organization().view(actor, &ShowReadiness { study: place.study }).unwrap()
}

/// Somebody trained.
fn train(world: &mut World, person: PersonId, course: CourseId) {
    let adam = world.actor("adam");
    let completed = world.clock.now();
    world.act(&adam, RecordTraining { person, course, completed, evidence: "certificate 1".into() });
}

/// A study that keeps what GCP and Part 11 ask: `ivar` answers for both sites, `ana` enters data at Oslo.
fn ready() -> (World, Place, CourseId) {
    let (mut world, place) = World::with_study();
    let ana = world.coordinator("ana", &place);
    let ivar = world.at_site("ivar", Role::Investigator, &place, place.oslo);
    let (adam, sofie) = (world.actor("adam"), world.actor("sofie"));
    let at_bergen = Scope::Site { study: place.study, site: place.bergen };
    world.grant("sofie", ivar.person().unwrap(), Role::Investigator, at_bergen);
    let all = [Role::StudyAdministrator, Role::Coordinator, Role::Investigator];
    let id: CourseId = world.act(&adam, course(&place, Some(&all))).id("course").unwrap();
    for person in [&ana, &ivar, &sofie] {
        train(&mut world, person.person().unwrap(), id);
    }
    world.act(&sofie, set(&place, &[Setting::Delegation, Setting::LiveFirst]));
    let (ivar, person) = (world.actor("ivar"), ana.person().unwrap());
    world.act(&ivar, Delegate { site: place.oslo, person, duties: "Enters data".into(), from: None, until: None });
    (world, place, id)
}

#[test]
fn a_study_that_breaks_the_rules_it_is_run_by_is_told_the_clauses_and_stays_as_it_is() {
    let (mut world, place) = World::with_study();
    let (sofie, ana) = (world.actor("sofie"), world.coordinator("ana", &place));
    assert_refused(world.try_act(&sofie, activate(&place, &[])), "needed");
    let outcome = world.try_act(&sofie, activate(&place, RuleProfile::ALL));
    assert_eq!(
        clauses(outcome),
        [
            "ICH E6(R3) 2.3.1",
            "ICH E6(R3) 2.3.3",
            "ICH E6(R3) 4.3.2",
            "ICH E6(R3) 4.3.5",
            "21 CFR Part 11 11.10(f)",
            "21 CFR Part 11 11.10(i)",
            "EMA, computerised systems (2023) 5.3",
            "EMA, computerised systems (2023) Annex 2",
            "EMA, computerised systems (2023) Annex 4",
        ]
    );
    let told = world.try_act(&sofie, activate(&place, GCP)).unwrap_err().to_string();
    assert!(told.contains("nobody answers for Bergen, Oslo") && told.contains("Coordinator"), "{told}");
    let readiness = shown(&world, &ana, &place);
    assert!(readiness.live.is_none() && readiness.rules.iter().filter(|rule| rule.broken.is_some()).count() == 9);
    let outcome = world.try_act(&ana, activate(&place, GCP));
    assert!(matches!(outcome, Err(Error::Forbidden { .. })), "{outcome:?}");
    world.subject(&ana, place.oslo, "OSL-001");
    world.finish();
}

#[test]
fn subjects_wait_for_the_release_where_a_setting_says_so() {
    let (mut world, place, _) = ready();
    let (sofie, ana) = (world.actor("sofie"), world.actor("ana"));
    let manager = world.person("dag");
    let add = |code: &str| AddSubject { site: place.oslo, code: code.into() };
    let not_live = |outcome: store::Result<Receipt>| {
        assert!(matches!(outcome, Err(Error::Blocked { code: "not_live", .. })), "{outcome:?}");
    };
    not_live(world.try_act(&ana, add("OSL-001")));
    let study = |world: &World| world.organization().view(&sofie, &ShowStudy { study: place.study }).unwrap();
    assert!(!study(&world).live && !study(&world).takes_subjects);
    world.act(&sofie, activate(&place, BOTH));
    assert!(study(&world).live && study(&world).takes_subjects);
    world.act(&ana, add("OSL-001"));
    let live = shown(&world, &sofie, &place).live.unwrap();
    assert_eq!((live.by.as_str(), live.profiles.len()), ("sofie of the tests", 2));
    // A study of its own, which is not live: nothing is brought into it either.
    let other = world.add_study("S.OTHER");
    world.grant("sofie", manager, Role::DataManager, Scope::Study { study: other.study });
    let sofie = world.actor("sofie");
    world.act(&sofie, set(&other, &[Setting::LiveFirst]));
    let begin = BeginImport {
        study: other.study,
        file_digest: "0".repeat(64),
        file_name: "data.xml".into(),
        file_bytes: 1,
        source_system: String::new(),
    };
    let dag = world.actor("dag");
    not_live(world.try_act(&dag, begin));
    world.finish();
}

#[test]
fn one_site_may_ask_for_the_release_alone() {
    let (mut world, place) = World::with_study();
    let (ana, sofie) = (world.coordinator("ana", &place), world.actor("sofie"));
    let berit = world.at_site("berit", Role::Coordinator, &place, place.bergen);
    let scope = Scope::Site { study: place.study, site: place.oslo };
    let values = BTreeMap::from([(Setting::LiveFirst, 1)]);
    world.act(&sofie, SetPolicy { scope, values, justifications: BTreeMap::new() });
    let outcome = world.try_act(&ana, AddSubject { site: place.oslo, code: "OSL-001".into() });
    assert!(matches!(outcome, Err(Error::Blocked { code: "not_live", .. })), "{outcome:?}");
    world.subject(&berit, place.bergen, "BRG-001");
    let takes = |world: &World, actor: &Actor| {
        world.organization().view(actor, &ShowStudy { study: place.study }).unwrap().takes_subjects
    };
    assert!(!takes(&world, &ana) && takes(&world, &berit) && takes(&world, &sofie));
    world.finish();
}

#[test]
fn nothing_breaks_a_rule_of_a_live_study_that_it_kept() {
    let (mut world, place, id) = ready();
    let (adam, sofie) = (world.actor("adam"), world.actor("sofie"));
    world.act(&sofie, activate(&place, BOTH));
    assert_refused(world.try_act(&sofie, activate(&place, GCP)), "fewer");
    assert_eq!(clauses(world.try_act(&sofie, set(&place, &[Setting::LiveFirst]))), ["ICH E6(R3) 2.3.3"]);
    let told = world.try_act(&sofie, set(&place, &[])).unwrap_err().to_string();
    assert!(told.contains("Study S.VITALS is live under this rule"), "{told}");
    let all = [Role::StudyAdministrator, Role::Coordinator, Role::Investigator];
    let gone = KeepCourse { course: Some(id), needed: false, ..course(&place, Some(&all)) };
    assert_eq!(clauses(world.try_act(&adam, gone)), ["ICH E6(R3) 4.3.2", "21 CFR Part 11 11.10(i)"]);
    // A role that nobody is trained for is not given there.
    let maja = world.person("maja");
    let give = |role| store::acts::GiveGrant {
        person: maja,
        role,
        scope: Scope::Site { study: place.study, site: place.oslo },
        from: None,
        until: None,
        reason: None,
    };
    assert_eq!(clauses(world.try_act(&sofie, give(Role::Monitor))), ["ICH E6(R3) 4.3.2", "21 CFR Part 11 11.10(i)"]);
    world.act(&sofie, give(Role::Coordinator));
    // Tightening is taken, and so is another course for more roles.
    world.act(&sofie, set(&place, &[Setting::Delegation, Setting::LiveFirst]));
    let another = KeepCourse { title: "Monitoring".into(), ..course(&place, Some(&[Role::Monitor])) };
    world.act(&adam, another);
    // More rules, only where they are kept too.
    let outcome = world.try_act(&sofie, activate(&place, RuleProfile::ALL));
    assert_eq!(clauses(outcome), ["EMA, computerised systems (2023) Annex 4"]);
    world.finish();
}

#[test]
fn a_role_by_which_somebody_answers_for_a_site_is_not_emptied() {
    let (mut world, place, id) = ready();
    let (adam, sofie) = (world.actor("adam"), world.actor("sofie"));
    let lead = DefineRole {
        role: None,
        title: "Lead".into(),
        levels: BTreeSet::from([Level::Site]),
        permissions: Permissions::of(&[
            Permission::StudySee,
            Permission::DelegationSee,
            Permission::DelegationAuthorize,
        ]),
        forms: None,
        administers: BTreeSet::new(),
        given_by: BTreeSet::from([Role::StudyAdministrator]),
        offered: true,
    };
    let role: RoleId = world.act(&adam, lead.clone()).id("role").unwrap();
    let all = [Role::StudyAdministrator, Role::Coordinator, Role::Investigator, Role::Own(role)];
    world.act(&adam, KeepCourse { course: Some(id), ..course(&place, Some(&all)) });
    let add = AddSite { study: place.study, oid: "L.NEW".into(), name: "Tromsø".into(), country: None };
    let site: SiteId = world.act(&sofie, add).id("site").unwrap();
    let leads = world.person("leif");
    world.verify(leads);
    let scope = Scope::Site { study: place.study, site };
    let give =
        store::acts::GiveGrant { person: leads, role: Role::Own(role), scope, from: None, until: None, reason: None };
    world.act(&sofie, give);
    world.act(&sofie, activate(&place, BOTH));
    let emptied = DefineRole {
        role: Some(role),
        permissions: Permissions::of(&[Permission::StudySee, Permission::DelegationSee]),
        ..lead.clone()
    };
    assert_eq!(clauses(world.try_act(&adam, emptied)), ["ICH E6(R3) 2.3.1"]);
    world.act(&adam, DefineRole { role: Some(role), title: "Principal".into(), ..lead });
    world.finish();
}

#[test]
fn what_is_broken_by_life_stands_in_nobodys_way() {
    let (mut world, place, _) = ready();
    let sofie = world.actor("sofie");
    world.act(&sofie, activate(&place, BOTH));
    // A new site has no investigator yet, and one who leaves is let go.
    world.act(&sofie, AddSite { study: place.study, oid: "L.NEW".into(), name: "Tromsø".into(), country: None });
    let grants = store::views::Grants { scope: Scope::Study { study: place.study } };
    let ivars: Vec<GrantId> = world
        .organization()
        .view(&sofie, &grants)
        .unwrap()
        .into_iter()
        .filter(|line| line.grant.role == Role::Investigator)
        .map(|line| line.grant.id)
        .collect();
    for grant in ivars {
        world.act(&sofie, EndGrant { grant, reason: "has left".into() });
    }
    let broken: BTreeSet<&str> = shown(&world, &sofie, &place)
        .rules
        .into_iter()
        .filter(|rule| rule.broken.is_some() && rule.profile != RuleProfile::Ema2023)
        .map(|rule| rule.clause)
        .collect();
    assert_eq!(broken, BTreeSet::from(["2.3.1"]));
    world.act(&sofie, set(&place, &[Setting::Delegation, Setting::LiveFirst]));
    world.finish();
}
