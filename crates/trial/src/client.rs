//! What a program or a device may do in its person's name: what was named when it was registered, where that was, and
//! never more than its person may do at the time.

use serde::{Deserialize, Serialize};

use crate::{
    access::{Grant, Scope},
    country::Country,
    permission::{Permission, Permissions},
};

/// What every one may do: find its way.
pub const ALWAYS: Permissions = Permissions::of(&[Permission::OwnStudies, Permission::LedgerWitness]);

/// What can be named at all: work on a study's data. Access, accounts, agreements and erasing are for people.
pub const NAMEABLE: Permissions = Permissions::of(&[
    Permission::StudySee,
    Permission::SubjectSee,
    Permission::SubjectAdd,
    Permission::FormSee,
    Permission::FormEdit,
    Permission::ItemIdentifying,
    Permission::ItemBlinded,
    Permission::DataImport,
    Permission::DataExport,
    Permission::LedgerSee,
    Permission::ProofSee,
]);

/// What it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A program: a script, another system.
    Program,
    /// A device: an instrument, a tablet.
    Device,
}

impl Kind {
    /// Every kind.
    pub const ALL: &'static [Kind] = &[Kind::Program, Kind::Device];

    /// Its code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Kind::Program => "program",
            Kind::Device => "device",
        }
    }

    /// The kind with this code.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Kind> {
        Kind::ALL.iter().copied().find(|kind| kind.code() == code)
    }
}

/// What it may do, and where.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// These things, and [`ALWAYS`],
    pub permissions: Permissions,
    /// here.
    pub scope: Scope,
    /// The country of the site, where the scope is one.
    pub country: Option<Country>,
}

impl Bounds {
    /// All that it may do, where its person may.
    #[must_use]
    pub const fn permissions(&self) -> Permissions {
        self.permissions.and(ALWAYS)
    }

    /// Its person's grants, as far as they lie within. What they are for is looked at besides.
    #[must_use]
    pub fn narrow(&self, grants: &[Grant]) -> Vec<Grant> {
        let within = |grant: &Grant| Some(Grant { scope: self.meet(grant.scope)?, ..grant.clone() });
        grants.iter().filter_map(within).collect()
    }

    /// The part of a scope that lies within.
    fn meet(&self, other: Scope) -> Option<Scope> {
        match (self.scope, other) {
            (Scope::Organization, other) => Some(other),
            (_, Scope::Organization) => None,
            (mine, other) if mine.study() != other.study() => None,
            (Scope::Study { .. }, other) => Some(other),
            (mine, Scope::Study { .. }) => Some(mine),
            (Scope::Country { country: one, .. }, Scope::Country { country: two, .. }) => (one == two).then_some(other),
            (mine @ Scope::Site { .. }, Scope::Country { country, .. }) => {
                (self.country == Some(country)).then_some(mine)
            }
            (Scope::Site { site: one, .. }, Scope::Site { site: two, .. }) => (one == two).then_some(other),
            // Which country a grant's site lies in is not known here: nothing is bounded to a country.
            (Scope::Country { .. }, Scope::Site { .. }) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::{
        access::{Decision, Place, Principal, Sites, decide},
        ids::{GrantId, Id, PersonId, SiteId, StudyId},
        role::Role,
        roles::Roles,
    };

    fn study(n: u8) -> StudyId {
        StudyId::from_bytes([n; 16])
    }

    fn site(n: u8) -> SiteId {
        SiteId::from_bytes([n; 16])
    }

    #[test]
    fn what_can_be_named_gives_nobody_power_and_ends_nothing() {
        for permission in NAMEABLE.each() {
            assert!(!permission.administers() && !permission.reaches_down(), "{permission:?}");
        }
        for never in [
            Permission::OwnAccount,
            Permission::ClientRegister,
            Permission::SubjectErase,
            Permission::DelegationAuthorize,
            Permission::BreakGlass,
        ] {
            assert!(!NAMEABLE.hold(never), "{never:?}");
        }
    }

    /// Each scope against each: what is narrowed opens a place exactly where both do.
    #[test]
    fn nothing_opens_that_both_would_not() {
        let denmark: Country = "DK".parse().unwrap_or_else(|_| unreachable!("a country"));
        let norway: Country = "NO".parse().unwrap_or_else(|_| unreachable!("a country"));
        let sites = [
            (study(1), site(1), Some(denmark)),
            (study(1), site(2), Some(norway)),
            (study(1), site(3), None),
            (study(2), site(4), Some(denmark)),
        ];
        let scopes: Vec<(Scope, Option<Country>)> = [
            (Scope::Organization, None),
            (Scope::Study { study: study(1) }, None),
            (Scope::Study { study: study(2) }, None),
        ]
        .into_iter()
        .chain(sites.iter().map(|(study, site, country)| (Scope::Site { study: *study, site: *site }, *country)))
        .collect();
        let mut granted: Vec<Scope> = scopes.iter().map(|(scope, _)| *scope).collect();
        granted.push(Scope::Country { study: study(1), country: denmark });
        let person = PersonId::from_bytes([1; 16]);
        let opens = |grants: &[Grant], place| {
            let needs = Permission::SubjectSee;
            let all = decide(Principal::Person(person), grants, &Roles::default(), needs, place, Timestamp::UNIX_EPOCH);
            matches!(all, Decision::Allow(allowed) if allowed.sites == Sites::All || !allowed.through.is_empty())
        };
        for scope in &granted {
            let grant = Grant {
                id: GrantId::from_bytes([9; 16]),
                person,
                role: Role::Monitor,
                scope: *scope,
                from: Timestamp::UNIX_EPOCH,
                until: None,
                exception: None,
                gaps: Vec::new(),
            };
            for (bound, country) in &scopes {
                let bounds = Bounds { permissions: NAMEABLE, scope: *bound, country: *country };
                let narrow = bounds.narrow(std::slice::from_ref(&grant));
                for (study, site, country) in sites {
                    let place = Place::Site(study, site, country);
                    let inside = match *bound {
                        Scope::Organization => true,
                        Scope::Study { study: s } => s == study,
                        Scope::Site { site: s, .. } => s == site,
                        Scope::Country { .. } => false,
                    };
                    let both = inside && opens(std::slice::from_ref(&grant), place);
                    assert_eq!(opens(&narrow, place), both, "{scope:?} within {bound:?} at {place:?}");
                }
            }
        }
    }
}
