//! People: added, enrolled once, disabled.

use jiff::SignedDuration;
use store::{
    Actor, Error,
    acts::{AddPerson, DisablePerson, RenewEnrolment},
    views::{Account, People},
};
use trial::access::Scope;

use crate::world::{
    PASSWORD, World, new_person,
    save::{assert_refused, refused, set, vitals},
};

#[test]
fn a_person_is_added_and_enrols_once() {
    let mut world = World::founded();
    let adam = world.actor("adam");
    world.act(&adam, new_person("ana", "her token"));
    let enrolment = world.organization().enrolment("her token").unwrap();
    assert_eq!((enrolment.name.as_str(), enrolment.sign_in.as_str()), ("ana of the tests", "ana"));
    assert!(!enrolment.second_factor);
    let request = world.request();
    world.organization().enrol("her token", PASSWORD, None, request).unwrap();
    for token in ["her token", "no token"] {
        assert_refused(world.organization().enrolment(token), "spent");
        let request = world.request();
        assert_refused(world.organization().enrol(token, PASSWORD, None, request), "spent");
    }
    let ana = world.sign_in(" ANA ", "her session");
    let account = world.organization().view(&ana, &Account {}).unwrap();
    assert_eq!((account.name.as_str(), account.email.as_str()), ("ana of the tests", "ana@example.org"));
    assert!(account.roles.is_empty() && account.sessions.len() == 1 && account.sessions[0].this);
    world.finish();
}

#[test]
fn an_enrolment_token_ends_after_a_week_and_when_it_is_replaced() {
    let mut world = World::founded();
    let adam = world.actor("adam");
    let person = world.act(&adam, new_person("ana", "first")).id("person").unwrap();
    world.act(&adam, RenewEnrolment { person, enrolment_tag: store::token_tag("second") });
    assert_refused(world.organization().enrolment("first"), "spent");
    world.organization().enrolment("second").unwrap();
    world.clock.turn(SignedDuration::from_hours(7 * 24));
    assert_refused(world.organization().enrolment("second"), "spent");
    world.finish();
}

#[test]
fn disabling_a_person_ends_every_session_and_every_power_at_once() {
    let (mut world, place) = World::with_study();
    let ana = world.coordinator("ana", &place);
    let person = ana.person().unwrap();
    let subject = world.subject(&ana, place.oslo, "OSL-001");
    world.sign_in("ana", "a second session");
    assert!(world.whose("a second session").is_some());
    let adam = world.actor("adam");
    world.act(&adam, DisablePerson { person });
    assert!(world.whose("a second session").is_none());
    let stale = world.try_act(&ana, vitals(subject, 0, vec![set("I.SYSBP", "120")]));
    assert!(matches!(stale, Err(Error::SignedOut)), "a request that was on its way: {stale:?}");
    assert!(matches!(world.organization().view(&ana, &Account {}), Err(Error::SignedOut)));
    assert_refused(world.organization().sign_in("ana", PASSWORD, None, "token"), "wrong");
    world.finish();
}

#[test]
fn nobody_disables_or_renews_themselves() {
    let mut world = World::founded();
    let adam = world.actor("adam");
    let person = adam.person().unwrap();
    assert_refused(world.try_act(&adam, DisablePerson { person }), "oneself");
    let renew = RenewEnrolment { person, enrolment_tag: [7; 32] };
    assert_refused(world.try_act(&adam, renew), "oneself");
    world.finish();
}

#[test]
fn what_a_person_is_called_is_checked() {
    let mut world = World::founded();
    let adam = world.actor("adam");
    let new = || new_person("ana", "her token");
    for (person, field, code) in [
        (AddPerson { name: " ".into(), ..new() }, "name", "empty"),
        (AddPerson { name: "x".repeat(201), ..new() }, "name", "too_long"),
        (AddPerson { email: "ana".into(), ..new() }, "email", "not_an_address"),
        (AddPerson { email: "a na@example.org".into(), ..new() }, "email", "not_an_address"),
        (AddPerson { sign_in: "ADAM".into(), ..new() }, "sign_in", "taken"),
        (AddPerson { sign_in: "a\u{0}".into(), ..new() }, "sign_in", "control_character"),
    ] {
        assert_eq!(refused(world.try_act(&adam, person)), [(field.to_owned(), code)]);
    }
    world.finish();
}

#[test]
fn only_an_organization_administrator_adds_people() {
    let (mut world, place) = World::with_study();
    let (ana, sofie) = (world.coordinator("ana", &place), world.actor("sofie"));
    for actor in [&ana, &sofie] {
        let outcome = world.try_act(actor, new_person("eve", "eve"));
        assert!(matches!(outcome, Err(Error::Forbidden { needs: "people.manage" })), "{outcome:?}");
    }
    for actor in [Actor::operator(), Actor::assistant()] {
        assert!(matches!(world.try_act(&actor, new_person("eve", "eve")), Err(Error::Hidden)));
    }
    assert!(matches!(world.try_act(&Actor::nobody(), new_person("eve", "eve")), Err(Error::SignedOut)));
    let people = world.organization().view(&sofie, &People { scope: Scope::Study { study: place.study } }).unwrap();
    let names: Vec<&str> = people.iter().map(|line| line.sign_in.as_str()).collect();
    assert_eq!(names, ["adam", "ana", "sofie"]);
    let refused = world.organization().view(&ana, &People { scope: Scope::Study { study: place.study } });
    assert!(matches!(refused, Err(Error::Forbidden { .. })));
    world.finish();
}
