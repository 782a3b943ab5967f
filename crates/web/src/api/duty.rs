//! What people sign and learn before their roles work.

use std::collections::BTreeSet;

use axum::{Json, response::Response};
use jiff::Timestamp;
use serde::Deserialize;
use store::{
    AgreementKind, Receipt,
    acts::{KeepCourse, PublishAgreement, RecordTraining, SignAgreements},
    views::{Duties, DutiesKept, DutyBook, MyDuties},
};
use trial::{
    ids::{AgreementId, CourseId, PersonId, StudyId, TrainingId},
    role::Role,
};
use utoipa::ToSchema;

use super::{Made, created, routes, schema};
use crate::{
    error::Answer,
    input::{Json as Body, Path, RequestKey},
    route::{Does, Table},
    session::Asker,
};

pub(super) fn table() -> Table {
    routes()
        .get("/account/duties", Does::view::<MyDuties>(), mine)
        .post("/account/agreements", Does::act::<SignAgreements>(), sign)
        .get("/duties", Does::view::<DutyBook>(), list)
        .post("/agreements", Does::act::<PublishAgreement>(), publish)
        .post("/courses", Does::act::<KeepCourse>(), add_course)
        .put("/courses/{course}", Does::act::<KeepCourse>(), change_course)
        .post("/people/{person}/training", Does::act::<RecordTraining>(), record)
}

/// What one has to sign and learn
#[utoipa::path(get, path = "/api/v1/account/duties", tag = "duties", responses((status = 200, body = schema::Duties)))]
pub(super) async fn mine(asker: Asker) -> Answer<Json<Duties>> {
    Ok(Json(asker.view(MyDuties {}).await?))
}

/// Agreements to sign.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Signature {
    /// Each with the version that was read.
    agreements: Vec<SignedVersion>,
}

/// One agreement in one version.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SignedVersion {
    /// Which.
    #[schema(value_type = String, format = Uuid)]
    id: AgreementId,
    /// Which version of it.
    version: u32,
}

/// Sign agreements
#[utoipa::path(post, path = "/api/v1/account/agreements", tag = "duties", request_body = Signature,
    responses((status = 200, body = schema::Receipt)))]
pub(super) async fn sign(
    asker: Asker,
    RequestKey(request): RequestKey,
    Body(Signature { agreements }): Body<Signature>,
) -> Answer<Json<Receipt>> {
    let agreements = agreements.into_iter().map(|one| (one.id, one.version)).collect();
    Ok(Json(asker.act(SignAgreements { agreements }, request).await?))
}

/// Agreements, who has not signed them, courses, and who had them
#[utoipa::path(get, path = "/api/v1/duties", tag = "duties", responses((status = 200, body = schema::DutiesKept)))]
pub(super) async fn list(asker: Asker) -> Answer<Json<DutiesKept>> {
    Ok(Json(asker.view(DutyBook {}).await?))
}

/// A new version of an agreement.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewAgreement {
    /// `non_disclosure`, `confidentiality`, `security` or `acceptable_use`.
    #[schema(value_type = schema::AgreementKind)]
    kind: AgreementKind,
    /// Its text.
    text: String,
}

/// Publish a new version of an agreement
///
/// From then on nobody's roles work who has not signed it.
#[utoipa::path(post, path = "/api/v1/agreements", tag = "duties", request_body = NewAgreement,
    responses((status = 200, body = schema::Receipt)))]
pub(super) async fn publish(
    asker: Asker,
    RequestKey(request): RequestKey,
    Body(NewAgreement { kind, text }): Body<NewAgreement>,
) -> Answer<Json<Receipt>> {
    Ok(Json(asker.act(PublishAgreement { kind, text }, request).await?))
}

/// A course, and who needs it.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewCourse {
    /// Its title.
    title: String,
    /// The roles that need it; left out: all.
    #[schema(value_type = Option<Vec<schema::Role>>)]
    roles: Option<BTreeSet<Role>>,
    /// In this study only; left out: everywhere.
    #[schema(value_type = Option<String>, format = Uuid)]
    study: Option<StudyId>,
    /// How many days having had it is enough.
    valid_days: u32,
    /// Whether it is asked for.
    needed: bool,
}

impl NewCourse {
    fn act(self, course: Option<CourseId>) -> KeepCourse {
        let NewCourse { title, roles, study, valid_days, needed } = self;
        KeepCourse { course, title, roles, study, valid_days, needed }
    }
}

/// Say which training roles need
#[utoipa::path(post, path = "/api/v1/courses", tag = "duties", request_body = NewCourse,
    responses((status = 201, body = schema::Made)))]
pub(super) async fn add_course(
    asker: Asker,
    RequestKey(request): RequestKey,
    Body(course): Body<NewCourse>,
) -> Answer<Response> {
    Ok(created(Made::<CourseId>::first(asker.act(course.act(None), request).await?, "course")))
}

/// Change that
#[utoipa::path(put, path = "/api/v1/courses/{course}", tag = "duties", request_body = NewCourse,
    params(("course" = String, Path, format = Uuid)), responses((status = 200, body = schema::Receipt)))]
pub(super) async fn change_course(
    asker: Asker,
    Path(id): Path<CourseId>,
    RequestKey(request): RequestKey,
    Body(course): Body<NewCourse>,
) -> Answer<Json<Receipt>> {
    Ok(Json(asker.act(course.act(Some(id)), request).await?))
}

/// A completed course.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Completion {
    /// Which course.
    #[schema(value_type = String, format = Uuid)]
    course: CourseId,
    /// When it was completed.
    #[schema(value_type = String, format = DateTime)]
    completed: Timestamp,
    /// What shows it: a certificate's number, a list of attendance.
    evidence: String,
}

/// Record that somebody had a course
#[utoipa::path(post, path = "/api/v1/people/{person}/training", tag = "duties", request_body = Completion,
    params(("person" = String, Path, format = Uuid)), responses((status = 201, body = schema::Made)))]
pub(super) async fn record(
    asker: Asker,
    Path(person): Path<PersonId>,
    RequestKey(request): RequestKey,
    Body(Completion { course, completed, evidence }): Body<Completion>,
) -> Answer<Response> {
    let receipt = asker.act(RecordTraining { person, course, completed, evidence }, request).await?;
    Ok(created(Made::<TrainingId>::first(receipt, "training")))
}
