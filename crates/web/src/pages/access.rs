//! Who has what role, from whom, until when; giving and ending roles.

use askama::Template;
use axum::{http::StatusCode, response::Response};
use jiff::{Timestamp, civil::Date, tz::TimeZone};
use store::{
    Error,
    acts::{EndGrant, GiveGrant},
    views::{GrantLine, Grants, People, PersonLine},
};
use trial::{
    access::Scope,
    ids::{GrantId, PersonId, SiteId, StudyId},
    permission::Permission,
    role::{Level, Role, may},
};

use super::{
    fields::{Fields, Refused, outcome},
    frame::{Frame, Reader, any, render_as, to},
    people::Where,
    show::filters,
};
use crate::{
    error::Answer,
    input::{Path, Query},
};

#[derive(Template)]
#[template(path = "access.html")]
struct AccessPage {
    frame: Frame,
    /// Of what, in words.
    of: String,
    scope: Scope,
    holding: Vec<GrantLine>,
    past: Vec<GrantLine>,
    gives: bool,
    people: Vec<PersonLine>,
    /// Role and place, as one choice.
    choices: Vec<(String, String)>,
    typed: Typed,
    why: Refused,
}

#[derive(Default)]
struct Typed {
    person: String,
    role: String,
    until: String,
    reason: String,
}

/// Shows who may do what.
pub async fn access(reader: Reader, Query(asked): Query<Where>) -> Answer<Response> {
    page(&reader, StatusCode::OK, asked.scope(), Typed::default(), Refused::default()).await
}

/// Gives a role.
pub async fn give(reader: Reader, Query(asked): Query<Where>, fields: Fields) -> Answer<Response> {
    let request = fields.request()?;
    let [person, role, until, reason] =
        ["person", "role", "until", "reason"].map(|field| fields.get(field).trim().to_owned());
    let typed = Typed { person, role, until, reason };
    let done = match grant(&typed) {
        Ok(act) => reader.asker.act(act, request).await,
        Err(error) => Err(error),
    };
    match outcome(done)? {
        Ok(_) => Ok(to(address(asked.scope()))),
        Err((status, why)) => page(&reader, status, asked.scope(), typed, why).await,
    }
}

/// Ends a role.
pub async fn end(
    reader: Reader,
    Path(grant): Path<GrantId>,
    Query(asked): Query<Where>,
    fields: Fields,
) -> Answer<Response> {
    let request = fields.request()?;
    let act = EndGrant { grant, reason: fields.get("reason").to_owned() };
    match outcome(reader.asker.act(act, request).await)? {
        Ok(_) => Ok(to(address(asked.scope()))),
        Err((status, why)) => page(&reader, status, asked.scope(), Typed::default(), why).await,
    }
}

/// The address of this page for a scope.
fn address(scope: Scope) -> String {
    match scope {
        Scope::Organization => "/access".to_owned(),
        Scope::Study { study } => format!("/access?study={study}"),
        Scope::Site { study, site } => format!("/access?study={study}&site={site}"),
    }
}

fn grant(typed: &Typed) -> store::Result<GiveGrant> {
    let person: PersonId =
        typed.person.parse().map_err(|_| Error::refused("person", "choose", "choose who gets the role"))?;
    let (role, scope) = choice(&typed.role).ok_or_else(|| Error::refused("role", "choose", "choose the role"))?;
    Ok(GiveGrant {
        person,
        role,
        scope,
        until: if typed.until.is_empty() { None } else { Some(end_of(&typed.until)?) },
        reason: Some(typed.reason.clone()).filter(|reason| !reason.is_empty()),
    })
}

/// A role holds through its last day, in UTC.
fn end_of(day: &str) -> store::Result<Timestamp> {
    let day: Date = day.parse().map_err(|_| Error::refused("until", "no_date", "type the last day as 2027-03-31"))?;
    let after = day.tomorrow().and_then(|next| next.to_zoned(TimeZone::UTC));
    after.map(|end| end.timestamp()).map_err(|_| Error::refused("until", "no_date", "choose an earlier last day"))
}

/// `coordinator study site`
fn choice(text: &str) -> Option<(Role, Scope)> {
    let mut words = text.split(' ');
    let role = Role::from_code(words.next()?)?;
    let study: Option<StudyId> = words.next().and_then(|id| id.parse().ok());
    let site: Option<SiteId> = words.next().and_then(|id| id.parse().ok());
    let scope = match (study, site) {
        (Some(study), Some(site)) => Scope::Site { study, site },
        (Some(study), None) => Scope::Study { study },
        _ => Scope::Organization,
    };
    Some((role, scope))
}

fn spelled(role: Role, scope: Scope) -> String {
    match scope {
        Scope::Organization => role.code().to_owned(),
        Scope::Study { study } => format!("{} {study}", role.code()),
        Scope::Site { study, site } => format!("{} {study} {site}", role.code()),
    }
}

async fn page(reader: &Reader, status: StatusCode, scope: Scope, typed: Typed, why: Refused) -> Answer<Response> {
    let grants = reader.asker.view(Grants { scope }).await?;
    let frame = match scope {
        Scope::Organization => reader.frame("organization access").await?,
        Scope::Study { study } | Scope::Site { study, .. } => reader.study_frame("access", study).await?,
    };
    let gives = gives(&frame, scope);
    let people = if gives {
        let mut people = reader.asker.view(People { scope }).await?;
        people.retain(|person| person.active && person.id != frame.account.id);
        people
    } else {
        Vec::new()
    };
    let choices = if gives { choices(&frame, scope, &grants) } else { Vec::new() };
    let of = match scope {
        Scope::Organization => frame.account.organization.clone(),
        Scope::Study { .. } => frame.study.as_ref().map_or_else(String::new, |study| study.name.clone()),
        Scope::Site { site, .. } => site_name(&frame, site),
    };
    let (holding, past) = grants.into_iter().partition(|line| line.holds);
    render_as(status, &AccessPage { of, scope, holding, past, gives, people, choices, typed, why, frame })
}

fn site_name(frame: &Frame, site: SiteId) -> String {
    let sites = frame.study.as_ref().map_or(&[][..], |study| &study.sites);
    sites.iter().find(|line| line.id == site).map_or_else(|| "a site".to_owned(), |line| line.name.clone())
}

/// Whether one of one's roles gives roles at this scope.
fn gives(frame: &Frame, scope: Scope) -> bool {
    match scope {
        Scope::Organization => frame.organization_may(Permission::GrantGive),
        Scope::Study { study } => frame
            .account
            .roles
            .iter()
            .any(|held| held.scope == (Scope::Study { study }) && may(held.role, Permission::GrantGive)),
        Scope::Site { .. } => frame.study.as_ref().is_some_and(|study| any(&study.roles, Permission::GrantGive)),
    }
}

/// Every role that may be given from here, with its place.
fn choices(frame: &Frame, scope: Scope, grants: &[GrantLine]) -> Vec<(String, String)> {
    let mut choices = Vec::new();
    let mut offer = |level: Level, scope: Scope, place: &str, skip: &[Role]| {
        for role in Role::ALL.iter().filter(|role| role.levels().contains(&level) && !skip.contains(role)) {
            choices.push((spelled(*role, scope), format!("{}, {place}", role.title())));
        }
    };
    match scope {
        Scope::Organization => {
            offer(Level::Organization, scope, &frame.account.organization, &[]);
            // The organization appoints who administers its studies; it knows those by whom it appointed before.
            let mut known: Vec<(StudyId, String)> = Vec::new();
            for line in grants {
                if let (Scope::Study { study }, Some(name)) = (line.grant.scope, &line.study)
                    && !known.iter().any(|(id, _)| *id == study)
                {
                    known.push((study, name.clone()));
                }
            }
            let others: Vec<Role> =
                Role::ALL.iter().copied().filter(|role| *role != Role::StudyAdministrator).collect();
            for (study, name) in known {
                offer(Level::Study, Scope::Study { study }, &name, &others);
            }
        }
        Scope::Study { study } => {
            offer(Level::Study, scope, "the whole study", &[Role::StudyAdministrator]);
            for site in frame.study.as_ref().map_or(&[][..], |study| &study.sites) {
                offer(Level::Site, Scope::Site { study, site: site.id }, &site.name, &[]);
            }
        }
        Scope::Site { site, .. } => offer(Level::Site, scope, &site_name(frame, site), &[]),
    }
    choices
}

impl AccessPage {
    /// Where a grant holds, in words.
    fn place(&self, line: &GrantLine) -> String {
        match (&line.site, &line.study) {
            (Some(site), _) => site.clone(),
            (None, Some(study)) => format!("{study}, every site"),
            (None, None) => self.frame.account.organization.clone(),
        }
    }

    fn query(&self) -> String {
        address(self.scope).strip_prefix("/access").unwrap_or_default().to_owned()
    }

    /// Whether the reader may end it: nobody ends a role of their own here by mistake.
    fn ends(&self, line: &GrantLine) -> bool {
        self.gives && line.grant.person != self.frame.account.id
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_choice_is_read_as_it_was_written() {
        let study: StudyId = "0192f0c1-2f3e-7c4a-9b1d-3a5c7e9f1b2d".parse().unwrap_or_else(|_| panic!("an id"));
        let site: SiteId = "0192f0c1-2f3e-7c4a-9b1d-3a5c7e9f1b2e".parse().unwrap_or_else(|_| panic!("an id"));
        for (role, scope) in [
            (Role::Auditor, Scope::Organization),
            (Role::DataManager, Scope::Study { study }),
            (Role::Coordinator, Scope::Site { study, site }),
        ] {
            assert_eq!(choice(&spelled(role, scope)), Some((role, scope)));
        }
        assert_eq!(choice("king"), None);
    }

    #[test]
    fn a_role_holds_through_its_last_day() {
        assert_eq!(end_of("2027-03-31").map(|at| at.to_string()).ok().as_deref(), Some("2027-04-01T00:00:00Z"));
        assert!(end_of("31.3.2027").is_err());
    }
}
