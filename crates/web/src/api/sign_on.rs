//! Single sign-on: the organization's OpenID provider.

use axum::{Json, extract::State};
use serde::Deserialize;
use store::{
    Receipt,
    acts::{EndProvider, SetProvider},
    views::{ProviderShown, ShowProvider},
};
use utoipa::ToSchema;

use super::{routes, schema};
use crate::{
    error::Answer,
    input::{Json as Body, RequestKey},
    route::{Does, Table},
    session::Asker,
    state::AppState,
};

pub(super) fn table() -> Table {
    routes()
        .get("/sign-on", Does::view::<ShowProvider>(), show)
        .put("/sign-on", Does::act::<SetProvider>(), set)
        .delete("/sign-on", Does::act::<EndProvider>(), end)
}

/// The OpenID provider by whose sign-in people may sign in
///
/// `null` where there is none. Its secret is not told.
#[utoipa::path(get, path = "/api/v1/sign-on", tag = "access",
    responses((status = 200, body = Option<schema::ProviderShown>)))]
pub(super) async fn show(asker: Asker) -> Answer<Json<Option<ProviderShown>>> {
    Ok(Json(asker.view(ShowProvider {}).await?))
}

/// A provider to sign in by.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewProvider {
    /// What people call it.
    #[schema(min_length = 1, max_length = 200)]
    name: String,
    /// Its issuer identifier, one that the operator of this server allows.
    #[schema(max_length = 512)]
    issuer: String,
    /// How it knows this server.
    #[schema(min_length = 1, max_length = 512)]
    client_id: String,
    /// By which this server proves itself to it; left out: as before.
    #[schema(max_length = 512)]
    client_secret: Option<String>,
}

/// Set the OpenID provider by whose sign-in people may sign in
#[utoipa::path(put, path = "/api/v1/sign-on", tag = "access", request_body = NewProvider,
    responses((status = 200, body = schema::Receipt)))]
pub(super) async fn set(
    State(state): State<AppState>,
    asker: Asker,
    RequestKey(request): RequestKey,
    Body(NewProvider { name, issuer, client_id, client_secret }): Body<NewProvider>,
) -> Answer<Json<Receipt>> {
    let allowed = state.providers().allowed().to_vec();
    Ok(Json(asker.act(SetProvider { name, issuer, allowed, client_id, client_secret }, request).await?))
}

/// End single sign-on
#[utoipa::path(delete, path = "/api/v1/sign-on", tag = "access", responses((status = 200, body = schema::Receipt)))]
pub(super) async fn end(asker: Asker, RequestKey(request): RequestKey) -> Answer<Json<Receipt>> {
    Ok(Json(asker.act(EndProvider {}, request).await?))
}
