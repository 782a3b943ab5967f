//! Access by exception: asked for and approved by somebody else, or taken in an emergency with an alarm. Either ends by
//! itself, and everything done with it is marked.

use std::sync::Arc;

use jiff::SignedDuration;
use serde::Serialize;
use trial::{
    access::{Exception, Grant, Scope},
    giving::power_for,
    ids::{AccessRequestId, GrantId, PersonId},
    limit,
    permission::Permission,
    policy::Setting,
    role::{Level, Role},
};

use crate::{
    act::Act,
    actor::Access,
    acts::{grant, identity},
    assurance::Freshness,
    backend::values,
    error::{Error, Result},
    place::{Target, locate},
    record::{AccessRequestRecord, GrantRecord, RequestState},
    rules::Rules,
    tx::Tx,
};

/// Requests of one person that wait for an answer.
pub const REQUESTS_MAX: i64 = 10;

/// Asks for access: as what, where, for how long, why.
#[derive(Debug, Clone, Serialize)]
pub struct AskAccess {
    /// As what.
    pub role: Role,
    /// Where.
    pub scope: Scope,
    /// For how many hours.
    pub hours: u32,
    /// Why.
    pub reason: String,
}

impl Act for AskAccess {
    const NAME: &'static str = "access.ask";
    const NEEDS: Permission = Permission::OwnAccount;
    const FRESH: Freshness = Freshness::Session;

    fn target(&self) -> Target {
        Target::Own
    }

    fn apply(&self, tx: &mut Tx<'_>, access: &Access) -> Result<()> {
        let person = access.person()?;
        let waiting = "SELECT count(*) FROM access_request WHERE person = ?1 AND state = 'asked'";
        if tx.db.one(waiting, values![&person], |row| row.int(0))?.unwrap_or(0) >= REQUESTS_MAX {
            return Err(Error::Blocked {
                code: "too_many",
                message: format!("{REQUESTS_MAX} requests of yours wait for an answer already"),
            });
        }
        let record = checked(tx, access, person, self, Setting::ApprovedHours)?;
        let id: AccessRequestId = tx.new_id()?;
        put(tx, &id, 1, &record)
    }
}

/// Opens one's own way at once. Whoever administers is told, and looks at what was done.
#[derive(Debug, Clone, Serialize)]
pub struct BreakGlass {
    /// What is needed.
    pub ask: AskAccess,
}

impl Act for BreakGlass {
    const NAME: &'static str = "access.break_glass";
    const NEEDS: Permission = Permission::BreakGlass;
    const FRESH: Freshness = Freshness::Strong;

    fn target(&self) -> Target {
        Target::Organization
    }

    fn apply(&self, tx: &mut Tx<'_>, access: &Access) -> Result<()> {
        let person = access.person()?;
        let mut record = checked(tx, access, person, &self.ask, Setting::EmergencyHours)?;
        if !access.rules()?.roles.is_for_reading(record.role) {
            return Err(Error::refused(
                "role",
                "changes",
                "an emergency opens reading only: choose a role that changes nothing, such as monitor",
            ));
        }
        record.emergency = true;
        tracing::warn!(%person, scope = ?record.scope, "the glass was broken: access was taken in an emergency");
        let id: AccessRequestId = tx.new_id()?;
        open(tx, &id, 1, record, Exception::Emergency, None)
    }
}

/// Answers a request for access.
#[derive(Debug, Serialize)]
pub struct AnswerAccess {
    /// Which.
    pub request: AccessRequestId,
    /// Whether it is approved.
    pub approve: bool,
    /// What is said to it.
    pub answer: String,
}

impl Act for AnswerAccess {
    const NAME: &'static str = "access.answer";
    const NEEDS: Permission = Permission::AccessApprove;
    const FRESH: Freshness = Freshness::Strong;

    fn target(&self) -> Target {
        Target::AccessRequest(self.request)
    }

    fn apply(&self, tx: &mut Tx<'_>, access: &Access) -> Result<()> {
        let (version, mut record) = asked_by_another(tx, access, self.request)?;
        if record.state != RequestState::Asked {
            return Err(answered(version));
        }
        record.answered_by = Some(access.person()?);
        record.answer = Some(limit::text("answer", &self.answer, limit::REASON_BYTES_MAX)?);
        if !self.approve {
            record.state = RequestState::Refused;
            return put(tx, &self.request, version.saturating_add(1), &record);
        }
        let rules = Arc::clone(access.rules()?);
        // Roles and settings may have changed since it was asked for.
        possible(&rules, record.role, record.scope, (record.hours, Setting::ApprovedHours)).map_err(outdated)?;
        grant::ready(tx, access, record.person)?;
        identity::ready(tx, access, record.person, record.role)?;
        let basis = |grant: GrantId| grant::basis_of(tx, grant);
        let power =
            power_for(&rules.roles, access.through(), record.role, record.person, basis)?.map_err(grant::refused)?;
        open(tx, &self.request, version.saturating_add(1), record, Exception::Approved, Some(power))
    }
}

/// Ends access that was opened by exception before its time, or says that what was done with it was looked at.
#[derive(Debug, Serialize)]
pub struct ReviewAccess {
    /// Which.
    pub request: AccessRequestId,
    /// What was found.
    pub finding: String,
}

impl Act for ReviewAccess {
    const NAME: &'static str = "access.review";
    const NEEDS: Permission = Permission::AccessApprove;
    const FRESH: Freshness = Freshness::Session;

    fn target(&self) -> Target {
        Target::AccessRequest(self.request)
    }

    fn apply(&self, tx: &mut Tx<'_>, access: &Access) -> Result<()> {
        let (version, mut record) = asked_by_another(tx, access, self.request)?;
        let (RequestState::Open, Some(grant)) = (record.state, record.grant) else { return Err(answered(version)) };
        record.answer = Some(limit::text("finding", &self.finding, limit::REASON_BYTES_MAX)?);
        record.answered_by = Some(access.person()?);
        record.state = RequestState::Reviewed;
        let (at, reviewer) = (tx.at(), access.person()?);
        if let Some((version, mut opened)) = tx.current::<GrantRecord>(&grant)?
            && opened.grant.holds(at)
        {
            grant::end(&mut opened, at);
            opened.ended_by = Some(reviewer);
            grant::put(tx, version.saturating_add(1), &opened)?;
        }
        put(tx, &self.request, version.saturating_add(1), &record)
    }
}

fn answered(version: u32) -> Error {
    Error::Conflict { message: "this was answered already".into(), current: Some(u64::from(version)) }
}

/// A request, for somebody who did not make it.
fn asked_by_another(tx: &Tx<'_>, access: &Access, request: AccessRequestId) -> Result<(u32, AccessRequestRecord)> {
    let (version, record) = tx.current::<AccessRequestRecord>(&request)?.ok_or(Error::Hidden)?;
    if record.person == access.person()? {
        return Err(Error::Blocked {
            code: "self_approval",
            message: "nobody answers or reviews their own request: somebody else does".into(),
        });
    }
    Ok((version, record))
}

/// A request as it is kept, if it can be.
fn checked(
    tx: &Tx<'_>,
    access: &Access,
    person: PersonId,
    ask: &AskAccess,
    bound: Setting,
) -> Result<AccessRequestRecord> {
    locate(tx.db, Target::Scope(ask.scope), None).map_err(|error| match error {
        Error::Hidden => Error::refused("scope", "unknown", "there is no such place here"),
        other => other,
    })?;
    possible(access.rules()?, ask.role, ask.scope, (ask.hours, bound))?;
    Ok(AccessRequestRecord {
        person,
        role: ask.role,
        scope: ask.scope,
        hours: ask.hours,
        reason: limit::text("reason", &ask.reason, limit::REASON_BYTES_MAX)?,
        emergency: false,
        asked: tx.at(),
        state: RequestState::Asked,
        grant: None,
        answered_by: None,
        answer: None,
    })
}

/// Whether a role may be opened at a scope for so many hours.
fn possible(rules: &Rules, role: Role, scope: Scope, (hours, bound): (u32, Setting)) -> Result<()> {
    let level = scope.level();
    if !rules.roles.offers(role) || !rules.roles.levels(role).contains(&level) || level == Level::Organization {
        return Err(Error::refused("role", "wrong_level", "choose a role that is given there, in a study"));
    }
    if rules.roles.permissions(role).each().any(Permission::administers) {
        return Err(Error::refused("role", "administers", "administering is given by a grant, not by exception"));
    }
    let hours_max = rules.policy_of(&scope).get(bound);
    if !(1..=hours_max).contains(&hours) {
        return Err(Error::refused("hours", "out_of_bounds", format!("ask for 1 to {hours_max} hours")));
    }
    Ok(())
}

/// What was possible when it was asked for and is not any more, for whoever answers.
fn outdated(error: Error) -> Error {
    match error {
        Error::Refused(why) => {
            let why: Vec<String> = why.into_iter().map(|one| one.message).collect();
            Error::Blocked {
                code: "outdated",
                message: format!(
                    "this cannot be given any more ({}): refuse it, then it can be asked for anew",
                    why.join("; ")
                ),
            }
        }
        other => other,
    }
}

/// Opens what was asked for, from now for so many hours.
fn open(
    tx: &mut Tx<'_>,
    id: &AccessRequestId,
    version: u32,
    mut record: AccessRequestRecord,
    exception: Exception,
    through: Option<GrantId>,
) -> Result<()> {
    let grant: GrantId = tx.new_id()?;
    let at = tx.at();
    let until = at.checked_add(SignedDuration::from_hours(i64::from(record.hours))).map_err(Error::fault)?;
    let opened = GrantRecord {
        grant: Grant {
            id: grant,
            person: record.person,
            role: record.role,
            scope: record.scope,
            from: at,
            until: Some(until),
            exception: Some(exception),
            gaps: Vec::new(),
        },
        given_by: record.answered_by,
        through,
        reviewed: at,
        reviewed_by: None,
        ended_by: None,
        reason: Some(record.reason.clone()),
    };
    record.state = RequestState::Open;
    record.grant = Some(grant);
    grant::put(tx, 1, &opened)?;
    put(tx, id, version, &record)
}

fn put(tx: &mut Tx<'_>, id: &AccessRequestId, version: u32, record: &AccessRequestRecord) -> Result<()> {
    let top = Arc::clone(tx.ring.top());
    tx.put(id, version, record, &top)
}
