//! How sure it is that somebody is there: what asks for a factor shown just now, recovery codes, and what owners are told.

use jiff::SignedDuration;
use store::{
    Clock, Confirmation, Error, Factor, Freshness, SecurityEvent, SignIn,
    acts::{self, EndOtherSessions, ReadNotices},
    code_at,
    views::{self, Account, ExportStudy, SecurityEvents},
};
use trial::{access::Scope, role::Role};

use crate::world::{NEXT_TOKEN, PASSWORD, World, new_person, save::assert_refused};

const SECRET: &[u8; 20] = b"12345678901234567890";

fn code_now(world: &World) -> String {
    code_at(SECRET, u64::try_from(world.clock.now().as_second()).unwrap() / 30)
}

/// `adam` with an authenticator app.
fn with_app() -> World {
    let mut world = World::founded();
    let (adam, request) = (world.actor("adam"), world.request());
    world.organization().set_second_factor(&adam, SECRET, &code_now(&world), request).unwrap();
    world.clock.turn(SignedDuration::from_secs(30));
    world
}

#[test]
fn what_gives_power_hands_data_over_or_destroys_it_asks_for_a_fresh_factor() {
    let strong = |all: &[(&'static str, Freshness)]| -> Vec<&'static str> {
        all.iter().filter(|(_, fresh)| *fresh == Freshness::Strong).map(|(name, _)| *name).collect()
    };
    assert_eq!(
        strong(acts::FRESH),
        [
            "organization.found",
            "organization.appoint_first",
            "person.add",
            "person.release_enrolment",
            "person.renew_enrolment",
            "person.require_new_password",
            "person.disable",
            "person.verify_identity",
            "account.link_provider",
            "grant.give",
            "grant.end",
            "grant.confirm",
            "role.define",
            "policy.set",
            "provider.set",
            "agreement.publish",
            "agreement.sign",
            "delegation.give",
            "client.register",
            "access.answer",
            "access.break_glass",
            "study.register",
            "study.publish",
            "study.activate",
            "subject.erase"
        ]
    );
    assert_eq!(strong(views::FRESH), ["view.export"]);
    let own: Vec<&str> =
        acts::FRESH.iter().filter(|(_, fresh)| *fresh == Freshness::Own).map(|(name, _)| *name).collect();
    assert_eq!(
        own,
        [
            "account.change_password",
            "account.set_second_factor",
            "account.add_passkey",
            "account.remove_passkey",
            "account.make_recovery_codes",
            "session.end",
            "session.end_others",
        ]
    );
}

#[test]
fn a_factor_shown_sixteen_minutes_ago_is_too_old_and_one_shown_again_is_not() {
    let (mut world, place) = World::with_study();
    let (adam, dag) = (world.actor("adam"), world.in_study("dag", Role::DataManager, &place));
    world.clock.turn(SignedDuration::from_secs(15 * 60 - 1));
    world.act(&adam, new_person("ana", "hers"));
    world.clock.turn(SignedDuration::from_secs(1));
    let stale = world.try_act(&adam, new_person("eve", "eves"));
    assert!(matches!(stale, Err(Error::StepUp)), "{stale:?}");
    // Whoever may not is told that, and asked for nothing.
    let sofie = world.actor("sofie");
    let forbidden = world.try_act(&sofie, new_person("eve", "eves"));
    assert!(matches!(forbidden, Err(Error::Forbidden { .. })), "{forbidden:?}");
    assert_refused(world.organization().confirm(&adam, Confirmation::Password("not mine"), NEXT_TOKEN), "wrong");
    assert_refused(world.organization().confirm(&adam, Confirmation::Code("123456"), NEXT_TOKEN), "needed");
    assert!(matches!(world.try_act(&adam, new_person("eve", "eves")), Err(Error::StepUp)));
    world.organization().confirm(&adam, Confirmation::Password(PASSWORD), NEXT_TOKEN).unwrap();
    world.act(&adam, new_person("eve", "eves"));
    // In this session, and in no other.
    world.clock.turn(SignedDuration::from_mins(16));
    let other = world.sign_in("dag", "another");
    let export = ExportStudy { study: place.study };
    assert!(matches!(world.organization().view(&dag, &export), Err(Error::StepUp)));
    world.organization().view(&other, &export).unwrap();
    world.finish();
}

#[test]
fn guesses_at_a_confirmation_wait_like_those_at_a_sign_in() {
    let world = World::founded();
    let adam = world.actor("adam");
    for _ in 0..6 {
        assert_refused(
            world.organization().confirm(&adam, Confirmation::Password("wrong password"), NEXT_TOKEN),
            "wrong",
        );
    }
    let waits = world.organization().confirm(&adam, Confirmation::Password(PASSWORD), NEXT_TOKEN);
    assert!(matches!(waits, Err(Error::TooFast { .. })), "{waits:?}");
    world.finish();
}

#[test]
fn a_code_confirms_once_and_a_password_beside_it_does_not() {
    let mut world = with_app();
    let adam = world.actor("adam");
    world.act(&adam, new_person("ana", "hers"));
    world.clock.turn(SignedDuration::from_mins(16));
    assert!(matches!(world.try_act(&adam, new_person("eve", "eves")), Err(Error::StepUp)));
    assert_refused(world.organization().confirm(&adam, Confirmation::Password(PASSWORD), NEXT_TOKEN), "needed");
    let code = code_now(&world);
    world.organization().confirm(&adam, Confirmation::Code(&code), NEXT_TOKEN).unwrap();
    assert_refused(world.organization().confirm(&adam, Confirmation::Code(&code), NEXT_TOKEN), "used");
    world.act(&adam, new_person("eve", "eves"));
    world.finish();
}

#[test]
fn a_recovery_code_works_once_beside_the_password_and_its_owner_is_told() {
    let mut world = with_app();
    let adam = world.actor("adam");
    let request = world.request();
    let (_, codes) = world.organization().make_recovery_codes(&adam, request).unwrap();
    assert_eq!(codes.len(), 10);
    let organization = world.organization();
    let enter = |password: &str, code: &str, token: &str| organization.sign_in("adam", password, Some(code), token);
    assert_refused(enter("not the password", &codes[0], "s"), "wrong");
    assert_refused(enter(PASSWORD, "abcd-efgh-ijkl-mnop", "s"), "wrong");
    assert!(matches!(enter(PASSWORD, &codes[0].to_uppercase(), "s").unwrap(), SignIn::Open(_)));
    assert_refused(enter(PASSWORD, &codes[0], "t"), "wrong");
    assert!(matches!(enter(PASSWORD, &codes[1].replace('-', " "), "t").unwrap(), SignIn::Open(_)));
    let lost = world.whose("s").unwrap();
    let account = world.organization().view(&lost, &Account {}).unwrap();
    assert_eq!((account.recovery_codes, account.may_change_factors, account.confirmed), (8, true, false));
    let told: Vec<_> = account.notices.iter().filter(|line| line.factors.contains(&Factor::RecoveryCode)).collect();
    assert_eq!(told.len(), 2, "{:?}", account.notices);
    // It opens no more than what sets a new factor.
    assert!(matches!(world.try_act(&lost, new_person("ana", "hers")), Err(Error::StepUp)));
    let request = world.request();
    let second = b"another secret, lost";
    let code = code_at(second, u64::try_from(world.clock.now().as_second()).unwrap() / 30 + 1);
    world.organization().set_second_factor(&lost, second, &code, request).unwrap();
    world.act(&lost, new_person("ana", "hers"));
    assert!(world.whose("t").is_none(), "every other session ended");
    // New ones end the old.
    let request = world.request();
    world.organization().make_recovery_codes(&lost, request).unwrap();
    assert_refused(world.organization().sign_in("adam", PASSWORD, Some(&codes[2]), "u"), "wrong");
    world.act(&lost, ReadNotices {});
    assert!(world.organization().view(&lost, &Account {}).unwrap().notices.is_empty());
    world.finish();
}

#[test]
fn recovery_codes_need_a_second_factor_to_stand_in_for() {
    let mut world = World::founded();
    let (adam, request) = (world.actor("adam"), world.request());
    assert_refused(world.organization().make_recovery_codes(&adam, request), "no_second_factor");
    world.finish();
}

#[test]
fn owners_see_their_own_sign_ins_good_and_bad_and_nobody_elses() {
    let mut world = World::founded();
    let adam = world.actor("adam");
    world.person("eve");
    for _ in 0..5 {
        let _ = world.organization().sign_in("adam", "wrong password here", None, "t");
    }
    world.sign_in("adam", "second");
    world.act(&adam, EndOtherSessions {});
    let lines = world.organization().view(&adam, &SecurityEvents { sign_ins: true }).unwrap();
    let of = |event| lines.iter().filter(|line| line.event == event).count();
    assert_eq!((of(SecurityEvent::SignedIn), of(SecurityEvent::SignInRefused)), (2, 5));
    assert_eq!(lines[0].factors, [Factor::Password]);
    assert!(lines.is_sorted_by(|a, b| a.at >= b.at));
    let told = world.organization().view(&adam, &Account {}).unwrap().notices;
    assert_eq!(told.iter().map(|line| line.event).collect::<Vec<_>>(), [SecurityEvent::SignInRefused], "once, at five");
    let all = world.organization().view(&adam, &SecurityEvents { sign_ins: false }).unwrap();
    assert!(all.iter().any(|line| line.event == SecurityEvent::SessionsEnded));
    let eve = world.actor("eve");
    let hers = world.organization().view(&eve, &SecurityEvents { sign_ins: false }).unwrap();
    assert!(hers.iter().all(|line| line.event != SecurityEvent::SignInRefused), "{hers:?}");
    world.finish();
}

#[test]
fn a_change_of_roles_ends_sessions_and_says_why() {
    let (mut world, place) = World::with_study();
    let person = world.person("ana");
    let scope = Scope::Site { study: place.study, site: place.oslo };
    assert!(world.whose("session-of-ana").is_some());
    world.grant("sofie", person, Role::Coordinator, scope);
    assert!(world.whose("session-of-ana").is_none());
    let ana = world.actor("ana");
    let told = world.organization().view(&ana, &Account {}).unwrap().notices;
    assert_eq!(told.iter().map(|line| line.event).collect::<Vec<_>>(), [SecurityEvent::GrantChanged]);
    world.finish();
}
