//! Ledgers, for whoever may see them. The public checkpoints and tiles are at [`crate::ledger`].

use axum::Json;
use serde::Deserialize;
use store::{
    Organization,
    views::{EntryLine, EntryProof, EntryProofShown, LedgerEntries, LedgerHead, LedgerHeadShown},
};
use utoipa::IntoParams;

use super::{routes, schema};
use crate::{
    error::Answer,
    input::{Path, Query},
    route::{Does, Table},
    session::Asker,
};

/// Entries of a page where the client does not say.
const PAGE_ROWS: u32 = 100;

pub(super) fn table() -> Table {
    routes()
        .get("/ledgers/{ledger}", Does::view::<LedgerHead>(), head)
        .get("/ledgers/{ledger}/entries", Does::view::<LedgerEntries>(), entries)
        .get("/ledgers/{ledger}/entries/{index}/proof", Does::view::<EntryProof>(), proof)
}

/// A ledger's length, newest checkpoint and public keys
#[utoipa::path(get, path = "/api/v1/ledgers/{ledger}", tag = "ledgers", params(("ledger" = u32, Path)),
    responses((status = 200, body = schema::LedgerHead)))]
pub(super) async fn head(asker: Asker, Path(ledger): Path<u32>) -> Answer<Json<LedgerHeadShown>> {
    Ok(Json(asker.view(LedgerHead { ledger }).await?))
}

/// Which entries.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Which {
    /// Entries before this index; left out: from the end.
    before: Option<u64>,
    /// At most so many.
    #[param(minimum = 1, maximum = 500)]
    limit: Option<u32>,
}

/// Entries of a ledger, newest first
#[utoipa::path(get, path = "/api/v1/ledgers/{ledger}/entries", tag = "ledgers",
    params(("ledger" = u32, Path), Which), responses((status = 200, body = Vec<schema::EntryLine>)))]
pub(super) async fn entries(
    asker: Asker,
    Path(ledger): Path<u32>,
    Query(Which { before, limit }): Query<Which>,
) -> Answer<Json<Vec<EntryLine>>> {
    Ok(Json(asker.view(LedgerEntries { ledger, before, limit: limit.unwrap_or(PAGE_ROWS) }).await?))
}

/// The proof of an entry
///
/// The entry as it was hashed, and a C2SP tlog-proof that it is in the signed tree. Both are checked offline, with
/// tools that are not ours.
#[utoipa::path(get, path = "/api/v1/ledgers/{ledger}/entries/{index}/proof", tag = "ledgers",
    params(("ledger" = u32, Path), ("index" = u64, Path)), responses((status = 200, body = schema::EntryProof)))]
pub(super) async fn proof(asker: Asker, Path((ledger, index)): Path<(u32, u64)>) -> Answer<Json<EntryProofShown>> {
    // The newest checkpoint may be older than the entry.
    let ready = move |organization: &Organization| organization.checkpoint_of(ledger).map(drop);
    Ok(Json(asker.view_after(ready, EntryProof { ledger, index }).await?))
}
