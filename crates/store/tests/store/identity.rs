//! A right to sign works only for people whose identity was checked, by somebody else, and recorded.

use std::collections::BTreeSet;

use store::{
    Actor, Error,
    acts::{
        AddSubject, AnswerAccess, AskAccess, ConfirmGrant, DefineRole, Delegate, DisablePerson, GiveGrant,
        VerifyIdentity,
    },
    views::{IdentityCheck, LedgerEntries, MyDuties, People, SecurityEvents},
};
use trial::{
    access::Scope,
    gate::Lapse,
    identity::Way,
    ids::{Id as _, PersonId, RoleId},
    permission::{Permission as P, Permissions},
    role::{Level, Role},
};

use crate::world::{
    Place, World,
    save::{assert_refused, refused},
};

fn check(person: PersonId) -> VerifyIdentity {
    VerifyIdentity { person, way: Way::Video, note: Some("passport".into()) }
}

/// A role for sites that enters data, and delegates where it may sign.
fn role(role: Option<RoleId>, signs: bool) -> DefineRole {
    let mut permissions = vec![P::StudySee, P::SubjectSee, P::SubjectAdd, P::DelegationSee];
    permissions.extend(signs.then_some(P::DelegationAuthorize));
    DefineRole {
        role,
        title: "Sub-investigator".into(),
        levels: BTreeSet::from([Level::Site]),
        permissions: Permissions::of(&permissions),
        forms: None,
        administers: BTreeSet::new(),
        given_by: BTreeSet::from([Role::StudyAdministrator]),
        offered: true,
    }
}

fn give(person: PersonId, role: Role, place: &Place) -> GiveGrant {
    let scope = Scope::Site { study: place.study, site: place.oslo };
    GiveGrant { person, role, scope, from: None, until: None, reason: None }
}

fn identity_of(world: &World, person: PersonId) -> Option<IdentityCheck> {
    let adam = world.actor("adam");
    let people = world.organization().view(&adam, &People { scope: Scope::Organization }).unwrap();
    people.into_iter().find(|line| line.id == person).unwrap().identity
}

#[track_caller]
fn assert_rests(world: &mut World, actor: &Actor, place: &Place) {
    let outcome = world.try_act(actor, AddSubject { site: place.oslo, code: "late".into() });
    assert!(matches!(outcome, Err(Error::Suspended(Lapse::IdentityUnchecked))), "{outcome:?}");
}

#[test]
fn a_role_with_a_right_to_sign_is_given_once_the_identity_is_checked() {
    let (mut world, place) = World::with_study();
    let (adam, sofie) = (world.actor("adam"), world.actor("sofie"));
    let signs = Role::Own(world.act(&adam, role(None, true)).id("role").unwrap());
    for (name, role, waits) in [
        ("ana", Role::Coordinator, false),
        ("maja", Role::Monitor, false),
        ("nils", Role::SiteAdministrator, false),
        ("ivar", Role::Investigator, true),
        ("sigrid", signs, true),
    ] {
        let person = world.person(name);
        let outcome = world.try_act(&sofie, give(person, role, &place));
        assert_eq!(outcome.is_err(), waits, "{name}: {outcome:?}");
        if waits {
            assert_eq!(refused(outcome), [("person".to_owned(), "identity")]);
            world.act(&adam, check(person));
            world.act(&sofie, give(person, role, &place));
        }
        assert_eq!(identity_of(&world, person).is_some(), waits);
    }
    let ana = world.actor("ana").person().unwrap();
    for name in ["ivar", "sigrid"] {
        let actor = world.sign_in(name, &format!("signing {name}"));
        let delegate =
            Delegate { site: place.oslo, person: ana, duties: "Enters data".into(), from: None, until: None };
        world.act(&actor, delegate);
    }
    world.finish();
}

#[test]
fn access_that_would_sign_is_approved_once_the_identity_is_checked() {
    let (mut world, place) = World::with_study();
    let (adam, sofie) = (world.actor("adam"), world.actor("sofie"));
    let person = world.person("ivar");
    let ivar = world.actor("ivar");
    let scope = Scope::Site { study: place.study, site: place.oslo };
    let ask = AskAccess { role: Role::Investigator, scope, hours: 2, reason: "stands in".into() };
    let request = world.act(&ivar, ask).id("access_request").unwrap();
    let answer = || AnswerAccess { request, approve: true, answer: "go on".into() };
    assert_refused(world.try_act(&sofie, answer()), "identity");
    world.act(&adam, check(person));
    world.act(&sofie, answer());
    world.subject(&ivar, place.oslo, "OSL-001");
    world.finish();
}

#[test]
fn a_role_that_comes_to_sign_rests_for_whom_nobody_checked() {
    let (mut world, place) = World::with_study();
    let adam = world.actor("adam");
    let id: RoleId = world.act(&adam, role(None, false)).id("role").unwrap();
    let (checked, unchecked) = (world.person("ana"), world.person("bea"));
    world.verify(checked);
    let mut grants = Vec::new();
    for person in [checked, unchecked] {
        let scope = Scope::Site { study: place.study, site: place.oslo };
        grants.push(world.grant("sofie", person, Role::Own(id), scope).id("grant").unwrap());
    }
    let (ana, bea) = (world.actor("ana"), world.actor("bea"));
    world.subject(&bea, place.oslo, "OSL-001");
    world.act(&adam, role(Some(id), true));
    world.subject(&ana, place.oslo, "OSL-002");
    assert_rests(&mut world, &bea, &place);
    let duties = world.organization().view(&bea, &MyDuties {}).unwrap();
    assert!(duties.signs && duties.identity.is_none());
    // That somebody still needs it is another question.
    let sofie = world.actor("sofie");
    world.act(&sofie, ConfirmGrant { grant: grants[1] });
    assert_rests(&mut world, &bea, &place);
    world.act(&adam, check(unchecked));
    world.subject(&bea, place.oslo, "OSL-003");
    let duties = world.organization().view(&bea, &MyDuties {}).unwrap();
    assert!(duties.signs && duties.identity.is_some());
    world.finish();
}

#[test]
fn who_checked_when_and_how_is_kept_and_the_last_check_counts() {
    let mut world = World::founded();
    let adam = world.actor("adam");
    let person = world.person("ivar");
    let first = world.act(&adam, check(person));
    let shown = identity_of(&world, person).unwrap();
    assert_eq!((shown.at, shown.by.as_str(), shown.way), (first.at, "Adam Berg", Way::Video));
    assert_eq!(shown.note.as_deref(), Some("passport"));
    let greta = world.person("greta");
    world.grant("adam", greta, Role::OrganizationAdministrator, Scope::Organization);
    world.clock.turn(jiff::SignedDuration::from_mins(1));
    let greta = world.actor("greta");
    world.act(&greta, VerifyIdentity { person, way: Way::InPerson, note: Some("  ".into()) });
    let shown = identity_of(&world, person).unwrap();
    assert_eq!((shown.by.as_str(), shown.way, shown.note), ("greta of the tests", Way::InPerson, None));
    let ledger = LedgerEntries { ledger: 1, before: None, limit: 50 };
    let entries = world.organization().view(&adam, &ledger).unwrap();
    let checks = entries.iter().filter(|entry| entry.act == "person.verify_identity");
    let who: Vec<&str> = checks.map(|entry| entry.who.as_str()).collect();
    assert_eq!(who, ["greta of the tests", "Adam Berg"]);
    let told = world.organization().view(&world.actor("ivar"), &SecurityEvents { sign_ins: false }).unwrap();
    assert_eq!(told.iter().filter(|line| line.event == store::SecurityEvent::IdentityChecked).count(), 2);
    world.finish();
}

#[test]
fn nobody_checks_themselves_and_nobody_but_whoever_adds_people_checks() {
    let (mut world, place) = World::with_study();
    let (adam, sofie, ana) = (world.actor("adam"), world.actor("sofie"), world.coordinator("ana", &place));
    let [adam_id, sofie_id, ana_id] = [&adam, &sofie, &ana].map(|actor| actor.person().unwrap());
    assert_refused(world.try_act(&adam, check(adam_id)), "oneself");
    for (actor, person) in [(&sofie, ana_id), (&sofie, sofie_id), (&ana, ana_id), (&ana, adam_id)] {
        let outcome = world.try_act(actor, check(person));
        assert!(matches!(outcome, Err(Error::Forbidden { needs: "people.manage" })), "{outcome:?}");
    }
    let nowhere = world.try_act(&adam, check(PersonId::from_bytes([7; 16])));
    assert!(matches!(nowhere, Err(Error::Hidden)), "{nowhere:?}");
    for (note, code) in
        [("passport N1234567", "number"), ("a\u{7}b", "control_character"), (&*"x".repeat(201), "too_long")]
    {
        let act = VerifyIdentity { note: Some(note.into()), ..check(ana_id) };
        assert_eq!(refused(world.try_act(&adam, act)), [("note".to_owned(), code)]);
    }
    world.act(&adam, DisablePerson { person: ana_id });
    assert_refused(world.try_act(&adam, check(ana_id)), "disabled");
    assert!(identity_of(&world, ana_id).is_none());
    world.finish();
}

#[test]
fn a_check_in_another_organization_is_nothing_here() {
    let (mut world, place) = World::with_study();
    let there = crate::world::first("their token");
    let founding = crate::world::founding("Other Trials", false);
    let other = world.installation().found(founding, &there).unwrap();
    let request = other.fresh_request().unwrap();
    let their: PersonId =
        other.enrol("their token", crate::world::PASSWORD, None, request).unwrap().id("credential").unwrap();
    let adam = world.actor("adam");
    let outcome = world.try_act(&adam, check(their));
    assert!(matches!(outcome, Err(Error::Hidden)), "{outcome:?}");
    let person = world.person("ivar");
    let sofie = world.actor("sofie");
    assert_refused(world.try_act(&sofie, give(person, Role::Investigator, &place)), "identity");
    drop(other);
    world.finish();
}
