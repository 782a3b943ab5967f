//! The decision: may this principal do this, here, now? Pure, a table lookup and a scope test.

use std::borrow::Cow;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    country::Country,
    gate::{Gap, Lapse},
    ids::{GrantId, PersonId, SiteId, StudyId},
    permission::{Permission, Permissions},
    role::{Level, Role},
    roles::Roles,
};

/// Where a grant holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
// Who names a site beside the level of a study did not mean the whole study.
#[serde(tag = "level", rename_all = "snake_case", deny_unknown_fields)]
pub enum Scope {
    /// The organization itself; reaches into no study, but for administering access there.
    Organization,
    /// A study with all its sites.
    Study {
        /// Which.
        study: StudyId,
    },
    /// A study's sites in one country, those to come too.
    Country {
        /// Of which study.
        study: StudyId,
        /// Which.
        country: Country,
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
            Scope::Country { .. } => Level::Country,
            Scope::Site { .. } => Level::Site,
        }
    }

    /// The study that it lies in.
    #[must_use]
    pub const fn study(&self) -> Option<StudyId> {
        match self {
            Scope::Organization => None,
            Scope::Study { study } | Scope::Country { study, .. } | Scope::Site { study, .. } => Some(*study),
        }
    }
}

/// How somebody came to a grant that nobody gave them in the usual way. Whatever is done with it is marked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Exception {
    /// They asked, and somebody else approved.
    Approved,
    /// They broke the glass.
    Emergency,
}

impl Exception {
    /// Its code in the ledger.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Exception::Approved => "approved",
            Exception::Emergency => "emergency",
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
    /// How it came about, where it is not the usual way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exception: Option<Exception>,
    /// When it gives nothing, and why.
    #[serde(skip)]
    pub gaps: Vec<Gap>,
}

impl Grant {
    /// Whether it holds at `at`.
    #[must_use]
    pub fn holds(&self, at: Timestamp) -> bool {
        self.from <= at && self.until.is_none_or(|until| at < until)
    }

    /// Why it gives nothing at `at`, although it holds.
    #[must_use]
    pub fn lapse(&self, at: Timestamp) -> Option<Lapse> {
        self.gaps.iter().find(|gap| gap.holds(at)).map(|gap| gap.why)
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
    /// A study's sites in one country, as something to administer.
    Country(StudyId, Country),
    /// One site of a study, in its country: every subject, visit, form and item lies at one.
    Site(StudyId, SiteId, Option<Country>),
}

impl Place {
    /// The study that it lies in.
    #[must_use]
    pub const fn study(self) -> Option<StudyId> {
        match self {
            Place::Study(study) | Place::SitesOf(study) | Place::Country(study, _) | Place::Site(study, ..) => {
                Some(study)
            }
            Place::Door | Place::Installation | Place::Own(_) | Place::Organization => None,
        }
    }
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
    /// A granted role, and how it came about where that is not the usual way.
    Role(Role, Option<Exception>),
}

impl Capacity {
    /// Its code in the ledger: `monitor`, or `emergency:monitor`.
    #[must_use]
    pub fn code(self) -> Cow<'static, str> {
        match self {
            Capacity::Anyone => "anyone".into(),
            Capacity::Owner => "owner".into(),
            Capacity::Operator => "operator".into(),
            Capacity::Role(role, None) => role.code(),
            Capacity::Role(role, Some(exception)) => format!("{}:{}", exception.code(), role.code()).into(),
        }
    }
}

/// A grant that an allowed request rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Held {
    /// Which.
    pub grant: GrantId,
    /// As what.
    pub role: Role,
    /// Where it holds.
    pub scope: Scope,
    /// How it came about, where that is not the usual way.
    pub exception: Option<Exception>,
}

/// What an allowed request may see.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Allowed {
    /// In what capacity.
    pub capacity: Capacity,
    /// These sites,
    pub sites: Sites,
    /// and every site in these countries.
    pub countries: Vec<Country>,
    /// The grants that allow it.
    pub through: Vec<Held>,
}

impl Allowed {
    const fn without_grant(capacity: Capacity) -> Self {
        Allowed { capacity, sites: Sites::Only(Vec::new()), countries: Vec::new(), through: Vec::new() }
    }
}

/// The answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// Go on.
    Allow(Allowed),
    /// As if it did not exist: no grant reaches the place.
    Hidden,
    /// The person is known here but may not do this.
    Forbidden,
    /// A grant would allow it, but gives nothing for the time being.
    Suspended(Lapse),
}

/// Decides. `grants` are all grants of the principal; those that do not hold at `at` are ignored here.
#[must_use]
pub fn decide(
    who: Principal,
    grants: &[Grant],
    roles: &Roles,
    needs: Permission,
    place: Place,
    at: Timestamp,
) -> Decision {
    match (who, place, needs) {
        (_, Place::Door, Permission::SignIn | Permission::LedgerWitness) => {
            Decision::Allow(Allowed::without_grant(Capacity::Anyone))
        }
        (Principal::Operator, Place::Installation, Permission::OrganizationFound) => {
            Decision::Allow(Allowed::without_grant(Capacity::Operator))
        }
        (Principal::Person(person), Place::Own(owner), Permission::OwnAccount | Permission::OwnStudies)
            if person == owner =>
        {
            Decision::Allow(Allowed::without_grant(Capacity::Owner))
        }
        (
            Principal::Person(person),
            Place::Organization | Place::Study(_) | Place::SitesOf(_) | Place::Country(..) | Place::Site(..),
            _,
        ) => by_grants(person, grants, roles, needs, place, at),
        _ => Decision::Hidden,
    }
}

fn by_grants(
    person: PersonId,
    grants: &[Grant],
    roles: &Roles,
    needs: Permission,
    place: Place,
    at: Timestamp,
) -> Decision {
    let mut known = matches!(place, Place::Organization);
    let mut suspended = None;
    let mut found: Option<Allowed> = None;
    for grant in grants.iter().filter(|grant| grant.person == person && grant.holds(at)) {
        known |= knows_of(&grant.scope, place);
        let Some(reach) = reach(&grant.scope, place, needs) else { continue };
        if !roles.may(grant.role, needs) {
            continue;
        }
        if let Some(lapse) = grant.lapse(at) {
            suspended = suspended.or(Some(lapse));
            continue;
        }
        let capacity = Capacity::Role(grant.role, grant.exception);
        let allowed = found.get_or_insert_with(|| Allowed::without_grant(capacity));
        // What is done with an ordinary role is not done by exception.
        if let (Capacity::Role(_, Some(_)), None) = (allowed.capacity, grant.exception) {
            allowed.capacity = capacity;
        }
        allowed.take(reach);
        allowed.through.push(Held {
            grant: grant.id,
            role: grant.role,
            scope: grant.scope,
            exception: grant.exception,
        });
    }
    match (found, suspended) {
        (Some(allowed), _) => Decision::Allow(allowed),
        (None, Some(lapse)) => Decision::Suspended(lapse),
        (None, None) if known => Decision::Forbidden,
        (None, None) => Decision::Hidden,
    }
}

/// What a scope opens at a place.
enum Reach {
    Everything,
    Nothing,
    Country(Country),
    Site(SiteId),
}

impl Allowed {
    fn take(&mut self, reach: Reach) {
        match (&mut self.sites, reach) {
            (sites, Reach::Everything) => *sites = Sites::All,
            (Sites::Only(sites), Reach::Site(site)) if !sites.contains(&site) => sites.push(site),
            (Sites::Only(_), Reach::Country(country)) if !self.countries.contains(&country) => {
                self.countries.push(country);
            }
            _ => {}
        }
    }
}

/// Whether what somebody may do at `scope` opens `place` for `needs`: what a page asks before it offers a link.
#[must_use]
pub fn opens(permissions: Permissions, scope: &Scope, needs: Permission, place: Place) -> bool {
    permissions.hold(needs) && reach(scope, place, needs).is_some()
}

/// Whether a person with a grant of this scope knows that the place exists, so that a refusal may say so.
fn knows_of(scope: &Scope, place: Place) -> bool {
    match (*scope, place) {
        (
            Scope::Study { study } | Scope::Country { study, .. } | Scope::Site { study, .. },
            Place::Study(s) | Place::SitesOf(s),
        )
        | (Scope::Study { study }, Place::Country(s, _) | Place::Site(s, ..)) => study == s,
        (Scope::Country { study, country }, Place::Country(s, c)) => study == s && country == c,
        (Scope::Country { study, country }, Place::Site(s, _, c)) => study == s && Some(country) == c,
        (Scope::Site { study, site }, Place::Site(s, x, _)) => study == s && site == x,
        _ => false,
    }
}

/// What a scope opens at a place; `None` where it does not reach it.
fn reach(scope: &Scope, place: Place, needs: Permission) -> Option<Reach> {
    match (*scope, place) {
        (Scope::Organization, Place::Organization) => Some(Reach::Nothing),
        (Scope::Organization, Place::Study(_) | Place::Country(..) | Place::Site(..)) if needs.reaches_down() => {
            Some(Reach::Nothing)
        }
        (Scope::Study { study }, Place::Study(s) | Place::SitesOf(s) | Place::Country(s, _) | Place::Site(s, ..))
            if study == s =>
        {
            Some(Reach::Everything)
        }
        (Scope::Country { study, country }, Place::SitesOf(s)) if study == s => Some(Reach::Country(country)),
        (Scope::Country { study, country }, Place::Country(s, c)) if study == s && country == c => {
            Some(Reach::Country(country))
        }
        (Scope::Country { study, country }, Place::Site(s, site, c)) if study == s && Some(country) == c => {
            Some(Reach::Site(site))
        }
        (Scope::Country { study, country }, Place::Study(s)) if study == s && needs.reaches_up() => {
            Some(Reach::Country(country))
        }
        (Scope::Site { study, site }, Place::SitesOf(s)) if study == s => Some(Reach::Site(site)),
        (Scope::Site { study, site }, Place::Site(s, x, _)) if study == s && site == x => Some(Reach::Site(site)),
        (Scope::Site { study, site }, Place::Study(s)) if study == s && needs.reaches_up() => Some(Reach::Site(site)),
        _ => None,
    }
}

/// Whether a grant at `scope` covers a record at this site: which of the grants behind an allowed request say what may be
/// seen of it.
#[must_use]
pub fn covers(scope: &Scope, study: StudyId, site: SiteId, country: Option<Country>) -> bool {
    match *scope {
        Scope::Organization => false,
        Scope::Study { study: s } => s == study,
        Scope::Country { study: s, country: c } => s == study && Some(c) == country,
        Scope::Site { study: s, site: x } => s == study && x == site,
    }
}

#[cfg(test)]
mod tests;
