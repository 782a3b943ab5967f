//! Who has what role, from whom, until when; giving and ending roles.

use askama::Template;
use axum::{http::StatusCode, response::Response};
use store::{
    Error,
    acts::{ConfirmGrant, EndGrant, GiveGrant},
    views::{GrantLine, Grants, People, PersonLine, RoleBook, RoleLine},
};
use trial::{
    access::Scope,
    country::Country,
    ids::{GrantId, PersonId, SiteId, StudyId},
    permission::Permission,
    role::Role,
};

use super::{
    days::{end_of, start_of},
    fields::{Fields, Refused, outcome},
    frame::{Frame, Reader, render_as, to},
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
    from: String,
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
    let [person, role, from, until, reason] =
        ["person", "role", "from", "until", "reason"].map(|field| fields.get(field).trim().to_owned());
    let typed = Typed { person, role, from, until, reason };
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

/// Confirms that somebody still needs a role.
pub async fn confirm(
    reader: Reader,
    Path(grant): Path<GrantId>,
    Query(asked): Query<Where>,
    fields: Fields,
) -> Answer<Response> {
    let request = fields.request()?;
    match outcome(reader.asker.act(ConfirmGrant { grant }, request).await)? {
        Ok(_) => Ok(to(address(asked.scope()))),
        Err((status, why)) => page(&reader, status, asked.scope(), Typed::default(), why).await,
    }
}

/// The address of this page for a scope.
fn address(scope: Scope) -> String {
    format!("/access{}", query(scope))
}

/// What an address says of a scope.
pub(super) fn query(scope: Scope) -> String {
    match scope {
        Scope::Organization => String::new(),
        Scope::Study { study } => format!("?study={study}"),
        Scope::Country { study, country } => format!("?study={study}&country={country}"),
        Scope::Site { study, site } => format!("?study={study}&site={site}"),
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
        from: if typed.from.is_empty() { None } else { Some(start_of("from", &typed.from)?) },
        until: if typed.until.is_empty() { None } else { Some(end_of("until", &typed.until)?) },
        reason: Some(typed.reason.clone()).filter(|reason| !reason.is_empty()),
    })
}

/// `coordinator`, `coordinator study`, `coordinator study site` or `monitor study NO`
fn choice(text: &str) -> Option<(Role, Scope)> {
    let mut words = text.split(' ');
    let role = Role::from_code(words.next()?)?;
    let study: Option<StudyId> = words.next().and_then(|id| id.parse().ok());
    let within = words.next();
    let scope = match (study, within.map(str::parse::<SiteId>), within.map(str::parse::<Country>)) {
        (Some(study), Some(Ok(site)), _) => Scope::Site { study, site },
        (Some(study), _, Some(Ok(country))) => Scope::Country { study, country },
        (Some(study), ..) => Scope::Study { study },
        _ => Scope::Organization,
    };
    Some((role, scope))
}

fn spelled(role: Role, scope: Scope) -> String {
    match scope {
        Scope::Organization => role.code().into_owned(),
        Scope::Study { study } => format!("{role} {study}"),
        Scope::Country { study, country } => format!("{role} {study} {country}"),
        Scope::Site { study, site } => format!("{role} {study} {site}"),
    }
}

async fn page(reader: &Reader, status: StatusCode, scope: Scope, typed: Typed, why: Refused) -> Answer<Response> {
    let grants = reader.asker.view(Grants { scope }).await?;
    let frame = reader.frame_at(scope, ["organization access", "access"]).await?;
    let gives = frame.may_at(Permission::GrantGive, scope);
    let (mut people, mut choices) = (Vec::new(), Vec::new());
    if gives {
        people = reader.asker.view(People { scope }).await?;
        people.retain(|person| person.active && person.id != frame.account.id);
        let book = reader.asker.view(RoleBook { scope }).await?;
        choices = offered(&frame, scope, &grants, &book);
    }
    let of = frame.scope_name(&scope).unwrap_or_else(|| named_by(&grants, scope));
    let (holding, past) = grants.into_iter().partition(|line| line.holds || line.grant.until.is_none());
    render_as(status, &AccessPage { of, scope, holding, past, gives, people, choices, typed, why, frame })
}

/// The name of a scope, as the lines of its grants tell it.
fn named_by(grants: &[GrantLine], scope: Scope) -> String {
    let line = grants.iter().find(|line| line.grant.scope.study() == scope.study());
    line.and_then(|line| line.study.clone()).unwrap_or_else(|| "a study".to_owned())
}

/// The studies of an organization, which knows them by whom it appointed there.
pub(super) fn studies_in(grants: &[GrantLine]) -> Vec<(StudyId, String)> {
    let mut known: Vec<(StudyId, String)> = Vec::new();
    for line in grants {
        if let (Some(study), Some(name)) = (line.grant.scope.study(), &line.study)
            && !known.iter().any(|(id, _)| *id == study)
        {
            known.push((study, name.clone()));
        }
    }
    known
}

/// Every role that may be given from here, with its place.
fn offered(frame: &Frame, scope: Scope, grants: &[GrantLine], book: &[RoleLine]) -> Vec<(String, String)> {
    let mut choices = Vec::new();
    let mut offer = |scope: Scope, place: &str| {
        for line in book.iter().filter(|line| line.offered && line.levels.contains(&scope.level())) {
            if frame.gives(line.role, scope) {
                choices.push((spelled(line.role, scope), format!("{}, {place}", line.title)));
            }
        }
    };
    match scope {
        Scope::Organization => {
            offer(scope, &frame.account.organization);
            for (study, name) in studies_in(grants) {
                offer(Scope::Study { study }, &name);
            }
        }
        Scope::Study { study } => {
            offer(scope, "the whole study");
            let sites = frame.study.as_ref().map_or(&[][..], |study| &study.sites);
            let countries: std::collections::BTreeSet<Country> =
                sites.iter().filter_map(|site| site.country.as_deref()?.parse().ok()).collect();
            for country in countries {
                offer(Scope::Country { study, country }, &country.to_string());
            }
            for site in sites {
                offer(Scope::Site { study, site: site.id }, &site.name);
            }
        }
        Scope::Country { country, .. } => offer(scope, &country.to_string()),
        Scope::Site { .. } => offer(scope, &frame.scope_name(&scope).unwrap_or_else(|| "the site".to_owned())),
    }
    choices
}

impl AccessPage {
    /// Where a grant holds, in words.
    fn place(&self, line: &GrantLine) -> String {
        match (&line.site, &line.study) {
            (Some(within), Some(study)) if self.scope == Scope::Organization => format!("{within}, {study}"),
            (Some(within), _) => within.clone(),
            (None, Some(study)) => format!("{study}, every site"),
            (None, None) => self.frame.account.organization.clone(),
        }
    }

    fn query(&self) -> String {
        query(self.scope)
    }

    /// Whether the reader may end it: nobody ends a role of their own here by mistake.
    fn ends(&self, line: &GrantLine) -> bool {
        line.administered && line.grant.person != self.frame.account.id
    }

    /// Whether it is time for the reader to confirm it.
    fn confirms(&self, line: &GrantLine) -> bool {
        self.ends(line) && line.holds && line.confirm_now && line.grant.exception.is_none()
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
            (Role::Monitor, Scope::Country { study, country: "NO".parse().unwrap_or_else(|_| panic!("a country")) }),
            (Role::Own(trial::ids::Id::from_bytes([7; 16])), Scope::Site { study, site }),
        ] {
            assert_eq!(choice(&spelled(role, scope)), Some((role, scope)));
        }
        assert_eq!(choice("king"), None);
    }
}
