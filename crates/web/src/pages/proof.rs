//! The proof of one entry: to read, to take along, and how to check it with a tool that is not this server.

use askama::Template;
use axum::{
    http::header,
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use store::views::{EntryProof, EntryProofShown};

use super::{
    frame::{Frame, Reader, render},
    show::filters,
};
use crate::{
    error::Answer,
    input::{Path, Query},
};

#[derive(Template)]
#[template(path = "proof.html")]
struct ProofPage {
    frame: Frame,
    ledger: u32,
    index: u64,
    shown: EntryProofShown,
    /// The entry, laid out to be read.
    pretty: String,
}

/// Which file of it.
#[derive(Debug, Default, Deserialize)]
pub struct Asked {
    #[serde(default)]
    file: String,
}

/// Shows the proof, or hands out one of its files.
pub async fn proof(
    reader: Reader,
    Path((ledger, index)): Path<(u32, u64)>,
    Query(asked): Query<Asked>,
) -> Answer<Response> {
    let shown = reader
        .asker
        .blocking(move |organization, actor| {
            // An entry newer than the newest checkpoint is proved by one that is signed now.
            organization.checkpoint_of(ledger)?;
            organization.view(actor, &EntryProof { ledger, index })
        })
        .await?;
    let file = |name: String, content: String| {
        let disposition = format!("attachment; filename=\"{name}\"");
        let headers =
            [(header::CONTENT_TYPE, "application/octet-stream".to_owned()), (header::CONTENT_DISPOSITION, disposition)];
        (headers, content).into_response()
    };
    match asked.file.as_str() {
        "proof" => return Ok(file(format!("{ledger}-{index}.tlog-proof"), shown.proof)),
        "entry" => return Ok(file(format!("{ledger}-{index}.entry"), shown.entry)),
        "keys" => return Ok(file(format!("{ledger}.keys"), shown.keys.join("\n") + "\n")),
        _ => {}
    }
    let pretty = serde_json::from_str::<serde_json::Value>(&shown.entry)
        .and_then(|value| serde_json::to_string_pretty(&value))
        .unwrap_or_else(|_| shown.entry.clone());
    let frame = reader.frame("proof").await?;
    let frame = if frame.may_see_ledger(ledger) { frame.behind(format!("/ledgers/{ledger}"), "Ledger") } else { frame };
    render(&ProofPage { frame, ledger, index, shown, pretty })
}
