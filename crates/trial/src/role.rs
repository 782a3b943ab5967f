//! The roles that Probity brings, and the one table of what each may do. Deny by absence: a pair that is not listed is
//! denied. An organization's own roles stand beside them, see [`crate::roles`].

use std::{borrow::Cow, fmt};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::{
    ids::RoleId,
    permission::{Permission as P, Permissions},
};

/// A role that a grant gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Enters data at a site.
    Coordinator,
    /// Answers for a site's data, and delegates duties there.
    Investigator,
    /// Builds the study, imports, exports, cleans.
    DataManager,
    /// Verifies against source.
    Monitor,
    /// Checks everything, changes nothing.
    Auditor,
    /// Adds people, registers studies, administers roles, settings, agreements and training. Opens no study.
    OrganizationAdministrator,
    /// Adds sites, gives roles in one study. Sees no subject.
    StudyAdministrator,
    /// Gives roles at one site or in one country. Sees no subject.
    SiteAdministrator,
    /// Helps when asked. Sees nothing but what was approved, or what an emergency opened.
    Support,
    /// One of the organization's own.
    Own(RoleId),
}

/// The level at which a role may be granted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// The organization itself. Opens no study.
    Organization,
    /// A whole study.
    Study,
    /// A study's sites in one country.
    Country,
    /// One site of a study.
    Site,
}

impl Level {
    /// Every level, the widest first.
    pub const ALL: &'static [Level] = &[Level::Organization, Level::Study, Level::Country, Level::Site];

    /// Its name in a sentence.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Level::Organization => "the organization",
            Level::Study => "a study",
            Level::Country => "a country",
            Level::Site => "a site",
        }
    }

    /// Its code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Level::Organization => "organization",
            Level::Study => "study",
            Level::Country => "country",
            Level::Site => "site",
        }
    }
}

impl Role {
    /// Every role that Probity brings.
    pub const BUILT_IN: &'static [Role] = &[
        Role::Coordinator,
        Role::Investigator,
        Role::DataManager,
        Role::Monitor,
        Role::Auditor,
        Role::OrganizationAdministrator,
        Role::StudyAdministrator,
        Role::SiteAdministrator,
        Role::Support,
    ];

    /// Its code, as the ledger and the API write it.
    #[must_use]
    pub fn code(self) -> Cow<'static, str> {
        match self {
            Role::Own(id) => Cow::Owned(format!("role:{id}")),
            built_in => Cow::Borrowed(built_in.built_in_code()),
        }
    }

    const fn built_in_code(self) -> &'static str {
        match self {
            Role::Coordinator => "coordinator",
            Role::Investigator => "investigator",
            Role::DataManager => "data_manager",
            Role::Monitor => "monitor",
            Role::Auditor => "auditor",
            Role::OrganizationAdministrator => "organization_administrator",
            Role::StudyAdministrator => "study_administrator",
            Role::SiteAdministrator => "site_administrator",
            Role::Support => "support",
            Role::Own(_) => "role",
        }
    }

    /// The name on the page of a role that Probity brings; `None` for an organization's own, whose name it chose.
    #[must_use]
    pub const fn title(self) -> Option<&'static str> {
        Some(match self {
            Role::Coordinator => "Coordinator",
            Role::Investigator => "Investigator",
            Role::DataManager => "Data manager",
            Role::Monitor => "Monitor",
            Role::Auditor => "Auditor",
            Role::OrganizationAdministrator => "Organization administrator",
            Role::StudyAdministrator => "Study administrator",
            Role::SiteAdministrator => "Site administrator",
            Role::Support => "Support",
            Role::Own(_) => return None,
        })
    }

    /// The role with this code.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Role> {
        match code.strip_prefix("role:") {
            Some(id) => id.parse().ok().map(Role::Own),
            None => Role::BUILT_IN.iter().copied().find(|role| role.built_in_code() == code),
        }
    }

    /// The levels at which a role that Probity brings may be granted.
    #[must_use]
    pub const fn levels(self) -> &'static [Level] {
        match self {
            Role::Coordinator | Role::Investigator => &[Level::Site],
            Role::SiteAdministrator => &[Level::Country, Level::Site],
            Role::DataManager | Role::StudyAdministrator => &[Level::Study],
            Role::Monitor => &[Level::Study, Level::Country, Level::Site],
            Role::Auditor => Level::ALL,
            Role::OrganizationAdministrator | Role::Support => &[Level::Organization],
            Role::Own(_) => &[],
        }
    }

    /// The roles that one which Probity brings may give and end; an organization's own may come to it.
    #[must_use]
    pub const fn administers(self) -> &'static [Role] {
        match self {
            Role::OrganizationAdministrator => Role::BUILT_IN,
            Role::StudyAdministrator => &[
                Role::Coordinator,
                Role::Investigator,
                Role::DataManager,
                Role::Monitor,
                Role::Auditor,
                Role::SiteAdministrator,
            ],
            Role::SiteAdministrator => {
                &[Role::Coordinator, Role::Investigator, Role::Monitor, Role::Auditor, Role::SiteAdministrator]
            }
            _ => &[],
        }
    }

    /// What a role that Probity brings may do, where the grant's scope covers the place. This table is the policy;
    /// `docs/permissions.txt` is printed from it.
    #[must_use]
    pub const fn permissions(self) -> Permissions {
        Permissions::of(match self {
            Role::Coordinator => &[
                P::ClientRegister,
                P::DelegationSee,
                P::StudySee,
                P::SubjectSee,
                P::SubjectAdd,
                P::FormSee,
                P::FormEdit,
                P::ItemIdentifying,
                P::ProofSee,
            ],
            Role::Investigator => &[
                P::ClientRegister,
                P::DelegationSee,
                P::DelegationAuthorize,
                P::StudySee,
                P::SubjectSee,
                P::SubjectAdd,
                P::FormSee,
                P::FormEdit,
                P::ItemIdentifying,
                P::ProofSee,
            ],
            Role::DataManager => &[
                P::ClientRegister,
                P::StudySee,
                P::StudyBuild,
                P::SubjectSee,
                P::FormSee,
                P::DataImport,
                P::DataExport,
                P::LedgerSee,
                P::ProofSee,
            ],
            Role::Monitor => {
                &[P::DelegationSee, P::StudySee, P::SubjectSee, P::FormSee, P::ItemIdentifying, P::ProofSee]
            }
            Role::Auditor => &[
                P::PeopleSee,
                P::GrantSee,
                P::PolicySee,
                P::DelegationSee,
                P::StudySee,
                P::SubjectSee,
                P::FormSee,
                P::ItemIdentifying,
                P::DataExport,
                P::LedgerSee,
                P::ProofSee,
            ],
            Role::OrganizationAdministrator => &[
                P::PeopleSee,
                P::PeopleManage,
                P::GrantGive,
                P::GrantSee,
                P::RoleDefine,
                P::PolicySee,
                P::PolicySet,
                P::AgreementPublish,
                P::TrainingKeep,
                P::AccessApprove,
                P::StudyRegister,
                P::LedgerSee,
                P::ProofSee,
            ],
            Role::StudyAdministrator => &[
                P::PeopleSee,
                P::GrantGive,
                P::GrantSee,
                P::PolicySee,
                P::PolicySet,
                P::AccessApprove,
                P::DelegationSee,
                P::StudySee,
                P::StudyBuild,
                P::SiteAdd,
                P::SubjectErase,
                P::LedgerSee,
                P::ProofSee,
            ],
            Role::SiteAdministrator => {
                &[P::PeopleSee, P::GrantGive, P::GrantSee, P::PolicySee, P::PolicySet, P::DelegationSee, P::StudySee]
            }
            Role::Support => &[P::BreakGlass],
            Role::Own(_) => &[],
        })
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.code())
    }
}

impl Serialize for Role {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.code())
    }
}

impl<'de> Deserialize<'de> for Role {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let code = String::deserialize(deserializer)?;
        Role::from_code(&code).ok_or_else(|| {
            de::Error::custom(format!("there is no role “{}”", code.chars().take(64).collect::<String>()))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::Id;

    #[test]
    fn a_role_is_found_by_its_code() {
        for role in Role::BUILT_IN.iter().copied().chain([Role::Own(RoleId::from_bytes([7; 16]))]) {
            assert_eq!(Role::from_code(&role.code()), Some(role));
            assert!(role.code().len() <= 64, "a code of the ledger");
        }
        for code in ["", "king", "role", "role:", "role:1", "Coordinator"] {
            assert_eq!(Role::from_code(code), None, "{code}");
        }
    }

    #[test]
    fn whoever_administers_roles_sees_no_subject_and_whoever_does_not_gives_none() {
        for role in Role::BUILT_IN {
            let permissions = role.permissions();
            assert_eq!(permissions.hold(P::GrantGive), !role.administers().is_empty(), "{role:?}");
            if permissions.each().any(P::administers) {
                for data in [P::SubjectSee, P::FormSee, P::FormEdit, P::DataExport, P::DataImport] {
                    assert!(!permissions.hold(data), "{role:?}: {data:?}");
                }
            }
        }
    }
}
