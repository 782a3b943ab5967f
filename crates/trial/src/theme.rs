//! What permissions are about, so that a page can group those that a role may hold.

use crate::permission::Permission;

/// What a permission is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Theme {
    /// People and access.
    Access,
    /// A study as it is set up.
    Study,
    /// Subjects and their data.
    Data,
    /// Files and ledgers.
    Records,
}

impl Theme {
    /// Every theme.
    pub const ALL: &'static [Theme] = &[Theme::Study, Theme::Data, Theme::Records, Theme::Access];

    /// Its name on the page.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Theme::Access => "People and access",
            Theme::Study => "Studies and sites",
            Theme::Data => "Subjects and forms",
            Theme::Records => "Files, ledgers and proofs",
        }
    }
}

impl Permission {
    /// What it is about; `None`: no role holds it, for it is decided otherwise.
    #[must_use]
    pub const fn theme(self) -> Option<Theme> {
        use Permission as P;
        Some(match self {
            P::OrganizationFound | P::SignIn | P::LedgerWitness | P::OwnAccount | P::OwnStudies => return None,
            P::StudyRegister | P::StudySee | P::StudyBuild | P::SiteAdd => Theme::Study,
            P::SubjectSee
            | P::SubjectAdd
            | P::SubjectErase
            | P::FormSee
            | P::FormEdit
            | P::ItemIdentifying
            | P::ItemBlinded => Theme::Data,
            P::DataImport | P::DataExport | P::LedgerSee | P::ProofSee => Theme::Records,
            P::PeopleSee
            | P::PeopleManage
            | P::GrantGive
            | P::GrantSee
            | P::ClientRegister
            | P::RoleDefine
            | P::PolicySee
            | P::PolicySet
            | P::AgreementPublish
            | P::TrainingKeep
            | P::AccessApprove
            | P::BreakGlass
            | P::DelegationSee
            | P::DelegationAuthorize => Theme::Access,
        })
    }
}
