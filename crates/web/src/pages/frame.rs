//! What stands around every page: the places of one's roles at the left, search, organization and session at the top.
//!
//! A link is shown where one of one's roles may use it; whether one may is decided by the store when it is followed.

use askama::Template;
use axum::{
    extract::FromRequestParts,
    http::{StatusCode, request::Parts},
    response::{Html, IntoResponse, Redirect, Response},
};
use jiff::Timestamp;
use store::{
    Error,
    views::{Account, AccountShown, MyStudies, RoleShown, ShowStudy, SiteLine, StudyLine, StudyShown},
};
use trial::{
    access::{self, Scope},
    ids::{RequestId, SiteId, StudyId},
    permission::Permission,
    role::Role,
};

use super::places::{self, Place, at_site, opens_to};
use crate::{
    cookie,
    error::{Answer, Problem},
    route::Does,
    session::Asker,
    state::AppState,
};

/// Name of the cookie that remembers how dense one likes pages.
pub const DENSITY: &str = "probity_density";

/// The reader of a page: who asks, and how they like it.
pub struct Reader {
    /// Who asks.
    pub asker: Asker,
    /// The time of the request.
    pub now: Timestamp,
    compact: bool,
}

impl FromRequestParts<AppState> for Reader {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Answer<Self> {
        let asker = <Asker as FromRequestParts<AppState>>::from_request_parts(parts, state).await?;
        let compact = cookie::read(state.settings(), &parts.headers, DENSITY) == Some("compact");
        Ok(Reader { asker, now: state.now(), compact })
    }
}

/// What a route does besides what its frame looks up.
#[must_use]
pub fn framed(does: Does) -> Does {
    does.and_view::<Account>().and_view::<MyStudies>()
}

/// As [`framed`], for pages within a study.
#[must_use]
pub fn in_study(does: Does) -> Does {
    framed(does).and_view::<ShowStudy>()
}

/// A step of the way back.
#[derive(Debug, Clone)]
pub struct Step {
    /// Where to.
    pub href: String,
    /// Its name.
    pub title: String,
}

/// The frame of a page.
#[derive(Debug)]
pub struct Frame {
    /// One's account.
    pub account: AccountShown,
    /// One's studies.
    pub studies: Vec<StudyLine>,
    /// The study that the page is about.
    pub study: Option<StudyShown>,
    /// Links of the study.
    pub study_places: Vec<Place>,
    /// Links of the organization.
    pub places: Vec<Place>,
    /// The way back.
    pub back: Vec<Step>,
    /// Seconds until the session ends unless used.
    pub seconds: i64,
    /// The same in whole minutes.
    pub minutes: i64,
    /// Whether one likes pages dense.
    pub compact: bool,
    /// Which page it is.
    pub here: String,
    /// The request id of the page's main form.
    pub request: RequestId,
}

impl Reader {
    /// The frame of a page about no study in particular.
    pub async fn frame(&self, here: &str) -> Answer<Frame> {
        self.frame_of(here, None).await
    }

    /// The frame of a page about a study.
    pub async fn study_frame(&self, here: &str, study: StudyId) -> Answer<Frame> {
        let study = self.asker.view(ShowStudy { study }).await?;
        self.frame_of(here, Some(study)).await
    }

    /// As [`Reader::study_frame`], where the study itself may not be seen although something of it may.
    pub async fn maybe_study_frame(&self, here: &str, study: StudyId) -> Answer<Frame> {
        match self.asker.view(ShowStudy { study }).await {
            Ok(study) => self.frame_of(here, Some(study)).await,
            Err(Error::Hidden | Error::Forbidden { .. }) => self.frame_of(here, None).await,
            Err(other) => Err(other.into()),
        }
    }

    /// The frame of a page about a scope, with its key in the organization's places and in a study's.
    pub async fn frame_at(&self, scope: Scope, [of_organization, of_study]: [&str; 2]) -> Answer<Frame> {
        match scope.study() {
            None => self.frame(of_organization).await,
            Some(study) => self.maybe_study_frame(of_study, study).await,
        }
    }

    async fn frame_of(&self, here: &str, study: Option<StudyShown>) -> Answer<Frame> {
        let account = self.asker.view(Account {}).await?;
        let studies = self.asker.view(MyStudies {}).await?;
        let places = places::of_organization(&account, here);
        let study_places = study.as_ref().map_or_else(Vec::new, |study| places::of_study(&account, study, here));
        let back = match &study {
            Some(study) if here != "study" => {
                vec![step("/", "Home"), step(format!("/studies/{}", study.id), study.name.clone())]
            }
            _ if here == "home" => Vec::new(),
            _ => vec![step("/", "Home")],
        };
        let request = self.asker.organization().fresh_request()?;
        Ok(Frame {
            seconds: self.asker.ends.duration_since(self.now).as_secs(),
            minutes: self.asker.ends.duration_since(self.now).as_mins(),
            compact: self.compact,
            account,
            studies,
            study,
            study_places,
            places,
            back,
            here: here.to_owned(),
            request,
        })
    }
}

/// A step of the way back.
pub fn step(href: impl Into<String>, title: impl Into<String>) -> Step {
    Step { href: href.into(), title: title.into() }
}

/// Whether one of these roles may.
pub fn any(roles: &[RoleShown], permission: Permission) -> bool {
    roles.iter().any(|held| held.permissions.hold(permission))
}

/// The names of these roles, each once.
pub fn titles(roles: &[RoleShown]) -> String {
    let mut titles: Vec<&str> = Vec::new();
    for held in roles {
        if !titles.contains(&held.title.as_str()) {
            titles.push(&held.title);
        }
    }
    titles.join(", ")
}

impl Frame {
    /// One's roles in the study of the page, in words.
    #[must_use]
    pub fn roles(&self) -> String {
        titles(self.study.as_ref().map_or(&[][..], |study| &study.roles))
    }

    /// Whether one of one's roles in the study of the page may.
    #[must_use]
    pub fn may(&self, permission: Permission) -> bool {
        self.study.as_ref().is_some_and(|study| any(&study.roles, permission))
    }

    /// Whether one of one's roles may at this site of the page's study.
    #[must_use]
    pub fn may_at_site(&self, permission: Permission, site: &SiteId) -> bool {
        self.study.as_ref().is_some_and(|study| {
            let site = study.sites.iter().find(|line| line.id == *site);
            site.is_some_and(|site| opens_to(&self.account, permission, at_site(study.id, site)))
        })
    }

    /// How many agreements wait for one's signature.
    #[must_use]
    pub fn unsigned(&self) -> u64 {
        self.account.unsigned as u64
    }

    /// Whether one of one's roles at the organization may.
    #[must_use]
    pub fn organization_may(&self, permission: Permission) -> bool {
        opens_to(&self.account, permission, access::Place::Organization)
    }

    /// Whether one of one's roles may at a scope.
    #[must_use]
    pub fn may_at(&self, permission: Permission, scope: Scope) -> bool {
        opens_to(&self.account, permission, self.place_of(scope))
    }

    /// Whether one of one's roles gives this role at a scope.
    #[must_use]
    pub fn gives(&self, role: Role, scope: Scope) -> bool {
        let place = self.place_of(scope);
        self.account.roles.iter().any(|held| {
            held.administers.contains(&role)
                && access::opens(held.permissions, &held.scope, Permission::GrantGive, place)
        })
    }

    /// Where a scope lies.
    fn place_of(&self, scope: Scope) -> access::Place {
        match scope {
            Scope::Organization => access::Place::Organization,
            Scope::Study { study } => access::Place::Study(study),
            Scope::Country { study, country } => access::Place::Country(study, country),
            Scope::Site { study, site } => match self.site(&site) {
                Some(line) => at_site(study, line),
                None => access::Place::Site(study, site, None),
            },
        }
    }

    fn site(&self, site: &SiteId) -> Option<&SiteLine> {
        self.study.as_ref()?.sites.iter().find(|line| line.id == *site)
    }

    /// The name of a scope, where the page's study tells it.
    #[must_use]
    pub fn scope_name(&self, scope: &Scope) -> Option<String> {
        match scope {
            Scope::Organization => Some(self.account.organization.clone()),
            Scope::Study { .. } => self.study.as_ref().map(|study| study.name.clone()),
            Scope::Country { country, .. } => self.study.as_ref().map(|study| format!("{country}, {}", study.name)),
            Scope::Site { site, .. } => self.site(site).map(|line| line.name.clone()),
        }
    }

    /// A scope in words, as far as one may know them.
    #[must_use]
    pub fn scope(&self, scope: &Scope) -> String {
        let named = |study: &StudyId| self.studies.iter().find(|line| line.id == *study).map(|line| line.name.clone());
        match scope {
            Scope::Organization => self.account.organization.clone(),
            Scope::Study { study } => named(study).unwrap_or_else(|| "a study".into()),
            Scope::Country { study, country } => {
                format!("{country}, {}", named(study).unwrap_or_else(|| "a study".into()))
            }
            Scope::Site { study, .. } => {
                named(study).map_or_else(|| "a site".into(), |name| format!("a site of {name}"))
            }
        }
    }

    /// Whether one of one's roles sees the ledger of this number.
    #[must_use]
    pub fn may_see_ledger(&self, number: u32) -> bool {
        let study = self.studies.iter().find(|study| study.ledger == number);
        study.map_or(number == 1 && self.organization_may(Permission::LedgerSee), |study| {
            any(&study.roles, Permission::LedgerSee)
        })
    }

    /// Takes another step into the way back.
    #[must_use]
    pub fn behind(mut self, href: impl Into<String>, title: impl Into<String>) -> Self {
        self.back.push(step(href, title));
        self
    }

    /// Address of the stylesheet.
    #[must_use]
    pub fn style(&self) -> &'static str {
        super::assets::style()
    }

    /// Address of the script.
    #[must_use]
    pub fn script(&self) -> &'static str {
        super::assets::script()
    }
}

/// A page, rendered.
pub fn render(template: &impl Template) -> Answer<Response> {
    render_as(StatusCode::OK, template)
}

/// A page with a status of its own.
pub fn render_as(status: StatusCode, template: &impl Template) -> Answer<Response> {
    let html = template.render().map_err(Error::fault)?;
    Ok((status, Html(html)).into_response())
}

/// To another page, by GET.
pub fn to(address: impl AsRef<str>) -> Response {
    Redirect::to(address.as_ref()).into_response()
}
