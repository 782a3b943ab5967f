//! Permissions: the one list of what can be done. Every act and view names exactly one; there is no “none”.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

macro_rules! permissions {
    ($(#[doc = $words:literal] $name:ident = $code:literal)*) => {
        /// A thing that can be allowed. Denied unless a role lists it.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Permission { $(#[doc = $words] $name,)* }

        impl Permission {
            /// Every permission, in the order of this list.
            pub const ALL: &'static [Permission] = &[$(Permission::$name,)*];

            /// Its code in tables and reports.
            #[must_use]
            pub const fn code(self) -> &'static str {
                match self { $(Permission::$name => $code,)* }
            }

            /// What it allows, as a sentence for people: the one that stands in the list.
            #[must_use]
            pub const fn words(self) -> &'static str {
                match self { $(Permission::$name => $words.trim_ascii(),)* }
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
    /// See which studies one works in.
    OwnStudies = "studies.own"
    /// See who has an account here.
    PeopleSee = "people.see"
    /// Add, disable and re-enrol people.
    PeopleManage = "people.manage"
    /// Give, confirm and end roles: those that one's own role administers, where its grant holds and below.
    GrantGive = "grant.give"
    /// See who has which role, from whom, until when.
    GrantSee = "grant.see"
    /// Define the organization's own roles.
    RoleDefine = "role.define"
    /// Register programs and devices that work in one's own name, where one's grant holds and below.
    ClientRegister = "client.register"
    /// See which settings hold where, and which layer decides each.
    PolicySee = "policy.see"
    /// Tighten settings where one's grant holds and below.
    PolicySet = "policy.set"
    /// Publish the agreements that people sign before they work here.
    AgreementPublish = "agreement.publish"
    /// Say which training a role needs, and record who had it.
    TrainingKeep = "training.keep"
    /// Approve and end access that somebody asked for, and review what was done with it.
    AccessApprove = "access.approve"
    /// Open one's own way in an emergency, for a short time and with an alarm.
    BreakGlass = "access.break_glass"
    /// See who does what for the investigator at a site.
    DelegationSee = "delegation.see"
    /// Delegate duties at a site, and end that.
    DelegationAuthorize = "delegation.authorize"
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
    /// See values of items that tell who a subject is.
    ItemIdentifying = "item.identifying"
    /// See values of items that would unblind.
    ItemBlinded = "item.blinded"
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
    /// The permission with this code.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Permission> {
        Permission::ALL.iter().copied().find(|permission| permission.code() == code)
    }

    /// Whether a grant at one site or in one country of a study reaches this at the study itself. True only for what
    /// every person of a study must see to work in it, and what holds no subject's data.
    #[must_use]
    pub const fn reaches_up(self) -> bool {
        matches!(self, Permission::StudySee)
    }

    /// Whether a grant of the organization reaches this in its studies: true for administering access, which opens no
    /// data, and for nothing else.
    #[must_use]
    pub const fn reaches_down(self) -> bool {
        matches!(
            self,
            Permission::PeopleSee
                | Permission::GrantGive
                | Permission::GrantSee
                | Permission::PolicySee
                | Permission::PolicySet
                | Permission::AccessApprove
        )
    }

    /// Whether it is about access and not about a study's data: what whoever administers roles holds themselves.
    #[must_use]
    pub const fn administers(self) -> bool {
        matches!(
            self,
            Permission::PeopleManage
                | Permission::GrantGive
                | Permission::RoleDefine
                | Permission::PolicySet
                | Permission::AgreementPublish
                | Permission::TrainingKeep
                | Permission::AccessApprove
        )
    }
}

/// The rights to sign: with them somebody authorizes in their own name, as with a signature by hand. They work for whom
/// the organization has checked to be who they say they are (21 CFR 11.100 (b)). What everybody signs of their own account,
/// the agreements, is no right of a role and waits for no check.
pub const SIGNING: Permissions = Permissions::of(&[Permission::DelegationAuthorize]);

/// A set of permissions.
#[derive(Clone, Copy, PartialEq, Eq, Default, Hash)]
pub struct Permissions(u64);

impl Permissions {
    /// None.
    pub const NONE: Permissions = Permissions(0);

    /// These.
    #[must_use]
    pub const fn of(list: &[Permission]) -> Self {
        let mut bits = 0;
        let mut rest = list;
        while let [first, more @ ..] = rest {
            bits |= 1 << *first as u64;
            rest = more;
        }
        Permissions(bits)
    }

    /// Whether this is among them.
    #[must_use]
    pub const fn hold(self, permission: Permission) -> bool {
        self.0 & (1 << permission as u64) != 0
    }

    /// Whether every one of `others` is among them.
    #[must_use]
    pub const fn hold_all(self, others: Permissions) -> bool {
        self.0 & others.0 == others.0
    }

    /// Those of both.
    #[must_use]
    pub const fn and(self, others: Permissions) -> Self {
        Permissions(self.0 | others.0)
    }

    /// Those that are in both.
    #[must_use]
    pub const fn both(self, others: Permissions) -> Self {
        Permissions(self.0 & others.0)
    }

    /// Each, in the order of the list.
    pub fn each(self) -> impl Iterator<Item = Permission> {
        Permission::ALL.iter().copied().filter(move |permission| self.hold(*permission))
    }
}

impl FromIterator<Permission> for Permissions {
    fn from_iter<I: IntoIterator<Item = Permission>>(list: I) -> Self {
        list.into_iter().fold(Permissions::NONE, |all, one| all.and(Permissions::of(&[one])))
    }
}

impl fmt::Debug for Permissions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.each().map(Permission::code)).finish()
    }
}

/// As a list of codes.
impl Serialize for Permissions {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.each().map(Permission::code))
    }
}

impl<'de> Deserialize<'de> for Permissions {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let codes = Vec::<String>::deserialize(deserializer)?;
        codes
            .iter()
            .map(|code| {
                Permission::from_code(code)
                    .ok_or_else(|| de::Error::custom(format!("there is no permission “{}”", code.escape_debug())))
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_holds_what_it_was_made_of() {
        assert!(Permission::ALL.len() <= 64, "a set is 64 bits");
        for (at, one) in Permission::ALL.iter().enumerate() {
            assert_eq!(*one as usize, at, "the order of the list is the order of the bits");
            let only = Permissions::of(&[*one]);
            assert_eq!(only.each().collect::<Vec<_>>(), [*one]);
            assert!(Permissions::of(Permission::ALL).hold_all(only) && !Permissions::NONE.hold(*one));
            assert_eq!(Permission::from_code(one.code()), Some(*one));
            assert!(one.words().ends_with('.') && !one.words().starts_with(' '), "{}", one.words());
        }
    }

    #[test]
    fn what_reaches_down_from_the_organization_opens_no_data() {
        let data = [
            Permission::StudySee,
            Permission::SubjectSee,
            Permission::SubjectAdd,
            Permission::FormSee,
            Permission::FormEdit,
            Permission::DataImport,
            Permission::DataExport,
            Permission::LedgerSee,
            Permission::ProofSee,
            Permission::BreakGlass,
        ];
        assert!(data.iter().all(|one| !one.reaches_down() && !one.administers()));
    }
}
