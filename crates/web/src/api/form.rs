//! A form of a visit: as it stands, saving it, and the history of one of its items.

use axum::Json;
use serde::{Deserialize, Serialize};
use store::{
    Receipt,
    acts::{ItemChange, RowRemoval, SaveForm},
    views::{FormShown, ItemHistory, ItemHistoryShown, ShowForm},
};
use trial::ids::SubjectId;
use utoipa::{IntoParams, ToSchema};

use super::{routes, schema};
use crate::{
    error::Answer,
    input::{Json as Body, Path, RequestKey, dashed},
    route::{Does, Table},
    session::Asker,
};

/// Bytes of a save: 2,000 changes of ordinary length.
const SAVE_BYTES_MAX: usize = 8 * 1024 * 1024;

const FORM: &str = "/subjects/{subject}/visits/{event}/{event_repeat}/forms/{form}/{form_repeat}";

pub(super) fn table() -> Table {
    routes()
        .get(FORM, Does::view::<ShowForm>(), show)
        .put(FORM, Does::act::<SaveForm>().body_max(SAVE_BYTES_MAX), save)
        .get(&format!("{FORM}/history/{{group}}/{{group_repeat}}/{{item}}"), Does::view::<ItemHistory>(), history)
}

/// Where a form is. `-` stands for an empty repeat, and for the visit of forms that a file held outside any.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(super) struct Place {
    /// Whose.
    #[param(value_type = String, format = Uuid)]
    subject: SubjectId,
    /// ODM StudyEventOID.
    event: String,
    /// Which of a repeating visit, or `-`.
    event_repeat: String,
    /// ODM FormOID.
    form: String,
    /// Which of a repeating form, or `-`.
    form_repeat: String,
}

impl Place {
    fn view(self) -> ShowForm {
        ShowForm {
            subject: self.subject,
            event: dashed(self.event),
            event_repeat: dashed(self.event_repeat),
            form: self.form,
            form_repeat: dashed(self.form_repeat),
        }
    }
}

/// A form, saved or not yet
#[utoipa::path(get, path = "/api/v1/subjects/{subject}/visits/{event}/{event_repeat}/forms/{form}/{form_repeat}",
    tag = "forms", params(Place), responses((status = 200, body = schema::Form)))]
pub(super) async fn show(asker: Asker, Path(place): Path<Place>) -> Answer<Json<FormShown>> {
    Ok(Json(asker.view(place.view()).await?))
}

/// What a save changes.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct FormSave {
    /// The revision that was on the screen; 0 for a form not saved before.
    revision: u64,
    /// The values that changed.
    #[serde(default)]
    #[schema(value_type = Vec<schema::ItemChange>, max_items = 2000)]
    changes: Vec<ItemChange>,
    /// Rows of repeating groups taken away.
    #[serde(default)]
    #[schema(value_type = Vec<schema::RowRemoval>)]
    removed: Vec<RowRemoval>,
    /// Whether the site now calls the form complete, or takes that back; left out: as it was.
    complete: Option<bool>,
    /// Why a form that was complete is changed back.
    reason: Option<String>,
}

/// What a save gives back.
#[derive(Serialize, ToSchema)]
pub(super) struct Saved {
    /// The form's revision now: to be sent with the next save.
    revision: u64,
    /// Of the act.
    #[schema(value_type = schema::Receipt)]
    receipt: Receipt,
}

/// Save a form
///
/// All of it or nothing. A value that was saved before changes with a reason only; a stale revision is refused (409)
/// with the current one.
#[utoipa::path(put, path = "/api/v1/subjects/{subject}/visits/{event}/{event_repeat}/forms/{form}/{form_repeat}",
    tag = "forms", params(Place), request_body = FormSave, responses((status = 200, body = Saved)))]
pub(super) async fn save(
    asker: Asker,
    Path(place): Path<Place>,
    RequestKey(request): RequestKey,
    Body(save): Body<FormSave>,
) -> Answer<Json<Saved>> {
    let ShowForm { subject, event, event_repeat, form, form_repeat } = place.view();
    let FormSave { revision, changes, removed, complete, reason } = save;
    let act =
        SaveForm { subject, event, event_repeat, form, form_repeat, revision, changes, removed, complete, reason };
    let receipt = asker.act(act, request).await?;
    // The revision grows with every record of the form and its groups; a save is accepted on the current one only.
    let put = receipt.records.iter().filter(|put| matches!(put.kind.as_str(), "form" | "item_group")).count();
    Ok(Json(Saved { revision: revision.saturating_add(put as u64), receipt }))
}

/// Where an item is.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(super) struct ItemPlace {
    /// Whose.
    #[param(value_type = String, format = Uuid)]
    subject: SubjectId,
    /// ODM StudyEventOID.
    event: String,
    /// Which of a repeating visit, or `-`.
    event_repeat: String,
    /// ODM FormOID.
    form: String,
    /// Which of a repeating form, or `-`.
    form_repeat: String,
    /// ODM ItemGroupOID.
    group: String,
    /// Which row, or `-`.
    group_repeat: String,
    /// ODM ItemOID.
    item: String,
}

/// The history of an item
///
/// Every value it had: who set it in which role, when, why, and where the proof is.
#[utoipa::path(get,
    path = "/api/v1/subjects/{subject}/visits/{event}/{event_repeat}/forms/{form}/{form_repeat}/history/{group}/{group_repeat}/{item}",
    tag = "forms", params(ItemPlace), responses((status = 200, body = schema::ItemHistory)))]
pub(super) async fn history(asker: Asker, Path(place): Path<ItemPlace>) -> Answer<Json<ItemHistoryShown>> {
    let ItemPlace { subject, event, event_repeat, form, form_repeat, group, group_repeat, item } = place;
    let form = Place { subject, event, event_repeat, form, form_repeat }.view();
    Ok(Json(asker.view(ItemHistory { form, group, group_repeat: dashed(group_repeat), item }).await?))
}
