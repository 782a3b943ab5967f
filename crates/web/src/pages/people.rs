//! The people of the organization: who has an account, adding one, a new enrolment link, checking an identity, disabling
//! one.
//!
//! An enrolment link is shown once, to the administrator who asked for it: only its hash is stored.

use askama::Template;
use axum::{http::StatusCode, response::Response};
use serde::Deserialize;
use store::{
    Error,
    acts::{AddPerson, DisablePerson, RenewEnrolment, RequireNewPassword, VerifyIdentity},
    views::{People, PersonLine},
};
use trial::{
    access::Scope,
    country::Country,
    identity::Way,
    ids::{PersonId, SiteId, StudyId},
    permission::Permission,
};

use super::{
    enrol::link_of,
    fields::{Fields, Refused, outcome},
    frame::{Frame, Reader, render_as, to},
    show::{filters, part},
};
use crate::{
    error::Answer,
    input::{Path, Query},
    session::enrolment_token,
};

/// Rows of a page.
const ROWS: usize = 50;

#[derive(Template)]
#[template(path = "people.html")]
struct PeoplePage {
    frame: Frame,
    /// Those of this page.
    people: Vec<PersonLine>,
    /// How many there are, and how many come before this page's.
    total: usize,
    from: usize,
    place: Where,
    search: String,
    manages: bool,
    made: Option<Made>,
    typed: Typed,
    why: Refused,
}

/// What the forms have.
#[derive(Default)]
struct Typed {
    name: String,
    email: String,
    sign_in: String,
    /// The check that was not recorded: of whom, and how.
    check: Option<(PersonId, Option<Way>, String)>,
}

/// What was just made, and is shown this once.
enum Made {
    /// A one-time enrolment link: for whom, where it leads, and whether it is their first.
    Link { name: String, path: String, first: bool },
    /// The code of a release.
    Release { name: String, code: String },
}

/// Where the asker administers.
#[derive(Debug, Default, Deserialize)]
pub struct Where {
    #[serde(default)]
    study: String,
    #[serde(default)]
    site: String,
    #[serde(default)]
    country: String,
}

impl Where {
    /// What says so in an address.
    fn fields(&self) -> Vec<(&'static str, &str)> {
        let all = [("study", self.study.as_str()), ("site", self.site.as_str()), ("country", self.country.as_str())];
        all.into_iter().filter(|(_, value)| !value.is_empty()).collect()
    }

    /// The scope that an address names.
    pub fn scope(&self) -> Scope {
        let Ok(study) = self.study.parse::<StudyId>() else { return Scope::Organization };
        match (self.site.parse::<SiteId>(), self.country.parse::<Country>()) {
            (Ok(site), _) => Scope::Site { study, site },
            (Err(_), Ok(country)) => Scope::Country { study, country },
            (Err(_), Err(_)) => Scope::Study { study },
        }
    }
}

/// Which people are asked for.
#[derive(Debug, Default, Clone, Deserialize)]
pub struct Asked {
    /// A part of a name, a name to sign in with or a mail address.
    #[serde(default)]
    q: String,
    /// How many come before those of this page.
    #[serde(default)]
    from: usize,
    /// Who is to be among them.
    about: Option<PersonId>,
}

/// Shows the people.
pub async fn people(reader: Reader, Query(place): Query<Where>, Query(asked): Query<Asked>) -> Answer<Response> {
    page_of(&reader, StatusCode::OK, (place, asked), None, Typed::default(), Refused::default()).await
}

/// Adds a person, and shows their enrolment link.
pub async fn add(reader: Reader, fields: Fields) -> Answer<Response> {
    let request = fields.request()?;
    let [name, email, sign_in] = ["name", "email", "sign_in"].map(|field| fields.get(field).trim().to_owned());
    let token = enrolment_token(reader.asker.organization(), request);
    let act = AddPerson {
        name: name.clone(),
        email: email.clone(),
        sign_in: sign_in.clone(),
        enrolment_tag: store::token_tag(&token),
    };
    match outcome(reader.asker.act(act, request).await)? {
        Ok(receipt) => {
            let made = Some(Made::Link { name, path: link_of(&token), first: true });
            page(&reader, StatusCode::OK, receipt.id("person"), made, Typed::default(), Refused::default()).await
        }
        Err((status, why)) => {
            let typed = Typed { name, email, sign_in, check: None };
            page(&reader, status, None, None, typed, why).await
        }
    }
}

/// Gives a person a new enrolment link.
pub async fn renew(reader: Reader, Path(person): Path<PersonId>, fields: Fields) -> Answer<Response> {
    let request = fields.request()?;
    let token = enrolment_token(reader.asker.organization(), request);
    let act = RenewEnrolment { person, enrolment_tag: store::token_tag(&token) };
    match outcome(reader.asker.act(act, request).await)? {
        Ok(_) => {
            let (name, first) = (fields.get("name").to_owned(), fields.given("enrolled").is_none());
            let made = Some(Made::Link { name, path: link_of(&token), first });
            page(&reader, StatusCode::OK, Some(person), made, Typed::default(), Refused::default()).await
        }
        Err((status, why)) => page(&reader, status, Some(person), None, Typed::default(), why).await,
    }
}

/// Releases the link that another administrator made, and shows the code of that.
pub async fn release(reader: Reader, Path(person): Path<PersonId>, fields: Fields) -> Answer<Response> {
    let request = fields.request()?;
    let name = fields.get("name").to_owned();
    let done = reader.asker.blocking(move |organization, actor| organization.release_enrolment(actor, person, request));
    match outcome(done.await)? {
        Ok((_, code)) => {
            let made = Some(Made::Release { name, code });
            page(&reader, StatusCode::OK, Some(person), made, Typed::default(), Refused::default()).await
        }
        Err((status, why)) => page(&reader, status, Some(person), None, Typed::default(), why).await,
    }
}

/// Asks for a new password at the next sign-in.
pub async fn require_new_password(reader: Reader, Path(person): Path<PersonId>, fields: Fields) -> Answer<Response> {
    let request = fields.request()?;
    match outcome(reader.asker.act(RequireNewPassword { person }, request).await)? {
        Ok(_) => Ok(to(format!("/people?about={person}"))),
        Err((status, why)) => page(&reader, status, Some(person), None, Typed::default(), why).await,
    }
}

/// Records that an identity was checked.
pub async fn verify_identity(reader: Reader, Path(person): Path<PersonId>, fields: Fields) -> Answer<Response> {
    let request = fields.request()?;
    let way = Way::from_code(fields.get("way"));
    let note = fields.given("note").map(str::to_owned);
    let done = match way {
        Some(way) => reader.asker.act(VerifyIdentity { person, way, note }, request).await,
        None => Err(Error::refused("way", "choose", "choose how the identity was checked")),
    };
    match outcome(done)? {
        Ok(_) => Ok(to(format!("/people?about={person}"))),
        Err((status, why)) => {
            let check = Some((person, way, fields.get("note").to_owned()));
            page(&reader, status, Some(person), None, Typed { check, ..Typed::default() }, why).await
        }
    }
}

/// Disables an account.
pub async fn disable(reader: Reader, Path(person): Path<PersonId>, fields: Fields) -> Answer<Response> {
    let request = fields.request()?;
    match outcome(reader.asker.act(DisablePerson { person }, request).await)? {
        Ok(_) => Ok(to(format!("/people?about={person}"))),
        Err((status, why)) => page(&reader, status, Some(person), None, Typed::default(), why).await,
    }
}

/// What was done or refused, beside the person that it is about.
async fn page(
    reader: &Reader,
    status: StatusCode,
    about: Option<PersonId>,
    made: Option<Made>,
    typed: Typed,
    why: Refused,
) -> Answer<Response> {
    page_of(reader, status, (Where::default(), Asked { about, ..Asked::default() }), made, typed, why).await
}

async fn page_of(
    reader: &Reader,
    status: StatusCode,
    (place, asked): (Where, Asked),
    made: Option<Made>,
    typed: Typed,
    why: Refused,
) -> Answer<Response> {
    let scope = place.scope();
    let all = reader.asker.view(People { scope }).await?;
    let frame = match scope {
        Scope::Organization => reader.frame("people").await?,
        Scope::Study { study } | Scope::Country { study, .. } | Scope::Site { study, .. } => {
            reader.maybe_study_frame("people", study).await?
        }
    };
    let found: Vec<PersonLine> = all.into_iter().filter(|person| asked.meets(person)).collect();
    let total = found.len();
    let about = asked.about.and_then(|about| found.iter().position(|person| person.id == about));
    let from = about.unwrap_or(asked.from).min(total) / ROWS * ROWS;
    let people = found.into_iter().skip(from).take(ROWS).collect();
    let manages = frame.organization_may(Permission::PeopleManage);
    render_as(status, &PeoplePage { frame, people, total, from, place, search: asked.q, manages, made, typed, why })
}

impl Asked {
    fn meets(&self, person: &PersonLine) -> bool {
        let part = self.q.trim().to_lowercase();
        [&person.name, &person.sign_in, &person.email].iter().any(|text| text.to_lowercase().contains(&part))
    }
}

impl PeoplePage {
    /// The address of the next page.
    fn next(&self) -> Option<String> {
        let next = self.from.saturating_add(ROWS);
        (next < self.total).then(|| self.address(next))
    }

    /// The address of the first page.
    fn first(&self) -> String {
        self.address(0)
    }

    /// How many stand on that.
    fn left(&self) -> usize {
        self.total.saturating_sub(self.from.saturating_add(ROWS)).min(ROWS)
    }

    /// The address of this list from another place on.
    fn address(&self, from: usize) -> String {
        let place: String =
            self.place.fields().iter().map(|(name, value)| format!("{name}={}&", part(value))).collect();
        let search = if self.search.is_empty() { String::new() } else { part(&self.search) };
        format!("/people?{place}q={search}&from={from}")
    }

    /// Whether the line is the reader's own: nobody renews or disables themselves.
    fn own(&self, person: &PersonLine) -> bool {
        person.id == self.frame.account.id
    }

    /// The note that was typed in the form that checks this person's identity, where that was refused.
    fn refused(&self, person: &PersonLine) -> Option<&str> {
        let (of, _, note) = self.typed.check.as_ref()?;
        (*of == person.id).then_some(note)
    }

    /// Whether this way was chosen there.
    fn chose(&self, person: &PersonLine, way: &Way) -> bool {
        self.typed.check.as_ref().is_some_and(|(of, chosen, _)| *of == person.id && *chosen == Some(*way))
    }
}
