//! The decision, by tables.

use std::collections::{BTreeMap, BTreeSet};

use super::*;
use crate::{
    ids::{Id, RoleId},
    roles::OwnRole,
};

fn id<T: Id>(n: u8) -> T {
    T::from_bytes([n; 16])
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap_or(Timestamp::UNIX_EPOCH)
}

fn grant(role: Role, scope: Scope) -> Grant {
    Grant {
        id: id(9),
        person: id(1),
        role,
        scope,
        from: at(100),
        until: Some(at(200)),
        exception: None,
        gaps: Vec::new(),
    }
}

fn norway() -> Country {
    "NO".parse().unwrap_or_else(|_| panic!("a country"))
}

/// An organization with a role of its own, which reads forms and sees what is blinded.
fn own_roles() -> (Roles, Role) {
    let own = OwnRole {
        title: "Unblinded pharmacist".into(),
        levels: Level::ALL.iter().copied().collect(),
        permissions: Permissions::of(&[
            Permission::StudySee,
            Permission::SubjectSee,
            Permission::FormSee,
            Permission::ItemBlinded,
        ]),
        forms: None,
        administers: BTreeSet::new(),
        given_by: BTreeSet::new(),
        offered: true,
    };
    let role: RoleId = id(50);
    (Roles::new(BTreeMap::from([(role, own)])), Role::Own(role))
}

const SITE: fn() -> Scope = || Scope::Site { study: id(2), site: id(3) };

#[test]
fn a_grant_holds_from_its_first_instant_until_before_its_last() {
    let coordinator = [grant(Role::Coordinator, SITE())];
    let place = Place::Site(id(2), id(3), None);
    let ask = |second| {
        decide(Principal::Person(id(1)), &coordinator, &Roles::default(), Permission::FormEdit, place, at(second))
    };
    assert_eq!(ask(99), Decision::Hidden);
    assert!(matches!(ask(100), Decision::Allow(..)));
    assert!(matches!(ask(199), Decision::Allow(..)));
    assert_eq!(ask(200), Decision::Hidden);
}

#[test]
fn another_site_is_hidden_and_another_right_forbidden() {
    let coordinator = [grant(Role::Coordinator, SITE())];
    let ask = |needs, place| decide(Principal::Person(id(1)), &coordinator, &Roles::default(), needs, place, at(150));
    assert_eq!(ask(Permission::FormSee, Place::Site(id(2), id(4), None)), Decision::Hidden);
    assert_eq!(ask(Permission::FormSee, Place::Site(id(7), id(3), None)), Decision::Hidden);
    assert_eq!(ask(Permission::SubjectErase, Place::Site(id(2), id(3), None)), Decision::Forbidden);
    assert_eq!(ask(Permission::StudyBuild, Place::Study(id(2))), Decision::Forbidden);
    assert_eq!(ask(Permission::StudyBuild, Place::Study(id(7))), Decision::Hidden);
    assert!(matches!(ask(Permission::StudySee, Place::Study(id(2))), Decision::Allow(..)));
    assert_eq!(ask(Permission::PeopleSee, Place::Organization), Decision::Forbidden);
}

#[test]
fn an_organization_role_opens_no_study() {
    let (roles, own) = own_roles();
    for role in roles.all().chain([own]) {
        let grants = [grant(role, Scope::Organization)];
        for needs in Permission::ALL {
            for place in [
                Place::Study(id(2)),
                Place::SitesOf(id(2)),
                Place::Country(id(2), norway()),
                Place::Site(id(2), id(3), None),
            ] {
                let decision = decide(Principal::Person(id(1)), &grants, &roles, *needs, place, at(150));
                match decision {
                    Decision::Hidden => {}
                    Decision::Allow(allowed) => {
                        assert!(needs.reaches_down(), "{role:?} {needs:?} {place:?}");
                        assert_eq!((allowed.sites, allowed.countries), (Sites::Only(Vec::new()), Vec::new()));
                    }
                    other => panic!("{role:?} {needs:?} {place:?}: {other:?}"),
                }
            }
        }
    }
}

#[test]
fn a_country_opens_its_sites_and_no_other() {
    let scope = Scope::Country { study: id(2), country: norway() };
    let monitor = [grant(Role::Monitor, scope)];
    let ask = |needs, place| decide(Principal::Person(id(1)), &monitor, &Roles::default(), needs, place, at(150));
    let sweden = "SE".parse().ok();
    let allowed = |decision| match decision {
        Decision::Allow(allowed) => (allowed.sites, allowed.countries),
        other => panic!("{other:?}"),
    };
    let here = ask(Permission::FormSee, Place::Site(id(2), id(3), Some(norway())));
    assert_eq!(allowed(here), (Sites::Only(vec![id(3)]), Vec::new()));
    assert_eq!(ask(Permission::FormSee, Place::Site(id(2), id(3), sweden)), Decision::Hidden);
    assert_eq!(ask(Permission::FormSee, Place::Site(id(2), id(3), None)), Decision::Hidden);
    assert_eq!(ask(Permission::FormSee, Place::Site(id(7), id(3), Some(norway()))), Decision::Hidden);
    assert_eq!(ask(Permission::FormEdit, Place::Site(id(2), id(3), Some(norway()))), Decision::Forbidden);
    let listed = allowed(ask(Permission::SubjectSee, Place::SitesOf(id(2))));
    assert_eq!(listed, (Sites::Only(Vec::new()), vec![norway()]));
    assert!(matches!(ask(Permission::StudySee, Place::Study(id(2))), Decision::Allow(..)));
    assert_eq!(ask(Permission::DataExport, Place::Study(id(2))), Decision::Forbidden);
}

#[test]
fn a_role_opens_what_a_decision_on_its_grant_allows() {
    let (study, site, other) = (id(1), id(2), id(3));
    let scopes = [
        Scope::Organization,
        Scope::Study { study },
        Scope::Country { study, country: norway() },
        Scope::Site { study, site },
    ];
    let places = [
        Place::Organization,
        Place::Study(study),
        Place::SitesOf(study),
        Place::Country(study, norway()),
        Place::Site(study, site, None),
        Place::Site(study, other, Some(norway())),
        Place::Study(id(4)),
    ];
    let (roles, _) = own_roles();
    for role in roles.all() {
        for scope in scopes {
            for place in places {
                for needs in Permission::ALL {
                    let held = grant(role, scope);
                    let decision = decide(Principal::Person(held.person), &[held], &roles, *needs, place, at(150));
                    assert_eq!(
                        opens(roles.permissions(role), &scope, *needs, place),
                        matches!(decision, Decision::Allow(..)),
                        "{role:?} {scope:?} {needs:?} {place:?}"
                    );
                }
            }
        }
    }
}

#[test]
fn an_own_role_that_is_not_there_opens_nothing() {
    let grants = [grant(Role::Own(id(77)), SITE())];
    for needs in Permission::ALL {
        let decision = decide(
            Principal::Person(id(1)),
            &grants,
            &Roles::default(),
            *needs,
            Place::Site(id(2), id(3), None),
            at(150),
        );
        assert_eq!(decision, Decision::Forbidden, "{needs:?}");
    }
}

#[test]
fn a_lapsed_grant_gives_nothing_and_says_why() {
    let mut held = grant(Role::Coordinator, SITE());
    held.gaps = vec![Gap { from: at(150), until: None, why: Lapse::TrainingLapsed }];
    let ask = |grants: &[Grant], second| {
        let place = Place::Site(id(2), id(3), None);
        decide(Principal::Person(id(1)), grants, &Roles::default(), Permission::FormEdit, place, at(second))
    };
    assert!(matches!(ask(&[held.clone()], 149), Decision::Allow(..)));
    assert_eq!(ask(&[held.clone()], 150), Decision::Suspended(Lapse::TrainingLapsed));
    // Another that works is enough.
    assert!(matches!(ask(&[held, grant(Role::Investigator, SITE())], 150), Decision::Allow(..)));
}

#[test]
fn what_is_done_by_exception_is_marked_and_what_is_not_is_not() {
    let approved = Grant { exception: Some(Exception::Approved), ..grant(Role::Monitor, SITE()) };
    let ask = |grants: &[Grant]| {
        let place = Place::Site(id(2), id(3), None);
        match decide(Principal::Person(id(1)), grants, &Roles::default(), Permission::FormSee, place, at(150)) {
            Decision::Allow(allowed) => allowed.capacity.code().into_owned(),
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(ask(std::slice::from_ref(&approved)), "approved:monitor");
    let emergency = Grant { exception: Some(Exception::Emergency), ..approved.clone() };
    assert_eq!(ask(&[emergency]), "emergency:monitor");
    assert_eq!(ask(&[approved, grant(Role::Coordinator, SITE())]), "coordinator");
}

#[test]
fn operator_assistant_and_nobody_hold_nothing_in_an_organization() {
    for who in [Principal::Operator, Principal::Assistant, Principal::Nobody] {
        for needs in Permission::ALL {
            for place in [
                Place::Organization,
                Place::Own(id(1)),
                Place::Study(id(2)),
                Place::SitesOf(id(2)),
                Place::Country(id(2), norway()),
                Place::Site(id(2), id(3), None),
            ] {
                let decision = decide(who, &[], &Roles::default(), *needs, place, at(150));
                assert_eq!(decision, Decision::Hidden, "{who:?} {needs:?}");
            }
        }
    }
}

#[test]
fn sites_of_two_grants_are_joined() {
    let two = [
        grant(Role::Coordinator, SITE()),
        grant(Role::Monitor, Scope::Site { study: id(2), site: id(5) }),
        grant(Role::SiteAdministrator, Scope::Site { study: id(2), site: id(6) }),
    ];
    let asker = Principal::Person(id(1));
    let seen = decide(asker, &two, &Roles::default(), Permission::SubjectSee, Place::SitesOf(id(2)), at(150));
    let Decision::Allow(allowed) = seen else { panic!("{seen:?}") };
    assert_eq!(allowed.capacity, Capacity::Role(Role::Coordinator, None));
    assert_eq!(allowed.sites, Sites::Only(vec![id(3), id(5)]), "the administrator's site opens no subject");
    assert_eq!(allowed.through.iter().map(|held| held.role).collect::<Vec<_>>(), [Role::Coordinator, Role::Monitor]);
}
