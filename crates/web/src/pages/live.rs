//! Releasing a study: the rules that it may be run by, which of them it keeps, and what to do about the others.

use std::collections::BTreeSet;

use askama::Template;
use axum::{http::StatusCode, response::Response};
use store::{
    acts::ActivateStudy,
    views::{LiveShown, Readiness, RuleShown, ShowReadiness, StudyShown},
};
use trial::{ids::StudyId, permission::Permission, profile::RuleProfile};

use super::{
    fields::{Fields, Refused, outcome},
    frame::{Frame, Reader, render_as, to},
    show::{filters, many},
};
use crate::{
    error::{Answer, Problem},
    input::Path,
};

#[derive(Template)]
#[template(path = "live.html")]
struct LivePage {
    frame: Frame,
    study: StudyShown,
    live: Option<LiveShown>,
    profiles: Vec<Profile>,
    releases: bool,
    why: Refused,
}

/// A set of rules, as the page shows it.
struct Profile {
    of: RuleProfile,
    rules: Vec<RuleShown>,
    /// How many of them the study does not keep, in words.
    missing: Option<String>,
    /// Whether the study went live under it: then it stays.
    stays: bool,
    chosen: bool,
}

/// Shows them.
pub async fn live(reader: Reader, Path(study): Path<StudyId>) -> Answer<Response> {
    page(&reader, study, StatusCode::OK, BTreeSet::new(), Refused::default()).await
}

/// Releases the study.
pub async fn activate(reader: Reader, Path(study): Path<StudyId>, fields: Fields) -> Answer<Response> {
    let request = fields.request()?;
    let known = |code: &str| RuleProfile::from_code(code).ok_or_else(|| Problem::malformed("no such rules"));
    let profiles: BTreeSet<RuleProfile> = fields.each("profiles").map(known).collect::<Answer<_>>()?;
    match outcome(reader.asker.act(ActivateStudy { study, profiles: profiles.clone() }, request).await)? {
        Ok(_) => Ok(to(format!("/studies/{study}/live"))),
        Err((status, why)) => page(&reader, study, status, profiles, why).await,
    }
}

async fn page(
    reader: &Reader,
    study: StudyId,
    status: StatusCode,
    chosen: BTreeSet<RuleProfile>,
    why: Refused,
) -> Answer<Response> {
    let frame = reader.study_frame("study", study).await?;
    let of = frame.study.clone().ok_or_else(Problem::hidden)?;
    let Readiness { live, rules } = reader.asker.view(ShowReadiness { study }).await?;
    let profiles = RuleProfile::ALL.iter().map(|profile| {
        let rules: Vec<RuleShown> = rules.iter().filter(|rule| rule.profile == *profile).cloned().collect();
        let missing = rules.iter().filter(|rule| rule.broken.is_some()).count();
        Profile {
            of: *profile,
            missing: (missing > 0).then(|| many(missing, "rule")),
            rules,
            stays: live.as_ref().is_some_and(|live| live.profiles.contains(profile)),
            chosen: chosen.contains(profile),
        }
    });
    let (profiles, releases) = (profiles.collect(), frame.may(Permission::StudyBuild));
    let frame = frame.behind(format!("/studies/{study}"), of.name.clone());
    render_as(status, &LivePage { frame, study: of, live, profiles, releases, why })
}
