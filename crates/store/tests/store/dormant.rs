//! Accounts that nobody uses.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use store::{
    acts::{RegisterClient, RenewEnrolment, SetPolicy},
    views::People,
};
use trial::{
    access::Scope,
    client::Kind,
    permission::{Permission, Permissions},
    policy::Setting,
};

use crate::world::{PASSWORD, World, save::assert_refused};

fn days(days: i64) -> SignedDuration {
    SignedDuration::from_hours(24 * days)
}

#[test]
fn an_account_that_nobody_uses_rests_until_its_person_enrols_again() {
    let (mut world, place) = World::with_study();
    let ana = world.coordinator("ana", &place);
    let register = RegisterClient {
        name: "Lab feed".into(),
        kind: Kind::Program,
        scope: Scope::Site { study: place.study, site: place.oslo },
        permissions: Permissions::of(&[Permission::StudySee]),
        days: 365,
        certificate: None,
        token_tag: store::token_tag("feed"),
    };
    world.act(&ana, register);
    world.clock.turn(days(60));
    world.sign_in("adam", "after sixty days");
    world.clock.turn(days(29));
    assert!(world.whose("feed").is_some());
    world.clock.turn(days(1));
    assert!(world.whose("feed").is_none(), "what works in her name rests with her");
    let late = world.organization().sign_in("ana", PASSWORD, None, "late");
    assert_refused(late, "dormant");
    let wrong = world.organization().sign_in("ana", "not her password", None, "late");
    assert_refused(wrong, "wrong");
    let adam = world.sign_in("adam", "after ninety days");
    let line = |world: &World, name: &str| {
        let people = world.organization().view(&adam, &People { scope: Scope::Organization }).unwrap();
        people.into_iter().find(|line| line.sign_in == name).unwrap()
    };
    assert!(line(&world, "ana").dormant && !line(&world, "adam").dormant);
    let person = ana.person().unwrap();
    world.act(&adam, RenewEnrolment { person, enrolment_tag: store::token_tag("a new link") });
    world.released("a new link", person, PASSWORD).unwrap();
    world.sign_in("ana", "here again");
    assert!(!line(&world, "ana").dormant);
    world.finish();
}

#[test]
fn a_layer_makes_accounts_rest_sooner() {
    let (mut world, place) = World::with_study();
    world.coordinator("ana", &place);
    let adam = world.actor("adam");
    let values = BTreeMap::from([(Setting::Dormant, 14)]);
    let scope = Scope::Site { study: place.study, site: place.oslo };
    world.act(&adam, SetPolicy { scope, values, justifications: BTreeMap::new() });
    world.clock.turn(days(14));
    assert_refused(world.organization().sign_in("ana", PASSWORD, None, "late"), "dormant");
    world.sign_in("adam", "who works elsewhere");
    world.finish();
}
