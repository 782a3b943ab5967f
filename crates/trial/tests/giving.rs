//! Grants by the thousand, given by whoever may: no chain leaves the roles and the scope that its first giver may
//! administer, and none ends at somebody who stands in it.
#![expect(clippy::indexing_slicing, reason = "an index of what was just counted")]

use std::{
    collections::{BTreeMap, BTreeSet},
    convert::Infallible,
};

use jiff::Timestamp;
use proptest::prelude::*;
use trial::{
    access::{Decision, Grant, Place, Principal, Scope, decide},
    country::Country,
    giving::{Basis, CHAIN_MAX, power_for},
    ids::{GrantId, Id, PersonId, RoleId, SiteId, StudyId},
    permission::{Permission, Permissions},
    role::{Level, Role},
    roles::{OwnRole, Roles},
};

const PEOPLE: u8 = 7;
const STUDIES: u8 = 2;
const SITES: u8 = 3;

fn id<T: Id>(n: u8) -> T {
    T::from_bytes([n; 16])
}

fn country(site: u8) -> Option<Country> {
    if site == 0 { "SE" } else { "NO" }.parse().ok()
}

fn scope() -> impl Strategy<Value = Scope> {
    (0..4_u8, 0..STUDIES, 0..SITES).prop_map(|(level, study, site)| {
        let at: StudyId = id(study + 1);
        match (level, country(site)) {
            (0, _) => Scope::Organization,
            (1, Some(country)) => Scope::Country { study: at, country },
            (2, _) => Scope::Site { study: at, site: site_of(study, site) },
            _ => Scope::Study { study: at },
        }
    })
}

fn site_of(study: u8, site: u8) -> SiteId {
    id(10 + study * SITES + site)
}

/// The country of a scope that lies in one.
fn country_of(scope: Scope) -> Option<Country> {
    match scope {
        Scope::Country { country, .. } => Some(country),
        Scope::Site { site, .. } => country((site.bytes()[0] - 10) % SITES),
        Scope::Organization | Scope::Study { .. } => None,
    }
}

fn place(scope: Scope) -> Place {
    match scope {
        Scope::Organization => Place::Organization,
        Scope::Study { study } => Place::Study(study),
        Scope::Country { study, country } => Place::Country(study, country),
        Scope::Site { study, site } => Place::Site(study, site, country_of(scope)),
    }
}

/// An attempt to define a role: which one, what it administers by index, who gives it.
type Wish = (u8, Vec<u8>, bool, bool);

/// Roles that administer others, as far as they may be defined.
fn roles(wishes: Vec<Wish>) -> Roles {
    let mut roles = Roles::default();
    for (number, administers, by_study, by_site) in wishes {
        let all: Vec<Role> = roles.all().collect();
        let administers: BTreeSet<Role> = administers.iter().map(|at| all[usize::from(*at) % all.len()]).collect();
        let mut given_by = BTreeSet::new();
        if by_study {
            given_by.insert(Role::StudyAdministrator);
        }
        if by_site {
            given_by.insert(Role::SiteAdministrator);
        }
        let own = OwnRole {
            title: format!("Own {number}"),
            levels: Level::ALL.iter().copied().collect(),
            permissions: if administers.is_empty() {
                Permissions::of(&[Permission::StudySee])
            } else {
                Permissions::of(&[Permission::GrantGive, Permission::GrantSee, Permission::PeopleSee])
            },
            forms: None,
            administers,
            given_by,
            offered: true,
        };
        let role: RoleId = id(100 + number);
        // What would let a chain leave is refused; what was there stays.
        if let Ok(with) = roles.with(role, own) {
            roles = with;
        }
    }
    roles
}

#[derive(Debug, Clone)]
struct Given {
    grant: Grant,
    basis: Basis,
}

/// The organization: grants in the order in which they were given.
struct World {
    roles: Roles,
    grants: Vec<Given>,
}

impl World {
    fn basis(&self, grant: GrantId) -> Basis {
        self.grants.iter().find(|given| given.grant.id == grant).map(|given| given.basis).expect("a grant")
    }

    /// What the store does where somebody gives a role.
    fn give(&mut self, giver: u8, receiver: u8, role: Role, scope: Scope) {
        let (giver, receiver): (PersonId, PersonId) = (id(giver + 1), id(receiver + 1));
        let grants: Vec<Grant> = self.grants.iter().map(|given| given.grant.clone()).collect();
        let asked = decide(
            Principal::Person(giver),
            &grants,
            &self.roles,
            Permission::GrantGive,
            place(scope),
            Timestamp::UNIX_EPOCH,
        );
        let Decision::Allow(allowed) = asked else { return };
        if giver == receiver {
            return;
        }
        let power =
            power_for(&self.roles, &allowed.through, role, receiver, |grant| Ok::<_, Infallible>(self.basis(grant)));
        let Ok(Ok(power)) = power else { return };
        let number = u8::try_from(self.grants.len() + 1).expect("few grants");
        self.grants.push(Given {
            grant: grant(number, receiver, role, scope),
            basis: Basis { given_by: Some(giver), through: Some(power) },
        });
    }
}

fn grant(number: u8, person: PersonId, role: Role, scope: Scope) -> Grant {
    Grant {
        id: id(number),
        person,
        role,
        scope,
        from: Timestamp::UNIX_EPOCH,
        until: None,
        exception: None,
        gaps: Vec::new(),
    }
}

fn wishes() -> impl Strategy<Value = Vec<Wish>> {
    prop::collection::vec((0..6_u8, prop::collection::vec(any::<u8>(), 0..5), any::<bool>(), any::<bool>()), 0..12)
}

fn attempts() -> impl Strategy<Value = Vec<(u8, u8, u8, Scope)>> {
    prop::collection::vec((0..PEOPLE, 0..PEOPLE, any::<u8>(), scope()), 0..200)
}

/// Whether one scope lies in another, as administering sees it: everything lies in the organization.
fn lies_in(inner: Scope, outer: Scope) -> bool {
    match (outer, inner) {
        (Scope::Organization, _) => true,
        (Scope::Study { study }, inner) => inner.study() == Some(study),
        (Scope::Country { study, country }, inner @ (Scope::Country { .. } | Scope::Site { .. })) => {
            inner.study() == Some(study) && country_of(inner) == Some(country)
        }
        (outer, inner) => outer == inner,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn no_chain_leaves_what_its_first_giver_administers_or_comes_round(
        wishes in wishes(),
        attempts in attempts(),
        root in (any::<u8>(), scope()),
    ) {
        let roles = roles(wishes);
        let all: Vec<Role> = roles.all().collect();
        // Two beginnings: the founder's, and another power that somebody was given by the operator.
        let founder = grant(200, id(1), Role::OrganizationAdministrator, Scope::Organization);
        let second = grant(201, id(2), all[usize::from(root.0) % all.len()], root.1);
        let first = Basis { given_by: None, through: None };
        let mut world = World {
            grants: vec![Given { grant: founder, basis: first }, Given { grant: second, basis: first }],
            roles,
        };
        for (giver, receiver, role, scope) in attempts {
            world.give(giver, receiver, all[usize::from(role) % all.len()], scope);
        }
        let by_id: BTreeMap<GrantId, &Given> = world.grants.iter().map(|given| (given.grant.id, given)).collect();
        for given in &world.grants {
            let mut at = given;
            let mut steps = 0;
            let mut stood = vec![given.grant.person];
            while let Some(through) = at.basis.through {
                at = by_id[&through];
                steps += 1;
                prop_assert!(!stood[..1].contains(&at.grant.person), "{:?} comes round", given.grant);
                stood.push(at.grant.person);
            }
            prop_assert!(steps < CHAIN_MAX);
            if steps > 0 {
                prop_assert!(world.roles.administers(at.grant.role, given.grant.role), "{:?} from {:?}", given, at);
                prop_assert!(lies_in(given.grant.scope, at.grant.scope), "{:?} from {:?}", given, at);
            }
        }
    }
}

#[test]
fn many_grants_are_given_by_the_property_above() {
    // The property would hold of nothing too: here is that the world it walks through is not empty.
    let mut world = World { roles: Roles::default(), grants: Vec::new() };
    let first = Basis { given_by: None, through: None };
    let founder = grant(200, id(1), Role::OrganizationAdministrator, Scope::Organization);
    world.grants.push(Given { grant: founder, basis: first });
    let study = Scope::Study { study: id(1) };
    let site = Scope::Site { study: id(1), site: site_of(0, 1) };
    world.give(0, 1, Role::StudyAdministrator, study);
    world.give(1, 2, Role::SiteAdministrator, Scope::Country { study: id(1), country: country(1).expect("one") });
    world.give(2, 3, Role::Coordinator, site);
    assert_eq!(world.grants.len(), 4);
    for (giver, receiver, role, scope) in [
        (1, 0, Role::Coordinator, site),
        (2, 1, Role::Coordinator, site),
        (2, 0, Role::Monitor, site),
        (2, 3, Role::DataManager, study),
        (2, 3, Role::Coordinator, Scope::Site { study: id(1), site: site_of(0, 0) }),
        (3, 4, Role::Coordinator, site),
        (1, 4, Role::StudyAdministrator, study),
    ] {
        world.give(giver, receiver, role, scope);
        assert_eq!(world.grants.len(), 4, "{giver} gave {receiver} {role}");
    }
}
