//! Who may do what: the grants of a place, and everything that one person may do, on any day.

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use trial::{
    access::{Grant, Scope},
    gate::{Lapse, days},
    ids::{PersonId, RoleId},
    permission::{Permission, Permissions},
    policy::Setting,
    role::Role,
};

use super::people::{name, place_names};
use crate::{
    actor::{Access, grants_of},
    assurance::Freshness,
    backend::{Row, values},
    error::{Error, Result},
    place::Target,
    record::{GrantRecord, RoleRecord},
    rules::{GRANT, grant_row},
    time,
    view::{Snapshot, View},
};

/// The grants of a scope and of what lies below it; ended ones included.
#[derive(Debug)]
pub struct Grants {
    /// Where.
    pub scope: Scope,
}

/// A grant.
#[derive(Debug, Clone, Serialize)]
pub struct GrantLine {
    /// What it gives.
    pub grant: Grant,
    /// The role's name.
    pub title: String,
    /// To whom, by name.
    pub person: String,
    /// At which site or in which country, by name.
    pub site: Option<String>,
    /// In which study, by name.
    pub study: Option<String>,
    /// From whom, by name; empty: the operator, at the founding.
    pub given_by: String,
    /// Who ended it, by name.
    pub ended_by: Option<String>,
    /// Why.
    pub reason: Option<String>,
    /// Whether it holds now.
    pub holds: bool,
    /// Why it gives nothing for the time being.
    pub lapse: Option<Lapse>,
    /// Since when.
    pub from: Timestamp,
    /// Until when somebody has to confirm it; after that it lapses.
    pub confirm_by: Option<Timestamp>,
    /// Whether it is time to confirm it.
    pub confirm_now: bool,
    /// Whether the asker may confirm and end it.
    pub administered: bool,
}

impl View for Grants {
    const NAME: &'static str = "view.grants";
    const NEEDS: Permission = Permission::GrantSee;
    const FRESH: Freshness = Freshness::Session;
    const RECORDED: bool = true;
    type Shown = Vec<GrantLine>;

    fn target(&self) -> Target {
        Target::Scope(self.scope)
    }

    fn read(&self, snapshot: &Snapshot<'_>, access: &Access) -> Result<Vec<GrantLine>> {
        let grants = at(snapshot, &self.scope)?;
        grants.into_iter().map(|grant| line(snapshot, access, grant)).collect()
    }

    fn count(shown: &Vec<GrantLine>) -> u64 {
        shown.len() as u64
    }
}

/// The grants of a scope and below. The organization sees all: giving them is its own to administer.
fn at(snapshot: &Snapshot<'_>, scope: &Scope) -> Result<Vec<Grant>> {
    below(snapshot, &format!("SELECT {GRANT} FROM role_grant"), scope, "ORDER BY id", grant_row)
}

/// The rows of a table with columns study, country and site that lie at a scope or below.
pub(super) fn below<T>(
    snapshot: &Snapshot<'_>,
    select: &str,
    scope: &Scope,
    order: &str,
    read: impl FnMut(&Row<'_>) -> Result<T>,
) -> Result<Vec<T>> {
    let find = |lies: &str| format!("{select} {lies} {order}");
    let db = snapshot.db;
    match scope {
        Scope::Organization => db.select(&find(""), &[], read),
        Scope::Study { study } => db.select(&find("WHERE study = ?1"), values![study], read),
        Scope::Country { study, country } => {
            let lies = "WHERE study = ?1 AND (country = ?2
                 OR site IN (SELECT id FROM site WHERE study = ?1 AND country = ?2))";
            db.select(&find(lies), values![study, &country.to_string()], read)
        }
        Scope::Site { study, site } => db.select(&find("WHERE study = ?1 AND site = ?2"), values![study, site], read),
    }
}

fn line(snapshot: &Snapshot<'_>, access: &Access, grant: Grant) -> Result<GrantLine> {
    let rules = access.rules()?;
    let record = snapshot.current::<GrantRecord>(&grant.id)?.map(|(_, record)| record);
    let (study, site) = place_names(snapshot, &grant.scope)?;
    let named = |person: Option<PersonId>| person.map(|person| name(snapshot, person)).transpose();
    let gaps = grants_of(snapshot.db, access, grant.person)?;
    let lapse = gaps.iter().find(|held| held.id == grant.id).and_then(|held| held.lapse(access.at()));
    let policy = rules.policy_of(&grant.scope);
    let after = |duration: SignedDuration| {
        let counts = |record: &&GrantRecord| grant.exception.is_none() && record.given_by.is_some();
        let reviewed = record.as_ref().filter(counts).map(|record| record.reviewed);
        reviewed.and_then(|reviewed| reviewed.checked_add(duration).ok())
    };
    let (review, grace) = (policy.get(Setting::Review), policy.get(Setting::ReviewGrace));
    Ok(GrantLine {
        title: rules.roles.title(grant.role).into_owned(),
        person: name(snapshot, grant.person)?,
        site,
        study,
        given_by: named(record.as_ref().and_then(|record| record.given_by))?.unwrap_or_default(),
        ended_by: named(record.as_ref().and_then(|record| record.ended_by))?,
        reason: record.as_ref().and_then(|record| record.reason.clone()),
        holds: grant.holds(access.at()),
        lapse,
        from: grant.from,
        confirm_by: after(days(review.saturating_add(grace))),
        confirm_now: after(days(review.saturating_sub(grace))).is_some_and(|from| from <= access.at()),
        administered: access.through().iter().any(|held| rules.roles.administers(held.role, grant.role)),
        grant,
    })
}

/// What a person may do, on any day: every grant that held then, with what its role was then.
#[derive(Debug)]
pub struct AccessMatrix {
    /// Where the asker administers; nothing outside is told.
    pub scope: Scope,
    /// Who; `None`: everybody.
    pub person: Option<PersonId>,
    /// When; `None`: now.
    pub at: Option<Timestamp>,
}

/// A grant as it was on a day.
#[derive(Debug, Clone, Serialize)]
pub struct MatrixLine {
    /// Who.
    pub person: PersonId,
    /// Who, by name.
    pub name: String,
    /// As what.
    pub role: Role,
    /// As what, in words.
    pub title: String,
    /// Where.
    pub scope: Scope,
    /// In which study, by name.
    pub study: Option<String>,
    /// At which site or in which country, by name.
    pub site: Option<String>,
    /// What it let the person do.
    pub permissions: Permissions,
    /// Why it gave nothing, as far as is known now.
    pub lapse: Option<Lapse>,
}

impl View for AccessMatrix {
    const NAME: &'static str = "view.access_matrix";
    const NEEDS: Permission = Permission::GrantSee;
    const FRESH: Freshness = Freshness::Session;
    const RECORDED: bool = true;
    type Shown = Vec<MatrixLine>;

    fn target(&self) -> Target {
        Target::Scope(self.scope)
    }

    fn read(&self, snapshot: &Snapshot<'_>, access: &Access) -> Result<Vec<MatrixLine>> {
        let day = self.at.unwrap_or(access.at());
        if day > access.at() {
            return Err(Error::refused("at", "future", "nobody knows who may do what on a day to come"));
        }
        let rules = access.rules()?;
        let mut lines = Vec::new();
        for grant in at(snapshot, &self.scope)? {
            if !grant.holds(day) || self.person.is_some_and(|person| person != grant.person) {
                continue;
            }
            let (permissions, title) = match grant.role {
                Role::Own(id) => own_role_at(snapshot, id, day)?,
                built_in => (built_in.permissions(), rules.roles.title(built_in).into_owned()),
            };
            let gaps = grants_of(snapshot.db, access, grant.person)?;
            let (study, site) = place_names(snapshot, &grant.scope)?;
            lines.push(MatrixLine {
                person: grant.person,
                name: name(snapshot, grant.person)?,
                role: grant.role,
                title,
                scope: grant.scope,
                study,
                site,
                permissions,
                lapse: gaps.iter().find(|held| held.id == grant.id).and_then(|held| held.lapse(day)),
            });
        }
        Ok(lines)
    }

    fn count(shown: &Vec<MatrixLine>) -> u64 {
        shown.len() as u64
    }
}

/// What one of the organization's roles was on a day.
fn own_role_at(snapshot: &Snapshot<'_>, id: RoleId, day: Timestamp) -> Result<(Permissions, String)> {
    let version = snapshot.db.one(
        "SELECT max(version) FROM own_role WHERE id = ?1 AND since <= ?2",
        values![&id, time::micros(day)],
        |row| row.maybe_int(0),
    )?;
    let version = version.flatten().and_then(|version| u32::try_from(version).ok());
    let record = match version {
        Some(version) => snapshot.version::<RoleRecord>(&id, version)?,
        None => None,
    };
    Ok(record.map_or((Permissions::NONE, Role::Own(id).code().into_owned()), |record| {
        (record.role.permissions, record.role.title)
    }))
}
