//! Roles: which there are, which one holds, and what they are called.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::Serialize;
use trial::{
    access::{Exception, Scope},
    definition::FormOid,
    gate::Lapse,
    ids::GrantId,
    permission::{Permission, Permissions},
    role::{Level, Role},
};

use crate::{
    actor::Access,
    assurance::Freshness,
    error::Result,
    place::Target,
    view::{Snapshot, View},
};

/// A role that somebody holds.
#[derive(Debug, Clone, Serialize)]
pub struct RoleShown {
    /// The grant.
    pub grant: GrantId,
    /// Which.
    pub role: Role,
    /// Its name.
    pub title: String,
    /// Where.
    pub scope: Scope,
    /// What it lets one do there; nothing while it gives nothing.
    pub permissions: Permissions,
    /// Until when; `None` until it is ended.
    pub until: Option<Timestamp>,
    /// Why it gives nothing for the time being.
    pub lapse: Option<Lapse>,
    /// How it came about, where that is not the usual way.
    pub exception: Option<Exception>,
    /// Roles that it gives and ends.
    pub administers: Vec<Role>,
}

/// The asker's roles that hold now.
pub(super) fn held(access: &Access) -> Result<Vec<RoleShown>> {
    let rules = access.rules()?;
    let holding = access.own_grants().iter().filter(|grant| grant.holds(access.at()));
    Ok(holding
        .map(|grant| {
            let lapse = grant.lapse(access.at());
            let works = lapse.is_none();
            let gives = rules.roles.all().filter(|role| works && rules.roles.administers(grant.role, *role));
            RoleShown {
                grant: grant.id,
                role: grant.role,
                title: rules.roles.title(grant.role).into_owned(),
                scope: grant.scope,
                permissions: if works {
                    rules.roles.permissions(grant.role).both(access.within())
                } else {
                    Permissions::NONE
                },
                until: grant.until,
                lapse,
                exception: grant.exception,
                administers: gives.collect(),
            }
        })
        .collect())
}

/// The name of a role that an entry tells by its code.
pub(super) fn titled(access: &Access, code: &str) -> String {
    let title = |code: &str| match (Role::from_code(code), access.rules()) {
        (Some(role), Ok(rules)) => rules.roles.title(role).into_owned(),
        _ => code.to_owned(),
    };
    match code.split_once(':') {
        Some(("approved", role)) => format!("{}, access approved", title(role)),
        Some(("emergency", role)) => format!("{}, in an emergency", title(role)),
        _ => title(code),
    }
}

/// Every role of the organization, those that Probity brings first.
#[derive(Debug)]
pub struct RoleBook {
    /// Where the asker administers.
    pub scope: Scope,
}

/// A role.
#[derive(Debug, Clone, Serialize)]
pub struct RoleLine {
    /// Which.
    pub role: Role,
    /// Its name.
    pub title: String,
    /// Whether Probity brings it.
    pub built_in: bool,
    /// Where it may be granted.
    pub levels: Vec<Level>,
    /// What it may do.
    pub permissions: Permissions,
    /// The forms that it sees and edits; `None`: all.
    pub forms: Option<BTreeSet<FormOid>>,
    /// The roles that it gives and ends.
    pub administers: Vec<Role>,
    /// Which of study and site administrators give it.
    pub given_by: Vec<Role>,
    /// Whether it is given to more people.
    pub offered: bool,
}

impl View for RoleBook {
    const NAME: &'static str = "view.roles";
    const NEEDS: Permission = Permission::GrantSee;
    const FRESH: Freshness = Freshness::Session;
    const RECORDED: bool = false;
    type Shown = Vec<RoleLine>;

    fn target(&self) -> Target {
        Target::Scope(self.scope)
    }

    fn read(&self, _: &Snapshot<'_>, access: &Access) -> Result<Vec<RoleLine>> {
        let roles = &access.rules()?.roles;
        let line = |role: Role| {
            let own = match role {
                Role::Own(id) => roles.own().get(&id),
                _ => None,
            };
            let below = [Role::StudyAdministrator, Role::SiteAdministrator];
            RoleLine {
                role,
                title: roles.title(role).into_owned(),
                built_in: own.is_none(),
                levels: roles.levels(role),
                permissions: roles.permissions(role),
                forms: own.and_then(|own| own.forms.clone()),
                administers: roles.all().filter(|other| roles.administers(role, *other)).collect(),
                given_by: below.into_iter().filter(|by| roles.administers(*by, role)).collect(),
                offered: roles.offers(role),
            }
        };
        Ok(roles.all().map(line).collect())
    }

    fn count(shown: &Vec<RoleLine>) -> u64 {
        shown.len() as u64
    }
}
