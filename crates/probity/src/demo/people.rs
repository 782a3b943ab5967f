//! The demonstration's people, and where each of their roles holds. None of them exists.

use trial::role::Role;

use super::plan::Site;

/// Where a role holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Holds {
    /// The organization.
    Organization,
    /// The study.
    Study,
    /// One site.
    At(Site),
}

/// A person.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Person {
    /// Name.
    pub(crate) name: &'static str,
    /// The name to sign in with.
    pub(crate) sign_in: &'static str,
    /// The role.
    pub(crate) role: Role,
    /// Where it holds.
    pub(crate) holds: &'static [Holds],
}

impl Person {
    /// The mail address, at a domain that no mail reaches.
    pub(crate) fn email(&self) -> String {
        format!("{}@example.org", self.sign_in)
    }
}

const fn person(name: &'static str, sign_in: &'static str, role: Role, holds: &'static [Holds]) -> Person {
    Person { name, sign_in, role, holds }
}

/// The organization's first administrator, who is there from its founding.
pub(crate) const FIRST: Person =
    person("Ingrid Solheim", "ingrid", Role::OrganizationAdministrator, &[Holds::Organization]);

/// Who gives the study its definition and sites, and the others their roles.
pub(crate) const STUDY_ADMINISTRATOR: Person =
    person("Thomas Weber", "thomas", Role::StudyAdministrator, &[Holds::Study]);

/// Oslo's investigator.
pub(crate) const INVESTIGATOR: Person = person("Jonas Berg", "jonas", Role::Investigator, &[Holds::At(Site::Oslo)]);

/// A site's coordinator.
pub(crate) const fn coordinator(site: Site) -> Person {
    match site {
        Site::Oslo => person("Ana Lund", "ana", Role::Coordinator, &[Holds::At(Site::Oslo)]),
        Site::Lyon => person("Camille Roux", "camille", Role::Coordinator, &[Holds::At(Site::Lyon)]),
        Site::Kyoto => person("Haruka Mori", "haruka", Role::Coordinator, &[Holds::At(Site::Kyoto)]),
    }
}

/// Everybody, in the order in which they are shown.
pub(crate) const ALL: [Person; 10] = [
    coordinator(Site::Oslo),
    coordinator(Site::Lyon),
    coordinator(Site::Kyoto),
    INVESTIGATOR,
    person("Priya Nair", "priya", Role::DataManager, &[Holds::Study]),
    person("Marek Novák", "marek", Role::Monitor, &[Holds::Study]),
    // An auditor of the organization sees its people and grants, one of the study its data: this one audits both.
    person("Ruth Adler", "ruth", Role::Auditor, &[Holds::Organization, Holds::Study]),
    FIRST,
    STUDY_ADMINISTRATOR,
    person("Nora Dahl", "nora", Role::SiteAdministrator, &[Holds::At(Site::Oslo)]),
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_role_has_somebody() {
        let held: BTreeSet<Role> = ALL.iter().map(|person| person.role).collect();
        // The support holds nothing until somebody approves it, so nobody of it is here.
        assert_eq!(held, Role::BUILT_IN.iter().copied().filter(|role| *role != Role::Support).collect());
        let names: BTreeSet<&str> = ALL.iter().map(|person| person.sign_in).collect();
        assert_eq!(names.len(), ALL.len());
    }
}
