//! Grants: given, confirmed and ended by whoever administers the role there, never to oneself, and never along a chain
//! that comes round.

use std::sync::Arc;

use jiff::Timestamp;
use serde::Serialize;
use trial::{
    access::{Grant, Scope},
    giving::{Basis, CHAIN_MAX, Refusal, power_for, powers},
    ids::{GrantId, PersonId},
    limit,
    permission::Permission,
    role::{Level, Role},
    roles::Roles,
};

use crate::{
    act::Act,
    actor::Access,
    acts::{
        identity,
        live::keeping,
        security_event::{self, Happened},
    },
    assurance::Freshness,
    backend::values,
    error::{Error, Result},
    place::Target,
    record::{GrantRecord, SecurityEvent},
    session,
    tx::Tx,
};

/// Gives a role.
#[derive(Debug, Clone, Serialize)]
pub struct GiveGrant {
    /// To whom.
    pub person: PersonId,
    /// Which role.
    pub role: Role,
    /// Where.
    pub scope: Scope,
    /// From when on; `None`: now.
    pub from: Option<Timestamp>,
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
        Target::Scope(self.scope)
    }

    fn apply(&self, tx: &mut Tx<'_>, access: &Access) -> Result<()> {
        let giver =
            access.about_another(self.person, "nobody gives a role to themselves: ask another administrator")?;
        let rules = Arc::clone(access.rules()?);
        if !rules.roles.offers(self.role) {
            return Err(Error::refused("role", "unknown", "this role is not given any more: choose another"));
        }
        let basis = |grant: GrantId| basis_of(tx, grant);
        let through = power_for(&rules.roles, access.through(), self.role, self.person, basis)?.map_err(refused)?;
        ready(tx, access, self.person)?;
        identity::ready(tx, access, self.person, self.role)?;
        if self.from.is_some_and(|from| from < tx.at()) {
            return Err(Error::refused(
                "from",
                "past",
                "a role begins now or later: leave the day out, or choose a later",
            ));
        }
        if self.until.is_some_and(|until| until <= self.from.unwrap_or(tx.at())) {
            return Err(Error::refused("until", "past", "this end lies in the past: choose a later day, or none"));
        }
        keeping(tx, access, self.scope.study(), None, |tx| {
            give(tx, &rules.roles, self, Some((giver, through))).map(drop)
        })?;
        told(tx, self.person)
    }
}

pub(super) fn basis_of(tx: &Tx<'_>, grant: GrantId) -> Result<Basis> {
    tx.db
        .one("SELECT given_by, through FROM role_grant WHERE id = ?1", values![&grant], |row| {
            Ok(Basis { given_by: row.maybe_id(0)?, through: row.maybe_id(1)? })
        })?
        .ok_or(Error::Hidden)
}

pub(super) fn refused(why: Refusal) -> Error {
    match why {
        Refusal::Beyond => Error::Forbidden { needs: Permission::GrantGive.code() },
        Refusal::ComesRound => Error::Blocked {
            code: "comes_round",
            message:
                "your own role comes from this person, directly or not: nobody gets back a role along a chain that \
                      they began. Ask an administrator who does not depend on them"
                    .into(),
        },
        Refusal::TooLong => Error::Blocked {
            code: "chain_too_long",
            message: format!("roles are given on at most {CHAIN_MAX} times: ask somebody nearer to the beginning"),
        },
    }
}

/// Whether somebody may be given anything: the account works, and every agreement is signed.
pub(super) fn ready(tx: &Tx<'_>, access: &Access, person: PersonId) -> Result<()> {
    let active = tx
        .db
        .one("SELECT active FROM person WHERE id = ?1", values![&person], |row| row.int(0))?
        .ok_or_else(|| Error::refused("person", "unknown", "there is no such person here"))?;
    if active == 0 {
        return Err(Error::refused("person", "disabled", "this account is disabled"));
    }
    if !access.rules()?.unsigned(tx.db, person)?.is_empty() {
        return Err(Error::Blocked {
            code: "policy_unsigned",
            message:
                "this person has not signed every agreement yet: they do so when they sign in, then they can be given \
                      a role"
                    .into(),
        });
    }
    Ok(())
}

/// Gives a grant; `power` is who gives it by which grant, and `None` only when the organization is founded.
pub(crate) fn give(
    tx: &mut Tx<'_>,
    roles: &Roles,
    new: &GiveGrant,
    power: Option<(PersonId, GrantId)>,
) -> Result<GrantId> {
    let levels = roles.levels(new.role);
    if !levels.contains(&new.scope.level()) {
        let levels: Vec<&str> = levels.into_iter().map(Level::name).collect();
        return Err(Error::refused(
            "scope",
            "wrong_level",
            format!("{} is given at the level of {}", roles.title(new.role), levels.join(" or ")),
        ));
    }
    let reason =
        new.reason.as_deref().map(|reason| limit::text("reason", reason, limit::REASON_BYTES_MAX)).transpose()?;
    let id: GrantId = tx.new_id()?;
    let grant = Grant {
        id,
        person: new.person,
        role: new.role,
        scope: new.scope,
        from: new.from.unwrap_or(tx.at()),
        until: new.until,
        exception: None,
        gaps: Vec::new(),
    };
    put(
        tx,
        1,
        &GrantRecord {
            reviewed: grant.from,
            grant,
            given_by: power.map(|(giver, _)| giver),
            through: power.map(|(_, through)| through),
            reviewed_by: None,
            ended_by: None,
            reason,
        },
    )?;
    Ok(id)
}

/// Puts a version of a grant.
pub(super) fn put(tx: &mut Tx<'_>, version: u32, record: &GrantRecord) -> Result<()> {
    let top = Arc::clone(tx.ring.top());
    tx.put(&record.grant.id, version, record, &top)
}

/// A grant that stands, for somebody who administers its role there.
fn administered(tx: &Tx<'_>, access: &Access, grant: GrantId) -> Result<(u32, GrantRecord)> {
    let (version, record) = tx.current::<GrantRecord>(&grant)?.ok_or(Error::Hidden)?;
    if powers(&access.rules()?.roles, access.through(), record.grant.role).next().is_none() {
        return Err(Error::Forbidden { needs: Permission::GrantGive.code() });
    }
    if record.grant.until.is_some_and(|until| until <= tx.at()) {
        return Err(Error::Conflict {
            message: "this grant has ended already".into(),
            current: Some(u64::from(version)),
        });
    }
    Ok((version, record))
}

/// Ends a grant now. From the next request on it opens nothing, and the person's sessions are over.
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
        let (version, mut record) = administered(tx, access, self.grant)?;
        let (at, person) = (tx.at(), record.grant.person);
        end(&mut record, at);
        record.ended_by = Some(access.person()?);
        record.reason = Some(reason);
        put(tx, version.saturating_add(1), &record)?;
        told(tx, person)
    }
}

/// Whoever's roles change signs in anew, and reads why.
fn told(tx: &mut Tx<'_>, person: PersonId) -> Result<()> {
    let ended = tx.end_sessions(person, session::Which::AllBut(None))?;
    security_event::note(tx, person, Happened::listed(SecurityEvent::GrantChanged).told_if(ended > 0))
}

/// Makes a grant end at `at`: one that has not begun ends where it would have.
pub(super) fn end(record: &mut GrantRecord, at: Timestamp) {
    record.grant.until = Some(at);
    record.grant.from = record.grant.from.min(at);
}

/// Confirms, after looking, that a person still needs a role. Unconfirmed ones lapse.
#[derive(Debug, Serialize)]
pub struct ConfirmGrant {
    /// Which.
    pub grant: GrantId,
}

impl Act for ConfirmGrant {
    const NAME: &'static str = "grant.confirm";
    const NEEDS: Permission = Permission::GrantGive;
    const FRESH: Freshness = Freshness::Strong;

    fn target(&self) -> Target {
        Target::Grant(self.grant)
    }

    fn apply(&self, tx: &mut Tx<'_>, access: &Access) -> Result<()> {
        let (version, mut record) = administered(tx, access, self.grant)?;
        let reviewer = access.person()?;
        if reviewer == record.grant.person {
            return Err(Error::refused(
                "grant",
                "oneself",
                "nobody confirms their own role: ask another administrator",
            ));
        }
        if record.grant.exception.is_some() {
            return Err(Error::refused("grant", "exception", "access that was opened by exception ends by itself"));
        }
        record.reviewed = tx.at();
        record.reviewed_by = Some(reviewer);
        put(tx, version.saturating_add(1), &record)
    }
}
