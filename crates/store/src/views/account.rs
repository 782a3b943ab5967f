//! One's own account and what it opens.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use trial::{
    access::Scope,
    country::Country,
    ids::{PersonId, SiteId, StudyId},
    permission::Permission,
};

use super::{
    access_request::{self, ExceptionWaiting},
    roles::{self, RoleShown},
};
use crate::{
    actor::Access,
    backend::values,
    error::{Error, Result},
    place::Target,
    record::{OrganizationRecord, PersonRecord},
    session::{self, SessionShown},
    view::{Snapshot, View},
};

/// One's own account.
#[derive(Debug)]
pub struct Account {}

/// What an account shows its owner.
#[derive(Debug, Clone, Serialize)]
pub struct AccountShown {
    /// Who.
    pub id: PersonId,
    /// Name.
    pub name: String,
    /// Mail address.
    pub email: String,
    /// Name to sign in with.
    pub sign_in: String,
    /// The organization.
    pub organization: String,
    /// Whether a second factor is set.
    pub second_factor: bool,
    /// Whether the organization asks for one.
    pub second_factor_needed: bool,
    /// Roles that hold now, those that give nothing for the time being too.
    pub roles: Vec<RoleShown>,
    /// Agreements that wait for a signature.
    pub unsigned: usize,
    /// What others asked for or opened by exception, and the asker may answer or review.
    pub waiting: Vec<ExceptionWaiting>,
    /// Open sessions.
    pub sessions: Vec<SessionShown>,
}

impl View for Account {
    const NAME: &'static str = "view.account";
    const NEEDS: Permission = Permission::OwnAccount;
    const RECORDED: bool = false;
    type Shown = AccountShown;

    fn target(&self) -> Target {
        Target::Own
    }

    fn read(&self, snapshot: &Snapshot<'_>, access: &Access) -> Result<AccountShown> {
        let id = access.person()?;
        let (_, person) = snapshot.current::<PersonRecord>(&id)?.ok_or(Error::Hidden)?;
        let (_, organization) = snapshot.current::<OrganizationRecord>(&snapshot.organization)?.ok_or(Error::Hidden)?;
        let second_factor = snapshot
            .db
            .one("SELECT second_factor FROM person WHERE id = ?1", values![&id], |row| row.int(0))?
            .is_some_and(|set| set != 0);
        let roles = roles::held(snapshot.db, access)?;
        let waiting = access_request::waiting(snapshot, id, &roles)?;
        Ok(AccountShown {
            id,
            name: person.name,
            email: person.email,
            sign_in: person.sign_in,
            organization: organization.name,
            second_factor,
            second_factor_needed: organization.second_factor,
            roles,
            unsigned: access.rules()?.unsigned(snapshot.db, id)?.len(),
            waiting,
            sessions: session::list(snapshot.db, id, access.actor().session(), access.at())?,
        })
    }

    fn count(_: &AccountShown) -> u64 {
        1
    }
}

/// The studies in which one holds a role now. To the rest there is no line.
#[derive(Debug)]
pub struct MyStudies {}

/// A study one works in.
#[derive(Debug, Clone, Serialize)]
pub struct StudyLine {
    /// Which.
    pub id: StudyId,
    /// ODM StudyOID.
    pub oid: String,
    /// Its name.
    pub name: String,
    /// Whether a definition is published.
    pub defined: bool,
    /// Number of its ledger.
    pub ledger: u32,
    /// One's roles there.
    pub roles: Vec<RoleShown>,
    /// Subjects that one may see.
    pub subjects: u64,
}

impl View for MyStudies {
    const NAME: &'static str = "view.my_studies";
    const NEEDS: Permission = Permission::OwnAccount;
    const RECORDED: bool = false;
    type Shown = Vec<StudyLine>;

    fn target(&self) -> Target {
        Target::Own
    }

    fn read(&self, snapshot: &Snapshot<'_>, access: &Access) -> Result<Vec<StudyLine>> {
        let mut lines: Vec<StudyLine> = Vec::new();
        let mut seen: BTreeMap<StudyId, BTreeSet<Option<SiteId>>> = BTreeMap::new();
        for held in roles::held(snapshot.db, access)? {
            let Some(study) = held.scope.study() else { continue };
            if held.permissions.hold(Permission::SubjectSee) {
                let sites = seen.entry(study).or_default();
                match held.scope {
                    Scope::Site { site, .. } => {
                        sites.insert(Some(site));
                    }
                    Scope::Country { country, .. } => sites.extend(sites_in(snapshot, study, country)?),
                    Scope::Study { .. } | Scope::Organization => {
                        sites.insert(None);
                    }
                }
            }
            if let Some(line) = lines.iter_mut().find(|line| line.id == study) {
                line.roles.push(held);
                continue;
            }
            let found = snapshot.db.one(
                "SELECT oid, name, definition, ledger FROM study WHERE id = ?1",
                values![&study],
                |row| {
                    Ok(StudyLine {
                        id: study,
                        oid: row.text(0)?,
                        name: row.text(1)?,
                        defined: row.int(2)? > 0,
                        ledger: row.number(3)?,
                        roles: vec![held.clone()],
                        subjects: 0,
                    })
                },
            )?;
            lines.extend(found);
        }
        for line in &mut lines {
            let sites = seen.remove(&line.id).unwrap_or_default();
            // A grant of the whole study holds every site already.
            let whole = sites.contains(&None);
            for site in sites.into_iter().filter(|site| site.is_none() || !whole) {
                // The comparison comes first: from it a database that is asked first about none learns the type.
                let count = snapshot.db.one(
                    "SELECT count(*) FROM subject WHERE study = ?1 AND status = 'active' AND (site = ?2 OR ?2 IS NULL)",
                    values![&line.id, site.as_ref()],
                    |row| row.size(0),
                )?;
                line.subjects = line.subjects.saturating_add(count.unwrap_or(0));
            }
        }
        lines.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(lines)
    }

    fn count(shown: &Vec<StudyLine>) -> u64 {
        shown.len() as u64
    }
}

fn sites_in(snapshot: &Snapshot<'_>, study: StudyId, country: Country) -> Result<Vec<Option<SiteId>>> {
    snapshot.db.select(
        "SELECT id FROM site WHERE study = ?1 AND country = ?2",
        values![&study, &country.to_string()],
        |row| row.id(0).map(Some),
    )
}
