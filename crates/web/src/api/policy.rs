//! Settings in layers: what holds at a place, and what its own layer tightens.

use std::collections::BTreeMap;

use axum::Json;
use serde::Deserialize;
use store::{
    Receipt,
    acts::SetPolicy,
    views::{SettingShown, ShowPolicy},
};
use trial::policy::Setting;
use utoipa::ToSchema;

use super::{At, routes, schema};
use crate::{
    error::Answer,
    input::{Json as Body, Query, RequestKey},
    route::{Does, Table},
    session::Asker,
};

pub(super) fn table() -> Table {
    routes().get("/policy", Does::view::<ShowPolicy>(), show).put("/policy", Does::act::<SetPolicy>(), set)
}

/// The settings that hold at a place, and the layer that decides each
#[utoipa::path(get, path = "/api/v1/policy", tag = "policy", params(At),
    responses((status = 200, body = Vec<schema::Setting>)))]
pub(super) async fn show(asker: Asker, Query(at): Query<At>) -> Answer<Json<Vec<SettingShown>>> {
    Ok(Json(asker.view(ShowPolicy { scope: at.scope()? }).await?))
}

/// What a layer sets, in place of what it had set.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewLayer {
    /// Values by the code of their setting, such as `idle_seconds`.
    #[schema(value_type = std::collections::HashMap<schema::SettingCode, u32>)]
    values: BTreeMap<Setting, u32>,
    /// Why, by the code of the setting, where one deviates from what is recommended.
    #[serde(default)]
    #[schema(value_type = std::collections::HashMap<schema::SettingCode, String>)]
    justifications: BTreeMap<Setting, String>,
}

/// Make settings stricter at a place
///
/// A looser value than what holds above is refused, with the layer that forbids it.
#[utoipa::path(put, path = "/api/v1/policy", tag = "policy", params(At), request_body = NewLayer,
    responses((status = 200, body = schema::Receipt)))]
pub(super) async fn set(
    asker: Asker,
    Query(at): Query<At>,
    RequestKey(request): RequestKey,
    Body(NewLayer { values, justifications }): Body<NewLayer>,
) -> Answer<Json<Receipt>> {
    Ok(Json(asker.act(SetPolicy { scope: at.scope()?, values, justifications }, request).await?))
}
