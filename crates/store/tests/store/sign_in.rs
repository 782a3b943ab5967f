//! Signing in: one answer for all that is wrong, longer waits after failures, a code that works once.

use jiff::SignedDuration;
use store::{
    Attempt, Clock, Entering, Error, GivenProof, NewCredentials, NewFactor, SignIn, acts::RequireNewPassword, code_at,
};

use crate::world::{PASSWORD, World, new_person, save::assert_refused};

const SECRET: &[u8; 20] = b"12345678901234567890";

fn code_now(world: &World) -> String {
    code_at(SECRET, u64::try_from(world.clock.now().as_second()).unwrap() / 30)
}

fn wait_of<T: std::fmt::Debug>(outcome: store::Result<T>) -> u32 {
    match outcome {
        Err(Error::TooFast { retry_after }) => retry_after,
        other => panic!("expected to wait: {other:?}"),
    }
}

#[test]
fn an_unknown_name_and_a_wrong_password_look_the_same() {
    let world = World::founded();
    let tries = [("adam", "wrong password here"), ("nobody", PASSWORD)];
    let answers =
        tries.map(|(name, password)| world.organization().sign_in(name, password, None, "t").unwrap_err().to_string());
    assert_eq!(answers[0], answers[1]);
    world.finish();
}

#[test]
fn failures_make_the_next_try_wait_longer_each_time_and_success_forgets_them() {
    let world = World::founded();
    let wrong = || world.organization().sign_in("adam", "wrong password here", None, "t");
    for _ in 0..6 {
        assert_refused(wrong(), "wrong");
    }
    assert_eq!(wait_of(world.organization().sign_in("adam", PASSWORD, None, "t")), 6, "even the right password waits");
    world.clock.turn(SignedDuration::from_secs(5));
    assert_refused(wrong(), "wrong");
    assert_eq!(wait_of(wrong()), 11);
    world.clock.turn(SignedDuration::from_secs(10));
    assert!(matches!(world.organization().sign_in("adam", PASSWORD, None, "t").unwrap(), SignIn::Open(_)));
    assert_refused(wrong(), "wrong");
    assert_refused(wrong(), "wrong");
    world.finish();
}

#[test]
fn waits_are_for_one_name_and_outlive_a_restart() {
    let mut world = World::founded();
    world.person("ana");
    for _ in 0..6 {
        let _ = world.organization().sign_in("adam", "wrong password here", None, "t");
    }
    world.open().unwrap();
    assert_eq!(wait_of(world.organization().sign_in(" Adam", PASSWORD, None, "t")), 6);
    world.sign_in("ana", "another");
    world.finish();
}

#[test]
fn guesses_sent_together_gain_nothing_over_guesses_in_turn() {
    let world = World::founded();
    let outcomes: Vec<_> = std::thread::scope(|scope| {
        let tries: Vec<_> = (0..24)
            .map(|n| {
                let organization = world.organization();
                scope.spawn(move || organization.sign_in("adam", &format!("wrong password {n}"), None, "t"))
            })
            .collect();
        tries.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    let judged = outcomes.iter().filter(|outcome| matches!(outcome, Err(Error::Refused(_)))).count();
    let waiting = outcomes.iter().filter(|outcome| matches!(outcome, Err(Error::TooFast { .. }))).count();
    assert_eq!((judged, waiting), (6, 18), "six answers, as if they had come one by one");
    world.finish();
}

#[test]
fn a_second_factor_is_asked_for_and_each_code_works_once() {
    let mut world = World::founded_with(true);
    let request = world.request();
    let organization = world.organization();
    assert_refused(organization.enrol("token-of-adam", "kornåker", None, request), "needed");
    assert_refused(organization.enrol("token-of-adam", "kornåker", Some((SECRET, "000000")), request), "wrong");
    organization.enrol("token-of-adam", "kornåker", Some((SECRET, &code_now(&world))), request).unwrap();
    let sign_in = |code: Option<&str>, token| world.organization().sign_in("adam", "kornåker", code, token);
    assert!(matches!(sign_in(None, "s").unwrap(), SignIn::CodeNeeded { code: true, passkey: false }));
    assert!(matches!(sign_in(Some(" "), "s").unwrap(), SignIn::CodeNeeded { code: true, passkey: false }));
    assert_refused(sign_in(Some("123456"), "s"), "wrong");
    assert_refused(sign_in(Some(&code_now(&world)), "s"), "used");
    world.clock.turn(SignedDuration::from_secs(30));
    let code = code_now(&world);
    assert!(matches!(sign_in(Some(&code), "s").unwrap(), SignIn::Open(_)));
    assert_refused(sign_in(Some(&code), "t"), "used");
    world.clock.turn(SignedDuration::from_secs(60));
    assert_refused(sign_in(Some(&code), "t"), "wrong");
    assert!(matches!(sign_in(Some(&code_now(&world)), "t").unwrap(), SignIn::Open(_)));
    let adam = world.whose("t").unwrap();
    world.sign(&adam);
    world.act(&adam, new_person("ana", "a"));
    world.finish();
}

#[test]
fn one_sets_ones_own_second_factor_with_a_code_from_it() {
    let mut world = World::founded();
    let adam = world.actor("adam");
    let request = world.request();
    assert_refused(world.organization().set_second_factor(&adam, b"short", "123456", request), "length");
    assert_refused(world.organization().set_second_factor(&adam, SECRET, "123456", request), "wrong");
    world.organization().set_second_factor(&adam, SECRET, &code_now(&world), request).unwrap();
    assert!(matches!(
        world.organization().sign_in("adam", PASSWORD, None, "t").unwrap(),
        SignIn::CodeNeeded { code: true, passkey: false }
    ));
    world.finish();
}

#[test]
fn enrolling_begins_a_session_and_a_request_made_again_does_not_enrol_twice() {
    let mut world = World::founded_with(true);
    let request = world.request();
    let organization = world.organization();
    let code = code_now(&world);
    let enrol = |password: &str, session: &str| {
        let second = NewFactor::Code { secret: SECRET, code: &code };
        let entering = Entering { token: session, client: None };
        let choice = NewCredentials { password, second, proof: GivenProof::Nothing };
        organization.enrol_and_enter("token-of-adam", choice, entering, request)
    };
    assert_refused(enrol("iloveyou", "s"), "guessable");
    assert!(!enrol("kornåker", "s").unwrap().repeated);
    assert!(world.whose("s").is_some());
    assert!(enrol("kornåker", "t").unwrap().repeated);
    assert!(world.whose("t").is_none() && world.whose("s").is_some());
    let other = enrol("kornblume", "t");
    assert!(matches!(other, Err(Error::Conflict { .. })), "{other:?}");
    world.finish();
}

#[test]
fn a_password_that_others_may_know_is_replaced_at_the_next_sign_in() {
    let mut world = World::founded();
    let adam = world.actor("adam");
    world.act(&adam, new_person("ana", "hers"));
    let request = world.request();
    let ana = world.organization().enrol("hers", PASSWORD, None, request).unwrap().id("credential").unwrap();
    world.sign_in("ana", "before");
    world.act(&adam, RequireNewPassword { person: ana });
    assert!(world.whose("before").is_none(), "every session ends");
    let oneself = RequireNewPassword { person: world.whose("session-of-adam").unwrap().person().unwrap() };
    assert_refused(world.try_act(&adam, oneself), "oneself");
    let organization = world.organization();
    let signed_in = organization.sign_in("ana", PASSWORD, None, "s").unwrap();
    assert!(matches!(signed_in, SignIn::NewPasswordNeeded), "{signed_in:?}");
    assert!(world.whose("s").is_none());
    let from = |password: &str, new: &str, token: &str| {
        let attempt = Attempt { sign_in: "ana", password, new_password: Some(new), ..Attempt::default() };
        organization.attempt(&attempt, token)
    };
    let anew = |new: &str| from(PASSWORD, new, "s");
    assert_refused(anew("short"), "too_short");
    assert_refused(anew("passwordpassword"), "guessable");
    assert_refused(anew(PASSWORD), "same");
    assert_refused(from("not hers at all", "a new long password", "s"), "wrong");
    assert!(matches!(anew("a new long password").unwrap(), SignIn::Open(_)));
    assert!(world.whose("s").is_some());
    assert_refused(organization.sign_in("ana", PASSWORD, None, "t"), "wrong");
    assert!(matches!(organization.sign_in("ana", "a new long password", None, "t").unwrap(), SignIn::Open(_)));
    // Where none is needed, the old one stays.
    let kept = from("a new long password", "another long password", "u").unwrap();
    assert!(matches!(kept, SignIn::Open(_)), "{kept:?}");
    assert!(matches!(organization.sign_in("ana", "a new long password", None, "v").unwrap(), SignIn::Open(_)));
    world.finish();
}

#[test]
fn a_short_sign_in_name_does_not_forbid_passwords_that_hold_its_letters() {
    let mut world = World::founded();
    let adam = world.actor("adam");
    world.act(&adam, new_person("an", "hers"));
    let request = world.request();
    world.organization().enrol("hers", "candles and pans in a van", None, request).unwrap();
    world.finish();
}
