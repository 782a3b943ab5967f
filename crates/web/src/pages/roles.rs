//! The book of roles: what each role may do, where it is given, what it gives; defining and changing the organization's
//! own.

use std::collections::BTreeSet;

use askama::Template;
use axum::{http::StatusCode, response::Response};
use serde::Deserialize;
use store::{
    Error,
    acts::DefineRole,
    views::{RoleBook, RoleLine},
};
use trial::{
    access::Scope,
    definition::FormOid,
    ids::RoleId,
    permission::{Permission, Permissions},
    role::{Level, Role},
    theme::Theme,
};

use super::{
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
#[template(path = "roles.html")]
struct RolesPage {
    frame: Frame,
    built_in: Vec<RoleLine>,
    own: Vec<RoleLine>,
    /// Whether the reader defines roles.
    defines: bool,
    /// The role that the form changes; `None`: it defines a new one.
    changes: Option<RoleId>,
    typed: Typed,
    why: Refused,
}

/// What the form has.
#[derive(Default)]
struct Typed {
    title: String,
    levels: BTreeSet<Level>,
    permissions: Permissions,
    forms: String,
    administers: BTreeSet<Role>,
    given_by: BTreeSet<Role>,
    offered: bool,
}

/// Which role is to be changed.
#[derive(Debug, Default, Deserialize)]
pub struct Which {
    #[serde(default)]
    role: String,
}

/// Shows the roles.
pub async fn roles(reader: Reader, Query(asked): Query<Where>, Query(which): Query<Which>) -> Answer<Response> {
    page(&reader, StatusCode::OK, asked.scope(), which.role.parse().ok(), None, Refused::default()).await
}

/// Defines a role.
pub async fn define(reader: Reader, fields: Fields) -> Answer<Response> {
    kept(&reader, None, &fields).await
}

/// Changes one.
pub async fn change(reader: Reader, Path(role): Path<RoleId>, fields: Fields) -> Answer<Response> {
    kept(&reader, Some(role), &fields).await
}

async fn kept(reader: &Reader, role: Option<RoleId>, fields: &Fields) -> Answer<Response> {
    let request = fields.request()?;
    let typed = typed(fields);
    let forms: BTreeSet<FormOid> = words(&typed.forms).map(FormOid::from).collect();
    let act = DefineRole {
        role,
        title: typed.title.clone(),
        levels: typed.levels.clone(),
        permissions: typed.permissions,
        forms: Some(forms).filter(|forms| !forms.is_empty()),
        administers: typed.administers.clone(),
        given_by: typed.given_by.clone(),
        offered: typed.offered,
    };
    let done = if known(fields) {
        reader.asker.act(act, request).await
    } else {
        Err(Error::refused("", "unknown", "the form was changed: load the page again"))
    };
    match outcome(done)? {
        Ok(_) => Ok(to("/roles")),
        Err((status, why)) => page(reader, status, Scope::Organization, role, Some(typed), why).await,
    }
}

fn typed(fields: &Fields) -> Typed {
    let role = |name| fields.each(name).filter_map(Role::from_code).collect();
    Typed {
        title: fields.get("title").trim().to_owned(),
        levels: fields.each("levels").filter_map(level).collect(),
        permissions: fields.each("permissions").filter_map(Permission::from_code).collect(),
        forms: fields.get("forms").to_owned(),
        administers: role("administers"),
        given_by: role("given_by"),
        offered: fields.has("offered"),
    }
}

/// Whether every box that was sent is one that there is: what is not understood is not left out in silence.
fn known(fields: &Fields) -> bool {
    fields.each("levels").all(|code| level(code).is_some())
        && fields.each("permissions").all(|code| Permission::from_code(code).is_some())
        && ["administers", "given_by"]
            .into_iter()
            .all(|name| fields.each(name).all(|code| Role::from_code(code).is_some()))
}

fn level(code: &str) -> Option<Level> {
    Level::ALL.iter().copied().find(|level| level.code() == code)
}

/// Words with spaces, commas or lines between.
fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| c.is_whitespace() || c == ',').filter(|word| !word.is_empty())
}

async fn page(
    reader: &Reader,
    status: StatusCode,
    scope: Scope,
    changes: Option<RoleId>,
    typed: Option<Typed>,
    why: Refused,
) -> Answer<Response> {
    let book = reader.asker.view(RoleBook { scope }).await?;
    let frame = reader.frame_at(scope, ["roles", "access"]).await?;
    let line = changes.and_then(|role| book.iter().find(|line| line.role == Role::Own(role)));
    let (changes, kept) = (line.and(changes), line.map(kept_as));
    let new = || Typed { offered: true, ..Typed::default() };
    let typed = typed.or(kept).unwrap_or_else(new);
    let defines = frame.organization_may(Permission::RoleDefine);
    let (built_in, own) = book.into_iter().partition(|line| line.built_in);
    render_as(status, &RolesPage { frame, built_in, own, defines, changes, typed, why })
}

/// A role as the form has it.
fn kept_as(line: &RoleLine) -> Typed {
    let forms = line.forms.iter().flatten().map(FormOid::as_str);
    Typed {
        title: line.title.clone(),
        levels: line.levels.iter().copied().collect(),
        permissions: line.permissions,
        forms: forms.collect::<Vec<_>>().join("\n"),
        administers: line.administers.iter().copied().collect(),
        given_by: line.given_by.iter().copied().collect(),
        offered: line.offered,
    }
}

impl RolesPage {
    /// The permissions that a role may hold, by what they are about.
    fn themes(&self) -> impl Iterator<Item = (&'static str, Vec<Permission>)> {
        let of = |theme| Permission::ALL.iter().copied().filter(move |one| one.theme() == Some(theme));
        Theme::ALL.iter().map(move |theme| (theme.title(), of(*theme).collect()))
    }

    /// Every role, for the boxes.
    fn book(&self) -> impl Iterator<Item = &RoleLine> {
        self.built_in.iter().chain(&self.own)
    }

    /// The names of roles, in words.
    fn names(&self, roles: &[Role]) -> String {
        let title = |role: &Role| self.book().find(|line| line.role == *role).map(|line| line.title.clone());
        roles.iter().filter_map(title).collect::<Vec<_>>().join(", ")
    }

    /// Where a role is given, in words.
    fn places(&self, line: &RoleLine) -> String {
        line.levels.iter().map(|level| level.name()).collect::<Vec<_>>().join(", ")
    }

    /// Study and site administrators, who may give a role beside the organization's.
    fn givers(&self) -> [Role; 2] {
        [Role::StudyAdministrator, Role::SiteAdministrator]
    }

    /// The id of one of the organization's own.
    fn id(&self, line: &RoleLine) -> Option<RoleId> {
        match line.role {
            Role::Own(id) => Some(id),
            _ => None,
        }
    }

    /// Where the form leads.
    fn action(&self) -> String {
        self.changes.map_or_else(|| "/roles".to_owned(), |role| format!("/roles/{role}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_are_words_with_anything_between() {
        assert_eq!(words(" F.VS, F.AE\r\nF.DM ").collect::<Vec<_>>(), ["F.VS", "F.AE", "F.DM"]);
        assert_eq!(words(" \n,").count(), 0);
    }
}
