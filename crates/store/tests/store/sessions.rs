//! Sessions: ended by idleness, by age, by their person, and never kept alive by a page alone.

use jiff::SignedDuration;
use store::{
    Confirmation, Error, Presence, SESSIONS_MAX,
    acts::{EndOtherSessions, EndSession, SignOut},
    fresh_token,
    views::Account,
};

use crate::{
    raw::Raw,
    world::{PASSWORD, World, save::assert_refused},
};

#[test]
fn a_session_ends_after_ten_idle_minutes() {
    let world = World::founded();
    world.clock.turn(SignedDuration::from_secs(9 * 60 + 59));
    assert!(world.whose("session-of-adam").is_some());
    world.clock.turn(SignedDuration::from_secs(10 * 60));
    assert!(world.whose("session-of-adam").is_none());
    assert!(world.whose("session-of-adam").is_none(), "and stays ended");
    world.finish();
}

#[test]
fn a_session_ends_after_half_a_day_however_busy() {
    let world = World::founded();
    for _ in 0..(12 * 60 / 9) {
        assert!(world.whose("session-of-adam").is_some());
        world.clock.turn(SignedDuration::from_mins(9));
    }
    assert!(world.whose("session-of-adam").is_none());
    world.finish();
}

#[test]
fn a_page_that_asks_by_itself_keeps_no_session_alive() {
    let world = World::founded();
    let asks = |presence| world.organization().authenticate("session-of-adam", presence).unwrap();
    let ends = asks(Presence::Person).unwrap().ends;
    for _ in 0..3 {
        world.clock.turn(SignedDuration::from_mins(3));
        assert_eq!(asks(Presence::Background).unwrap().ends, ends);
    }
    world.clock.turn(SignedDuration::from_mins(1));
    assert!(asks(Presence::Background).is_none());
    assert!(asks(Presence::Person).is_none(), "too late");
    world.finish();
}

#[test]
fn use_of_a_session_outlives_a_restart() {
    let mut world = World::founded();
    world.clock.turn(SignedDuration::from_mins(9));
    assert!(world.whose("session-of-adam").is_some());
    world.open().unwrap();
    world.clock.turn(SignedDuration::from_mins(9));
    assert!(world.whose("session-of-adam").is_some());
    assert!(world.whose("a token that nobody has").is_none());
    world.finish();
}

#[test]
fn one_session_too_many_ends_the_one_that_was_not_used_for_longest() {
    let world = World::founded();
    let most = usize::try_from(SESSIONS_MAX).unwrap();
    for number in 1..most {
        world.sign_in("adam", &format!("session {number}"));
    }
    world.clock.turn(SignedDuration::from_mins(1));
    for number in 2..most {
        assert!(world.whose(&format!("session {number}")).is_some());
    }
    assert!(world.whose("session-of-adam").is_some());
    world.sign_in("adam", "one more");
    assert!(world.whose("session 1").is_none() && world.whose("one more").is_some());
    assert!(world.whose("session 2").is_some() && world.whose("session-of-adam").is_some());
    let adam = world.actor("adam");
    assert_eq!(world.organization().view(&adam, &Account {}).unwrap().sessions.len(), most);
    world.finish();
}

#[test]
fn what_is_left_of_an_old_session_goes_with_the_next() {
    let mut world = World::founded();
    world.sign_in("adam", "second");
    world.clock.turn(SignedDuration::from_hours(13));
    world.sign_in("adam", "third");
    assert!(world.whose("second").is_none() && world.whose("third").is_some());
    world.close();
    let raw = Raw::open(&world);
    assert_eq!(raw.one("SELECT count(*) FROM session", &[])[0].int(), 1);
    drop(raw);
    world.finish();
}

#[test]
fn ending_other_sessions_asks_for_a_factor_and_signing_out_for_none() {
    let mut world = World::founded();
    let adam = world.actor("adam");
    for _ in 0..2 {
        world.clock.turn(SignedDuration::from_mins(8));
        assert!(world.whose("session-of-adam").is_some());
    }
    let other = world.sign_in("adam", "second").session().unwrap();
    assert!(matches!(world.try_act(&adam, EndSession { session: other }), Err(Error::StepUp)));
    assert!(matches!(world.try_act(&adam, EndOtherSessions {}), Err(Error::StepUp)));
    assert!(world.whose("second").is_some());
    let token = fresh_token().unwrap();
    world.organization().confirm(&adam, Confirmation::Password(PASSWORD), &token).unwrap();
    assert!(world.whose("session-of-adam").is_none() && world.whose(&token).is_some(), "its token is another now");
    world.act(&adam, EndSession { session: other });
    assert!(world.whose("second").is_none());
    world.clock.turn(SignedDuration::from_mins(9));
    assert!(world.whose(&token).is_some());
    world.clock.turn(SignedDuration::from_mins(9));
    world.act(&adam, SignOut {});
    assert!(world.whose(&token).is_none());
    world.finish();
}

#[test]
fn a_person_ends_one_session_or_all_others() {
    let mut world = World::founded();
    let first = world.actor("adam");
    let second = world.sign_in("adam", "second");
    world.sign_in("adam", "third");
    assert_eq!(world.organization().view(&first, &Account {}).unwrap().sessions.len(), 3);
    let mine = second.session().unwrap();
    world.act(&first, EndSession { session: mine });
    assert!(world.whose("second").is_none() && world.whose("third").is_some());
    assert!(matches!(world.try_act(&first, EndSession { session: mine }), Err(Error::Hidden)));
    world.act(&first, EndOtherSessions {});
    assert!(world.whose("third").is_none() && world.whose("session-of-adam").is_some());
    world.person("ana");
    let ana = world.actor("ana");
    let others = world.try_act(&ana, EndSession { session: first.session().unwrap() });
    assert!(matches!(others, Err(Error::Hidden)), "{others:?}");
    world.finish();
}

#[test]
fn changing_the_password_ends_the_other_sessions() {
    let mut world = World::founded();
    let adam = world.actor("adam");
    world.sign_in("adam", "second");
    let request = world.request();
    assert_refused(world.organization().change_password(&adam, "not mine", "a new long password", request), "wrong");
    assert_refused(world.organization().change_password(&adam, PASSWORD, "short", request), "too_short");
    world.organization().change_password(&adam, PASSWORD, "a new long password", request).unwrap();
    let again = world.organization().change_password(&adam, PASSWORD, "a new long password", request).unwrap();
    assert!(again.repeated);
    let other = world.organization().change_password(&adam, PASSWORD, "another long password", request);
    assert!(matches!(other, Err(Error::Conflict { .. })), "{other:?}");
    assert!(world.whose("second").is_none() && world.whose("session-of-adam").is_some());
    assert_refused(world.organization().sign_in("adam", PASSWORD, None, "x"), "wrong");
    world.organization().sign_in("adam", "a new long password", None, "x").unwrap();
    world.finish();
}
