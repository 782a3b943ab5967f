//! Permissions: the one list of what can be done. Every act and view names exactly one; there is no “none”.

use serde::{Deserialize, Serialize};

macro_rules! permissions {
    ($($(#[$doc:meta])* $name:ident = $code:literal)*) => {
        /// A thing that can be allowed. Denied unless [`crate::role::may`] lists the pair.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum Permission { $($(#[$doc])* $name,)* }

        impl Permission {
            /// Every permission, in the order of this list.
            pub const ALL: &'static [Permission] = &[$(Permission::$name,)*];

            /// Its code in tables and reports.
            #[must_use]
            pub const fn code(self) -> &'static str {
                match self { $(Permission::$name => $code,)* }
            }
        }
    };
}

permissions! {
    /// Found an organization on this installation and enrol its first administrator.
    OrganizationFound = "organization.found"
    /// Sign in, or finish an enrolment, before being anybody.
    SignIn = "sign_in"
    /// See a ledger's checkpoint and hash tiles: hashes and signatures only.
    LedgerWitness = "ledger.witness"
    /// See and change one's own account, sessions and second factor.
    OwnAccount = "account.own"
    /// See who has an account here.
    PeopleSee = "people.see"
    /// Add, disable and re-enrol people.
    PeopleManage = "people.manage"
    /// Give and end roles: an organization administrator those of the organization and study administrators, a
    /// study administrator those of the study and its sites, a site administrator those of the site.
    GrantGive = "grant.give"
    /// See who has which role, from whom, until when.
    GrantSee = "grant.see"
    /// Register a study.
    StudyRegister = "study.register"
    /// See a study's name, definition and sites.
    StudySee = "study.see"
    /// Publish a version of the study definition.
    StudyBuild = "study.build"
    /// Add sites.
    SiteAdd = "site.add"
    /// See subjects and the states of their forms.
    SubjectSee = "subject.see"
    /// Add a subject.
    SubjectAdd = "subject.add"
    /// Destroy a subject's key, and with it the content of its records.
    SubjectErase = "subject.erase"
    /// See a form, its values and their history.
    FormSee = "form.see"
    /// Enter and correct values.
    FormEdit = "form.edit"
    /// Import clinical data from a file.
    DataImport = "data.import"
    /// Export the study with its data.
    DataExport = "data.export"
    /// See a ledger: the study's, or the organization's, wherever the grant holds.
    LedgerSee = "ledger.see"
    /// Fetch the proof of an entry about a record that one may see.
    ProofSee = "proof.see"
}

impl Permission {
    /// Whether a grant at one site of a study reaches this at the study itself. True only for what every
    /// person of a study must see to work in it, and what holds no subject's data.
    #[must_use]
    pub const fn reaches_up_from_site(self) -> bool {
        matches!(self, Permission::StudySee)
    }
}
