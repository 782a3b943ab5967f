//! Who may do what on a day: every grant that held then, with what its role let a person do then; as a table and as a
//! file.

use askama::Template;
use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use jiff::Timestamp;
use serde::Deserialize;
use store::{
    Error,
    views::{AccessMatrix, MatrixLine, People, PersonLine},
};
use trial::{access::Scope, permission::Permission};

use super::{
    access::query,
    days::end_of,
    fields::{Refused, outcome},
    frame::{Frame, Reader, render_as},
    people::Where,
    show::filters,
};
use crate::{error::Answer, input::Query};

#[derive(Template)]
#[template(path = "matrix.html")]
struct MatrixPage {
    frame: Frame,
    /// Of what, in words.
    of: String,
    scope: Scope,
    /// When it was so.
    at: Timestamp,
    lines: Vec<MatrixLine>,
    people: Vec<PersonLine>,
    asked: Asked,
    why: Refused,
}

/// Whose access is asked for, and on which day.
#[derive(Debug, Default, Clone, Deserialize)]
pub struct Asked {
    #[serde(default)]
    person: String,
    #[serde(default)]
    at: String,
}

impl Asked {
    /// A day stands for its end, today for now; an instant for itself.
    fn instant(&self, now: Timestamp) -> store::Result<Timestamp> {
        match self.at.as_str() {
            "" => Ok(now),
            at => match at.parse() {
                Ok(instant) => Ok(instant),
                Err(_) => end_of("at", at).map(|end| if end > now && starts_by(end, now) { now } else { end }),
            },
        }
    }

    fn matrix(&self, scope: Scope, now: Timestamp) -> store::Result<AccessMatrix> {
        let person = match self.person.as_str() {
            "" => None,
            id => Some(id.parse().map_err(|_| Error::refused("person", "unknown", "choose somebody, or everybody"))?),
        };
        Ok(AccessMatrix { scope, person, at: Some(self.instant(now)?) })
    }
}

/// Whether the day that ends at `end` has begun.
fn starts_by(end: Timestamp, now: Timestamp) -> bool {
    end.duration_since(now) <= jiff::SignedDuration::from_hours(24)
}

/// Shows who may do what.
pub async fn matrix(reader: Reader, Query(place): Query<Where>, Query(asked): Query<Asked>) -> Answer<Response> {
    let (scope, now) = (place.scope(), reader.now);
    let found = match asked.matrix(scope, now) {
        Ok(view) => reader.asker.view(view).await,
        Err(error) => Err(error),
    };
    let (status, lines, why) = match outcome(found)? {
        Ok(lines) => (StatusCode::OK, lines, Refused::default()),
        Err((status, why)) => (status, Vec::new(), why),
    };
    let frame = reader.frame_at(scope, ["organization access", "access"]).await?;
    let frame = frame.behind(format!("/access{}", query(scope)), "Access");
    let sees = frame.may_at(Permission::PeopleSee, scope);
    let people = if sees { reader.asker.view(People { scope }).await? } else { Vec::new() };
    let of = frame.scope_name(&scope).unwrap_or_else(|| "a study".to_owned());
    let at = asked.instant(now).unwrap_or(now);
    render_as(status, &MatrixPage { of, scope, at, lines, people, asked, why, frame })
}

/// The same as a file.
pub async fn csv(reader: Reader, Query(place): Query<Where>, Query(asked): Query<Asked>) -> Answer<Response> {
    let view = asked.matrix(place.scope(), reader.now)?;
    let at = view.at.unwrap_or(reader.now);
    let lines = reader.asker.view(view).await?;
    let name = format!("attachment; filename=\"access-{}.csv\"", at.strftime("%Y-%m-%d"));
    let name = HeaderValue::from_str(&name).map_err(Error::fault)?;
    let kind = HeaderValue::from_static("text/csv; charset=utf-8; header=present");
    let headers = [(header::CONTENT_TYPE, kind), (header::CONTENT_DISPOSITION, name)];
    Ok((headers, written(&lines, at)?).into_response())
}

/// A row for each grant.
fn written(lines: &[MatrixLine], at: Timestamp) -> store::Result<Vec<u8>> {
    let mut file = csv::Writer::from_writer(Vec::new());
    let header = ["at", "person", "name", "role", "title", "study", "site_or_country", "may", "rests"];
    file.write_record(header).map_err(Error::fault)?;
    let at = format!("{at:.0}");
    for line in lines {
        let may: Vec<&str> = line.permissions.each().map(Permission::code).collect();
        let row = [
            at.clone(),
            line.person.to_string(),
            inert(&line.name),
            line.role.code().into_owned(),
            inert(&line.title),
            inert(line.study.as_deref().unwrap_or_default()),
            inert(line.site.as_deref().unwrap_or_default()),
            may.join(" "),
            line.lapse.map_or("", trial::gate::Lapse::code).to_owned(),
        ];
        file.write_record(&row).map_err(Error::fault)?;
    }
    file.into_inner().map_err(|error| Error::fault(error.to_string()))
}

/// A name that a spreadsheet takes for a formula is marked as text.
fn inert(text: &str) -> String {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{text}") } else { text.to_owned() }
}

impl MatrixPage {
    /// Where a grant held, in words.
    fn place(&self, line: &MatrixLine) -> String {
        match (&line.site, &line.study) {
            (Some(within), Some(study)) => format!("{within}, {study}"),
            (_, Some(study)) => format!("{study}, every site"),
            _ => self.frame.account.organization.clone(),
        }
    }

    /// What the form and the file keep of the address.
    fn kept(&self) -> Vec<(&'static str, String)> {
        let mut kept = Vec::new();
        kept.extend(self.scope.study().map(|study| ("study", study.to_string())));
        match self.scope {
            Scope::Country { country, .. } => kept.push(("country", country.to_string())),
            Scope::Site { site, .. } => kept.push(("site", site.to_string())),
            Scope::Organization | Scope::Study { .. } => {}
        }
        kept
    }

    /// The address of the file.
    fn file(&self) -> String {
        let mut parts: Vec<String> = self.kept().into_iter().map(|(key, value)| format!("{key}={value}")).collect();
        for (key, value) in [("person", &self.asked.person), ("at", &self.asked.at)] {
            if !value.is_empty() {
                parts.push(format!("{key}={}", super::show::part(value)));
            }
        }
        format!("/access/matrix/csv?{}", parts.join("&"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_its_end_and_today_is_now() {
        let now: Timestamp = "2026-11-22T10:00:00Z".parse().unwrap_or_default();
        let instant = |at: &str| Asked { person: String::new(), at: at.into() }.instant(now).ok();
        assert_eq!(instant(""), Some(now));
        assert_eq!(instant("2026-11-22"), Some(now));
        assert_eq!(instant("2026-11-21"), "2026-11-22T00:00:00Z".parse().ok());
        assert_eq!(instant("2026-11-21T12:00:00Z"), "2026-11-21T12:00:00Z".parse().ok());
        assert!(instant("2026-11-23") > Some(now), "a day to come stays one, and is refused");
        assert_eq!(instant("yesterday"), None);
    }

    #[test]
    fn a_name_is_no_formula() {
        assert_eq!([inert("=1+1"), inert("Ana")], ["'=1+1", "Ana"]);
    }
}
