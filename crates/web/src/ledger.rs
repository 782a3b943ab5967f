//! The public ledger endpoints, as C2SP tlog-tiles has them. Checkpoints and hash tiles are for anyone, so that a
//! witness needs no account; they hold sizes, hashes and signatures. Entry bundles hold ids, codes and times of who did
//! what, so they need the ledger's permission.

use ::ledger::tile::TilePath;
use axum::{
    extract::State,
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};
use store::{
    Actor, Error,
    views::{Checkpoint, EntryBundle, LedgerTile},
};
use trial::ids::LedgerId;

use crate::{
    error::{Answer, Problem},
    input::Path,
    route::{Does, Table},
    session::{Asker, blocking},
    state::AppState,
};

/// A full tile never changes; a partial one is of one width only, and so does not either.
const FOREVER: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");
/// Entries are for whoever may see them, wherever they are kept.
const FOREVER_PRIVATELY: HeaderValue = HeaderValue::from_static("private, max-age=31536000, immutable");

/// The routes.
pub(crate) fn table() -> Table {
    Table::new()
        .get("/ledger/{ledger}/checkpoint", Does::view::<Checkpoint>(), checkpoint)
        .get("/ledger/{ledger}/tile/entries/{*bundle}", Does::view::<EntryBundle>(), bundle)
        .get("/ledger/{ledger}/tile/{*tile}", Does::view::<LedgerTile>(), tile)
}

async fn checkpoint(State(state): State<AppState>, Path(ledger): Path<LedgerId>) -> Answer<Response> {
    let note = blocking(move || {
        let organization = state.installation().of_ledger(ledger)?;
        // Signs what has grown since the last; anyone may know how long a ledger is now.
        organization.checkpoint(ledger)?;
        organization.view(&Actor::nobody(), &Checkpoint { ledger })
    })
    .await?;
    Ok(([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], note).into_response())
}

async fn tile(State(state): State<AppState>, Path((ledger, path)): Path<(LedgerId, String)>) -> Answer<Response> {
    let Ok(TilePath::Hashes(tile)) = format!("tile/{path}").parse() else { return Err(Problem::hidden()) };
    let bytes = blocking(move || {
        let organization = state.installation().of_ledger(ledger)?;
        organization.view(&Actor::nobody(), &LedgerTile { ledger, tile })
    })
    .await?;
    Ok(octets(bytes, FOREVER))
}

async fn bundle(asker: Asker, Path((ledger, path)): Path<(LedgerId, String)>) -> Answer<Response> {
    let Ok(TilePath::Entries { index, width }) = format!("tile/entries/{path}").parse() else {
        return Err(Problem::hidden());
    };
    let ledgers = asker.blocking(|organization, _| organization.ledgers()).await?;
    let number = ledgers.into_iter().find_map(|(number, id, _)| (id == ledger).then_some(number));
    let ledger = number.ok_or(Error::Hidden)?;
    Ok(octets(asker.view(EntryBundle { ledger, index, width }).await?, FOREVER_PRIVATELY))
}

fn octets(bytes: Vec<u8>, keep: HeaderValue) -> Response {
    let headers =
        [(header::CONTENT_TYPE, HeaderValue::from_static("application/octet-stream")), (header::CACHE_CONTROL, keep)];
    (headers, bytes).into_response()
}
