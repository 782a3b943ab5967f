//! Access by exception: what was asked for, by whom, who answered, and what is open now.

use jiff::Timestamp;
use serde::Serialize;
use trial::{
    access::{Scope, opens},
    ids::{AccessRequestId, PersonId},
    permission::Permission,
    role::Role,
};

use super::{
    grants::below,
    people::{name, place_names},
    roles::RoleShown,
};
use crate::{
    actor::Access,
    assurance::Freshness,
    backend::values,
    error::Result,
    place::{Target, locate},
    record::{AccessRequestRecord, GrantRecord, RequestState},
    rules::scope_of,
    view::{Snapshot, View},
};

/// A request for access, or an emergency.
#[derive(Debug, Clone, Serialize)]
pub struct AccessRequestLine {
    /// Which.
    pub id: AccessRequestId,
    /// Who asked.
    pub person: PersonId,
    /// Who asked, by name.
    pub name: String,
    /// As what.
    pub role: Role,
    /// As what, in words.
    pub title: String,
    /// Where.
    pub scope: Scope,
    /// In which study, by name.
    pub study: Option<String>,
    /// At which site, by name.
    pub site: Option<String>,
    /// For how many hours.
    pub hours: u32,
    /// Why.
    pub reason: String,
    /// Whether it was taken in an emergency.
    pub emergency: bool,
    /// When.
    pub asked: Timestamp,
    /// Where it stands.
    pub state: RequestState,
    /// Until when it opens something; `None`: it does not.
    pub until: Option<Timestamp>,
    /// Whether it opens something now.
    pub open: bool,
    /// Who answered or reviewed it last, by name.
    pub answered_by: Option<String>,
    /// What they said.
    pub answer: Option<String>,
}

fn lines(snapshot: &Snapshot<'_>, access: &Access, ids: Vec<AccessRequestId>) -> Result<Vec<AccessRequestLine>> {
    let roles = &access.rules()?.roles;
    let mut lines = Vec::with_capacity(ids.len());
    for id in ids {
        let Some((_, record)) = snapshot.current::<AccessRequestRecord>(&id)? else { continue };
        let grant = match record.grant {
            Some(grant) => snapshot.current::<GrantRecord>(&grant)?.map(|(_, record)| record.grant),
            None => None,
        };
        let (study, site) = place_names(snapshot, &record.scope)?;
        lines.push(AccessRequestLine {
            id,
            person: record.person,
            name: name(snapshot, record.person)?,
            role: record.role,
            title: roles.title(record.role).into_owned(),
            scope: record.scope,
            study,
            site,
            hours: record.hours,
            reason: record.reason,
            emergency: record.emergency,
            asked: record.asked,
            state: record.state,
            until: grant.as_ref().and_then(|grant| grant.until),
            open: grant.is_some_and(|grant| grant.holds(access.at())),
            answered_by: record.answered_by.map(|by| name(snapshot, by)).transpose()?,
            answer: record.answer,
        });
    }
    Ok(lines)
}

/// Requests that are shown at once, the newest first.
const LINES_MAX: u32 = 500;

/// How many requests wait at a place for whoever may answer or review them. Who asked and why stands on their page, where
/// looking is recorded.
#[derive(Debug, Clone, Serialize)]
pub struct ExceptionWaiting {
    /// Where access was asked for, or opened.
    pub scope: Scope,
    /// In which study, by name.
    pub study: Option<String>,
    /// At which site or in which country, by name.
    pub site: Option<String>,
    /// Whether it was opened in an emergency and waits for a review; else it waits for an answer.
    pub emergency: bool,
    /// How many.
    pub count: u64,
}

/// What waits for somebody with these roles. Nobody answers or reviews their own.
pub(super) fn waiting(snapshot: &Snapshot<'_>, person: PersonId, roles: &[RoleShown]) -> Result<Vec<ExceptionWaiting>> {
    if !roles.iter().any(|held| held.permissions.hold(Permission::AccessApprove)) {
        return Ok(Vec::new());
    }
    let rows = snapshot.db.select(
        "SELECT study, country, site, emergency, count(*) FROM access_request
             WHERE person <> ?1 AND (state = 'asked' OR (state = 'open' AND emergency = 1))
             GROUP BY study, country, site, emergency ORDER BY emergency DESC, study, country, site LIMIT ?2",
        values![&person, LINES_MAX],
        |row| Ok((scope_of(row.maybe_id(0)?, row.maybe_text(1)?, row.maybe_id(2)?)?, row.int(3)? != 0, row.int(4)?)),
    )?;
    let mut waiting = Vec::new();
    for (scope, emergency, count) in rows {
        let place = locate(snapshot.db, Target::Scope(scope), None)?.place;
        if roles.iter().any(|held| opens(held.permissions, &held.scope, Permission::AccessApprove, place)) {
            let (study, site) = place_names(snapshot, &scope)?;
            waiting.push(ExceptionWaiting { scope, study, site, emergency, count: count.unsigned_abs() });
        }
    }
    Ok(waiting)
}

/// What the asker asked for.
#[derive(Debug)]
pub struct MyAccessRequests {}

impl View for MyAccessRequests {
    const NAME: &'static str = "view.my_access_requests";
    const NEEDS: Permission = Permission::OwnAccount;
    const FRESH: Freshness = Freshness::Session;
    const RECORDED: bool = false;
    type Shown = Vec<AccessRequestLine>;

    fn target(&self) -> Target {
        Target::Own
    }

    fn read(&self, snapshot: &Snapshot<'_>, access: &Access) -> Result<Vec<AccessRequestLine>> {
        let ids = snapshot.db.select(
            "SELECT id FROM access_request WHERE person = ?1 ORDER BY id DESC LIMIT ?2",
            values![&access.person()?, LINES_MAX],
            |row| row.id(0),
        )?;
        lines(snapshot, access, ids)
    }

    fn count(shown: &Vec<AccessRequestLine>) -> u64 {
        shown.len() as u64
    }
}

/// What was asked for at a place and below.
#[derive(Debug)]
pub struct AccessRequests {
    /// Where the asker administers.
    pub scope: Scope,
}

impl View for AccessRequests {
    const NAME: &'static str = "view.access_requests";
    const NEEDS: Permission = Permission::GrantSee;
    const FRESH: Freshness = Freshness::Session;
    const RECORDED: bool = true;
    type Shown = Vec<AccessRequestLine>;

    fn target(&self) -> Target {
        Target::Scope(self.scope)
    }

    fn read(&self, snapshot: &Snapshot<'_>, access: &Access) -> Result<Vec<AccessRequestLine>> {
        let newest = format!("ORDER BY id DESC LIMIT {LINES_MAX}");
        let ids = below(snapshot, "SELECT id FROM access_request", &self.scope, &newest, |row| row.id(0))?;
        lines(snapshot, access, ids)
    }

    fn count(shown: &Vec<AccessRequestLine>) -> u64 {
        shown.len() as u64
    }
}
