//! The decision: may this principal do this, here, now? Pure, a table lookup and a scope test.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    ids::{GrantId, PersonId, SiteId, StudyId},
    permission::Permission,
    role::{Level, Role, may},
};

/// Where a grant holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(tag = "level", rename_all = "snake_case")]
pub enum Scope {
    /// The organization itself; reaches into no study.
    Organization,
    /// A study with all its sites.
    Study {
        /// Which.
        study: StudyId,
    },
    /// One site of a study.
    Site {
        /// Of which study.
        study: StudyId,
        /// Which.
        site: SiteId,
    },
}

impl Scope {
    /// Its level.
    #[must_use]
    pub const fn level(&self) -> Level {
        match self {
            Scope::Organization => Level::Organization,
            Scope::Study { .. } => Level::Study,
            Scope::Site { .. } => Level::Site,
        }
    }
}

/// A person, a role, a scope and the time in which it holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grant {
    /// Its identity.
    pub id: GrantId,
    /// To whom.
    pub person: PersonId,
    /// As what.
    pub role: Role,
    /// Where.
    pub scope: Scope,
    /// From this instant on.
    pub from: Timestamp,
    /// Before this instant; `None` while open.
    pub until: Option<Timestamp>,
}

impl Grant {
    /// Whether it holds at `at`.
    #[must_use]
    pub fn holds(&self, at: Timestamp) -> bool {
        self.from <= at && self.until.is_none_or(|until| at < until)
    }
}

/// Who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Principal {
    /// Someone not signed in.
    Nobody,
    /// A signed-in person.
    Person(PersonId),
    /// The operator at the machine's console. Holds no permission in any study.
    Operator,
    /// An AI assistant. Holds no permission at all: it proposes through a person.
    Assistant,
}

/// What is asked about, as the stored rows place it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// The door, before anybody is anybody.
    Door,
    /// The installation: where organizations are founded.
    Installation,
    /// A person's own account.
    Own(PersonId),
    /// The organization.
    Organization,
    /// A study.
    Study(StudyId),
    /// Whatever sites of the study the person's grants reach.
    SitesOf(StudyId),
    /// One site of a study: every subject, visit, form and item lies at one.
    Site(StudyId, SiteId),
}

/// Sites that an allowed request may see.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sites {
    /// Every site of the study.
    All,
    /// These only.
    Only(Vec<SiteId>),
}

impl Sites {
    /// Whether this site is among them.
    #[must_use]
    pub fn hold(&self, site: SiteId) -> bool {
        match self {
            Sites::All => true,
            Sites::Only(sites) => sites.contains(&site),
        }
    }
}

/// In what capacity the request is allowed; the ledger records it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Capacity {
    /// Anyone at all (signing in, fetching a checkpoint).
    Anyone,
    /// The owner of the account.
    Owner,
    /// The operator at the console.
    Operator,
    /// A granted role.
    Role(Role),
}

impl Capacity {
    /// Its code in the ledger.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Capacity::Anyone => "anyone",
            Capacity::Owner => "owner",
            Capacity::Operator => "operator",
            Capacity::Role(role) => role.code(),
        }
    }
}

/// The answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// Go on, in this capacity, seeing these sites.
    Allow(Capacity, Sites),
    /// As if it did not exist: no grant reaches the place.
    Hidden,
    /// The person is known here but may not do this.
    Forbidden,
}

/// Decides. `grants` are all grants of the principal; those that do not hold at `at` are ignored here.
#[must_use]
pub fn decide(who: Principal, grants: &[Grant], needs: Permission, place: Place, at: Timestamp) -> Decision {
    match (who, place, needs) {
        (_, Place::Door, Permission::SignIn | Permission::LedgerWitness) => {
            Decision::Allow(Capacity::Anyone, Sites::Only(Vec::new()))
        }
        (Principal::Operator, Place::Installation, Permission::OrganizationFound) => {
            Decision::Allow(Capacity::Operator, Sites::Only(Vec::new()))
        }
        (Principal::Person(person), Place::Own(owner), Permission::OwnAccount) if person == owner => {
            Decision::Allow(Capacity::Owner, Sites::Only(Vec::new()))
        }
        (Principal::Person(person), Place::Organization | Place::Study(_) | Place::SitesOf(_) | Place::Site(..), _) => {
            by_grants(person, grants, needs, place, at)
        }
        _ => Decision::Hidden,
    }
}

fn by_grants(person: PersonId, grants: &[Grant], needs: Permission, place: Place, at: Timestamp) -> Decision {
    let mut known = matches!(place, Place::Organization);
    let mut found: Option<(Role, Sites)> = None;
    for grant in grants.iter().filter(|grant| grant.person == person && grant.holds(at)) {
        known |= knows_of(&grant.scope, place);
        let Some(reach) = reach(&grant.scope, place, needs) else {
            continue;
        };
        if !may(grant.role, needs) {
            continue;
        }
        found = Some(match (found, reach) {
            (Some((role, Sites::All)), _) => (role, Sites::All),
            (None | Some(_), Sites::All) => (grant.role, Sites::All),
            (None, some) => (grant.role, some),
            (Some((role, Sites::Only(mut seen))), Sites::Only(more)) => {
                for site in more {
                    if !seen.contains(&site) {
                        seen.push(site);
                    }
                }
                (role, Sites::Only(seen))
            }
        });
    }
    match found {
        Some((role, sites)) => Decision::Allow(Capacity::Role(role), sites),
        None if known => Decision::Forbidden,
        None => Decision::Hidden,
    }
}

/// Whether a role held at `scope` opens `place` for `needs`: what a page asks before it offers a link.
#[must_use]
pub fn opens(role: Role, scope: &Scope, needs: Permission, place: Place) -> bool {
    may(role, needs) && reach(scope, place, needs).is_some()
}

/// Whether a person with a grant of this scope knows that the place exists, so that a refusal may say so.
fn knows_of(scope: &Scope, place: Place) -> bool {
    match (*scope, place) {
        (Scope::Study { study } | Scope::Site { study, .. }, Place::Study(s) | Place::SitesOf(s)) => study == s,
        (Scope::Study { study }, Place::Site(s, _)) => study == s,
        (Scope::Site { study, site }, Place::Site(s, x)) => study == s && site == x,
        _ => false,
    }
}

/// The sites that a scope opens at a place; `None` where it does not reach it.
fn reach(scope: &Scope, place: Place, needs: Permission) -> Option<Sites> {
    match (*scope, place) {
        (Scope::Organization, Place::Organization) => Some(Sites::Only(Vec::new())),
        (Scope::Study { study }, Place::Study(s) | Place::SitesOf(s) | Place::Site(s, _)) if study == s => {
            Some(Sites::All)
        }
        (Scope::Site { study, site }, Place::SitesOf(s)) if study == s => Some(Sites::Only(vec![site])),
        (Scope::Site { study, site }, Place::Site(s, x)) if study == s && site == x => Some(Sites::Only(vec![site])),
        (Scope::Site { study, site }, Place::Study(s)) if study == s && needs.reaches_up_from_site() => {
            Some(Sites::Only(vec![site]))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::Id;

    fn id<T: Id>(n: u8) -> T {
        T::from_bytes([n; 16])
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap_or(Timestamp::UNIX_EPOCH)
    }

    fn grant(role: Role, scope: Scope) -> Grant {
        Grant { id: id(9), person: id(1), role, scope, from: at(100), until: Some(at(200)) }
    }

    const SITE: fn() -> Scope = || Scope::Site { study: id(2), site: id(3) };

    #[test]
    fn a_grant_holds_from_its_first_instant_until_before_its_last() {
        let coordinator = [grant(Role::Coordinator, SITE())];
        let place = Place::Site(id(2), id(3));
        let ask = |second| decide(Principal::Person(id(1)), &coordinator, Permission::FormEdit, place, at(second));
        assert_eq!(ask(99), Decision::Hidden);
        assert!(matches!(ask(100), Decision::Allow(..)));
        assert!(matches!(ask(199), Decision::Allow(..)));
        assert_eq!(ask(200), Decision::Hidden);
    }

    #[test]
    fn another_site_is_hidden_and_another_right_forbidden() {
        let coordinator = [grant(Role::Coordinator, SITE())];
        let ask = |needs, place| decide(Principal::Person(id(1)), &coordinator, needs, place, at(150));
        assert_eq!(ask(Permission::FormSee, Place::Site(id(2), id(4))), Decision::Hidden);
        assert_eq!(ask(Permission::FormSee, Place::Site(id(7), id(3))), Decision::Hidden);
        assert_eq!(ask(Permission::SubjectErase, Place::Site(id(2), id(3))), Decision::Forbidden);
        assert_eq!(ask(Permission::StudyBuild, Place::Study(id(2))), Decision::Forbidden);
        assert_eq!(ask(Permission::StudyBuild, Place::Study(id(7))), Decision::Hidden);
        assert!(matches!(ask(Permission::StudySee, Place::Study(id(2))), Decision::Allow(..)));
        assert_eq!(ask(Permission::PeopleSee, Place::Organization), Decision::Forbidden);
    }

    #[test]
    fn an_organization_role_opens_no_study() {
        for role in Role::ALL {
            let grants = [grant(*role, Scope::Organization)];
            for needs in Permission::ALL {
                for place in [Place::Study(id(2)), Place::SitesOf(id(2)), Place::Site(id(2), id(3))] {
                    let decision = decide(Principal::Person(id(1)), &grants, *needs, place, at(150));
                    assert_eq!(decision, Decision::Hidden, "{role:?} {needs:?} {place:?}");
                }
            }
        }
    }

    #[test]
    fn a_role_opens_what_a_decision_on_its_grant_allows() {
        let (study, site, other) = (id(1), id(2), id(3));
        let scopes = [Scope::Organization, Scope::Study { study }, Scope::Site { study, site }];
        let places = [
            Place::Organization,
            Place::Study(study),
            Place::SitesOf(study),
            Place::Site(study, site),
            Place::Site(study, other),
            Place::Study(id(4)),
        ];
        for role in Role::ALL {
            for scope in scopes {
                for place in places {
                    for needs in Permission::ALL {
                        let held = grant(*role, scope);
                        let allowed = matches!(
                            decide(Principal::Person(held.person), &[held], *needs, place, at(150)),
                            Decision::Allow(..)
                        );
                        assert_eq!(
                            opens(*role, &scope, *needs, place),
                            allowed,
                            "{role:?} {scope:?} {needs:?} {place:?}"
                        );
                    }
                }
            }
        }
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
                    Place::Site(id(2), id(3)),
                ] {
                    assert_eq!(decide(who, &[], *needs, place, at(150)), Decision::Hidden, "{who:?} {needs:?}");
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
        let seen = decide(Principal::Person(id(1)), &two, Permission::SubjectSee, Place::SitesOf(id(2)), at(150));
        assert_eq!(
            seen,
            Decision::Allow(Capacity::Role(Role::Coordinator), Sites::Only(vec![id(3), id(5)])),
            "the administrator's site opens no subject"
        );
    }
}
