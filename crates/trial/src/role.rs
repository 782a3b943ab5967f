//! The fixed roles and the one table of what each may do. Deny by absence: a pair that is not listed is denied.

use serde::{Deserialize, Serialize};

use crate::permission::Permission as P;

/// A role that a grant gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Enters data at a site.
    Coordinator,
    /// Answers for a site's data.
    Investigator,
    /// Builds the study, imports, exports, cleans.
    DataManager,
    /// Verifies against source.
    Monitor,
    /// Checks everything, changes nothing.
    Auditor,
    /// Adds people, registers studies, appoints study administrators. Opens no study.
    OrganizationAdministrator,
    /// Adds sites, gives roles in one study. Sees no subject.
    StudyAdministrator,
    /// Gives roles at one site. Sees no subject.
    SiteAdministrator,
}

/// The level at which a role may be granted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// The organization itself. Opens no study.
    Organization,
    /// A whole study.
    Study,
    /// One site of a study.
    Site,
}

impl Role {
    /// Every role.
    pub const ALL: &'static [Role] = &[
        Role::Coordinator,
        Role::Investigator,
        Role::DataManager,
        Role::Monitor,
        Role::Auditor,
        Role::OrganizationAdministrator,
        Role::StudyAdministrator,
        Role::SiteAdministrator,
    ];

    /// Its code, as the ledger and the API write it.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Role::Coordinator => "coordinator",
            Role::Investigator => "investigator",
            Role::DataManager => "data_manager",
            Role::Monitor => "monitor",
            Role::Auditor => "auditor",
            Role::OrganizationAdministrator => "organization_administrator",
            Role::StudyAdministrator => "study_administrator",
            Role::SiteAdministrator => "site_administrator",
        }
    }

    /// Its name on the page.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Role::Coordinator => "Coordinator",
            Role::Investigator => "Investigator",
            Role::DataManager => "Data manager",
            Role::Monitor => "Monitor",
            Role::Auditor => "Auditor",
            Role::OrganizationAdministrator => "Organization administrator",
            Role::StudyAdministrator => "Study administrator",
            Role::SiteAdministrator => "Site administrator",
        }
    }

    /// The role with this code.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Role> {
        Role::ALL.iter().copied().find(|role| role.code() == code)
    }

    /// The levels at which it may be granted.
    #[must_use]
    pub const fn levels(self) -> &'static [Level] {
        match self {
            Role::Coordinator | Role::Investigator | Role::SiteAdministrator => &[Level::Site],
            Role::DataManager | Role::StudyAdministrator => &[Level::Study],
            Role::Monitor => &[Level::Study, Level::Site],
            Role::Auditor => &[Level::Organization, Level::Study, Level::Site],
            Role::OrganizationAdministrator => &[Level::Organization],
        }
    }
}

/// May a person in `role` do `permission`, where the grant's scope covers the place? This table is the policy;
/// `docs/permissions.txt` is printed from it.
#[must_use]
#[expect(
    clippy::match_like_matches_macro,
    reason = "a table: the pairs that are allowed, and one last arm that denies"
)]
pub const fn may(role: Role, permission: P) -> bool {
    match (role, permission) {
        (
            Role::Coordinator | Role::Investigator,
            P::StudySee | P::SubjectSee | P::SubjectAdd | P::FormSee | P::FormEdit | P::ProofSee,
        )
        | (
            Role::DataManager,
            P::StudySee
            | P::StudyBuild
            | P::SubjectSee
            | P::FormSee
            | P::DataImport
            | P::DataExport
            | P::LedgerSee
            | P::ProofSee,
        )
        | (Role::Monitor, P::StudySee | P::SubjectSee | P::FormSee | P::ProofSee)
        | (
            Role::Auditor,
            P::PeopleSee
            | P::GrantSee
            | P::StudySee
            | P::SubjectSee
            | P::FormSee
            | P::DataExport
            | P::LedgerSee
            | P::ProofSee,
        )
        | (
            Role::OrganizationAdministrator,
            P::PeopleSee | P::PeopleManage | P::GrantSee | P::GrantGive | P::StudyRegister | P::LedgerSee | P::ProofSee,
        )
        | (
            Role::StudyAdministrator,
            P::PeopleSee
            | P::GrantSee
            | P::GrantGive
            | P::StudySee
            | P::StudyBuild
            | P::SiteAdd
            | P::SubjectErase
            | P::LedgerSee
            | P::ProofSee,
        )
        | (Role::SiteAdministrator, P::PeopleSee | P::GrantSee | P::GrantGive | P::StudySee) => true,
        _ => false,
    }
}
