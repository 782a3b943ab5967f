//! Programs and devices that work in a person's name. The token is in the answer to the request that registers one, and
//! nowhere else.

use axum::{Json, response::Response};
use serde::{Deserialize, Serialize};
use store::{
    Receipt,
    acts::{EndClient, EndOwnClient, RegisterClient},
    views::{ClientLine, Clients, MyClients},
};
use trial::{access::Scope, client::Kind, ids::ClientId, permission::Permissions};
use utoipa::ToSchema;

use super::{At, created, routes, schema};
use crate::{
    error::Answer,
    input::{Json as Body, Path, Query, RequestKey},
    route::{Does, Table},
    session::{Asker, client_token},
};

pub(super) fn table() -> Table {
    routes()
        .get("/account/clients", Does::view::<MyClients>(), mine)
        .post("/account/clients", Does::act::<RegisterClient>(), register)
        .post("/account/clients/{client}/end", Does::act::<EndOwnClient>(), end_own)
        .get("/clients", Does::view::<Clients>(), list)
        .post("/clients/{client}/end", Does::act::<EndClient>(), end)
}

/// Programs and devices that work in one's own name
#[utoipa::path(get, path = "/api/v1/account/clients", tag = "account",
    responses((status = 200, body = Vec<schema::ClientLine>)))]
pub(super) async fn mine(asker: Asker) -> Answer<Json<Vec<ClientLine>>> {
    Ok(Json(asker.view(MyClients {}).await?))
}

/// A program or a device to register.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewClient {
    /// What to call it.
    name: String,
    /// `program` or `device`.
    #[schema(value_type = schema::ClientKind)]
    kind: Kind,
    /// Where it works: the organization, a study, or a site.
    #[schema(value_type = schema::Scope)]
    scope: Scope,
    /// What it may do there, of what its person may: codes of permissions.
    #[schema(value_type = Vec<schema::Permission>)]
    permissions: Permissions,
    /// For how many days, 1 to 365; less where settings say so.
    days: u32,
    /// SHA-256 of the certificate without which its token is nobody's, in hexadecimal; left out: none.
    certificate: Option<String>,
}

/// A program or a device that was registered.
#[derive(Serialize, ToSchema)]
pub(super) struct Registered {
    /// Which.
    #[schema(value_type = String, format = Uuid)]
    id: Option<ClientId>,
    /// What it sends with each request: `Authorization: Bearer …`.
    token: String,
    /// Of the act.
    #[schema(value_type = schema::Receipt)]
    receipt: Receipt,
}

/// Register a program or a device that works in one's own name
#[utoipa::path(post, path = "/api/v1/account/clients", tag = "account", request_body = NewClient,
    responses((status = 201, body = Registered)))]
pub(super) async fn register(
    asker: Asker,
    RequestKey(request): RequestKey,
    Body(NewClient { name, kind, scope, permissions, days, certificate }): Body<NewClient>,
) -> Answer<Response> {
    let token = client_token(asker.organization(), request);
    let token_tag = store::token_tag(&token);
    let act = RegisterClient { name, kind, scope, permissions, days, certificate, token_tag };
    let receipt = asker.act(act, request).await?;
    Ok(created(Registered { id: receipt.id("client"), token, receipt }))
}

/// End a program or a device of one's own
#[utoipa::path(post, path = "/api/v1/account/clients/{client}/end", tag = "account",
    params(("client" = String, Path, format = Uuid)), responses((status = 200, body = schema::Receipt)))]
pub(super) async fn end_own(
    asker: Asker,
    Path(client): Path<ClientId>,
    RequestKey(request): RequestKey,
) -> Answer<Json<Receipt>> {
    Ok(Json(asker.act(EndOwnClient { client }, request).await?))
}

/// Programs and devices that work somewhere, in whoever's name
///
/// For whoever administers the organization, or the study or site that is named.
#[utoipa::path(get, path = "/api/v1/clients", tag = "access", params(At),
    responses((status = 200, body = Vec<schema::ClientLine>)))]
pub(super) async fn list(asker: Asker, Query(at): Query<At>) -> Answer<Json<Vec<ClientLine>>> {
    Ok(Json(asker.view(Clients { scope: at.scope()? }).await?))
}

/// End somebody's program or device
#[utoipa::path(post, path = "/api/v1/clients/{client}/end", tag = "access",
    params(("client" = String, Path, format = Uuid)), responses((status = 200, body = schema::Receipt)))]
pub(super) async fn end(
    asker: Asker,
    Path(client): Path<ClientId>,
    RequestKey(request): RequestKey,
) -> Answer<Json<Receipt>> {
    Ok(Json(asker.act(EndClient { client }, request).await?))
}
