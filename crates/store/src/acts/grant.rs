//! Grants: given and ended, never to oneself. Each level has its own permission, so that who may give what where
//! is decided like anything else.

use jiff::Timestamp;
use serde::Serialize;
use trial::{
    access::{Grant, Scope},
    ids::{GrantId, PersonId},
    limit,
    permission::Permission,
    role::{Level, Role},
};

use crate::{
    act::Act,
    actor::Access,
    acts::security_event::{self, Happened},
    assurance::Freshness,
    backend::values,
    error::{Error, Result},
    place::Target,
    record::{GrantRecord, SecurityEvent},
    session,
    tx::Tx,
};

/// Gives a role. What the giver needs depends on the scope: see [`GiveGrant::new`].
#[derive(Debug, Serialize)]
pub struct GiveGrant {
    /// To whom.
    pub person: PersonId,
    /// Which role.
    pub role: Role,
    /// Where.
    pub scope: Scope,
    /// Until when; `None` until it is ended.
    pub until: Option<Timestamp>,
    /// Why.
    pub reason: Option<String>,
}

impl Act for GiveGrant {
    const NAME: &'static str = "grant.give";
    const NEEDS: Permission = Permission::GrantGive;
    const FRESH: Freshness = Freshness::Strong;

    fn target(&self) -> Target {
        giving_place(self.role, self.scope)
    }

    fn apply(&self, tx: &mut Tx<'_>, access: &Access) -> Result<()> {
        let giver = access.person()?;
        if giver == self.person {
            return Err(Error::refused(
                "person",
                "oneself",
                "nobody gives a role to themselves: ask another administrator",
            ));
        }
        let active = tx
            .db
            .one("SELECT active FROM person WHERE id = ?1", values![&self.person], |row| row.int(0))?
            .ok_or_else(|| Error::refused("person", "unknown", "there is no such person here"))?;
        if active == 0 {
            return Err(Error::refused("person", "disabled", "this account is disabled"));
        }
        if self.until.is_some_and(|until| until <= tx.at()) {
            return Err(Error::refused("until", "past", "this end lies in the past: choose a later day, or none"));
        }
        give(tx, self, Some(giver))?;
        told(tx, self.person)
    }
}

/// Where giving this role is decided: study administrators are appointed by the organization, all others where they work.
fn giving_place(role: Role, scope: Scope) -> Target {
    match role {
        Role::StudyAdministrator => Target::Organization,
        _ => Target::Scope(scope),
    }
}

/// Gives a grant; `giver` is `None` only when the organization is founded.
pub(crate) fn give(tx: &mut Tx<'_>, new: &GiveGrant, giver: Option<PersonId>) -> Result<()> {
    if !new.role.levels().contains(&new.scope.level()) {
        let levels: Vec<&str> = new.role.levels().iter().map(|level| level_name(*level)).collect();
        return Err(Error::refused(
            "scope",
            "wrong_level",
            format!("{} is given at the level of {}", new.role.title(), levels.join(" or ")),
        ));
    }
    // The scope must exist, whoever decides about it.
    crate::place::locate(tx.db, Target::Scope(new.scope), giver)?;
    let reason =
        new.reason.as_deref().map(|reason| limit::text("reason", reason, limit::REASON_BYTES_MAX)).transpose()?;
    let id: GrantId = tx.new_id()?;
    let grant = Grant { id, person: new.person, role: new.role, scope: new.scope, from: tx.at(), until: new.until };
    let top = std::sync::Arc::clone(tx.ring.top());
    tx.put(&id, 1, &GrantRecord { grant, given_by: giver, reason }, &top)
}

/// Ends a grant now. From the next request on it opens nothing.
#[derive(Debug, Serialize)]
pub struct EndGrant {
    /// Which.
    pub grant: GrantId,
    /// Why.
    pub reason: String,
}

impl Act for EndGrant {
    const NAME: &'static str = "grant.end";
    const NEEDS: Permission = Permission::GrantGive;
    const FRESH: Freshness = Freshness::Strong;

    fn target(&self) -> Target {
        Target::Grant(self.grant)
    }

    fn apply(&self, tx: &mut Tx<'_>, access: &Access) -> Result<()> {
        let reason = limit::text("reason", &self.reason, limit::REASON_BYTES_MAX)?;
        let (version, mut record) = tx.current::<GrantRecord>(&self.grant)?.ok_or(Error::Hidden)?;
        if record.grant.until.is_some_and(|until| until <= tx.at()) {
            return Err(Error::Conflict {
                message: "this grant has ended already".into(),
                current: Some(u64::from(version)),
            });
        }
        record.grant.until = Some(tx.at());
        record.given_by = Some(access.person()?);
        record.reason = Some(reason);
        let top = std::sync::Arc::clone(tx.ring.top());
        tx.put(&self.grant, version.saturating_add(1), &record, &top)?;
        told(tx, record.grant.person)
    }
}

/// Whoever's roles change signs in anew, and reads why.
fn told(tx: &mut Tx<'_>, person: PersonId) -> Result<()> {
    let ended = tx.end_sessions(person, session::Which::AllBut(None))?;
    security_event::note(tx, person, Happened::listed(SecurityEvent::GrantChanged).told_if(ended > 0))
}

const fn level_name(level: Level) -> &'static str {
    match level {
        Level::Organization => "the organization",
        Level::Study => "a study",
        Level::Site => "a site",
    }
}
