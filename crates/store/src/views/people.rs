//! Who has an account, and who may do what, from whom, until when.

use jiff::Timestamp;
use serde::Serialize;
use trial::{
    access::{Grant, Scope},
    ids::{PersonId, StudyId},
    permission::Permission,
};

use crate::{
    actor::{Access, grant_row},
    assurance::Freshness,
    backend::values,
    error::Result,
    place::Target,
    record::{GrantRecord, PersonRecord},
    view::{Snapshot, View},
};

/// The people of the organization, for whoever administers it or one of its studies or sites.
#[derive(Debug)]
pub struct People {
    /// Where the asker administers.
    pub scope: Scope,
}

/// A person.
#[derive(Debug, Clone, Serialize)]
pub struct PersonLine {
    /// Who.
    pub id: PersonId,
    /// Name.
    pub name: String,
    /// Mail address.
    pub email: String,
    /// Name to sign in with.
    pub sign_in: String,
    /// Whether the account works.
    pub active: bool,
    /// Whether a password was set.
    pub enrolled: bool,
    /// Whether a second factor is set.
    pub second_factor: bool,
}

impl View for People {
    const NAME: &'static str = "view.people";
    const NEEDS: Permission = Permission::PeopleSee;
    const FRESH: Freshness = Freshness::Session;
    const RECORDED: bool = true;
    type Shown = Vec<PersonLine>;

    fn target(&self) -> Target {
        Target::Scope(self.scope)
    }

    fn read(&self, snapshot: &Snapshot<'_>, _: &Access) -> Result<Vec<PersonLine>> {
        let rows = snapshot.db.select("SELECT id, active, enrolled, second_factor FROM person", &[], |row| {
            Ok((row.id::<PersonId>(0)?, row.int(1)? != 0, row.int(2)? != 0, row.int(3)? != 0))
        })?;
        let mut people = Vec::with_capacity(rows.len());
        for (id, active, enrolled, second_factor) in rows {
            if let Some((_, person)) = snapshot.current::<PersonRecord>(&id)? {
                let PersonRecord { name, email, sign_in, .. } = person;
                people.push(PersonLine { id, name, email, sign_in, active, enrolled, second_factor });
            }
        }
        people.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(people)
    }

    fn count(shown: &Vec<PersonLine>) -> u64 {
        shown.len() as u64
    }
}

/// The grants of a scope and, below a study, of its sites; ended ones included.
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
    /// To whom, by name.
    pub person: String,
    /// At which site, by name.
    pub site: Option<String>,
    /// In which study, by name.
    pub study: Option<String>,
    /// From whom, by name; empty: the operator, at the founding.
    pub given_by: String,
    /// Why.
    pub reason: Option<String>,
    /// Whether it holds now.
    pub holds: bool,
    /// Since when.
    pub from: Timestamp,
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
        const COLUMNS: &str = "SELECT id, person, role, study, site, starts, ends FROM role_grant";
        let grants = match self.scope {
            // The organization sees its own grants, and whom it appointed in its studies.
            Scope::Organization => snapshot.db.select(
                &format!("{COLUMNS} WHERE study IS NULL OR role = 'study_administrator' ORDER BY id"),
                &[],
                grant_row,
            )?,
            Scope::Study { study } => {
                snapshot.db.select(&format!("{COLUMNS} WHERE study = ?1 ORDER BY id"), values![&study], grant_row)?
            }
            Scope::Site { study, site } => snapshot.db.select(
                &format!("{COLUMNS} WHERE study = ?1 AND site = ?2 ORDER BY id"),
                values![&study, &site],
                grant_row,
            )?,
        };
        grants.into_iter().map(|grant| line(snapshot, access, grant)).collect()
    }

    fn count(shown: &Vec<GrantLine>) -> u64 {
        shown.len() as u64
    }
}

fn line(snapshot: &Snapshot<'_>, access: &Access, grant: Grant) -> Result<GrantLine> {
    let record = snapshot.current::<GrantRecord>(&grant.id)?.map(|(_, record)| record);
    let (study, site) = match grant.scope {
        Scope::Organization => (None, None),
        Scope::Study { study } => (Some(study), None),
        Scope::Site { study, site } => (Some(study), Some(site)),
    };
    let study_name =
        |id: StudyId| snapshot.db.one("SELECT name FROM study WHERE id = ?1", values![&id], |row| row.text(0));
    Ok(GrantLine {
        person: name(snapshot, grant.person)?,
        site: match site {
            Some(site) => snapshot.db.one("SELECT name FROM site WHERE id = ?1", values![&site], |row| row.text(0))?,
            None => None,
        },
        study: study.map(study_name).transpose()?.flatten(),
        given_by: match record.as_ref().and_then(|record| record.given_by) {
            Some(giver) => name(snapshot, giver)?,
            None => String::new(),
        },
        reason: record.and_then(|record| record.reason),
        holds: grant.holds(access.at()),
        from: grant.from,
        grant,
    })
}

/// A person's name, or the id where the person's key was destroyed.
pub(super) fn name(snapshot: &Snapshot<'_>, person: PersonId) -> Result<String> {
    Ok(snapshot.current::<PersonRecord>(&person)?.map_or_else(|| person.to_string(), |(_, record)| record.name))
}
