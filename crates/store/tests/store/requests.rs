//! A request id makes a retry the same request.

use store::{Error, acts::AddSubject};

use crate::world::{
    World,
    save::{set, vitals},
};

#[test]
fn a_retry_returns_the_first_receipt_and_does_nothing_again() {
    let (mut world, place) = World::with_study();
    let ana = world.coordinator("ana", &place);
    let request = world.request();
    let add = || AddSubject { site: place.oslo, code: "OSL-001".into() };
    let first = world.organization().act(&ana, add(), request).unwrap();
    world.clock.turn(jiff::SignedDuration::from_mins(5));
    let again = world.organization().act(&ana, add(), request).unwrap();
    assert!(again.repeated && !first.repeated);
    assert_eq!(store::Receipt { repeated: false, ..again }, first);
    world.open().unwrap();
    let after_restart = world.organization().act(&ana, add(), request).unwrap();
    assert!(after_restart.repeated);
    assert_eq!(after_restart.index, first.index);
    world.finish();
}

#[test]
fn a_request_id_used_for_something_else_conflicts() {
    let (mut world, place) = World::with_study();
    let (ana, bo) = (world.coordinator("ana", &place), world.coordinator("bo", &place));
    let request = world.request();
    let add = |code: &str| AddSubject { site: place.oslo, code: code.into() };
    let subject = world.organization().act(&ana, add("OSL-001"), request).unwrap().id("subject").unwrap();
    let conflicts = [
        world.organization().act(&ana, add("OSL-002"), request),
        world.organization().act(&bo, add("OSL-001"), request),
        world.organization().act(&ana, vitals(subject, 0, vec![set("I.SYSBP", "120")]), request),
    ];
    for outcome in conflicts {
        assert!(matches!(outcome, Err(Error::Conflict { current: None, .. })), "{outcome:?}");
    }
    world.finish();
}

#[test]
fn a_refused_request_may_be_tried_again_under_its_id() {
    let (mut world, place) = World::with_study();
    let ana = world.coordinator("ana", &place);
    let request = world.request();
    let add = |code: &str| AddSubject { site: place.oslo, code: code.into() };
    assert!(world.organization().act(&ana, add(" "), request).is_err());
    let receipt = world.organization().act(&ana, add("OSL-001"), request).unwrap();
    assert!(!receipt.repeated);
    world.finish();
}

#[test]
fn time_never_runs_backwards_in_a_ledger_and_a_rebuild_agrees() {
    let (mut world, place) = World::with_study();
    let ana = world.coordinator("ana", &place);
    let subject = world.subject(&ana, place.oslo, "OSL-001");
    world.clock.turn(jiff::SignedDuration::from_hours(2));
    let first = world.save(&ana, subject, vec![set("I.SYSBP", "120")]).unwrap();
    world.clock.turn(jiff::SignedDuration::from_hours(-1));
    let second = world.act(&ana, vitals(subject, 2, vec![set("I.NOTE", "the clock was set back")]));
    assert!(second.at >= first.at, "{second:?}");
    world.subject(&ana, place.oslo, "OSL-002");
    world.finish();
}
