//! Roles as data: what an organization adds to those that Probity brings, and the one place that answers what any role
//! may do, see and give.

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
};

use serde::{Deserialize, Serialize};

use crate::{
    definition::FormOid,
    ids::RoleId,
    limit,
    permission::{Permission as P, Permissions, SIGNING},
    role::{Level, Role},
};

/// Own roles in one organization.
pub const OWN_ROLES_MAX: usize = 100;
/// Forms that one role may be bounded to.
pub const ROLE_FORMS_MAX: usize = 500;

/// What a role that administers access never holds: it opens no data.
const DATA: Permissions = Permissions::of(&[
    P::SubjectSee,
    P::SubjectAdd,
    P::FormSee,
    P::FormEdit,
    P::ItemIdentifying,
    P::ItemBlinded,
    P::DataImport,
    P::DataExport,
]);

/// What changes nothing: all that an emergency may open.
const READING: Permissions = Permissions::of(&[
    P::PeopleSee,
    P::GrantSee,
    P::PolicySee,
    P::DelegationSee,
    P::StudySee,
    P::SubjectSee,
    P::FormSee,
    P::ItemIdentifying,
    P::LedgerSee,
    P::ProofSee,
]);

/// One of an organization's own roles.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OwnRole {
    /// Its name on the page; unique in the organization.
    pub title: String,
    /// Where it may be granted.
    pub levels: BTreeSet<Level>,
    /// What it may do there.
    pub permissions: Permissions,
    /// The forms that it sees and edits; `None`: all.
    pub forms: Option<BTreeSet<FormOid>>,
    /// The roles that it gives and ends, where it may give roles at all.
    pub administers: BTreeSet<Role>,
    /// Which of the administrators that Probity brings give it, beside the organization's.
    pub given_by: BTreeSet<Role>,
    /// Whether it may be given to more people. Grants that stand go on.
    pub offered: bool,
}

/// Why a role cannot be as it was asked for: the field, a code, and what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct RoleProblem {
    /// Which field.
    pub field: &'static str,
    /// What kind of problem.
    pub code: &'static str,
    /// What to do about it.
    pub message: String,
}

fn problem(field: &'static str, code: &'static str, message: impl Into<String>) -> RoleProblem {
    RoleProblem { field, code, message: message.into() }
}

/// Every role of an organization.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Roles {
    own: BTreeMap<RoleId, OwnRole>,
}

impl Roles {
    /// Those that Probity brings, and these.
    #[must_use]
    pub const fn new(own: BTreeMap<RoleId, OwnRole>) -> Self {
        Roles { own }
    }

    /// Those that Probity brings, then the organization's own.
    pub fn all(&self) -> impl Iterator<Item = Role> {
        Role::BUILT_IN.iter().copied().chain(self.own.keys().copied().map(Role::Own))
    }

    /// The organization's own.
    #[must_use]
    pub const fn own(&self) -> &BTreeMap<RoleId, OwnRole> {
        &self.own
    }

    fn of(&self, role: Role) -> Option<&OwnRole> {
        match role {
            Role::Own(id) => self.own.get(&id),
            _ => None,
        }
    }

    /// Whether there is such a role, and it may be given to more people.
    #[must_use]
    pub fn offers(&self, role: Role) -> bool {
        match role {
            Role::Own(_) => self.of(role).is_some_and(|own| own.offered),
            _ => true,
        }
    }

    /// Its name on the page.
    #[must_use]
    pub fn title(&self, role: Role) -> Cow<'_, str> {
        match (role.title(), self.of(role)) {
            (Some(title), _) => Cow::Borrowed(title),
            (None, Some(own)) => Cow::Borrowed(&own.title),
            (None, None) => role.code(),
        }
    }

    /// The levels at which it may be granted.
    #[must_use]
    pub fn levels(&self, role: Role) -> Vec<Level> {
        match self.of(role) {
            Some(own) => own.levels.iter().copied().collect(),
            None => role.levels().to_vec(),
        }
    }

    /// What it may do. A role that is not there may do nothing.
    #[must_use]
    pub fn permissions(&self, role: Role) -> Permissions {
        match self.of(role) {
            Some(own) => own.permissions,
            None => role.permissions(),
        }
    }

    /// May a person in `role` do `permission`, where the grant's scope covers the place?
    #[must_use]
    pub fn may(&self, role: Role, permission: P) -> bool {
        self.permissions(role).hold(permission)
    }

    /// Whether it carries a right to sign.
    #[must_use]
    pub fn signs(&self, role: Role) -> bool {
        self.permissions(role).both(SIGNING) != Permissions::NONE
    }

    /// Whether it sees, and where it edits at all edits, this form.
    #[must_use]
    pub fn reaches_form(&self, role: Role, form: &str) -> bool {
        self.of(role)
            .and_then(|own| own.forms.as_ref())
            .is_none_or(|forms| forms.iter().any(|oid| oid.as_str() == form))
    }

    /// Whether somebody in role `by` gives and ends `role`, where the one's grant covers the other's.
    #[must_use]
    pub fn administers(&self, by: Role, role: Role) -> bool {
        match (by, self.of(by)) {
            (Role::OrganizationAdministrator, _) => true,
            (_, Some(own)) => own.administers.contains(&role),
            (_, None) => {
                by.administers().contains(&role) || self.of(role).is_some_and(|own| own.given_by.contains(&by))
            }
        }
    }

    /// Whether an emergency may open it: it changes nothing, gives nothing, unblinds nothing.
    #[must_use]
    pub fn is_for_reading(&self, role: Role) -> bool {
        READING.hold_all(self.permissions(role))
    }

    /// These roles with one defined anew.
    ///
    /// # Errors
    /// Why they cannot be so.
    pub fn with(&self, id: RoleId, role: OwnRole) -> Result<Roles, RoleProblem> {
        let role = sound(role)?;
        let mut own = self.own.clone();
        let taken = own.iter().any(|(other, known)| *other != id && folded(&known.title) == folded(&role.title))
            || Role::BUILT_IN.iter().any(|known| known.title().map(folded) == Some(folded(&role.title)));
        if taken {
            return Err(problem("title", "taken", "there is a role of this name: choose another"));
        }
        if !own.contains_key(&id) && own.len() >= OWN_ROLES_MAX {
            return Err(problem("title", "too_many", format!("an organization has at most {OWN_ROLES_MAX} own roles")));
        }
        own.insert(id, role);
        let roles = Roles { own };
        roles.closed()?;
        Ok(roles)
    }

    /// Whoever gives a role may give all that it gives: so no chain of grants leaves what its first giver may give.
    fn closed(&self) -> Result<(), RoleProblem> {
        for own in self.own.values() {
            if let Some(unknown) = own.administers.iter().find(|role| self.title(**role) == role.code()) {
                return Err(problem("administers", "unknown", format!("there is no role “{unknown}”")));
            }
        }
        for by in self.all() {
            for role in self.all().filter(|role| self.administers(by, *role)) {
                let beyond = self.all().find(|more| self.administers(role, *more) && !self.administers(by, *more));
                if let Some(beyond) = beyond {
                    return Err(problem(
                        "administers",
                        "beyond",
                        format!(
                            "{} gives {}, and {} gives {}: so {} has to give {} too, or not {}",
                            self.title(by),
                            self.title(role),
                            self.title(role),
                            self.title(beyond),
                            self.title(by),
                            self.title(beyond),
                            self.title(role)
                        ),
                    ));
                }
            }
        }
        Ok(())
    }
}

fn folded(title: &str) -> String {
    title.trim().to_lowercase()
}

/// What can be said of a role by itself.
fn sound(mut role: OwnRole) -> Result<OwnRole, RoleProblem> {
    role.title = limit::text("the name", &role.title, limit::NAME_BYTES_MAX)
        .map_err(|error| problem("title", "text", error.to_string()))?;
    if role.levels.is_empty() {
        return Err(problem("levels", "none", "say where the role may be given"));
    }
    if role.permissions == Permissions::NONE {
        return Err(problem("permissions", "none", "choose at least one thing that the role may do"));
    }
    if let Some(one) = role.permissions.each().find(|one| one.theme().is_none()) {
        return Err(problem("permissions", "nobodys", format!("no role holds {}", one.code())));
    }
    let administers = role.permissions.each().any(P::administers);
    if administers && let Some(data) = role.permissions.each().find(|one| DATA.hold(*one)) {
        return Err(problem(
            "permissions",
            "both",
            format!("a role that administers access opens no data: take out {}, or make two roles", data.code()),
        ));
    }
    if role.permissions.hold(P::GrantGive) == role.administers.is_empty() {
        return Err(problem("administers", "roles", "a role that gives roles says which, and no other does"));
    }
    if role.permissions.hold(P::BreakGlass) && role.permissions != Permissions::of(&[P::BreakGlass]) {
        return Err(problem("permissions", "alone", "what opens an emergency opens nothing else"));
    }
    for (needs, of) in [
        (P::SubjectSee, P::SubjectAdd),
        (P::SubjectSee, P::FormSee),
        (P::FormSee, P::FormEdit),
        (P::StudySee, P::SubjectSee),
        (P::GrantSee, P::GrantGive),
        (P::PeopleSee, P::GrantGive),
        (P::GrantGive, P::AccessApprove),
        (P::TrainingKeep, P::AgreementPublish),
        (P::PolicySee, P::PolicySet),
        (P::DelegationSee, P::DelegationAuthorize),
    ] {
        if role.permissions.hold(of) && !role.permissions.hold(needs) {
            return Err(problem("permissions", "needs", format!("{} needs {} too", of.code(), needs.code())));
        }
    }
    if role.forms.as_ref().is_some_and(|forms| forms.is_empty() || forms.len() > ROLE_FORMS_MAX) {
        return Err(problem("forms", "count", format!("name 1 to {ROLE_FORMS_MAX} forms, or leave all")));
    }
    let whole = [P::DataExport, P::DataImport, P::LedgerSee];
    if role.forms.is_some() && whole.iter().any(|one| role.permissions.hold(*one)) {
        return Err(problem("forms", "whole", "files and ledgers hold every form: a role of some forms has neither"));
    }
    if role.given_by.iter().any(|by| !matches!(by, Role::StudyAdministrator | Role::SiteAdministrator)) {
        return Err(problem("given_by", "not_an_administrator", "name study or site administrators, or nobody"));
    }
    Ok(role)
}
