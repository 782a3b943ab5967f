//! An organization's own roles.

use std::{collections::BTreeSet, sync::Arc};

use serde::Serialize;
use trial::{
    definition::FormOid,
    ids::RoleId,
    permission::{Permission, Permissions},
    role::{Level, Role},
    roles::OwnRole,
};

use crate::{
    act::Act,
    actor::Access,
    acts::live::keeping,
    assurance::Freshness,
    error::{Error, Result},
    place::Target,
    record::RoleRecord,
    tx::Tx,
};

/// Defines a role of the organization's own, or changes one. A change holds for every grant of it at once.
#[derive(Debug, Clone, Serialize)]
pub struct DefineRole {
    /// Which; `None`: a new one.
    pub role: Option<RoleId>,
    /// Its name on the page.
    pub title: String,
    /// Where it may be granted.
    pub levels: BTreeSet<Level>,
    /// What it may do there.
    pub permissions: Permissions,
    /// The forms that it sees and edits; `None`: all.
    pub forms: Option<BTreeSet<FormOid>>,
    /// The roles that it gives and ends, where it may give roles.
    pub administers: BTreeSet<Role>,
    /// Which of study and site administrators give it, beside the organization's.
    pub given_by: BTreeSet<Role>,
    /// Whether it may be given to more people.
    pub offered: bool,
}

impl Act for DefineRole {
    const NAME: &'static str = "role.define";
    const NEEDS: Permission = Permission::RoleDefine;
    const FRESH: Freshness = Freshness::Strong;

    fn target(&self) -> Target {
        Target::Organization
    }

    fn apply(&self, tx: &mut Tx<'_>, access: &Access) -> Result<()> {
        let by = access.person()?;
        let (id, version) = match self.role {
            None => (tx.new_id()?, 0),
            Some(id) => (id, tx.current::<RoleRecord>(&id)?.ok_or(Error::Hidden)?.0),
        };
        // Whoever holds it would give themselves what they add to it.
        let held = "SELECT 1 FROM role_grant WHERE person = ?1 AND role = ?2 LIMIT 1";
        let code = Role::Own(id).code();
        if tx.db.one(held, crate::backend::values![&by, &*code], |_| Ok(()))?.is_some() {
            return Err(Error::refused(
                "role",
                "oneself",
                "you hold this role: ask another administrator to change it",
            ));
        }
        let role = OwnRole {
            title: self.title.clone(),
            levels: self.levels.clone(),
            permissions: self.permissions,
            forms: self.forms.clone(),
            administers: self.administers.clone(),
            given_by: self.given_by.clone(),
            offered: self.offered,
        };
        let roles = access.rules()?.roles.with(id, role)?;
        let role = roles.own().get(&id).cloned().ok_or(Error::Hidden)?;
        let top = Arc::clone(tx.ring.top());
        let then = access.rules()?.with_roles(roles);
        keeping(tx, access, None, Some(&then), |tx| {
            tx.put(&id, version.saturating_add(1), &RoleRecord { role, by }, &top)
        })
    }
}
