//! Gates: a grant works only while agreements are signed, training is current and, where a policy asks for it, something
//! is delegated.

use std::collections::{BTreeMap, BTreeSet};

use jiff::SignedDuration;
use store::{
    Actor, AgreementKind, Clock, Error,
    acts::{
        AddSubject, Delegate, EndDelegation, GiveGrant, KeepCourse, PublishAgreement, RecordTraining, SetPolicy,
        SignAgreements,
    },
    views::{DelegationLog, DutyBook, MyDuties},
};
use trial::{
    access::Scope,
    gate::Lapse,
    ids::{CourseId, DelegationId},
    policy::Setting,
    role::Role,
};

use crate::world::{Place, World, save::assert_refused};

fn days(days: i64) -> SignedDuration {
    SignedDuration::from_hours(24 * days)
}

#[track_caller]
fn assert_lapsed(world: &mut World, actor: &Actor, place: &Place, why: Lapse) {
    let late = world.try_act(actor, AddSubject { site: place.oslo, code: "late".into() });
    assert!(matches!(late, Err(Error::Suspended(lapse)) if lapse == why), "{late:?}");
}

#[test]
fn a_new_version_of_an_agreement_stops_whoever_has_not_signed_it() {
    let (mut world, place) = World::with_study();
    let ana = world.coordinator("ana", &place);
    world.subject(&ana, place.oslo, "OSL-001");
    let adam = world.actor("adam");
    let publish = || PublishAgreement { kind: AgreementKind::Security, text: "Keep your token in a safe.".into() };
    let outcome = world.try_act(&ana, publish());
    assert!(matches!(outcome, Err(Error::Forbidden { .. })), "{outcome:?}");
    world.act(&adam, publish());
    assert_lapsed(&mut world, &ana, &place, Lapse::AgreementUnsigned);
    let mine = world.try_act(&adam, publish());
    assert!(matches!(mine, Err(Error::Suspended(Lapse::AgreementUnsigned))), "whoever published it too: {mine:?}");
    let duties = world.organization().view(&ana, &MyDuties {}).unwrap();
    let signature = duties.signature();
    assert_eq!(signature.agreements.len(), 1);
    let (id, version) = signature.agreements[0];
    let old = world.try_act(&ana, SignAgreements { agreements: vec![(id, version - 1)] });
    assert!(matches!(old, Err(Error::Conflict { current: Some(2), .. })), "{old:?}");
    world.act(&ana, signature);
    world.subject(&ana, place.oslo, "OSL-002");
    assert_refused(world.try_act(&ana, SignAgreements { agreements: vec![(id, version)] }), "nothing");
    let adam_signs = world.organization().view(&adam, &MyDuties {}).unwrap().signature();
    world.act(&adam, adam_signs);
    let book = world.organization().view(&adam, &DutyBook {}).unwrap();
    let names: Vec<&str> = book.unsigned.iter().map(|(_, name)| name.as_str()).collect();
    assert_eq!(names, ["sofie of the tests"], "{names:?}");
    let sofie = world.actor("sofie").person().unwrap();
    let give = GiveGrant {
        person: sofie,
        role: Role::Auditor,
        scope: Scope::Organization,
        from: None,
        until: None,
        reason: None,
    };
    let outcome = world.try_act(&adam, give);
    assert!(matches!(outcome, Err(Error::Blocked { code: "policy_unsigned", .. })), "{outcome:?}");
    world.finish();
}

#[test]
fn a_training_that_is_missing_or_too_old_stops_the_roles_that_need_it() {
    let (mut world, place) = World::with_study();
    let (ana, adam) = (world.coordinator("ana", &place), world.actor("adam"));
    let maja = world.at_site("maja", Role::Monitor, &place, place.oslo);
    let course = KeepCourse {
        course: None,
        title: "Good clinical practice".into(),
        roles: Some(BTreeSet::from([Role::Coordinator])),
        study: None,
        valid_days: 400,
        needed: true,
    };
    assert_refused(world.try_act(&adam, KeepCourse { valid_days: 0, ..course.clone() }), "out_of_bounds");
    assert_refused(world.try_act(&adam, KeepCourse { roles: Some(BTreeSet::new()), ..course.clone() }), "unknown");
    let id: CourseId = world.act(&adam, course.clone()).id("course").unwrap();
    assert_lapsed(&mut world, &ana, &place, Lapse::TrainingLapsed);
    assert!(world.organization().view(&maja, &store::views::MyStudies {}).is_ok());
    let record = |world: &World, back: i64| RecordTraining {
        person: ana.person().unwrap(),
        course: id,
        completed: world.clock.now() - days(back),
        evidence: "certificate 17".into(),
    };
    // The platform's bound is a year, whatever the course says: 21 CFR 11.10 (i).
    let old = record(&world, 365);
    world.act(&adam, old);
    assert_lapsed(&mut world, &ana, &place, Lapse::TrainingLapsed);
    let fresh = record(&world, 364);
    world.act(&adam, fresh);
    world.subject(&ana, place.oslo, "OSL-001");
    world.clock.turn(days(1));
    let ana = world.sign_in("ana", "next day");
    assert_lapsed(&mut world, &ana, &place, Lapse::TrainingLapsed);
    let duties = world.organization().view(&ana, &MyDuties {}).unwrap();
    assert_eq!((duties.training.len(), duties.training[0].title.as_str()), (1, "Good clinical practice"));
    let adam = world.sign_in("adam", "adam's next day");
    assert_refused(
        world.try_act(&adam, RecordTraining { person: adam.person().unwrap(), ..record(&world, 0) }),
        "oneself",
    );
    let future = record(&world, -1);
    assert_refused(world.try_act(&adam, future), "future");
    // A course that is not asked for any more stops nobody.
    world.act(&adam, KeepCourse { course: Some(id), needed: false, ..course });
    world.subject(&ana, place.oslo, "OSL-002");
    world.finish();
}

#[test]
fn where_a_policy_asks_for_it_people_enter_data_on_a_delegation_only() {
    let (mut world, place) = World::with_study();
    let ana = world.coordinator("ana", &place);
    let berit = world.at_site("berit", Role::Coordinator, &place, place.bergen);
    let ivar = world.at_site("ivar", Role::Investigator, &place, place.oslo);
    let sofie = world.actor("sofie");
    let scope = Scope::Site { study: place.study, site: place.oslo };
    world.act(
        &sofie,
        SetPolicy { scope, values: BTreeMap::from([(Setting::Delegation, 1)]), justifications: BTreeMap::new() },
    );
    assert_lapsed(&mut world, &ana, &place, Lapse::NotDelegated);
    world.subject(&berit, place.bergen, "BER-001");
    world.subject(&ivar, place.oslo, "OSL-001");
    let from = world.clock.now() + SignedDuration::from_mins(1);
    let delegate =
        |person, from, until| Delegate { site: place.oslo, person, duties: "Enters vital signs".into(), from, until };
    let ana_id = ana.person().unwrap();
    let outcome = world.try_act(&sofie, delegate(ana_id, None, None));
    assert!(matches!(outcome, Err(Error::Forbidden { .. })), "{outcome:?}");
    assert_refused(world.try_act(&ivar, delegate(ivar.person().unwrap(), None, None)), "oneself");
    assert_refused(world.try_act(&ivar, delegate(berit.person().unwrap(), None, None)), "not_here");
    world.act(&ivar, delegate(ana_id, Some(from), Some(from + SignedDuration::from_mins(2))));
    assert_lapsed(&mut world, &ana, &place, Lapse::NotDelegated);
    world.clock.turn(SignedDuration::from_mins(1));
    world.subject(&ana, place.oslo, "OSL-002");
    world.clock.turn(SignedDuration::from_mins(2));
    assert_lapsed(&mut world, &ana, &place, Lapse::NotDelegated);
    let id: DelegationId = world.act(&ivar, delegate(ana_id, None, None)).id("delegation").unwrap();
    world.subject(&ana, place.oslo, "OSL-003");
    world.act(&ivar, EndDelegation { delegation: id });
    assert_lapsed(&mut world, &ana, &place, Lapse::NotDelegated);
    let again = world.try_act(&ivar, EndDelegation { delegation: id });
    assert!(matches!(again, Err(Error::Conflict { .. })), "{again:?}");
    let log = world.organization().view(&ivar, &DelegationLog { site: place.oslo }).unwrap();
    assert_eq!(log.lines.len(), 2);
    assert!(log.lines.iter().all(|line| !line.holds && line.authorized_by == "ivar of the tests"), "{log:?}");
    assert_eq!(log.people.iter().map(|(_, name)| name.as_str()).collect::<Vec<_>>(), ["ana of the tests"]);
    world.finish();
}
