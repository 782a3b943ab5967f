//! The JSON API under `/api/v1`: the same acts and views as the pages.
//!
//! Handlers only parse, ask the store, and answer. What they answer is described by [`schema`], and the document at
//! `/api/v1/openapi.json` is made of the handlers' own annotations and of the route table.

mod access;
mod client;
mod definition;
mod duty;
mod enrolment;
mod export;
mod form;
mod grant;
mod import;
mod ledger;
mod live;
mod me;
mod openapi;
mod people;
mod policy;
mod role;
pub mod schema;
mod session;
mod sign_on;
mod study;
mod subject;

use axum::{
    Json,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde::Serialize;
use store::{Error, Receipt};
use trial::{
    access::Scope,
    country::Country,
    ids::{SiteId, StudyId},
};

pub use self::openapi::document;
use crate::{error::Answer, route::Table};

/// The routes.
pub(crate) fn table() -> Table {
    Table::under("/api/v1")
        .merge(openapi::table())
        .merge(session::table())
        .merge(me::table())
        .merge(people::table())
        .merge(enrolment::table())
        .merge(grant::table())
        .merge(role::table())
        .merge(live::table())
        .merge(policy::table())
        .merge(sign_on::table())
        .merge(duty::table())
        .merge(access::table())
        .merge(client::table())
        .merge(study::table())
        .merge(definition::table())
        .merge(subject::table())
        .merge(form::table())
        .merge(import::table())
        .merge(export::table())
        .merge(ledger::table())
}

/// An empty table of API routes.
fn routes() -> Table {
    Table::under("/api/v1")
}

/// The answer to an act that made something.
fn created(done: impl Serialize) -> Response {
    (StatusCode::CREATED, Json(done)).into_response()
}

/// The answer to an act: its receipt, and what it made.
#[derive(Serialize)]
struct Made<I> {
    /// Its id.
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<I>,
    receipt: Receipt,
}

impl<I: trial::ids::Id + std::str::FromStr> Made<I> {
    /// What the first record of this kind is.
    fn first(receipt: Receipt, kind: &str) -> Self {
        Made { id: receipt.id(kind), receipt }
    }
}

/// Where a list is asked for: the organization, a study (`?study=`), a country of it (`?study=&country=`), or a site
/// (`?study=&site=`).
#[derive(Debug, Clone, Copy, serde::Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct At {
    /// A study; left out: the organization itself.
    #[param(value_type = Option<String>, format = Uuid)]
    study: Option<StudyId>,
    /// A site of that study.
    #[param(value_type = Option<String>, format = Uuid)]
    site: Option<SiteId>,
    /// A country of that study (ISO 3166-1 alpha-2).
    #[param(value_type = Option<String>, pattern = "^[A-Za-z]{2}$")]
    country: Option<Country>,
}

impl At {
    fn scope(self) -> Answer<Scope> {
        match (self.study, self.site, self.country) {
            (None, None, None) => Ok(Scope::Organization),
            (Some(study), None, None) => Ok(Scope::Study { study }),
            (Some(study), Some(site), None) => Ok(Scope::Site { study, site }),
            (Some(study), None, Some(country)) => Ok(Scope::Country { study, country }),
            (None, ..) => {
                Err(Error::refused("study", "needed", "ask for a site or a country together with its study").into())
            }
            (Some(_), Some(_), Some(_)) => {
                Err(Error::refused("country", "twice", "ask for a site or a country, not for both").into())
            }
        }
    }
}
