//! Access by exception: asked for and approved by another, or taken in an emergency; it ends by itself, and is marked.

use std::collections::{BTreeMap, BTreeSet};

use jiff::SignedDuration;
use store::{
    Actor, Error, RequestState,
    acts::{AnswerAccess, AskAccess, BreakGlass, DefineRole, GiveGrant, ReviewAccess, SetPolicy},
    views::{AccessMatrix, AccessRequests, LedgerEntries, MyAccessRequests, ShowSubject},
};
use trial::{
    access::Scope,
    ids::{AccessRequestId, RoleId, SubjectId},
    permission::{Permission as P, Permissions},
    policy::Setting,
    role::{Level, Role},
};

use crate::world::{Place, World, save::assert_refused};

struct Desk {
    world: World,
    place: Place,
    sam: Actor,
    subject: SubjectId,
}

/// A study with a subject, and somebody of the support.
fn desk() -> Desk {
    let (mut world, place) = World::with_study();
    let sam = world.person("sam");
    world.grant("adam", sam, Role::Support, Scope::Organization);
    let ana = world.coordinator("ana", &place);
    let subject = world.subject(&ana, place.oslo, "OSL-001");
    let sam = world.sign_in("sam", "session of sam");
    Desk { world, place, sam, subject }
}

impl Desk {
    fn ask(&self, role: Role, hours: u32) -> AskAccess {
        let scope = Scope::Site { study: self.place.study, site: self.place.oslo };
        AskAccess { role, scope, hours, reason: "a form does not open".into() }
    }

    fn sees(&self) -> bool {
        self.world.organization().view(&self.sam, &ShowSubject { subject: self.subject }).is_ok()
    }

    fn requests(&self, actor: &Actor) -> Vec<store::views::AccessRequestLine> {
        let scope = Scope::Study { study: self.place.study };
        self.world.organization().view(actor, &AccessRequests { scope }).unwrap()
    }
}

#[test]
fn access_that_was_asked_for_is_approved_by_another_marked_and_over_in_time() {
    let mut desk = desk();
    assert!(!desk.sees(), "the support holds nothing");
    let (sam, sofie) = (desk.sam.clone(), desk.world.actor("sofie"));
    assert_refused(desk.world.try_act(&sam, desk.ask(Role::Monitor, 25)), "out_of_bounds");
    assert_refused(desk.world.try_act(&sam, desk.ask(Role::DataManager, 1)), "wrong_level");
    assert_refused(desk.world.try_act(&sam, desk.ask(Role::SiteAdministrator, 1)), "administers");
    let ask = desk.ask(Role::Monitor, 2);
    let request: AccessRequestId = desk.world.act(&sam, ask).id("access_request").unwrap();
    assert!(!desk.sees(), "asked is not approved");
    let answer = |approve| AnswerAccess { request, approve, answer: "go on".into() };
    let own = desk.world.try_act(&sam, answer(true));
    assert!(matches!(own, Err(Error::Hidden | Error::Forbidden { .. })), "{own:?}");
    desk.world.act(&sofie, answer(true));
    assert!(desk.sees());
    let again = desk.world.try_act(&sofie, answer(false));
    assert!(matches!(again, Err(Error::Conflict { .. })), "{again:?}");
    let line = &desk.requests(&sofie)[0];
    assert!(line.open && line.state == RequestState::Open && line.answered_by.as_deref() == Some("sofie of the tests"));
    let entries = desk.world.organization().view(&sofie, &LedgerEntries { ledger: 2, before: None, limit: 5 }).unwrap();
    let looked = entries.iter().find(|line| line.act == "view.subject").unwrap();
    assert_eq!((looked.role.as_str(), looked.role_title.as_str()), ("approved:monitor", "Monitor, access approved"));
    // While the session goes on, the access ends by itself.
    for _ in 0..15 {
        desk.world.clock.turn(SignedDuration::from_mins(8));
        desk.world.whose("session of sam").unwrap();
    }
    assert!(!desk.sees(), "two hours are over");
    let mine = desk.world.organization().view(&sam, &MyAccessRequests {}).unwrap();
    assert!(!mine[0].open && mine[0].state == RequestState::Open, "it waits for a review");
    let sofie = desk.world.sign_in("sofie", "sofie later");
    desk.world.act(&sofie, ReviewAccess { request, finding: "one form was opened".into() });
    assert_eq!(desk.requests(&sofie)[0].state, RequestState::Reviewed);
    desk.world.finish();
}

#[test]
fn nobody_approves_their_own_request_or_what_they_may_not_give() {
    let mut desk = desk();
    let sofie = desk.world.actor("sofie");
    let ask = desk.ask(Role::Monitor, 1);
    let own: AccessRequestId = desk.world.act(&sofie, ask).id("access_request").unwrap();
    let outcome = desk.world.try_act(&sofie, AnswerAccess { request: own, approve: true, answer: "mine".into() });
    assert!(matches!(outcome, Err(Error::Blocked { code: "self_approval", .. })), "{outcome:?}");
    // Refused by the administrator whom she depends on, who could not be given it by her either.
    let adam = desk.world.actor("adam");
    desk.world.act(&adam, AnswerAccess { request: own, approve: false, answer: "ask a monitor".into() });
    assert_eq!(desk.requests(&sofie)[0].state, RequestState::Refused);
    let ask = desk.ask(Role::Monitor, 1);
    let adams: AccessRequestId = desk.world.act(&adam, ask).id("access_request").unwrap();
    let outcome = desk.world.try_act(&sofie, AnswerAccess { request: adams, approve: true, answer: "please".into() });
    assert!(matches!(outcome, Err(Error::Blocked { code: "comes_round", .. })), "{outcome:?}");
    desk.world.finish();
}

#[test]
fn what_became_impossible_while_it_waited_is_not_approved() {
    let mut desk = desk();
    let (sam, sofie, adam) = (desk.sam.clone(), desk.world.actor("sofie"), desk.world.actor("adam"));
    let reader = DefineRole {
        role: None,
        title: "Reader".into(),
        levels: BTreeSet::from([Level::Site]),
        permissions: Permissions::of(&[P::StudySee, P::SubjectSee]),
        forms: None,
        administers: BTreeSet::new(),
        given_by: BTreeSet::from([Role::StudyAdministrator]),
        offered: true,
    };
    let role: RoleId = desk.world.act(&adam, reader.clone()).id("role").unwrap();
    let (asked_hours, asked_role) = (desk.ask(Role::Monitor, 20), desk.ask(Role::Own(role), 1));
    let long: AccessRequestId = desk.world.act(&sam, asked_hours).id("access_request").unwrap();
    let withdrawn: AccessRequestId = desk.world.act(&sam, asked_role).id("access_request").unwrap();
    let scope = Scope::Study { study: desk.place.study };
    let values = BTreeMap::from([(Setting::ApprovedHours, 2)]);
    desk.world.act(&sofie, SetPolicy { scope, values, justifications: BTreeMap::new() });
    desk.world.act(&adam, DefineRole { role: Some(role), offered: false, ..reader });
    for request in [long, withdrawn] {
        let answer = |approve| AnswerAccess { request, approve, answer: "as it is now".into() };
        let late = desk.world.try_act(&sofie, answer(true));
        assert!(matches!(late, Err(Error::Blocked { code: "outdated", .. })), "{late:?}");
        assert!(!desk.sees());
        desk.world.act(&sofie, answer(false));
    }
    desk.world.finish();
}

#[test]
fn the_glass_is_broken_by_who_may_for_reading_with_an_alarm_and_a_review() {
    let mut desk = desk();
    let (sam, sofie) = (desk.sam.clone(), desk.world.actor("sofie"));
    let ana = desk.world.actor("ana");
    let outcome = desk.world.try_act(&ana, BreakGlass { ask: desk.ask(Role::Monitor, 1) });
    assert!(matches!(outcome, Err(Error::Forbidden { .. })), "{outcome:?}");
    assert_refused(desk.world.try_act(&sam, BreakGlass { ask: desk.ask(Role::Coordinator, 1) }), "changes");
    assert_refused(desk.world.try_act(&sam, BreakGlass { ask: desk.ask(Role::Monitor, 3) }), "out_of_bounds");
    let glass = BreakGlass { ask: desk.ask(Role::Monitor, 1) };
    let request: AccessRequestId = desk.world.act(&sam, glass).id("access_request").unwrap();
    assert!(desk.sees());
    let line = &desk.requests(&sofie)[0];
    assert!(line.emergency && line.open);
    let own = desk.world.try_act(&sam, ReviewAccess { request, finding: "fine".into() });
    assert!(matches!(own, Err(Error::Hidden | Error::Forbidden { .. })), "{own:?}");
    // A review ends it before its time.
    desk.world.act(&sofie, ReviewAccess { request, finding: "not needed any more".into() });
    assert!(!desk.sees());
    desk.world.finish();
}

#[test]
fn the_matrix_tells_what_somebody_might_do_on_any_day() {
    let (mut world, place) = World::with_study();
    let ana = world.person("ana");
    let start = store::Clock::now(&*world.clock);
    world.clock.turn(SignedDuration::from_mins(1));
    let scope = Scope::Site { study: place.study, site: place.oslo };
    let sofie = world.actor("sofie");
    let until = Some(store::Clock::now(&*world.clock) + SignedDuration::from_mins(2));
    world.act(&sofie, GiveGrant { person: ana, role: Role::Coordinator, scope, from: None, until, reason: None });
    let during = store::Clock::now(&*world.clock);
    world.clock.turn(SignedDuration::from_mins(3));
    let lines = |world: &World, actor: &Actor, at| {
        let ask = AccessMatrix { scope: Scope::Study { study: place.study }, person: Some(ana), at };
        world.organization().view(actor, &ask).map(|lines| lines.into_iter().map(|line| line.role).collect::<Vec<_>>())
    };
    assert_eq!(lines(&world, &sofie, Some(start)).unwrap(), []);
    assert_eq!(lines(&world, &sofie, Some(during)).unwrap(), [Role::Coordinator]);
    assert_eq!(lines(&world, &sofie, None).unwrap(), []);
    let future = store::Clock::now(&*world.clock) + SignedDuration::from_secs(1);
    assert!(matches!(lines(&world, &sofie, Some(future)), Err(Error::Refused(_))));
    world.finish();
}
