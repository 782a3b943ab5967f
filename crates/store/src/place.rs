//! Where a record lies. The answer comes from stored rows, never from the request: an id is all that is taken.

use trial::{
    access::{Place, Scope},
    country::Country,
    ids::{
        AccessRequestId, ClientId, DelegationId, FormId, GrantId, ImportId, KeyId, PersonId, SiteId, StudyId, SubjectId,
    },
};

use crate::{
    backend::{Connection, Row, values},
    error::{Error, Result},
    rules::scope_of,
};

/// The narrowest record that an act or view is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// The door: nobody is anybody yet.
    Door,
    /// The installation, at its console.
    Installation,
    /// The asker's own account.
    Own,
    /// The organization.
    Organization,
    /// A person of the organization.
    Person(PersonId),
    /// A study.
    Study(StudyId),
    /// The sites of a study that the asker's grants reach.
    SitesOf(StudyId),
    /// A site.
    Site(SiteId),
    /// A subject.
    Subject(SubjectId),
    /// A form.
    Form(FormId),
    /// An import.
    Import(ImportId),
    /// Where a grant is to hold.
    Scope(Scope),
    /// A grant, at its scope.
    Grant(GrantId),
    /// A request for access, at the scope that it asks for.
    AccessRequest(AccessRequestId),
    /// The delegation log of a site.
    DelegationLog(SiteId),
    /// A line of a delegation log, at its site.
    Delegation(DelegationId),
    /// A program or a device, where it works.
    Client(ClientId),
    /// A ledger, by its number: the organization's or a study's.
    Ledger(u32),
    /// One entry of a ledger: at the site of the record that it is about.
    Entry(u32, u64),
}

/// What the stored rows say of a target.
#[derive(Debug, Clone)]
pub(crate) struct Located {
    /// Where access is decided.
    pub place: Place,
    /// The ledger that will tell of it.
    pub ledger: u32,
    /// As the entry names it.
    pub name: String,
    /// What the same row says of a subject.
    pub subject: Option<Standing>,
}

impl Located {
    /// The country of the site, where it is at one.
    pub(crate) fn country(&self) -> Option<Country> {
        match self.place {
            Place::Site(_, _, country) => country,
            _ => None,
        }
    }
}

/// What a subject's row and its study's say beside where it lies.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Standing {
    pub key: KeyId,
    pub erased: bool,
    /// Version of the study's definition record, 0: none published.
    pub definition: u32,
}

/// Finds a subject.
pub(crate) const SUBJECT: &str = "SELECT s.study, s.site, t.ledger, s.key, s.status, t.definition, x.country
     FROM subject s JOIN study t ON t.id = s.study JOIN site x ON x.id = s.site WHERE s.id = ?1";

/// The organization's ledger.
pub(crate) const ORGANIZATION_LEDGER: u32 = 1;

/// Finds a target. A record that is not there is [`Error::Hidden`].
pub(crate) fn locate(db: &Connection, target: Target, asker: Option<PersonId>) -> Result<Located> {
    let here = |place, name: String| Located { place, ledger: ORGANIZATION_LEDGER, name, subject: None };
    Ok(match target {
        Target::Door => here(Place::Door, "door".into()),
        Target::Installation => here(Place::Installation, "installation".into()),
        Target::Own => {
            let person = asker.ok_or(Error::SignedOut)?;
            here(Place::Own(person), format!("person:{person}"))
        }
        Target::Organization => here(Place::Organization, "organization".into()),
        Target::Person(person) => {
            db.one("SELECT 1 FROM person WHERE id = ?1", values![&person], |_| Ok(()))?.ok_or(Error::Hidden)?;
            here(Place::Organization, format!("person:{person}"))
        }
        Target::Study(study) => in_study(db, study, Place::Study(study), format!("study:{study}"))?,
        Target::SitesOf(study) => in_study(db, study, Place::SitesOf(study), format!("study:{study}"))?,
        Target::Site(site) => {
            let (study, country) = site_at(db, site)?;
            in_study(db, study, Place::Site(study, site, country), format!("site:{site}"))?
        }
        Target::Subject(subject) => {
            let row = db.one(SUBJECT, values![&subject], |row| {
                let standing =
                    Standing { key: row.id(3)?, erased: row.text(4)? == "erased", definition: row.number(5)? };
                Ok((Place::Site(row.id(0)?, row.id(1)?, country(row, 6)?), row.number(2)?, standing))
            })?;
            let (place, ledger, standing) = row.ok_or(Error::Hidden)?;
            Located { place, ledger, name: format!("subject:{subject}"), subject: Some(standing) }
        }
        Target::Form(form) => {
            let subject = at(db, "SELECT subject FROM form WHERE id = ?1", form)?;
            Located { name: format!("form:{form}"), ..locate(db, Target::Subject(subject), asker)? }
        }
        Target::Import(import) => {
            let study = at(db, "SELECT study FROM import WHERE id = ?1", import)?;
            in_study(db, study, Place::Study(study), format!("import:{import}"))?
        }
        Target::Scope(scope) => at_scope(db, scope)?,
        Target::Grant(grant) => {
            let scope = scope_in(db, "SELECT study, country, site FROM role_grant WHERE id = ?1", values![&grant])?;
            Located { name: format!("grant:{grant}"), ..at_scope(db, scope)? }
        }
        Target::AccessRequest(request) => {
            let sql = "SELECT study, country, site FROM access_request WHERE id = ?1";
            let scope = scope_in(db, sql, values![&request])?;
            Located { name: format!("access_request:{request}"), ..at_scope(db, scope)? }
        }
        Target::DelegationLog(site) => {
            let (study, country) = site_at(db, site)?;
            // It is about who may do what, so it lies where grants do.
            here(Place::Site(study, site, country), format!("site:{site}"))
        }
        Target::Delegation(delegation) => {
            let site = at(db, "SELECT site FROM delegation WHERE id = ?1", delegation)?;
            let (study, country) = site_at(db, site)?;
            here(Place::Site(study, site, country), format!("delegation:{delegation}"))
        }
        Target::Client(client) => {
            let scope = scope_in(db, "SELECT study, NULL, site FROM client WHERE id = ?1", values![&client])?;
            Located { name: format!("client:{client}"), ..at_scope(db, scope)? }
        }
        Target::Ledger(number) => {
            let (place, name) = ledger_place(db, number)?;
            Located { place, ledger: number, name, subject: None }
        }
        Target::Entry(number, index) => at_entry(db, number, index, asker)?,
    })
}

/// The scope in columns study, country, site.
fn scope_in(db: &Connection, sql: &'static str, of: &[crate::backend::Value<'_>]) -> Result<Scope> {
    db.one(sql, of, |row| scope_of(row.maybe_id(0)?, row.maybe_text(1)?, row.maybe_id(2)?))?.ok_or(Error::Hidden)
}

/// A country from a column. What is not one is none: it bounds no grant.
fn country(row: &Row<'_>, column: usize) -> Result<Option<Country>> {
    Ok(row.maybe_text(column)?.and_then(|country| country.parse().ok()))
}

/// The study and the country of a site.
fn site_at(db: &Connection, site: SiteId) -> Result<(StudyId, Option<Country>)> {
    db.one("SELECT study, country FROM site WHERE id = ?1", values![&site], |row| Ok((row.id(0)?, country(row, 1)?)))?
        .ok_or(Error::Hidden)
}

fn in_study(db: &Connection, study: StudyId, place: Place, name: String) -> Result<Located> {
    let ledger =
        db.one("SELECT ledger FROM study WHERE id = ?1", values![&study], |row| row.number(0))?.ok_or(Error::Hidden)?;
    Ok(Located { place, ledger, name, subject: None })
}

/// Grants lie in the organization's ledger, wherever they hold.
fn at_scope(db: &Connection, scope: Scope) -> Result<Located> {
    let (place, name) = match scope {
        Scope::Organization => (Place::Organization, "organization".to_owned()),
        Scope::Study { study } => {
            (in_study(db, study, Place::Study(study), String::new())?.place, format!("study:{study}"))
        }
        Scope::Country { study, country } => {
            in_study(db, study, Place::Study(study), String::new())?;
            (Place::Country(study, country), format!("study:{study}:{country}"))
        }
        Scope::Site { study, site } => {
            let (found, country) = site_at(db, site)?;
            if found != study {
                return Err(Error::Hidden);
            }
            (Place::Site(study, site, country), format!("site:{site}"))
        }
    };
    Ok(Located { place, ledger: ORGANIZATION_LEDGER, name, subject: None })
}

fn ledger_place(db: &Connection, number: u32) -> Result<(Place, String)> {
    let (id, study) = db
        .one("SELECT id, study FROM ledger WHERE number = ?1", values![number], |row| {
            Ok((row.id::<trial::ids::LedgerId>(0)?, row.maybe_id::<StudyId>(1)?))
        })?
        .ok_or(Error::Hidden)?;
    let place = study.map_or(Place::Organization, Place::Study);
    Ok((place, format!("ledger:{id}")))
}

/// An entry lies where its target lies, so that a coordinator can fetch the proof of what was entered at the site.
fn at_entry(db: &Connection, number: u32, index: u64, asker: Option<PersonId>) -> Result<Located> {
    let index = i64::try_from(index).map_err(|_| Error::Hidden)?;
    let bytes = db
        .one("SELECT bytes FROM entry WHERE ledger = ?1 AND idx = ?2", values![number, index], |row| row.blob(0))?
        .ok_or(Error::Hidden)?;
    let entry = ledger::Entry::decode(&bytes).map_err(Error::fault)?;
    let (place, name) = ledger_place(db, number)?;
    let whole = Located { place, ledger: number, name, subject: None };
    // What the organization's ledger tells is about who may do what, also where that is at a site.
    if number == ORGANIZATION_LEDGER {
        return Ok(whole);
    }
    let Some((kind, id)) = entry.target.split_once(':') else { return Ok(whole) };
    Ok(match kind {
        "subject" => id.parse().ok().map(Target::Subject),
        "form" => id.parse().ok().map(Target::Form),
        "site" => id.parse().ok().map(Target::Site),
        _ => None,
    }
    .and_then(|target| locate(db, target, asker).ok())
    .map_or(whole.clone(), |narrow| Located { place: narrow.place, ..whole }))
}

fn at<I: trial::ids::Id, O: trial::ids::Id>(db: &Connection, sql: &str, id: I) -> Result<O> {
    db.one(sql, values![id.bytes()], |row| row.id(0))?.ok_or(Error::Hidden)
}
