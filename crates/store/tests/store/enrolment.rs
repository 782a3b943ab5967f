//! Enrolling again: who was enrolled before shows more than a link, and nobody who can make one takes over an account.

use jiff::SignedDuration;
use store::{
    Actor, Clock, Entering, Error, GivenProof, NewCredentials, NewFactor, Receipt, SecurityEvent, SignIn,
    acts::{DisablePerson, RenewEnrolment},
    code_at, token_tag,
    views::{People, SecurityEvents},
};
use trial::{access::Scope, ids::PersonId};

use crate::world::{PASSWORD, World, new_person, save::assert_refused};

const ADAMS: &[u8; 20] = b"12345678901234567890";
const HERS: &[u8; 20] = b"a secret that is her";
const NEW: &[u8; 20] = b"a new one that is he";
const OTHER: &str = "kornblumen am Wegrand";

/// The code of a secret, half a minute on, so that no code is shown twice.
fn next_code(world: &World, secret: &[u8; 20]) -> String {
    world.clock.turn(SignedDuration::from_secs(30));
    code_at(secret, u64::try_from(world.clock.now().as_second()).unwrap() / 30)
}

fn new_app(code: &str) -> NewFactor<'_> {
    NewFactor::Code { secret: NEW, code }
}

fn enrols(
    world: &mut World,
    link: &str,
    password: &str,
    second: NewFactor<'_>,
    proof: GivenProof<'_>,
) -> store::Result<Receipt> {
    let (entering, request) = (Entering { token: "by the link", client: None }, world.request());
    world.organization().enrol_and_enter(link, NewCredentials { password, second, proof }, entering, request)
}

/// An organization that asks for a second factor, and Ana with an app, her session, her recovery codes and a new link.
fn with_a_link() -> (World, Actor, Vec<String>) {
    let mut world = World::founded_with(true);
    let (code, request) = (next_code(&world, ADAMS), world.request());
    world.organization().enrol("token-of-adam", OTHER, Some((ADAMS, &code)), request).unwrap();
    let adam = enter(&world, "adam", OTHER, ADAMS);
    world.sign(&adam);
    let person = world.act(&adam, new_person("ana", "first")).id("person").unwrap();
    let (code, request) = (next_code(&world, HERS), world.request());
    world.organization().enrol("first", PASSWORD, Some((HERS, &code)), request).unwrap();
    let ana = enter(&world, "ana", PASSWORD, HERS);
    let request = world.request();
    let (_, codes) = world.organization().make_recovery_codes(&ana, request).unwrap();
    renew(&mut world, &adam, person, "second");
    (world, ana, codes)
}

fn renew(world: &mut World, by: &Actor, person: PersonId, link: &str) {
    world.act(by, RenewEnrolment { person, enrolment_tag: token_tag(link) });
}

fn enter(world: &World, name: &str, password: &str, secret: &[u8; 20]) -> Actor {
    let code = next_code(world, secret);
    let token = format!("{name} {code}");
    let signed_in = world.organization().sign_in(name, password, Some(&code), &token).unwrap();
    assert!(matches!(signed_in, SignIn::Open(_)), "{signed_in:?}");
    world.whose(&token).unwrap()
}

#[test]
fn a_link_alone_sets_nothing_for_who_is_enrolled() {
    let (mut world, _, _) = with_a_link();
    let before = world.organization().enrolment("second").unwrap().before.unwrap();
    assert!(before.code && !before.passkey);
    let code = next_code(&world, NEW);
    assert_refused(enrols(&mut world, "second", OTHER, new_app(&code), GivenProof::Nothing), "needed");
    for typed in ["", "000000", "abcd-efgh-ijkl-mnop-qrst-uvwx-yz23", &code_at(NEW, 1)] {
        assert_refused(enrols(&mut world, "second", OTHER, new_app(&code), GivenProof::Typed(typed)), "wrong");
    }
    enter(&world, "ana", PASSWORD, HERS);
    world.finish();
}

#[test]
fn the_second_factor_that_is_there_stays_and_only_the_password_changes() {
    let (mut world, ana, codes) = with_a_link();
    let code = next_code(&world, HERS);
    let old = enrols(&mut world, "second", "ana", NewFactor::None, GivenProof::Typed(&code));
    assert!(matches!(old, Err(Error::Refused(_))), "the rules of passwords hold: {old:?}");
    let code = next_code(&world, HERS);
    enrols(&mut world, "second", OTHER, NewFactor::None, GivenProof::Typed(&code)).unwrap();
    assert!(world.whose("by the link").is_some());
    assert!(world.organization().view(&ana, &SecurityEvents { sign_ins: false }).is_err(), "older sessions ended");
    enter(&world, "ana", OTHER, HERS);
    let recovered =
        world.organization().sign_in("ana", OTHER, codes.first().map(String::as_str), "by recovery").unwrap();
    assert!(matches!(recovered, SignIn::Open(_)), "recovery codes stay: {recovered:?}");
    let code = next_code(&world, HERS);
    assert_refused(enrols(&mut world, "second", PASSWORD, NewFactor::None, GivenProof::Typed(&code)), "spent");
    world.finish();
}

#[test]
fn with_a_recovery_code_everything_is_set_anew() {
    let (mut world, _, codes) = with_a_link();
    let [first, second] = [&codes[0], &codes[1]];
    assert_refused(enrols(&mut world, "second", OTHER, NewFactor::None, GivenProof::Typed(first)), "needed");
    let code = next_code(&world, NEW);
    enrols(&mut world, "second", OTHER, new_app(&code), GivenProof::Typed(first)).unwrap();
    let old = next_code(&world, HERS);
    assert_refused(world.organization().sign_in("ana", OTHER, Some(&old), "a"), "wrong");
    assert_refused(world.organization().sign_in("ana", OTHER, Some(second), "a"), "wrong");
    enter(&world, "ana", OTHER, NEW);
    world.finish();
}

#[test]
fn a_second_administrator_releases_what_the_first_made_and_nobody_does_both() {
    let mut world = World::founded();
    let (person, adam) = (world.person("ana"), world.actor("adam"));
    let eva = world.second_administrator();
    let release = |world: &mut World, by: &Actor, person| {
        let request = world.request();
        world.organization().release_enrolment(by, person, request).map(|(_, code)| code)
    };
    assert_refused(release(&mut world, &eva, person), "no_link");
    let new = world.act(&adam, new_person("new", "the first of all")).id("person").unwrap();
    assert_refused(release(&mut world, &eva, new), "not_enrolled");
    renew(&mut world, &adam, person, "second");
    let releasable = |by: &Actor, world: &World| {
        let people = world.organization().view(by, &People { scope: Scope::Organization }).unwrap();
        people.iter().any(|line| line.id == person && line.releasable)
    };
    assert!(releasable(&eva, &world) && !releasable(&adam, &world));
    assert_refused(release(&mut world, &adam, person), "own_link");
    assert_refused(enrols(&mut world, "second", OTHER, NewFactor::None, GivenProof::Nothing), "needed");
    let code = release(&mut world, &eva, person).unwrap();
    let ana = world.actor("ana");
    let told = world.organization().view(&ana, &SecurityEvents { sign_ins: false }).unwrap();
    assert!(told.iter().any(|line| line.event == SecurityEvent::EnrolmentReleased), "she is told");
    // Another link, of whoever released the last one, is another: it waits for a release of its own.
    renew(&mut world, &eva, person, "third");
    assert_refused(enrols(&mut world, "second", OTHER, NewFactor::None, GivenProof::Typed(&code)), "spent");
    assert_refused(enrols(&mut world, "third", OTHER, NewFactor::None, GivenProof::Typed(&code)), "wrong");
    assert_refused(release(&mut world, &eva, person), "own_link");
    let code = release(&mut world, &adam, person).unwrap();
    enrols(&mut world, "third", OTHER, NewFactor::None, GivenProof::Typed(&code)).unwrap();
    assert!(world.whose("session-of-ana").is_none() && world.whose("by the link").is_some());
    assert_refused(world.organization().sign_in("ana", PASSWORD, None, "token"), "wrong");
    assert_refused(release(&mut world, &adam, person), "no_link");
    renew(&mut world, &adam, person, "fourth");
    world.act(&adam, DisablePerson { person });
    assert_refused(release(&mut world, &eva, person), "no_link");
    world.finish();
}

#[test]
fn guesses_beside_a_link_wait_like_those_at_a_sign_in() {
    let (mut world, _, _) = with_a_link();
    for _ in 0..6 {
        assert_refused(enrols(&mut world, "second", OTHER, NewFactor::None, GivenProof::Typed("000000")), "wrong");
    }
    let late = enrols(&mut world, "second", OTHER, NewFactor::None, GivenProof::Typed("000000"));
    assert!(matches!(late, Err(Error::TooFast { .. })), "{late:?}");
    world.finish();
}
