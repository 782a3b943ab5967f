//! Who may do what: grants, the organization's own roles, policy layers, and access by exception.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use trial::{
    access::{Grant, Scope},
    country::Country,
    ids::{GrantId, PersonId, SiteId, StudyId},
    policy::Layer,
    role::Role,
    roles::OwnRole,
};

use super::{Put, Record};
use crate::{
    backend::{Connection, values},
    error::Result,
    time,
};

/// Tells every process that who may do what has changed.
pub(super) fn rules_changed(db: &Connection) -> Result<()> {
    db.execute("UPDATE turn SET rules = rules + 1", &[]).map(drop)
}

/// A scope as columns: study, country, site.
pub(crate) fn columns(scope: &Scope) -> (Option<&StudyId>, Option<String>, Option<&SiteId>) {
    let country = |country: &Country| country.to_string();
    match scope {
        Scope::Organization => (None, None, None),
        Scope::Study { study } => (Some(study), None, None),
        Scope::Country { study, country: of } => (Some(study), Some(country(of)), None),
        Scope::Site { study, site } => (Some(study), None, Some(site)),
    }
}

#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct GrantRecord {
    pub grant: Grant,
    /// `None`: given by the operator when the organization was founded.
    pub given_by: Option<PersonId>,
    /// The giver's grant, by whose power it was given.
    pub through: Option<GrantId>,
    /// When somebody last said that it is needed, and who that was where it was not the giver.
    pub reviewed: Timestamp,
    pub reviewed_by: Option<PersonId>,
    /// Who ended it.
    pub ended_by: Option<PersonId>,
    /// Why it was given or ended, in the words of who did.
    pub reason: Option<String>,
}

impl Record for GrantRecord {
    const KIND: &'static str = "grant";

    fn derive(&self, put: &Put<'_>) -> Result<()> {
        let grant = &self.grant;
        let (study, country, site) = columns(&grant.scope);
        put.db.write(
            "INSERT INTO role_grant (id, person, role, study, country, site, starts, ends, exception, given_by, through,
                                     reviewed, version)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)
             ON CONFLICT (id) DO UPDATE SET ends = excluded.ends, reviewed = excluded.reviewed, version = excluded.version",
            values![
                &grant.id,
                &grant.person,
                &*grant.role.code(),
                study,
                country.as_ref(),
                site,
                time::micros(grant.from),
                grant.until.map(time::micros),
                grant.exception.map(trial::access::Exception::code),
                self.given_by.as_ref(),
                self.through.as_ref(),
                time::micros(self.reviewed),
                put.version
            ],
        )?;
        rules_changed(put.db)
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RoleRecord {
    pub role: OwnRole,
    pub by: PersonId,
}

impl Record for RoleRecord {
    const KIND: &'static str = "role";

    fn derive(&self, put: &Put<'_>) -> Result<()> {
        put.db.write(
            "INSERT INTO own_role (id, version, since) VALUES (?1, ?2, ?3)",
            values![put.key, put.version, put.at],
        )?;
        rules_changed(put.db)
    }
}

/// What one layer of policy sets: of the organization, a study or a site, whose id is the record's.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PolicyRecord {
    pub layer: Layer,
    pub by: PersonId,
}

impl Record for PolicyRecord {
    const KIND: &'static str = "policy";

    fn derive(&self, put: &Put<'_>) -> Result<()> {
        put.db.write(
            "INSERT INTO policy_layer (id, version) VALUES (?1, ?2)
             ON CONFLICT (id) DO UPDATE SET version = excluded.version",
            values![put.key, put.version],
        )?;
        rules_changed(put.db)
    }
}

/// Where a request for access stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RequestState {
    /// It waits for somebody's answer.
    Asked,
    /// It was refused.
    Refused,
    /// The access was opened; it ends by itself.
    Open,
    /// Somebody looked at what was done with it.
    Reviewed,
}

impl RequestState {
    /// Its code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            RequestState::Asked => "asked",
            RequestState::Refused => "refused",
            RequestState::Open => "open",
            RequestState::Reviewed => "reviewed",
        }
    }
}

/// A request for access that somebody else approves, or an emergency that somebody else reviews.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AccessRequestRecord {
    pub person: PersonId,
    pub role: Role,
    pub scope: Scope,
    pub hours: u32,
    pub reason: String,
    pub emergency: bool,
    pub asked: Timestamp,
    pub state: RequestState,
    pub grant: Option<GrantId>,
    /// Who approved, refused or reviewed it last, and what they said.
    pub answered_by: Option<PersonId>,
    pub answer: Option<String>,
}

impl Record for AccessRequestRecord {
    const KIND: &'static str = "access_request";

    fn derive(&self, put: &Put<'_>) -> Result<()> {
        let (study, country, site) = columns(&self.scope);
        put.db.write(
            "INSERT INTO access_request (id, person, study, country, site, state, emergency, role_grant, asked, version)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
             ON CONFLICT (id) DO UPDATE SET state = excluded.state, role_grant = excluded.role_grant,
                 version = excluded.version",
            values![
                put.key,
                &self.person,
                study,
                country.as_ref(),
                site,
                self.state.code(),
                self.emergency,
                self.grant.as_ref(),
                time::micros(self.asked),
                put.version
            ],
        )?;
        Ok(())
    }
}
