//! Programs and devices that work in people's names: one's own, with a form that registers one and shows its token once;
//! and those that work where one administers.

use askama::Template;
use axum::{http::StatusCode, response::Response};
use store::{
    Error,
    acts::{EndClient, EndOwnClient, RegisterClient},
    views::{ClientLine, Clients, MyClients},
};
use trial::{
    access::Scope,
    client::{Kind, NAMEABLE},
    ids::ClientId,
    permission::{Permission, Permissions},
};

use super::{
    access::query,
    fields::{Fields, Refused, outcome},
    frame::{Frame, Reader, render_as, to},
    people::Where,
    requests::place_in,
    show::filters,
};
use crate::{
    error::Answer,
    input::{Path, Query},
    session::client_token,
};

/// What a form offers where nobody says otherwise.
const DAYS: &str = "90";

#[derive(Template)]
#[template(path = "clients.html")]
struct OwnPage {
    frame: Frame,
    lines: Vec<ClientLine>,
    /// Where the reader registers some: as the form names it, and in words.
    places: Vec<(String, String)>,
    /// What the reader may name.
    nameable: Permissions,
    /// The token of the one that was registered just now.
    token: Option<String>,
    typed: Typed,
    why: Refused,
}

#[derive(Template)]
#[template(path = "clients_here.html")]
struct HerePage {
    frame: Frame,
    scope: Scope,
    of: String,
    lines: Vec<ClientLine>,
    ends: bool,
    why: Refused,
}

struct Typed {
    name: String,
    kind: String,
    place: String,
    permissions: Permissions,
    days: String,
    certificate: String,
}

impl Default for Typed {
    fn default() -> Self {
        let [name, place, certificate] = [String::new(), String::new(), String::new()];
        Typed {
            name,
            kind: Kind::Program.code().into(),
            place,
            permissions: Permissions::NONE,
            days: DAYS.into(),
            certificate,
        }
    }
}

/// Shows one's own.
pub async fn own(reader: Reader) -> Answer<Response> {
    own_page(&reader, StatusCode::OK, None, Typed::default(), Refused::default()).await
}

/// Registers one, and shows its token.
pub async fn register(reader: Reader, fields: Fields) -> Answer<Response> {
    let request = fields.request()?;
    let [name, kind, place, days, certificate] =
        ["name", "kind", "place", "days", "certificate"].map(|field| fields.get(field).trim().to_owned());
    let permissions = fields.each("permissions").filter_map(Permission::from_code).collect();
    let typed = Typed { name, kind, place, permissions, days, certificate };
    let token = client_token(reader.asker.organization(), request);
    let done = match registration(&typed, store::token_tag(&token)) {
        Ok(act) => reader.asker.act(act, request).await,
        Err(error) => Err(error),
    };
    match outcome(done)? {
        Ok(_) => own_page(&reader, StatusCode::OK, Some(token), Typed::default(), Refused::default()).await,
        Err((status, why)) => own_page(&reader, status, None, typed, why).await,
    }
}

fn registration(typed: &Typed, token_tag: [u8; 32]) -> store::Result<RegisterClient> {
    let kind = Kind::from_code(&typed.kind).ok_or_else(|| Error::refused("kind", "choose", "choose what it is"))?;
    let scope = match typed.place.as_str() {
        "organization" => Some(Scope::Organization),
        place => place_in(place),
    };
    Ok(RegisterClient {
        name: typed.name.clone(),
        kind,
        scope: scope.ok_or_else(|| Error::refused("scope", "choose", "choose where it works"))?,
        permissions: typed.permissions,
        days: typed
            .days
            .parse()
            .map_err(|_| Error::refused("days", "no_number", "type how many days, as a whole number"))?,
        certificate: Some(typed.certificate.clone()).filter(|digest| !digest.is_empty()),
        token_tag,
    })
}

/// Ends one of one's own.
pub async fn end_own(reader: Reader, Path(client): Path<ClientId>, fields: Fields) -> Answer<Response> {
    let request = fields.request()?;
    match outcome(reader.asker.act(EndOwnClient { client }, request).await)? {
        Ok(_) => Ok(to("/account/clients")),
        Err((status, why)) => own_page(&reader, status, None, Typed::default(), why).await,
    }
}

async fn own_page(
    reader: &Reader,
    status: StatusCode,
    token: Option<String>,
    typed: Typed,
    why: Refused,
) -> Answer<Response> {
    let lines = reader.asker.view(MyClients {}).await?;
    let frame = reader.frame("account").await?.behind("/account", "Your account");
    let registers = |permissions: &Permissions| permissions.hold(Permission::ClientRegister);
    let mut places: Vec<(String, String)> = Vec::new();
    let mut nameable = Permissions::NONE;
    for held in frame.account.roles.iter().filter(|held| registers(&held.permissions)) {
        nameable = nameable.and(held.permissions.both(NAMEABLE));
        let named = match held.scope {
            Scope::Organization => "organization".to_owned(),
            // It is bounded to a study or a site.
            Scope::Country { .. } => continue,
            scope => query(scope),
        };
        if !places.iter().any(|(known, _)| *known == named) {
            places.push((named, frame.scope(&held.scope)));
        }
    }
    render_as(status, &OwnPage { frame, lines, places, nameable, token, typed, why })
}

/// Shows those that work where the reader administers.
pub async fn here(reader: Reader, Query(asked): Query<Where>) -> Answer<Response> {
    here_page(&reader, StatusCode::OK, asked.scope(), Refused::default()).await
}

/// Ends somebody's.
pub async fn end(
    reader: Reader,
    Path(client): Path<ClientId>,
    Query(asked): Query<Where>,
    fields: Fields,
) -> Answer<Response> {
    let request = fields.request()?;
    match outcome(reader.asker.act(EndClient { client }, request).await)? {
        Ok(_) => Ok(to(format!("/clients{}", query(asked.scope())))),
        Err((status, why)) => here_page(&reader, status, asked.scope(), why).await,
    }
}

async fn here_page(reader: &Reader, status: StatusCode, scope: Scope, why: Refused) -> Answer<Response> {
    let lines = reader.asker.view(Clients { scope }).await?;
    let frame = reader.frame_at(scope, ["organization access", "access"]).await?;
    let frame = frame.behind(format!("/access{}", query(scope)), "Access");
    let of = frame.scope_name(&scope).unwrap_or_else(|| frame.scope(&scope));
    let ends = frame.may_at(Permission::GrantGive, scope);
    render_as(status, &HerePage { frame, scope, of, lines, ends, why })
}

impl OwnPage {
    /// Where one works, in words.
    fn place(&self, line: &ClientLine) -> String {
        place(&self.frame, line)
    }
}

impl HerePage {
    fn place(&self, line: &ClientLine) -> String {
        place(&self.frame, line)
    }

    fn query(&self) -> String {
        query(self.scope)
    }
}

fn place(frame: &Frame, line: &ClientLine) -> String {
    match (&line.site, &line.study) {
        (Some(site), Some(study)) => format!("{site}, {study}"),
        (None, Some(study)) => study.clone(),
        (_, None) => frame.account.organization.clone(),
    }
}
