//! Access by exception: what one asked for oneself, and for whoever approves, what waits for an answer, what is open now
//! and what waits for a review.

use askama::Template;
use axum::{http::StatusCode, response::Response};
use jiff::Timestamp;
use store::{
    Error, RequestState,
    acts::{AnswerAccess, AskAccess, BreakGlass, ReviewAccess},
    views::{AccessRequestLine, AccessRequests, MyAccessRequests, RoleBook},
};
use trial::{
    access::Scope,
    ids::AccessRequestId,
    permission::Permission,
    role::{Level, Role},
};

use super::{
    access::query,
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
#[template(path = "requests.html")]
struct RequestsPage {
    frame: Frame,
    scope: Scope,
    /// One's own.
    own: Vec<AccessRequestLine>,
    /// Others’, where one sees who may do what; `None`: one does not.
    others: Option<Others>,
    /// The place that is looked at, in words.
    of: String,
    /// Roles that may be asked for: code and name.
    roles: Vec<(String, String)>,
    /// Places that one knows of: as an address names them, and in words.
    places: Vec<(String, String)>,
    /// Whether one opens one's own way in an emergency.
    breaks_glass: bool,
    now: Timestamp,
    typed: Typed,
    /// What was said to a request, where that was refused.
    said: Option<(AccessRequestId, String)>,
    why: Refused,
}

/// What others asked for, by what is to be done about it.
#[derive(Default)]
struct Others {
    asked: Vec<AccessRequestLine>,
    open: Vec<AccessRequestLine>,
    ended: Vec<AccessRequestLine>,
    past: Vec<AccessRequestLine>,
}

#[derive(Default)]
struct Typed {
    role: String,
    place: String,
    address: String,
    hours: String,
    reason: String,
}

/// Shows the requests.
pub async fn requests(reader: Reader, Query(asked): Query<Where>) -> Answer<Response> {
    page(&reader, StatusCode::OK, asked.scope(), (Typed::default(), None), Refused::default()).await
}

/// Asks for access.
pub async fn ask(reader: Reader, Query(asked): Query<Where>, fields: Fields) -> Answer<Response> {
    let request = fields.request()?;
    let typed = typed(&fields);
    let done = match wanted(&typed) {
        Ok(act) => reader.asker.act(act, request).await,
        Err(error) => Err(error),
    };
    after(&reader, asked.scope(), done, (typed, None)).await
}

/// Opens one's own way in an emergency.
pub async fn emergency(reader: Reader, Query(asked): Query<Where>, fields: Fields) -> Answer<Response> {
    let request = fields.request()?;
    let typed = typed(&fields);
    let done = match wanted(&typed) {
        Ok(ask) => reader.asker.act(BreakGlass { ask }, request).await,
        Err(error) => Err(error),
    };
    after(&reader, asked.scope(), done, (typed, None)).await
}

/// Answers somebody's request.
pub async fn answer(
    reader: Reader,
    Path(which): Path<AccessRequestId>,
    Query(asked): Query<Where>,
    fields: Fields,
) -> Answer<Response> {
    let request = fields.request()?;
    let (approve, answer) = (fields.get("approve") == "yes", fields.get("answer").to_owned());
    let said = Some((which, answer.clone()));
    let done = reader.asker.act(AnswerAccess { request: which, approve, answer }, request).await;
    after(&reader, asked.scope(), done, (Typed::default(), said)).await
}

/// Says what was done with access that was opened.
pub async fn review(
    reader: Reader,
    Path(which): Path<AccessRequestId>,
    Query(asked): Query<Where>,
    fields: Fields,
) -> Answer<Response> {
    let request = fields.request()?;
    let finding = fields.get("finding").to_owned();
    let said = Some((which, finding.clone()));
    let done = reader.asker.act(ReviewAccess { request: which, finding }, request).await;
    after(&reader, asked.scope(), done, (Typed::default(), said)).await
}

/// What the forms of the page had.
type Sent = (Typed, Option<(AccessRequestId, String)>);

async fn after<T>(reader: &Reader, scope: Scope, done: store::Result<T>, sent: Sent) -> Answer<Response> {
    match outcome(done)? {
        Ok(_) => Ok(to(format!("/requests{}", query(scope)))),
        Err((status, why)) => page(reader, status, scope, sent, why).await,
    }
}

fn typed(fields: &Fields) -> Typed {
    let [role, place, address, hours, reason] =
        ["role", "place", "address", "hours", "reason"].map(|field| fields.get(field).trim().to_owned());
    Typed { role, place, address, hours, reason }
}

fn wanted(typed: &Typed) -> store::Result<AskAccess> {
    let role = Role::from_code(&typed.role).ok_or_else(|| Error::refused("role", "choose", "choose the role"))?;
    let named = if typed.address.is_empty() { &typed.place } else { &typed.address };
    let scope = place_in(named).ok_or_else(|| {
        Error::refused("scope", "choose", "choose the place, or copy the address of a page that names its study")
    })?;
    let hours = typed.hours.parse();
    let hours = hours.map_err(|_| Error::refused("hours", "no_number", "type how many hours, as a whole number"))?;
    Ok(AskAccess { role, scope, hours, reason: typed.reason.clone() })
}

/// The place that an address names: `/studies/…`, or `study=…` with `site=…` or `country=…`.
pub fn place_in(address: &str) -> Option<Scope> {
    let after = |key: &str| {
        let (_, rest) = address.split_once(key)?;
        rest.split(['&', '/', '?', '#']).next()
    };
    let study = after("study=").or_else(|| after("/studies/"))?.parse().ok()?;
    let (site, country) = (after("site=").map(str::parse), after("country=").map(str::parse));
    Some(match (site, country) {
        (Some(site), _) => Scope::Site { study, site: site.ok()? },
        (None, Some(country)) => Scope::Country { study, country: country.ok()? },
        (None, None) => Scope::Study { study },
    })
}

async fn page(
    reader: &Reader,
    status: StatusCode,
    scope: Scope,
    (typed, said): Sent,
    why: Refused,
) -> Answer<Response> {
    let own = reader.asker.view(MyAccessRequests {}).await?;
    let frame = reader.frame_at(scope, ["organization requests", "requests"]).await?;
    let sees = frame.may_at(Permission::GrantSee, scope);
    let others = if sees { Some(sorted(reader.asker.view(AccessRequests { scope }).await?)) } else { None };
    let roles = if sees {
        let book = reader.asker.view(RoleBook { scope }).await?;
        let asked = book.into_iter().filter(|line| {
            line.offered && may_be_asked_for(&line.levels) && !line.permissions.each().any(Permission::administers)
        });
        asked.map(|line| (line.role.code().into_owned(), line.title)).collect()
    } else {
        let brought = Role::BUILT_IN
            .iter()
            .filter(|role| may_be_asked_for(role.levels()) && !role.permissions().each().any(Permission::administers));
        brought.filter_map(|role| Some((role.code().into_owned(), role.title()?.to_owned()))).collect()
    };
    let of = frame.scope_name(&scope).unwrap_or_else(|| frame.scope(&scope));
    let places = places(&frame, scope, &of);
    let breaks_glass = frame.organization_may(Permission::BreakGlass);
    let now = reader.now;
    let page = RequestsPage { frame, scope, own, others, of, roles, places, breaks_glass, now, typed, said, why };
    render_as(status, &page)
}

/// Access is asked for in a study.
fn may_be_asked_for(levels: &[Level]) -> bool {
    levels.iter().any(|level| *level != Level::Organization)
}

fn sorted(lines: Vec<AccessRequestLine>) -> Others {
    let mut others = Others::default();
    for line in lines {
        match line.state {
            RequestState::Asked => others.asked.push(line),
            RequestState::Open if line.open => others.open.push(line),
            RequestState::Open => others.ended.push(line),
            RequestState::Refused | RequestState::Reviewed => others.past.push(line),
        }
    }
    others
}

/// The places that the reader knows of: the one that the page's address names, one's studies, sites of the page's study.
fn places(frame: &Frame, scope: Scope, of: &str) -> Vec<(String, String)> {
    let mut places = Vec::new();
    let mut add = |scope: Scope, words: String| {
        let named = query(scope);
        if !places.iter().any(|(known, _)| *known == named) {
            places.push((named, words));
        }
    };
    if scope != Scope::Organization {
        add(scope, of.to_owned());
    }
    for study in &frame.studies {
        add(Scope::Study { study: study.id }, study.name.clone());
    }
    if let Some(study) = &frame.study {
        for site in &study.sites {
            add(Scope::Site { study: study.id, site: site.id }, format!("{}, {}", site.name, study.name));
        }
    }
    places
}

impl RequestsPage {
    fn query(&self) -> String {
        query(self.scope)
    }

    /// Where access is asked for, in words.
    fn place(&self, line: &AccessRequestLine) -> String {
        match (&line.site, &line.study) {
            (Some(within), Some(study)) => format!("{within}, {study}"),
            (None, Some(study)) => study.clone(),
            (Some(within), None) => within.clone(),
            (None, None) => self.frame.account.organization.clone(),
        }
    }

    /// Whether the reader answers and reviews it: nobody does their own.
    fn decides(&self, line: &AccessRequestLine) -> bool {
        line.person != self.frame.account.id && self.frame.may_at(Permission::AccessApprove, line.scope)
    }

    /// What was said to it just now, and refused.
    fn said(&self, line: &AccessRequestLine) -> &str {
        self.said.as_ref().filter(|(to, _)| *to == line.id).map_or("", |(_, said)| said)
    }

    /// How long it is still open.
    fn left(&self, until: &Timestamp) -> String {
        super::show::left(self.now, *until)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_names_a_place() {
        let (study, site) = ("0192f0c1-2f3e-7c4a-9b1d-3a5c7e9f1b2d", "0192f0c1-2f3e-7c4a-9b1d-3a5c7e9f1b2e");
        let level = |address: &str| place_in(address).map(|scope| scope.level());
        assert_eq!(level(&format!("https://edc.example.org/studies/{study}")), Some(Level::Study));
        assert_eq!(level(&format!("/studies/{study}/subjects?site={site}")), Some(Level::Site));
        assert_eq!(level(&format!("?study={study}&site={site}#top")), Some(Level::Site));
        assert_eq!(level(&format!("?study={study}&country=NO")), Some(Level::Country));
        for bad in [String::new(), "/subjects/1".into(), format!("?study={study}&site=1"), format!("?site={site}")] {
            assert_eq!(level(&bad), None, "{bad}");
        }
        for scope in [format!("?study={study}&site={site}"), format!("?study={study}&country=NO")] {
            assert_eq!(place_in(&scope).map(query), Some(scope));
        }
    }
}
