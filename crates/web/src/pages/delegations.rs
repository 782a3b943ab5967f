//! The delegation log of a site: who does what for its investigator, and who did. It prints as it stands.

use askama::Template;
use axum::{http::StatusCode, response::Response};
use jiff::Timestamp;
use store::{
    acts::{Delegate, EndDelegation},
    views::{DelegationLine, DelegationLog, DelegationLogShown},
};
use trial::{
    access::Scope,
    ids::{DelegationId, PersonId, SiteId},
    permission::Permission,
};

use super::{
    days::{end_of, start_of},
    fields::{Fields, Refused, outcome},
    frame::{Frame, Reader, render_as, to},
    show::filters,
};
use crate::{error::Answer, input::Path};

#[derive(Template)]
#[template(path = "delegations.html")]
struct DelegationsPage {
    frame: Frame,
    site: SiteId,
    name: String,
    /// When the log was looked at.
    now: Timestamp,
    lines: Vec<DelegationLine>,
    people: Vec<(PersonId, String)>,
    /// Whether the reader delegates here.
    delegates: bool,
    typed: Typed,
    why: Refused,
}

#[derive(Default)]
struct Typed {
    person: String,
    duties: String,
    from: String,
    until: String,
}

/// Shows the log.
pub async fn delegations(reader: Reader, Path(site): Path<SiteId>) -> Answer<Response> {
    page(&reader, StatusCode::OK, site, Typed::default(), Refused::default()).await
}

/// Delegates duties.
pub async fn delegate(reader: Reader, Path(site): Path<SiteId>, fields: Fields) -> Answer<Response> {
    let request = fields.request()?;
    let [person, duties, from, until] =
        ["person", "duties", "from", "until"].map(|field| fields.get(field).trim().to_owned());
    let typed = Typed { person, duties, from, until };
    let done = match delegation(site, &fields, &typed) {
        Ok(act) => reader.asker.act(act, request).await,
        Err(error) => Err(error),
    };
    match outcome(done)? {
        Ok(_) => Ok(to(format!("/sites/{site}/delegations"))),
        Err((status, why)) => page(&reader, status, site, typed, why).await,
    }
}

fn delegation(site: SiteId, fields: &Fields, typed: &Typed) -> store::Result<Delegate> {
    Ok(Delegate {
        site,
        person: fields.id("person", "choose to whom")?,
        duties: typed.duties.clone(),
        from: if typed.from.is_empty() { None } else { Some(start_of("from", &typed.from)?) },
        until: if typed.until.is_empty() { None } else { Some(end_of("until", &typed.until)?) },
    })
}

/// Ends a delegation.
pub async fn end(reader: Reader, Path(delegation): Path<DelegationId>, fields: Fields) -> Answer<Response> {
    let request = fields.request()?;
    let ended = outcome(reader.asker.act(EndDelegation { delegation }, request).await)?;
    // The form names the site of its log; without it, home.
    let Ok(site) = fields.get("site").parse::<SiteId>() else { return Ok(to("/")) };
    match ended {
        Ok(_) => Ok(to(format!("/sites/{site}/delegations"))),
        Err((status, why)) => page(&reader, status, site, Typed::default(), why).await,
    }
}

async fn page(reader: &Reader, status: StatusCode, site: SiteId, typed: Typed, why: Refused) -> Answer<Response> {
    let DelegationLogShown { study, site: name, lines, people } = reader.asker.view(DelegationLog { site }).await?;
    let frame = reader.maybe_study_frame("delegations", study).await?;
    let delegates = frame.may_at(Permission::DelegationAuthorize, Scope::Site { study, site });
    let now = reader.now;
    render_as(status, &DelegationsPage { frame, site, name, now, lines, people, delegates, typed, why })
}

impl DelegationsPage {
    /// Whether a delegation has not ended yet.
    fn goes_on(&self, line: &DelegationLine) -> bool {
        line.until.is_none_or(|until| self.now < until)
    }
}
